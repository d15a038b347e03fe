import { formatArn } from '../../../base/arn.ts';
import { Fault } from '../../../service/faults.ts';
import type { MutableMap, Value, ValueMap } from '../template/value.ts';
import { inlinePackage } from './inline-code.ts';
import { setBeside } from './lambda-settings.ts';
import { differs, mapIn, pick, refuseOthers, tagChange, tagMap, textIn } from './property.ts';
import type { Outcome, ResourceProvider, ResourceScope } from './provider.ts';

/** Properties that `CreateFunction` and `UpdateFunctionConfiguration` take under the same name. */
const CONFIGURATION = [
  'Description',
  'DeadLetterConfig',
  'Environment',
  'EphemeralStorage',
  'FileSystemConfigs',
  'Handler',
  'ImageConfig',
  'Layers',
  'LoggingConfig',
  'MemorySize',
  'Role',
  'Runtime',
  'SnapStart',
  'Timeout',
  'TracingConfig',
  'VpcConfig',
];
const SUPPORTED = [
  ...CONFIGURATION,
  'Architectures',
  'Code',
  'CodeSigningConfigArn',
  'FunctionName',
  'KmsKeyArn',
  'PackageType',
  'RecursiveLoop',
  'ReservedConcurrentExecutions',
  'RuntimeManagementConfig',
  'Tags',
];
/** What a property is when the template does not have it any more. */
const DEFAULTS: ValueMap = {
  Description: '',
  DeadLetterConfig: { TargetArn: '' },
  Environment: { Variables: {} },
  EphemeralStorage: { Size: 512 },
  FileSystemConfigs: [],
  ImageConfig: { EntryPoint: [], Command: [], WorkingDirectory: '' },
  Layers: [],
  MemorySize: 128,
  SnapStart: { ApplyOn: 'None' },
  Timeout: 3,
  TracingConfig: { Mode: 'PassThrough' },
  VpcConfig: { SubnetIds: [], SecurityGroupIds: [] },
};

const LOOK_AGAIN_MS = 250;

function code(wanted: ValueMap): Record<string, Value | Uint8Array> {
  const given = mapIn(wanted, 'Code') ?? {};
  refuseOthers('AWS::Lambda::Function Code', given, [
    'ZipFile',
    'S3Bucket',
    'S3Key',
    'S3ObjectVersion',
    'ImageUri',
    'SourceKMSKeyArn',
    'S3ObjectStorageMode',
  ]);
  const { ZipFile, ...rest } = given;
  return ZipFile === undefined
    ? rest
    : { ...rest, ZipFile: inlinePackage(String(ZipFile), textIn(wanted, 'Runtime') ?? '') };
}

function configuration(wanted: ValueMap): Record<string, Value> {
  const { KmsKeyArn } = wanted;
  return { ...pick(wanted, CONFIGURATION), ...(KmsKeyArn === undefined ? {} : { KMSKeyArn: KmsKeyArn }) };
}

interface Configuration {
  readonly SnapStart?: { readonly ApplyOn?: string; readonly OptimizationStatus?: string };
  readonly State?: string;
  readonly StateReason?: string;
  readonly LastUpdateStatus?: string;
  readonly LastUpdateStatusReason?: string;
}

/** Done once the function is active and its last update is through. */
async function settled(FunctionName: string, scope: ResourceScope): Promise<Outcome> {
  const seen = await scope.call<Configuration>('lambda', 'GetFunctionConfiguration', { FunctionName });
  if (seen.State === 'Failed' || seen.LastUpdateStatus === 'Failed') {
    throw new Fault(
      'ValidationError',
      `Resource of type '${scope.type}' with identifier '${FunctionName}' did not stabilize: ${seen.StateReason ?? seen.LastUpdateStatusReason ?? 'it failed'}`,
    );
  }
  if (seen.State === 'Pending' || seen.LastUpdateStatus === 'InProgress') {
    return { physicalId: FunctionName, waitMs: LOOK_AGAIN_MS, memo: null };
  }
  const Arn = formatArn('lambda', scope.region, scope.account, `function:${FunctionName}`);
  const { ApplyOn = 'None', OptimizationStatus = 'Off' } = seen.SnapStart ?? {};
  return {
    physicalId: FunctionName,
    attributes: {
      Arn,
      'SnapStartResponse.ApplyOn': ApplyOn,
      'SnapStartResponse.OptimizationStatus': OptimizationStatus,
    },
  };
}

