import type { Value, ValueMap } from '../template/value.ts';
import { earlier } from './earlier.ts';
import { ignoringGone } from './gone.ts';
import { mapPatches, methodSettingPatches, type PatchOperation, scalarPatches, setPatches } from './patch.ts';
import { camelProperties, mapIn, refuseOthers, requiredText, tagChange, tagMap, textIn } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';

type Shown = Readonly<Record<string, unknown>>;

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function apiOf(properties: ValueMap) {
  return { restApiId: requiredText(properties, 'RestApiId') };
}

/** AWS::ApiGateway::Resource */
export const apiResource: ResourceProvider = {
  async create(wanted, scope) {
    const made =
      (await earlier(scope, {
        service: 'apigateway',
        operation: 'GetResources',
        input: { ...apiOf(wanted), limit: 500 },
        list: 'items',
        matches: (item) => item['parentId'] === wanted['ParentId'] && item['pathPart'] === wanted['PathPart'],
      })) ?? (await scope.call<Shown>('apigateway', 'CreateResource', camelProperties(scope.type, wanted)));
    const id = text(made['id']);
    return { physicalId: id, attributes: { ResourceId: id } };
  },
  async remove({ physicalId, properties }, { call }) {
    await call('apigateway', 'DeleteResource', { ...apiOf(properties), resourceId: physicalId });
    return undefined;
  },
};

function methodOf(properties: ValueMap) {
  return {
    ...apiOf(properties),
    resourceId: requiredText(properties, 'ResourceId'),
    httpMethod: requiredText(properties, 'HttpMethod'),
  };
}

async function putMethod(wanted: ValueMap, scope: ResourceScope): Promise<void> {
  const { call } = scope;
  const of = methodOf(wanted);
  const { integration, methodResponses, ...method } = camelProperties(scope.type, wanted);
  await call('apigateway', 'PutMethod', { authorizationType: 'NONE', ...method, ...of });
  for (const response of maps(methodResponses))
    await call('apigateway', 'PutMethodResponse', { ...of, ...response });
  if (integration === undefined) return;
  const { integrationResponses, ...rest } = integration as ValueMap;
  await call('apigateway', 'PutIntegration', { ...of, ...rest });
  for (const response of maps(integrationResponses)) {
    await call('apigateway', 'PutIntegrationResponse', { ...of, ...response });
  }
}

function maps(value: Value | undefined): readonly ValueMap[] {
  return Array.isArray(value) ? (value as readonly ValueMap[]) : [];
}

/** AWS::ApiGateway::Method. An update puts it anew: no deployment sees what is between. */
export const apiMethod: ResourceProvider = {
  async create(wanted, scope) {
    const { restApiId, resourceId, httpMethod } = methodOf(wanted);
    if (scope.rerun) await ignoringGone(() => scope.call('apigateway', 'DeleteMethod', methodOf(wanted)));
    const physicalId = `${restApiId}|${resourceId}|${httpMethod}`;
    await putMethod(wanted, {
      ...scope,
      // From the first call on there is a method to take away.
      call: async <Output>(service: string, operation: string, input: unknown) => {
        const output = await scope.call<Output>(service, operation, input);
        scope.stands(physicalId);
        return output;
      },
    });
    return { physicalId, attributes: {} };
  },
  async update({ physicalId, attributes, properties }, wanted, scope) {
    await ignoringGone(() => scope.call('apigateway', 'DeleteMethod', methodOf(properties)));
    await putMethod(wanted, scope);
    return { physicalId, attributes };
  },
  async remove({ properties }, { call }) {
    await call('apigateway', 'DeleteMethod', methodOf(properties));
    return undefined;
  },
};

