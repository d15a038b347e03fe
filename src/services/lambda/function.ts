import { formatArn } from '../../base/arn.ts';
import type {
  CreateFunctionRequest,
  FunctionConfiguration,
  UpdateFunctionConfigurationRequest,
} from '../../model/gen/lambda.ts';
import { describeCapacity } from './capacity.ts';
import { configureImage, describeImage, IMAGE_RUNTIME } from './image.ts';
import type { FunctionVersion, LayerUse, Logging, RuntimeManagement, StoredCapacity } from './layout.ts';
import { fault, LATEST } from './reference.ts';
import { runtimeVersionArn } from './runtime-version.ts';
import { type Holder, openVariables, resealVariables } from './sealed.ts';

/** What CreateFunction and UpdateFunctionConfiguration may both set. */
type Settings = Omit<UpdateFunctionConfigurationRequest, 'FunctionName' | 'RevisionId'>;

/** Members whose promise nothing here keeps: refused, as silence would be a lie. */
const UNSUPPORTED = [
  'DurableConfig',
  'AcceleratorConfig',
  'RuntimeConfig',
  'TenancyConfig',
  'PublishTo',
] as const;

export function refuseUnsupported(input: Readonly<Record<string, unknown>>): void {
  for (const name of UNSUPPORTED) {
    if (input[name] !== undefined) {
      throw fault('InvalidParameterValueException', `${name} is not supported here.`);
    }
  }
}

const MOST_NAME_CHARACTERS = 64;

/** A new function's name. The model's bound is that of an ARN. */
export function checkName(name: string): void {
  if (name.length <= MOST_NAME_CHARACTERS) return;
  throw fault(
    'InvalidParameterValueException',
    `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to ${MOST_NAME_CHARACTERS}`,
  );
}

/** A function's code is one thing or the other. */
export function checkPackage({ PackageType, Code, Runtime, Handler, Layers }: CreateFunctionRequest): void {
  const image = PackageType === 'Image';
  if (image && (Runtime !== undefined || Handler !== undefined || (Layers?.length ?? 0) > 0)) {
    throw fault(
      'InvalidParameterValueException',
      "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
    );
  }
  if (image && Code.ImageUri === undefined) {
    throw fault(
      'InvalidParameterValueException',
      'Please provide ImageUri when creating a function with packageType Image.',
    );
  }
  if (!image && Code.ImageUri !== undefined) {
    throw fault(
      'InvalidParameterValueException',
      "Please don't provide ImageUri when creating a function with packageType Zip.",
    );
  }
}

/** Settings that are kept and answered, and change nothing about how a function runs here. */
export function storedOnly(
  settings: Settings & { readonly Architectures?: readonly string[] | undefined },
): string[] {
  const { VpcConfig, FileSystemConfigs, KMSKeyArn, SnapStart, TracingConfig, Architectures } = settings;
  const here = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  return [
    ...((VpcConfig?.SubnetIds?.length ?? 0) > 0 ? ['VpcConfig'] : []),
    ...((FileSystemConfigs?.length ?? 0) > 0 ? ['FileSystemConfigs'] : []),
    ...(KMSKeyArn ? ['KMSKeyArn'] : []),
    ...(settings.CapacityProviderConfig === undefined ? [] : ['CapacityProviderConfig']),
    ...(SnapStart?.ApplyOn === 'PublishedVersions' ? ['SnapStart'] : []),
    ...(TracingConfig?.Mode === 'Active' ? ['TracingConfig'] : []),
    ...(Architectures?.[0] !== undefined && Architectures[0] !== here ? ['Architectures'] : []),
  ];
}