async function setConcurrency(
  FunctionName: string,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const { ReservedConcurrentExecutions } = wanted;
  if (ReservedConcurrentExecutions === undefined)
    await call('lambda', 'DeleteFunctionConcurrency', { FunctionName });
  else await call('lambda', 'PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions });
}

/** AWS::Lambda::Function */
export const lambdaFunction: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const given = textIn(wanted, 'FunctionName');
    const FunctionName = given ?? scope.name(64);
    const tags = tagMap(wanted['Tags']);
    try {
      await scope.call('lambda', 'CreateFunction', {
        FunctionName,
        Code: code(wanted),
        ...configuration(wanted),
        ...pick(wanted, ['Architectures', 'CodeSigningConfigArn', 'PackageType']),
        ...(Object.keys(tags).length === 0 ? {} : { Tags: tags }),
      });
    } catch (error) {
      // A name the template leaves open is ours alone: an earlier try made it.
      const ours = scope.rerun && given === undefined;
      if (!(ours && Fault.is(error) && error.code === 'ResourceConflictException')) throw error;
    }
    scope.stands(FunctionName);
    if (wanted['ReservedConcurrentExecutions'] !== undefined)
      await setConcurrency(FunctionName, wanted, scope);
    await setBeside(FunctionName, {}, wanted, scope);
    return settled(FunctionName, scope);
  },

  async update({ physicalId: FunctionName, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    if (differs(properties, wanted, ['Code', 'Architectures']) || inlineRuntimeChanged(properties, wanted)) {
      await scope.call('lambda', 'UpdateFunctionCode', {
        FunctionName,
        ...code(wanted),
        ...pick(wanted, ['Architectures']),
      });
    }
    if (differs(properties, wanted, [...CONFIGURATION, 'KmsKeyArn'])) {
      const dropped: MutableMap = {};
      for (const name of CONFIGURATION) {
        const value = DEFAULTS[name];
        if (properties[name] !== undefined && wanted[name] === undefined && value !== undefined)
          dropped[name] = value;
      }
      if (properties['LoggingConfig'] !== undefined && wanted['LoggingConfig'] === undefined) {
        dropped['LoggingConfig'] = { LogFormat: 'Text', LogGroup: `/aws/lambda/${FunctionName}` };
      }
      if (properties['KmsKeyArn'] !== undefined && wanted['KmsKeyArn'] === undefined) {
        dropped['KMSKeyArn'] = '';
      }
      await scope.call('lambda', 'UpdateFunctionConfiguration', {
        FunctionName,
        ...dropped,
        ...configuration(wanted),
      });
    }
    if (differs(properties, wanted, ['ReservedConcurrentExecutions'])) {
      await setConcurrency(FunctionName, wanted, scope);
    }
    if (differs(properties, wanted, ['RecursiveLoop', 'RuntimeManagementConfig'])) {
      await setBeside(FunctionName, properties, wanted, scope);
    }
    if (differs(properties, wanted, ['CodeSigningConfigArn'])) {
      const { CodeSigningConfigArn } = wanted;
      await (CodeSigningConfigArn === undefined
        ? scope.call('lambda', 'DeleteFunctionCodeSigningConfig', { FunctionName })
        : scope.call('lambda', 'PutFunctionCodeSigningConfig', { FunctionName, CodeSigningConfigArn }));
    }
    const { set, removed } = tagChange(properties, wanted);
    const Resource = formatArn('lambda', scope.region, scope.account, `function:${FunctionName}`);
    if (Object.keys(set).length > 0) await scope.call('lambda', 'TagResource', { Resource, Tags: set });
    if (removed.length > 0) await scope.call('lambda', 'UntagResource', { Resource, TagKeys: removed });
    return settled(FunctionName, scope);
  },

  settle({ physicalId }, scope) {
    return settled(physicalId, scope);
  },

  async remove({ physicalId }, { call }) {
    await call('lambda', 'DeleteFunction', { FunctionName: physicalId });
    return undefined;
  },
};

/** Inline code is packed for its runtime's language. */
function inlineRuntimeChanged(before: ValueMap, wanted: ValueMap): boolean {
  return mapIn(wanted, 'Code')?.['ZipFile'] !== undefined && differs(before, wanted, ['Runtime']);
}
