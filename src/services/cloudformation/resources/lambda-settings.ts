import type { ValueMap } from '../template/value.ts';
import { ignoringGone } from './gone.ts';
import { pick, refuseOthers, requiredText, tagChange, tagMap } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';

const SIGNING = ['AllowedPublishers', 'CodeSigningPolicies', 'Description'];

/** AWS::Lambda::CodeSigningConfig */
export const codeSigningConfig: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, [...SIGNING, 'Tags']);
    const tags = tagMap(wanted['Tags']);
    const { CodeSigningConfig: made } = await scope.call<{
      readonly CodeSigningConfig: {
        readonly CodeSigningConfigId: string;
        readonly CodeSigningConfigArn: string;
      };
    }>('lambda', 'CreateCodeSigningConfig', {
      ...pick(wanted, SIGNING),
      ...(Object.keys(tags).length === 0 ? {} : { Tags: tags }),
    });
    const { CodeSigningConfigArn, CodeSigningConfigId } = made;
    return { physicalId: CodeSigningConfigArn, attributes: { CodeSigningConfigArn, CodeSigningConfigId } };
  },

  async update({ physicalId, attributes, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, [...SIGNING, 'Tags']);
    await scope.call('lambda', 'UpdateCodeSigningConfig', {
      CodeSigningConfigArn: physicalId,
      Description: '',
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Warn' },
      ...pick(wanted, SIGNING),
    });
    const { set, removed } = tagChange(properties, wanted);
    const Resource = physicalId;
    if (Object.keys(set).length > 0) await scope.call('lambda', 'TagResource', { Resource, Tags: set });
    if (removed.length > 0) await scope.call('lambda', 'UntagResource', { Resource, TagKeys: removed });
    return { physicalId, attributes };
  },

  async remove({ physicalId }, { call }) {
    await call('lambda', 'DeleteCodeSigningConfig', { CodeSigningConfigArn: physicalId });
    return undefined;
  },
};

/** `arn:…:layer:name:3`, apart. */
function layerOf(properties: ValueMap): { readonly LayerName: string; readonly VersionNumber: number } {
  const parts = requiredText(properties, 'LayerVersionArn').split(':');
  return { LayerName: parts.slice(0, -1).join(':'), VersionNumber: Number(parts.at(-1)) };
}

/** AWS::Lambda::LayerVersionPermission, whose id holds the layer's ARN and the statement's. */
export const layerVersionPermission: ResourceProvider = {
  async create(wanted, scope) {
    const taken = ['Action', 'OrganizationId', 'Principal'];
    refuseOthers(scope.type, wanted, [...taken, 'LayerVersionArn']);
    const StatementId = scope.name(100);
    const of = layerOf(wanted);
    if (scope.rerun) {
      await ignoringGone(() => scope.call('lambda', 'RemoveLayerVersionPermission', { ...of, StatementId }));
    }
    await scope.call('lambda', 'AddLayerVersionPermission', { ...of, StatementId, ...pick(wanted, taken) });
    const Id = `${requiredText(wanted, 'LayerVersionArn')}#${StatementId}`;
    return { physicalId: Id, attributes: { Id } };
  },

  async remove({ physicalId, properties }, { call }) {
    const StatementId = physicalId.slice(physicalId.indexOf('#') + 1);
    await call('lambda', 'RemoveLayerVersionPermission', { ...layerOf(properties), StatementId });
    return undefined;
  },
};

/** What templates set beside a function and the API by calls of its own; what a template drops goes back to how it was. */
export async function setBeside(
  FunctionName: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const { RuntimeManagementConfig, RecursiveLoop } = wanted;
  if (RuntimeManagementConfig !== undefined) {
    await call('lambda', 'PutRuntimeManagementConfig', {
      FunctionName,
      ...(RuntimeManagementConfig as ValueMap),
    });
  } else if (before['RuntimeManagementConfig'] !== undefined) {
    await call('lambda', 'PutRuntimeManagementConfig', { FunctionName, UpdateRuntimeOn: 'Auto' });
  }
  if (RecursiveLoop !== undefined || before['RecursiveLoop'] !== undefined) {
    await call('lambda', 'PutFunctionRecursionConfig', {
      FunctionName,
      RecursiveLoop: RecursiveLoop ?? 'Terminate',
    });
  }
}
