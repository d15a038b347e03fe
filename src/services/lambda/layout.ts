import type {
  ApplicationLogLevel,
  Architecture,
  CapacityProvider,
  CodeSigningPolicy,
  Cors,
  EventSourceMappingMetric,
  EventSourcePosition,
  FunctionScalingConfig,
  FunctionUrlAuthType,
  InvokeMode,
  LogFormat,
  RecursiveLoop,
  Runtime,
  SnapStartApplyOn,
  SystemLogLevel,
  TracingMode,
  UpdateRuntimeOn,
} from '../../model/gen/lambda.ts';
import type { BlobRef } from '../../store/blobs.ts';
import { keyspace, rows } from '../../store/keyspace.ts';

/** Lambda's rows of one account in one region. */
export const layout = keyspace('lambda', {
  /** A function and its `$LATEST`. */
  functions: rows<[name: string], FunctionRow>('functions'),
  /** Published versions, frozen. */
  versions: rows<[name: string, version: number], FunctionVersion>('versions'),
  aliases: rows<[name: string, alias: string], AliasRow>('aliases'),
  /** Resource policies; the qualifier is empty for the function itself. */
  policies: rows<[name: string, qualifier: string], PolicyRow>('policies'),
  /** Asynchronous invocation; the qualifier is `$LATEST`, a version or an alias. */
  eventInvokeConfigs: rows<[name: string, qualifier: string], EventInvokeConfigRow>('event-invoke-configs'),
  /** Function URLs; the qualifier is empty for `$LATEST`. */
  urls: rows<[name: string, qualifier: string], UrlRow>('urls'),
  /** The number the next version of a layer gets: numbers are never used twice. */
  layers: rows<[layer: string], { readonly nextVersion: number }>('layers'),
  layerVersions: rows<[layer: string, version: number], LayerVersionRow>('layer-versions'),
  layerPolicies: rows<[layer: string, version: number], PolicyRow>('layer-policies'),
  /** Provisioned concurrency; the qualifier is a version or an alias. */
  provisions: rows<[name: string, qualifier: string], ProvisionRow>('provisions'),
  codeSigningConfigs: rows<[id: string], CodeSigningRow>('code-signing-configs'),
  /** The functions that name a code signing configuration. */
  signedFunctions: rows<[id: string, name: string], Readonly<Record<string, never>>>('signed-functions'),
  /** Kept and not simulated. */
  capacityProviders: rows<[name: string], CapacityProviderRow>('capacity-providers'),
  /** How many environments versions with a capacity provider are to have; kept and not simulated. */
  scalings: rows<[name: string, version: string], FunctionScalingConfig>('scalings'),
  /** Event source mappings. */
  mappings: rows<[uuid: string], MappingRow>('mappings'),
  /** How far a mapping has read a shard, or one of the lanes of a shard that is read in parallel. */
  checkpoints: rows<[uuid: string, lane: string], CheckpointRow>('checkpoints'),
  /** Only global: the mappings of all accounts, to be resumed at a start. */
  pollers: rows<[account: string, region: string, uuid: string], { readonly sourceArn: string }>('pollers'),
  /** Keys that sign addresses of code, one a region: `secret`. */
  keys: rows<[name: string], { readonly secret: string }>('keys'),
});

export interface FunctionRow {
  readonly latest: FunctionVersion;
  readonly nextVersion: number;
  readonly reservedConcurrency?: number | undefined;
  readonly recursiveLoop?: RecursiveLoop | undefined;
  /** Of its code signing configuration, which is kept and not simulated. */
  readonly codeSigning?: string | undefined;
  /** By version, kept and not simulated: functions run in this machine's runtimes. */
  readonly runtimeManagement?: Readonly<Record<string, RuntimeManagement>> | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RuntimeManagement {
  readonly updateOn: UpdateRuntimeOn;
  readonly versionArn?: string | undefined;
}

export interface CodeSigningRow {
  readonly description: string;
  readonly publishers: readonly string[];
  readonly policy: CodeSigningPolicy;
  readonly tags: Readonly<Record<string, string>>;
  readonly lastModifiedMs: number;
}

export interface CapacityProviderRow {
  readonly settings: Omit<CapacityProvider, 'CapacityProviderArn' | 'State' | 'LastModified'>;
  readonly tags: Readonly<Record<string, string>>;
  readonly lastModifiedMs: number;
}

/** What a function asks of a capacity provider. */
export interface StoredCapacity {
  readonly providerArn: string;
  readonly concurrency?: number | undefined;
  readonly memoryPerCpu?: number | undefined;
}

/** Code and configuration of one version. */
export interface FunctionVersion {
  readonly name: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  readonly runtime: Runtime;
  readonly handler: string;
  readonly role: string;
  readonly description: string;
  /** Of published versions: what `$LATEST` said of itself then. */
  readonly latestDescription?: string | undefined;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly sealedVariables?: string | undefined;
  readonly layers: readonly LayerUse[];
  /** The zip as it was uploaded; of an image, what names it. */
  readonly code: BlobRef;
  /** Of functions from container images: their `runtime` and `handler` say nothing. */
  readonly image?: StoredImage | undefined;
  readonly architecture: Architecture;
  readonly tracing: TracingMode;
  readonly deadLetterArn?: string | undefined;
  readonly kmsKeyArn?: string | undefined;
  readonly vpc?:
    | { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] }
    | undefined;
  readonly fileSystems?: readonly { readonly arn: string; readonly localMountPath: string }[] | undefined;
  readonly snapStart: SnapStartApplyOn;
  readonly capacity?: StoredCapacity | undefined;
  readonly logging: Logging;
  readonly lastModifiedMs: number;
  readonly revisionId: string;
  /** Its environments', when publishing has given `$LATEST` another revision since. */
  readonly ranAs?: string | undefined;
}