/** AWS::ApiGateway::Deployment */
export const apiDeployment: ResourceProvider = {
  async create(wanted, scope) {
    const { StageDescription, DeploymentCanarySettings } = wanted;
    const { stageDescription: _, deploymentCanarySettings, ...input } = camelProperties(scope.type, wanted);
    const stage = mapIn(wanted, 'StageDescription') ?? {};
    refuseOthers(`${scope.type} StageDescription`, stage, [
      'Description',
      'Variables',
      'CacheClusterEnabled',
      'CacheClusterSize',
      'TracingEnabled',
    ]);
    const { description, ...rest } = camelProperties('AWS::ApiGateway::Stage', stage);
    const made =
      (await earlier(scope, {
        service: 'apigateway',
        operation: 'GetDeployments',
        input: { ...apiOf(wanted), limit: 500 },
        list: 'items',
        matches: (item) => item['description'] === wanted['Description'],
        madeAt: 'createdDate',
      })) ??
      (await scope.call<Shown>('apigateway', 'CreateDeployment', {
        ...input,
        ...(StageDescription === undefined ? {} : rest),
        ...(description === undefined ? {} : { stageDescription: description }),
        ...(DeploymentCanarySettings === undefined ? {} : { canarySettings: deploymentCanarySettings }),
      }));
    const id = text(made['id']);
    return { physicalId: id, attributes: { DeploymentId: id } };
  },
  async update({ physicalId, attributes, properties }, wanted, { call }) {
    const patchOperations = scalarPatches(properties, wanted, { Description: '/description' });
    if (patchOperations.length > 0) {
      await call('apigateway', 'UpdateDeployment', {
        ...apiOf(wanted),
        deploymentId: physicalId,
        patchOperations,
      });
    }
    return { physicalId, attributes };
  },
  async remove({ physicalId, properties }, { call }) {
    await dropOwnStage(physicalId, properties, call);
    await call('apigateway', 'DeleteDeployment', { ...apiOf(properties), deploymentId: physicalId });
    return undefined;
  },
};

/** The stage a deployment made besides goes with it, unless a newer deployment has taken it over. */
async function dropOwnStage(
  deploymentId: string,
  properties: ValueMap,
  call: ResourceScope['call'],
): Promise<void> {
  const stageName = textIn(properties, 'StageName');
  if (stageName === undefined) return;
  await ignoringGone(async () => {
    const stage = await call<Shown>('apigateway', 'GetStage', { ...apiOf(properties), stageName });
    if (stage['deploymentId'] === deploymentId) {
      await call('apigateway', 'DeleteStage', { ...apiOf(properties), stageName });
    }
  });
}

const STAGE_PATHS = {
  CacheClusterEnabled: '/cacheClusterEnabled',
  CacheClusterSize: '/cacheClusterSize',
  ClientCertificateId: '/clientCertificateId',
  DeploymentId: '/deploymentId',
  Description: '/description',
  DocumentationVersion: '/documentationVersion',
  TracingEnabled: '/tracingEnabled',
};

function stagePatches(before: ValueMap, wanted: ValueMap): readonly PatchOperation[] {
  const part = (properties: ValueMap, name: string) => mapIn(properties, name) ?? {};
  return [
    ...scalarPatches(before, wanted, STAGE_PATHS),
    ...mapPatches(before, wanted, 'Variables', '/variables'),
    ...methodSettingPatches(before, wanted),
    ...scalarPatches(part(before, 'AccessLogSetting'), part(wanted, 'AccessLogSetting'), {
      DestinationArn: '/accessLogSettings/destinationArn',
      Format: '/accessLogSettings/format',
    }),
    ...scalarPatches(part(before, 'CanarySetting'), part(wanted, 'CanarySetting'), {
      DeploymentId: '/canarySettings/deploymentId',
      PercentTraffic: '/canarySettings/percentTraffic',
      UseStageCache: '/canarySettings/useStageCache',
    }),
    ...mapPatches(
      part(before, 'CanarySetting'),
      part(wanted, 'CanarySetting'),
      'StageVariableOverrides',
      '/canarySettings/stageVariableOverrides',
    ),
  ];
}

