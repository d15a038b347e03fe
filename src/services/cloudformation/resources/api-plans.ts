import { equalValues, type Value, type ValueMap } from '../template/value.ts';
import { earlier } from './earlier.ts';
import { type PatchOperation, pathPart, scalarPatches } from './patch.ts';
import { camelProperties, mapIn, mapsIn, requiredText, tagChange, tagMap, textIn } from './property.ts';
import type { ResourceProvider } from './provider.ts';

type Shown = Readonly<Record<string, unknown>>;

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function apiOf(properties: ValueMap) {
  return { restApiId: requiredText(properties, 'RestApiId') };
}

function schemaText(schema: Value | undefined): string {
  return typeof schema === 'string' ? schema : JSON.stringify(schema ?? {});
}

/** AWS::ApiGateway::Model */
export const apiModel: ResourceProvider = {
  async create(wanted, scope) {
    const name = textIn(wanted, 'Name') ?? scope.name(128).replaceAll('-', '');
    await scope.call('apigateway', 'CreateModel', {
      ...camelProperties(scope.type, wanted),
      name,
      contentType: wanted['ContentType'] ?? 'application/json',
      schema: schemaText(wanted['Schema']),
    });
    return { physicalId: name, attributes: {} };
  },
  async update({ physicalId, attributes, properties }, wanted, { call }) {
    const asText = (of: ValueMap): ValueMap => ({ ...of, Schema: schemaText(of['Schema']) });
    await call('apigateway', 'UpdateModel', {
      ...apiOf(wanted),
      modelName: physicalId,
      patchOperations: scalarPatches(asText(properties), asText(wanted), {
        Description: '/description',
        Schema: '/schema',
      }),
    });
    return { physicalId, attributes };
  },
  async remove({ physicalId, properties }, { call }) {
    await call('apigateway', 'DeleteModel', { ...apiOf(properties), modelName: physicalId });
    return undefined;
  },
};

/** AWS::ApiGateway::RequestValidator */
export const apiRequestValidator: ResourceProvider = {
  async create(wanted, scope) {
    const name = textIn(wanted, 'Name') ?? scope.name(128);
    const made =
      (await earlier(scope, {
        service: 'apigateway',
        operation: 'GetRequestValidators',
        input: { ...apiOf(wanted), limit: 500 },
        list: 'items',
        matches: (item) => item['name'] === name,
      })) ??
      (await scope.call<Shown>('apigateway', 'CreateRequestValidator', {
        ...camelProperties(scope.type, wanted),
        name,
      }));
    const id = text(made['id']);
    return { physicalId: id, attributes: { RequestValidatorId: id } };
  },
  async update({ physicalId, attributes, properties }, wanted, { call }) {
    const defaults: ValueMap = { ValidateRequestBody: false, ValidateRequestParameters: false };
    await call('apigateway', 'UpdateRequestValidator', {
      ...apiOf(wanted),
      requestValidatorId: physicalId,
      patchOperations: scalarPatches(
        { ...defaults, ...properties },
        { ...defaults, ...wanted },
        {
          ValidateRequestBody: '/validateRequestBody',
          ValidateRequestParameters: '/validateRequestParameters',
        },
      ),
    });
    return { physicalId, attributes };
  },
  async remove({ physicalId, properties }, { call }) {
    await call('apigateway', 'DeleteRequestValidator', {
      ...apiOf(properties),
      requestValidatorId: physicalId,
    });
    return undefined;
  },
};

/** AWS::ApiGateway::GatewayResponse */
export const apiGatewayResponse: ResourceProvider = {
  async create(wanted, scope) {
    await scope.call('apigateway', 'PutGatewayResponse', camelProperties(scope.type, wanted));
    const id = `${text(wanted['RestApiId'])}|${text(wanted['ResponseType'])}`;
    return { physicalId: id, attributes: { Id: id } };
  },
  async update({ physicalId, attributes }, wanted, scope) {
    await scope.call('apigateway', 'PutGatewayResponse', camelProperties(scope.type, wanted));
    return { physicalId, attributes };
  },
  async remove({ properties }, { call }) {
    await call('apigateway', 'DeleteGatewayResponse', {
      ...apiOf(properties),
      responseType: properties['ResponseType'],
    });
    return undefined;
  },
};

/** AWS::ApiGateway::ApiKey */
export const apiKey: ResourceProvider = {
  async create(wanted, scope) {
    const { Tags, ...rest } = wanted;
    const tags = tagMap(Tags);
    const name = textIn(wanted, 'Name') ?? scope.name(128);
    const made =
      (await earlier(scope, {
        service: 'apigateway',
        operation: 'GetApiKeys',
        input: { nameQuery: name, limit: 500 },
        list: 'items',
        matches: (item) => item['name'] === name,
        madeAt: 'createdDate',
      })) ??
      (await scope.call<Shown>('apigateway', 'CreateApiKey', {
        ...camelProperties(scope.type, rest),
        name,
        ...(Object.keys(tags).length === 0 ? {} : { tags }),
      }));
    const id = text(made['id']);
    return { physicalId: id, attributes: { APIKeyId: id } };
  },
  async update({ physicalId, attributes, properties }, wanted, { call }) {
    const stages = (of: ValueMap) =>
      mapsIn(of, 'StageKeys').map((key) => `${text(key['RestApiId'])}/${text(key['StageName'])}`);
    const patchOperations: PatchOperation[] = [
      ...scalarPatches(properties, wanted, { CustomerId: '/customerId', Description: '/description' }),
      ...scalarPatches(
        { Enabled: false, ...properties },
        { Enabled: false, ...wanted },
        { Enabled: '/enabled' },
      ),
      ...byValue(stages(properties), stages(wanted), '/stages'),
    ];
    if (patchOperations.length > 0)
      await call('apigateway', 'UpdateApiKey', { apiKey: physicalId, patchOperations });
    return { physicalId, attributes };
  },
  async remove({ physicalId }, { call }) {
    await call('apigateway', 'DeleteApiKey', { apiKey: physicalId });
    return undefined;
  },
};