/** Variables that Lambda sets itself. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const RESERVED = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]);
const MOST_VARIABLE_BYTES = 4096;

function checkVariables(variables: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(variables).filter((name) => RESERVED.has(name));
  if (reserved.length > 0) {
    throw fault(
      'InvalidParameterValueException',
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        `contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const text = JSON.stringify(variables);
  if (Buffer.byteLength(text) > MOST_VARIABLE_BYTES) {
    throw fault(
      'InvalidParameterValueException',
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        `exceeded the 4KB limit. String measured: ${text}`,
    );
  }
}

const DEFAULTS = {
  description: '',
  timeoutSeconds: 3,
  memoryMb: 128,
  ephemeralStorageMb: 512,
  layers: [],
  tracing: 'PassThrough',
  snapStart: 'None',
} as const;

function loggingOf(name: string, asked: Settings['LoggingConfig'], before: Logging | undefined): Logging {
  const format = asked?.LogFormat ?? before?.format ?? 'Text';
  const levels =
    format === 'JSON'
      ? {
          applicationLevel: asked?.ApplicationLogLevel ?? before?.applicationLevel ?? 'INFO',
          systemLevel: asked?.SystemLogLevel ?? before?.systemLevel ?? 'INFO',
        }
      : {};
  if (format === 'Text' && (asked?.ApplicationLogLevel ?? asked?.SystemLogLevel) !== undefined) {
    throw fault(
      'InvalidParameterValueException',
      'To configure log levels, set the LogFormat to JSON. Log levels are not supported with the Text log format.',
    );
  }
  return { format, ...levels, group: asked?.LogGroup ?? before?.group ?? `/aws/lambda/${name}` };
}

/** An empty ARN or list takes a setting away. */
function unlessEmpty(text: string | undefined, before: string | undefined): string | undefined {
  return text === undefined ? before : text === '' ? undefined : text;
}

/** What a request named, looked up. */
export interface Found {
  readonly layers: readonly LayerUse[] | undefined;
  readonly capacity: StoredCapacity | undefined;
}

/** Applies settings to a version. */
export function configure(
  before: FunctionVersion,
  settings: Settings,
  found: Found,
  holder: Holder,
): FunctionVersion {
  const { Environment: environment } = settings;
  if (environment?.Variables !== undefined) checkVariables(environment.Variables);
  const { VpcConfig: vpc, FileSystemConfigs: fileSystems } = settings;
  if (fileSystems?.some(({ S3FilesConfig }) => S3FilesConfig !== undefined)) {
    throw fault('InvalidParameterValueException', 'S3FilesConfig is not supported here.');
  }
  if (settings.ImageConfig !== undefined && before.image === undefined) {
    throw fault(
      'InvalidParameterValueException',
      'ImageConfig is only supported for functions with packageType Image.',
    );
  }
  return {
    ...before,
    image:
      before.image === undefined || settings.ImageConfig === undefined
        ? before.image
        : configureImage(before.image, settings.ImageConfig),
    runtime: settings.Runtime ?? before.runtime,
    handler: settings.Handler ?? before.handler,
    role: settings.Role ?? before.role,
    description: settings.Description ?? before.description,
    timeoutSeconds: settings.Timeout ?? before.timeoutSeconds,
    memoryMb: settings.MemorySize ?? before.memoryMb,
    ephemeralStorageMb: settings.EphemeralStorage?.Size ?? before.ephemeralStorageMb,
    sealedVariables:
      environment === undefined
        ? before.sealedVariables
        : resealVariables(environment.Variables, before, holder),
    layers: found.layers ?? before.layers,
    capacity: found.capacity ?? before.capacity,
    tracing: settings.TracingConfig?.Mode ?? before.tracing,
    deadLetterArn: unlessEmpty(settings.DeadLetterConfig?.TargetArn, before.deadLetterArn),
    kmsKeyArn: unlessEmpty(settings.KMSKeyArn, before.kmsKeyArn),
    vpc:
      vpc === undefined
        ? before.vpc
        : { subnetIds: vpc.SubnetIds ?? [], securityGroupIds: vpc.SecurityGroupIds ?? [] },
    fileSystems:
      fileSystems === undefined
        ? before.fileSystems
        : fileSystems.map(({ Arn, LocalMountPath }) => ({ arn: Arn, localMountPath: LocalMountPath })),
    snapStart: settings.SnapStart?.ApplyOn ?? before.snapStart,
    logging: loggingOf(before.name, settings.LoggingConfig, before.logging),
  };
}

/** The `$LATEST` of a new function. */
export function newFunction(
  name: string,
  input: CreateFunctionRequest,
  found: Found,
  made: Pick<FunctionVersion, 'code' | 'image' | 'lastModifiedMs' | 'revisionId'>,
  holder: Holder,
): FunctionVersion {
  const given = made.image !== undefined && {
    Runtime: IMAGE_RUNTIME.runtime,
    Handler: IMAGE_RUNTIME.handler,
  };
  const { Runtime, Handler } = given || input;
  if (Runtime === undefined || Handler === undefined) {
    throw fault(
      'InvalidParameterValueException',
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    );
  }
  const fresh: FunctionVersion = {
    ...DEFAULTS,
    ...made,
    name,
    version: LATEST,
    runtime: Runtime,
    handler: Handler,
    role: input.Role,
    architecture: input.Architectures?.[0] ?? 'x86_64',
    logging: loggingOf(name, undefined, undefined),
  };
  return configure(fresh, input, found, holder);
}