/** AWS::ApiGateway::Stage */
export const apiStage: ResourceProvider = {
  async create(wanted, scope) {
    const {
      StageName,
      MethodSettings: _,
      AccessLogSetting: __,
      CanarySetting: ___,
      ClientCertificateId: ____,
      Tags,
      ...rest
    } = wanted;
    const stageName = text(StageName) || scope.name(128).replaceAll('-', '');
    const tags = tagMap(Tags);
    await scope.call('apigateway', 'CreateStage', {
      ...camelProperties(scope.type, rest),
      stageName,
      ...(Object.keys(tags).length === 0 ? {} : { tags }),
    });
    scope.stands(stageName);
    const patchOperations = stagePatches(rest, wanted);
    if (patchOperations.length > 0) {
      await scope.call('apigateway', 'UpdateStage', { ...apiOf(wanted), stageName, patchOperations });
    }
    return { physicalId: stageName, attributes: {} };
  },
  async update({ physicalId: stageName, attributes, properties }, wanted, scope) {
    const patchOperations = stagePatches(properties, wanted);
    if (patchOperations.length > 0) {
      await scope.call('apigateway', 'UpdateStage', { ...apiOf(wanted), stageName, patchOperations });
    }
    const { set, removed } = tagChange(properties, wanted);
    const resourceArn = `arn:aws:apigateway:${scope.region}::/restapis/${apiOf(wanted).restApiId}/stages/${stageName}`;
    if (Object.keys(set).length > 0)
      await scope.call('apigateway', 'TagResource', { resourceArn, tags: set });
    if (removed.length > 0)
      await scope.call('apigateway', 'UntagResource', { resourceArn, tagKeys: removed });
    return { physicalId: stageName, attributes };
  },
  async remove({ physicalId, properties }, { call }) {
    await call('apigateway', 'DeleteStage', { ...apiOf(properties), stageName: physicalId });
    return undefined;
  },
};

/** AWS::ApiGateway::Authorizer */
export const apiAuthorizer: ResourceProvider = {
  async create(wanted, scope) {
    const made =
      (await earlier(scope, {
        service: 'apigateway',
        operation: 'GetAuthorizers',
        input: { ...apiOf(wanted), limit: 500 },
        list: 'items',
        matches: (item) => item['name'] === wanted['Name'],
      })) ?? (await scope.call<Shown>('apigateway', 'CreateAuthorizer', camelProperties(scope.type, wanted)));
    const id = text(made['id']);
    return { physicalId: id, attributes: { AuthorizerId: id } };
  },
  async update({ physicalId, attributes, properties }, wanted, { call }) {
    const patchOperations = [
      ...scalarPatches(properties, wanted, {
        AuthType: '/authType',
        AuthorizerCredentials: '/authorizerCredentials',
        AuthorizerResultTtlInSeconds: '/authorizerResultTtlInSeconds',
        AuthorizerUri: '/authorizerUri',
        IdentitySource: '/identitySource',
        IdentityValidationExpression: '/identityValidationExpression',
        Name: '/name',
        Type: '/type',
      }),
      ...providerPatches(properties, wanted),
    ];
    await call('apigateway', 'UpdateAuthorizer', {
      ...apiOf(wanted),
      authorizerId: physicalId,
      patchOperations,
    });
    return { physicalId, attributes };
  },
  async remove({ physicalId, properties }, { call }) {
    await call('apigateway', 'DeleteAuthorizer', { ...apiOf(properties), authorizerId: physicalId });
    return undefined;
  },
};

/** Providers are patched by value, not by path. */
function providerPatches(before: ValueMap, wanted: ValueMap): readonly PatchOperation[] {
  return setPatches(before, wanted, 'ProviderARNs', '').map(({ op, path }) => ({
    op,
    path: '/providerARNs',
    value: path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~'),
  }));
}

/** AWS::ApiGateway::Account */
export const apiAccount: ResourceProvider = {
  async create(wanted, scope) {
    await setAccount({}, wanted, scope);
    const id = scope.name(128);
    return { physicalId: id, attributes: { Id: id } };
  },
  async update({ physicalId, attributes, properties }, wanted, scope) {
    await setAccount(properties, wanted, scope);
    return { physicalId, attributes };
  },
  /** The account's settings are everybody's: AWS leaves them too. */
  async remove() {
    return undefined;
  },
};

async function setAccount(before: ValueMap, wanted: ValueMap, { call }: ResourceScope): Promise<void> {
  const patchOperations = scalarPatches(before, wanted, { CloudWatchRoleArn: '/cloudwatchRoleArn' });
  if (patchOperations.length > 0) await call('apigateway', 'UpdateAccount', { patchOperations });
}
