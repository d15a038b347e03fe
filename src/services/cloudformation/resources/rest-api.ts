import { templateError } from '../template/template.ts';
import type { Value, ValueMap } from '../template/value.ts';
import { equalValues } from '../template/value.ts';
import { earlier } from './earlier.ts';
import { scalarPatches, setPatches } from './patch.ts';
import { camelProperties, mapIn, refuseOthers, tagChange, tagMap, textIn } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';

const SUPPORTED = [
  'ApiKeySourceType',
  'BinaryMediaTypes',
  'Body',
  'BodyS3Location',
  'CloneFrom',
  'Description',
  'DisableExecuteApiEndpoint',
  'EndpointConfiguration',
  'FailOnWarnings',
  'MinimumCompressionSize',
  'Mode',
  'Name',
  'Parameters',
  'Policy',
  'Tags',
];

const PATHS = {
  ApiKeySourceType: '/apiKeySource',
  Description: '/description',
  DisableExecuteApiEndpoint: '/disableExecuteApiEndpoint',
  MinimumCompressionSize: '/minimumCompressionSize',
  Name: '/name',
  Policy: '/policy',
};

interface Api {
  readonly id: string;
  readonly name?: string;
  readonly rootResourceId?: string;
  readonly createdDate?: Date;
}

/** The API's description: in the template, or an object in S3. */
async function bodyOf(wanted: ValueMap, { call }: ResourceScope): Promise<Uint8Array | undefined> {
  const { Body } = wanted;
  if (Body !== undefined) {
    return Buffer.from(typeof Body === 'string' ? Body : JSON.stringify(Body), 'utf8');
  }
  const place = mapIn(wanted, 'BodyS3Location');
  if (place === undefined) return undefined;
  const { Body: stream } = await call<{ Body: AsyncIterable<Uint8Array> | Uint8Array }>('s3', 'GetObject', {
    Bucket: place['Bucket'],
    Key: place['Key'],
    ...(place['Version'] === undefined ? {} : { VersionId: place['Version'] }),
  });
  if (stream instanceof Uint8Array) return stream;
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function importInput(wanted: ValueMap, body: Uint8Array) {
  const endpoints = mapIn(wanted, 'EndpointConfiguration')?.['Types'];
  const parameters = {
    ...(Array.isArray(endpoints) ? { endpointConfigurationTypes: endpoints.join(',') } : {}),
    ...mapIn(wanted, 'Parameters'),
  };
  return { body, parameters, failOnWarnings: wanted['FailOnWarnings'] ?? false };
}

async function patch(
  restApiId: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  const patchOperations = [
    ...scalarPatches(before, wanted, PATHS),
    ...setPatches(before, wanted, 'BinaryMediaTypes', '/binaryMediaTypes'),
  ];
  if (patchOperations.length > 0) await call('apigateway', 'UpdateRestApi', { restApiId, patchOperations });
}

/** AWS::ApiGateway::RestApi */
export const restApi: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const body = await bodyOf(wanted, scope);
    const name = textIn(wanted, 'Name') ?? titleOf(wanted['Body']);
    if (name === undefined) throw templateError('Property Name cannot be empty.');
    const known = await earlier(scope, {
      service: 'apigateway',
      operation: 'GetRestApis',
      input: { limit: 500 },
      list: 'items',
      matches: (item) => item['name'] === name,
      madeAt: 'createdDate',
    });
    const tags = tagMap(wanted['Tags']);
    const made =
      (known as unknown as Api | undefined) ??
      (await scope.call<Api>('apigateway', 'CreateRestApi', createInput(wanted, name, tags)));
    scope.stands(made.id);
    if (body !== undefined) {
      await scope.call('apigateway', 'PutRestApi', {
        restApiId: made.id,
        mode: wanted['Mode'] ?? 'overwrite',
        ...importInput(wanted, body),
      });
      // What the template says besides the description has the last word.
      await patch(made.id, {}, wanted, scope);
    }
    return { physicalId: made.id, attributes: await attributesOf(made.id, scope) };
  },

  async update({ physicalId, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const body = await bodyOf(wanted, scope);
    const described = ['Body', 'BodyS3Location', 'Parameters', 'Mode', 'EndpointConfiguration'];
    if (body !== undefined && described.some((one) => !equalValues(properties[one], wanted[one]))) {
      await scope.call('apigateway', 'PutRestApi', {
        restApiId: physicalId,
        mode: wanted['Mode'] ?? 'overwrite',
        ...importInput(wanted, body),
      });
      await patch(physicalId, {}, wanted, scope);
    } else {
      await patch(physicalId, properties, wanted, scope);
    }
    const { set, removed } = tagChange(properties, wanted);
    const resourceArn = `arn:aws:apigateway:${scope.region}::/restapis/${physicalId}`;
    if (Object.keys(set).length > 0)
      await scope.call('apigateway', 'TagResource', { resourceArn, tags: set });
    if (removed.length > 0)
      await scope.call('apigateway', 'UntagResource', { resourceArn, tagKeys: removed });
    return { physicalId, attributes: await attributesOf(physicalId, scope) };
  },

  async remove({ physicalId }, { call }) {
    await call('apigateway', 'DeleteRestApi', { restApiId: physicalId });
    return undefined;
  },
};

function createInput(wanted: ValueMap, name: string, tags: Readonly<Record<string, string>>) {
  const {
    Body: _,
    BodyS3Location: __,
    Mode: ___,
    Parameters: ____,
    FailOnWarnings: _____,
    Tags: ______,
    ...rest
  } = wanted;
  const { apiKeySourceType, policy, ...input } = camelProperties('AWS::ApiGateway::RestApi', rest);
  return {
    ...input,
    name,
    ...(apiKeySourceType === undefined ? {} : { apiKeySource: apiKeySourceType }),
    ...(policy === undefined ? {} : { policy: typeof policy === 'string' ? policy : JSON.stringify(policy) }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
  };
}

function titleOf(body: Value | undefined): string | undefined {
  const info = typeof body === 'object' && body !== null && 'info' in body ? body['info'] : undefined;
  const title = typeof info === 'object' && info !== null && 'title' in info ? info['title'] : undefined;
  return typeof title === 'string' ? title : undefined;
}

async function attributesOf(restApiId: string, { call }: ResourceScope): Promise<ValueMap> {
  const { rootResourceId } = await call<Api>('apigateway', 'GetRestApi', { restApiId });
  return { RestApiId: restApiId, RootResourceId: rootResourceId ?? '' };
}