/** `$LATEST` with another revision that runs as before: its environments go on. */
export function revised(latest: FunctionVersion, revisionId: string): FunctionVersion {
  return { ...latest, revisionId, ranAs: latest.ranAs ?? latest.revisionId };
}

/** ISO 8601 as Lambda writes it: milliseconds and `+0000`. */
export function lambdaTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000');
}

export function base64OfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** What a request has set in motion, while it still is; nothing by default. */
export type Progress = 'creating' | 'updating';

function stateOf(progress: Progress | undefined): Partial<FunctionConfiguration> {
  switch (progress) {
    case 'creating':
      return { State: 'Pending', StateReason: 'The function is being created.', StateReasonCode: 'Creating' };
    case 'updating':
      return {
        State: 'Active',
        LastUpdateStatus: 'InProgress',
        LastUpdateStatusReason: 'The function is being created.',
        LastUpdateStatusReasonCode: 'Creating',
      };
    case undefined:
      return { State: 'Active', LastUpdateStatus: 'Successful' };
  }
}

/** A version as lists of functions have it: without its state. */
export function listed(version: FunctionVersion, scope: Holder, qualified: boolean): FunctionConfiguration {
  const {
    State: _state,
    LastUpdateStatus: _status,
    RuntimeVersionConfig: _runtime,
    ...rest
  } = describe(version, scope, { qualifier: qualified ? version.version : undefined });
  return rest;
}

/** A version as the operations answer it. */
export function describe(
  version: FunctionVersion,
  scope: Holder,
  options: {
    /** Of its ARN. */
    readonly qualifier?: string | undefined;
    readonly progress?: Progress;
    /** Of its runtime management. */
    readonly pinned?: RuntimeManagement | undefined;
  } = {},
): FunctionConfiguration {
  const { progress, pinned, qualifier } = options;
  const { layers, vpc, logging } = version;
  const variables = openVariables(version, scope);
  return {
    FunctionName: version.name,
    FunctionArn: formatArn(
      'lambda',
      scope.region,
      scope.account,
      `function:${version.name}${qualifier === undefined ? '' : `:${qualifier}`}`,
    ),
    Runtime: version.runtime,
    Role: version.role,
    Handler: version.handler,
    CodeSize: version.code.size,
    Description: version.description,
    Timeout: version.timeoutSeconds,
    MemorySize: version.memoryMb,
    LastModified: lambdaTime(version.lastModifiedMs),
    CodeSha256: base64OfHex(version.code.sha256),
    Version: version.version,
    VpcConfig: vpc && {
      SubnetIds: vpc.subnetIds,
      SecurityGroupIds: vpc.securityGroupIds,
      VpcId: '',
      Ipv6AllowedForDualStack: false,
    },
    DeadLetterConfig: version.deadLetterArn === undefined ? undefined : { TargetArn: version.deadLetterArn },
    Environment: variables && { Variables: variables },
    KMSKeyArn: version.kmsKeyArn,
    TracingConfig: { Mode: version.tracing },
    RevisionId: version.revisionId,
    Layers:
      layers.length === 0 ? undefined : layers.map(({ arn, code }) => ({ Arn: arn, CodeSize: code.size })),
    ...stateOf(progress),
    FileSystemConfigs: version.fileSystems?.map(({ arn, localMountPath }) => ({
      Arn: arn,
      LocalMountPath: localMountPath,
    })),
    PackageType: 'Zip',
    RuntimeVersionConfig: {
      RuntimeVersionArn: pinned?.versionArn ?? runtimeVersionArn(version, scope.region),
    },
    Architectures: [version.architecture],
    EphemeralStorage: { Size: version.ephemeralStorageMb },
    SnapStart: { ApplyOn: version.snapStart, OptimizationStatus: 'Off' },
    CapacityProviderConfig: version.capacity && describeCapacity(version.capacity),
    LoggingConfig: {
      LogFormat: logging.format,
      ApplicationLogLevel: logging.applicationLevel,
      SystemLogLevel: logging.systemLevel,
      LogGroup: logging.group,
    },
    ...describeImage(version),
  };
}