export interface StoredImage {
  /** As the request named it. */
  readonly uri: string;
  /** What the name stood for then: `sha256:…`. */
  readonly id: string;
  /** The image's own, and what the function has in their place. */
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly overrides: {
    readonly entryPoint?: readonly string[] | undefined;
    readonly command?: readonly string[] | undefined;
    readonly workingDirectory?: string | undefined;
  };
}

export interface Logging {
  readonly format: LogFormat;
  readonly applicationLevel?: ApplicationLogLevel | undefined;
  readonly systemLevel?: SystemLogLevel | undefined;
  readonly group: string;
}

export interface LayerUse {
  readonly arn: string;
  readonly code: BlobRef;
}

export interface AliasRow {
  readonly version: string;
  readonly description: string;
  /** A second version and its share of the invocations, 0 to 1. */
  readonly weights: Readonly<Record<string, number>>;
  readonly revisionId: string;
}

export interface PolicyRow {
  /** Of a document that was put whole. */
  readonly version?: string | undefined;
  readonly id?: string | undefined;
  readonly statements: readonly PolicyStatement[];
  readonly revisionId: string;
}

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  /** Actions and resources, or what they are not. */
  readonly [member: string]: unknown;
}

export interface EventInvokeConfigRow {
  readonly maximumRetryAttempts?: number | undefined;
  readonly maximumEventAgeSeconds?: number | undefined;
  readonly onSuccess?: string | undefined;
  readonly onFailure?: string | undefined;
  readonly lastModifiedMs: number;
}

export interface ProvisionRow {
  readonly requested: number;
  readonly lastModifiedMs: number;
}

export interface UrlRow {
  readonly urlId: string;
  readonly authType: FunctionUrlAuthType;
  readonly invokeMode: InvokeMode;
  readonly cors?: Cors | undefined;
  readonly createdAtMs: number;
  readonly lastModifiedMs: number;
}

export interface MappingRow {
  readonly uuid: string;
  readonly sourceArn: string;
  /** With the qualifier the mapping was made for. */
  readonly functionArn: string;
  readonly enabled: boolean;
  /** Of streams. */
  readonly startingPosition?: EventSourcePosition | undefined;
  readonly batchSize: number;
  readonly windowSeconds: number;
  /** Of streams: batches of one shard in the function's hands at a time, each of other items. */
  readonly parallelization: number;
  /** Of streams: how long a tumbling window is; 0 for none. */
  readonly tumblingSeconds: number;
  /** Of its filters; kept and not simulated, as are the next two. */
  readonly kmsKeyArn?: string | undefined;
  readonly metrics?: readonly EventSourceMappingMetric[] | undefined;
  /** Of queues in provisioned mode. */
  readonly pollers?: { readonly minimum: number; readonly maximum: number } | undefined;
  /** Of queues: batches in the function's hands at a time. */
  readonly maximumConcurrency?: number | undefined;
  /** -1 for no limit. */
  readonly maximumAgeSeconds: number;
  readonly maximumRetries: number;
  readonly bisects: boolean;
  /** The function's answer names the records it failed. */
  readonly reportsFailures: boolean;
  readonly onFailure?: string | undefined;
  /** Patterns, JSON text; a record that matches none is passed over. */
  readonly filters: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly lastModifiedMs: number;
  readonly lastResult?: string | undefined;
}

export interface CheckpointRow {
  /** The last record that is settled. */
  readonly sequence?: string | undefined;
  /** Of a shard that takes no more records: all it had are settled. */
  readonly ended?: true | undefined;
  /** How often the batch after it has failed. */
  readonly failures: number;
  /** When that batch comes back. */
  readonly retryAtMs?: number | undefined;
  /** The last records of the parts a batch was cut into, the nearest last. */
  readonly ends?: readonly string[] | undefined;
  /** The tumbling window that is open. */
  readonly window?: WindowRow | undefined;
  /** Of queues: until when messages gather for a batch. */
  readonly gatherUntilMs?: number | undefined;
}

export interface WindowRow {
  readonly startMs: number;
  /** What the function answered last. */
  readonly state: unknown;
  /** Its state has grown too large: it ends before its time. */
  readonly early?: boolean | undefined;
}

export interface LayerVersionRow {
  readonly description: string;
  readonly code: BlobRef;
  readonly runtimes?: readonly Runtime[] | undefined;
  readonly architectures?: readonly Architecture[] | undefined;
  readonly license?: string | undefined;
  readonly createdAtMs: number;
}
