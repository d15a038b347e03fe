import { assert } from '../../base/assert.ts';
import type { ApigatewayOperations, EndpointConfiguration } from '../../model/gen/apigateway.ts';
import { MalformedPolicy, parseDocument } from '../../policy/document.ts';
import type { Group } from '../../service/service.ts';
import {
  type ApiRow,
  clearDefinition,
  defaultModels,
  describeApi,
  newId,
  readDefinition,
  writeDefinition,
} from './definition.ts';
import { badRequest } from './fault.ts';
import { API_DIRECTORY } from './layout.ts';
import { ANY_OP, type PatchTable, patched, REPLACE, value } from './patch.ts';
import { apiOf, collection, rowsOf } from './scope.ts';

const MOST_COMPRESSION_BYTES = 10_485_760;

export const apis = {
  CreateRestApi: async (input, ctx) => {
    const { world } = ctx;
    checkTexts(input);
    if (input.securityPolicy !== undefined || input.endpointAccessMode !== undefined)
      throw badRequest('The TLS settings of an API are not simulated.');
    const api: ApiRow = {
      id: newId(world, 10),
      name: input.name,
      createdAtMs: world.clock.now(),
      rootResourceId: newId(world, 10),
      apiKeySource: input.apiKeySource ?? 'HEADER',
      endpointConfiguration: endpointOf(input.endpointConfiguration),
      disableExecuteApiEndpoint: input.disableExecuteApiEndpoint ?? false,
      description: input.description,
      version: input.version,
      binaryMediaTypes: input.binaryMediaTypes?.length ? input.binaryMediaTypes : undefined,
      minimumCompressionSize: input.minimumCompressionSize,
      policy: input.policy,
      tags: input.tags,
    };
    const rows = rowsOf(ctx);
    const models = defaultModels(world);
    await ctx.transact(async (tx) => {
      const claimed = await ctx.ports.directory.claim(tx, API_DIRECTORY, api.id, {
        account: ctx.account,
        region: ctx.region,
      });
      assert(claimed, `the new API id ${api.id} is taken`);
      if (input.cloneFrom !== undefined) {
        const source = await readDefinition(rows, tx, await apiOf(ctx, input.cloneFrom, tx));
        const root = source.resources.find(({ parentId }) => parentId === undefined);
        writeDefinition(rows, tx, {
          ...source,
          api: { ...api, rootResourceId: root?.id ?? api.rootResourceId },
        });
        return;
      }
      rows.apis.set(tx, [api.id], api);
      rows.resources.set(tx, [api.id, api.rootResourceId], {
        id: api.rootResourceId,
        path: '/',
        methods: {},
      });
      for (const model of models) rows.models.set(tx, [api.id, model.name], model);
    });
    return describeApi(input.cloneFrom === undefined ? api : await apiOf(ctx, api.id));
  },

  GetRestApi: async (input, ctx) => describeApi(await apiOf(ctx, input.restApiId)),

  GetRestApis: (input, ctx) => collection(ctx, rowsOf(ctx).apis, [], input, describeApi),

  UpdateRestApi: (input, ctx) =>
    ctx.transact(async (tx) => {
      const api = await apiOf(ctx, input.restApiId, tx);
      const next = patched(api, input.patchOperations, PATCH);
      checkTexts(next);
      const { types = [] } = next.endpointConfiguration;
      if (types.some((type) => type !== 'EDGE' && type !== 'REGIONAL' && type !== 'PRIVATE'))
        throw badRequest('Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE');
      const changed = {
        ...next,
        policy: next.policy === '' ? undefined : next.policy,
        endpointConfiguration: endpointOf({ ...next.endpointConfiguration, types: types.slice(-1) }),
      };
      rowsOf(ctx).apis.set(tx, [api.id], changed);
      return { ...describeApi(changed), tags: changed.tags ?? {} };
    }),

  DeleteRestApi: async (input, ctx) => {
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      const { id } = await apiOf(ctx, input.restApiId, tx);
      await clearDefinition(rows, tx, id);
      for (const { key, value: row } of await rows.deployments.all(tx, [id])) {
        rows.deployments.delete(tx, key);
        await ctx.blobs.release(tx, row.definition);
      }
      for (const { key } of await rows.stages.all(tx, [id])) rows.stages.delete(tx, key);
      rows.apis.delete(tx, [id]);
      ctx.ports.directory.release(tx, API_DIRECTORY, id);
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = {
  names: false,
  rules: {
    '/name': value(REPLACE),
    '/description': value(ANY_OP),
    '/version': value(ANY_OP),
    '/policy': value(ANY_OP),
    '/apiKeySource': value(REPLACE),
    '/minimumCompressionSize': value(REPLACE, 'compression'),
    '/disableExecuteApiEndpoint': value(REPLACE, 'boolean'),
    '/binaryMediaTypes/{}': { shape: 'item', ops: ANY_OP },
    '/endpointConfiguration/types/{}': { shape: 'item', ops: ANY_OP },
    '/endpointConfiguration/ipAddressType': value(REPLACE),
    '/endpointConfiguration/vpcEndpointIds': { shape: 'list', ops: ['add', 'remove'] },
  },
};

function checkTexts(input: {
  readonly policy?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly minimumCompressionSize?: number | undefined;
}): void {
  checkPolicy(input.policy);
  if (input.description === '') throw badRequest('Description cannot be an empty string');
  const size = input.minimumCompressionSize;
  if (size !== undefined && (size < 0 || size > MOST_COMPRESSION_BYTES)) {
    throw badRequest(`Invalid minimum compression size, must be between 0 and ${MOST_COMPRESSION_BYTES}`);
  }
}

/** A resource policy that cannot be read would shut everybody out. */
export function checkPolicy(text: string | undefined): void {
  if (text === undefined || text === '') return;
  try {
    parseDocument(text);
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw badRequest(
      'Invalid policy document. Please check the policy syntax and ensure that Principals are valid.',
    );
  }
}

/** The endpoint configuration with AWS's defaults: one type, IPv4 unless private. */
export function endpointOf(given: EndpointConfiguration | undefined): EndpointConfiguration {
  const types = given?.types ?? ['EDGE'];
  if (types.length === 0)
    throw badRequest('REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.');
  if (types.length > 1) throw badRequest('Cannot create an api with multiple Endpoint Types.');
  const isPrivate = types[0] === 'PRIVATE';
  if (isPrivate && given?.ipAddressType === 'ipv4')
    throw badRequest('Only dualstack ipAddressType is supported for Private APIs.');
  return {
    types,
    ipAddressType: given?.ipAddressType ?? (isPrivate ? 'dualstack' : 'ipv4'),
    vpcEndpointIds: given?.vpcEndpointIds,
  };
}