function byValue(had: readonly string[], wants: readonly string[], path: string): readonly PatchOperation[] {
  return [
    ...had.filter((one) => !wants.includes(one)).map((value) => ({ op: 'remove', path, value }) as const),
    ...wants.filter((one) => !had.includes(one)).map((value) => ({ op: 'add', path, value }) as const),
  ];
}

/** The stages a usage plan covers, as patches name them. */
function planStages(properties: ValueMap): ReadonlyMap<string, ValueMap> {
  return new Map(
    mapsIn(properties, 'ApiStages').map((stage) => [
      `${text(stage['ApiId'])}:${text(stage['Stage'])}`,
      stage,
    ]),
  );
}

/** A stage whose own throttles changed is taken out and put in again. */
function stagePatches(before: ValueMap, wanted: ValueMap): readonly PatchOperation[] {
  const had = planStages(before);
  const wants = planStages(wanted);
  const same = (name: string) => equalValues(had.get(name)?.['Throttle'], wants.get(name)?.['Throttle']);
  return [
    ...[...had.keys()]
      .filter((name) => !wants.has(name) || !same(name))
      .map((value) => ({ op: 'remove', path: '/apiStages', value }) as const),
    ...[...wants].flatMap(([name, stage]): readonly PatchOperation[] => {
      if (had.has(name) && same(name)) return [];
      const throttles = Object.entries(mapIn(stage, 'Throttle') ?? {}).flatMap(([method, limits]) =>
        scalarPatches({}, limits as ValueMap, {
          BurstLimit: `/apiStages/${name}/throttle/${throttlePath(method)}/burstLimit`,
          RateLimit: `/apiStages/${name}/throttle/${throttlePath(method)}/rateLimit`,
        }),
      );
      return [{ op: 'add', path: '/apiStages', value: name }, ...throttles];
    }),
  ];
}

/** `/pets/GET` → `~1pets/GET` */
function throttlePath(method: string): string {
  const slash = method.lastIndexOf('/');
  return `${pathPart(method.slice(0, slash))}/${method.slice(slash + 1)}`;
}

/** AWS::ApiGateway::UsagePlan */
export const usagePlan: ResourceProvider = {
  async create(wanted, scope) {
    const { UsagePlanName, Tags, ...rest } = wanted;
    const tags = tagMap(Tags);
    const name = UsagePlanName ?? scope.name(128);
    const made =
      (await earlier(scope, {
        service: 'apigateway',
        operation: 'GetUsagePlans',
        input: { limit: 500 },
        list: 'items',
        matches: (item) => item['name'] === name,
      })) ??
      (await scope.call<Shown>('apigateway', 'CreateUsagePlan', {
        ...camelProperties(scope.type, rest),
        name,
        ...(Object.keys(tags).length === 0 ? {} : { tags }),
      }));
    const id = text(made['id']);
    return { physicalId: id, attributes: { Id: id } };
  },
  async update({ physicalId, attributes, properties }, wanted, { call, region }) {
    const part = (of: ValueMap, name: string) => mapIn(of, name) ?? {};
    const patchOperations = [
      ...scalarPatches(properties, wanted, { Description: '/description', UsagePlanName: '/name' }),
      ...scalarPatches(part(properties, 'Throttle'), part(wanted, 'Throttle'), {
        BurstLimit: '/throttle/burstLimit',
        RateLimit: '/throttle/rateLimit',
      }),
      ...scalarPatches(part(properties, 'Quota'), part(wanted, 'Quota'), {
        Limit: '/quota/limit',
        Offset: '/quota/offset',
        Period: '/quota/period',
      }),
      ...stagePatches(properties, wanted),
    ];
    if (patchOperations.length > 0) {
      await call('apigateway', 'UpdateUsagePlan', { usagePlanId: physicalId, patchOperations });
    }
    const { set, removed } = tagChange(properties, wanted);
    const resourceArn = `arn:aws:apigateway:${region}::/usageplans/${physicalId}`;
    if (Object.keys(set).length > 0) await call('apigateway', 'TagResource', { resourceArn, tags: set });
    if (removed.length > 0) await call('apigateway', 'UntagResource', { resourceArn, tagKeys: removed });
    return { physicalId, attributes };
  },
  async remove({ physicalId, properties }, { call }) {
    // A plan that still covers stages cannot be deleted.
    const patchOperations = byValue([...planStages(properties).keys()], [], '/apiStages');
    if (patchOperations.length > 0) {
      await call('apigateway', 'UpdateUsagePlan', { usagePlanId: physicalId, patchOperations });
    }
    await call('apigateway', 'DeleteUsagePlan', { usagePlanId: physicalId });
    return undefined;
  },
};

/** AWS::ApiGateway::UsagePlanKey */
export const usagePlanKey: ResourceProvider = {
  async create(wanted, scope) {
    await scope.call('apigateway', 'CreateUsagePlanKey', camelProperties(scope.type, wanted));
    const id = `${text(wanted['KeyId'])}:${text(wanted['UsagePlanId'])}`;
    return { physicalId: id, attributes: { Id: id } };
  },
  async remove({ properties }, { call }) {
    await call('apigateway', 'DeleteUsagePlanKey', {
      usagePlanId: properties['UsagePlanId'],
      keyId: properties['KeyId'],
    });
    return undefined;
  },
};
