import type { ApigatewayOperations, Authorizer, Method } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { type AuthorizerRow, newId } from './definition.ts';
import { badRequest, conflict, fault, noSuchAuthorizer } from './fault.ts';
import { checkUnreferenced } from './method.ts';
import { type PatchTable, patched, REPLACE, value } from './patch.ts';
import { apiOf, collection, rowsOf } from './scope.ts';

export const authorizers = {
  CreateAuthorizer: (input, ctx) => {
    const { restApiId, jwtConfiguration: _, ...rest } = input;
    if (input.type === 'JWT') throw badRequest('Authorizers of type JWT belong to HTTP APIs.');
    const authorizer = completeAuthorizer({ ...rest, id: newId(ctx.world) });
    const rows = rowsOf(ctx);
    return ctx.transact(async (tx) => {
      if ((await rows.apis.get(tx, [restApiId])) === undefined) {
        throw conflict(
          'Unable to complete operation due to concurrent modification. Please try again later.',
        );
      }
      const known = await rows.authorizers.all(tx, [restApiId]);
      if (known.some(({ value: row }) => row.name === input.name))
        throw badRequest(
          'Authorizer name must be unique. Authorizer with name ' +
            `${input.name} already exists in this RestApi.`,
        );
      rows.authorizers.set(tx, [restApiId, authorizer.id], authorizer);
      return authorizer;
    });
  },

  GetAuthorizer: (input, ctx) => authorizerOf(ctx, input.restApiId, input.authorizerId),

  GetAuthorizers: async (input, ctx) => {
    await apiOf(ctx, input.restApiId);
    return collection(ctx, rowsOf(ctx).authorizers, [input.restApiId], input, (row): Authorizer => row);
  },

  UpdateAuthorizer: (input, ctx) =>
    ctx.transact(async (tx) => {
      const row = await authorizerOf(ctx, input.restApiId, input.authorizerId, tx);
      const next = completeAuthorizer(patched(row, input.patchOperations, PATCH));
      rowsOf(ctx).authorizers.set(tx, [input.restApiId, row.id], next);
      return next;
    }),

  DeleteAuthorizer: async (input, ctx) => {
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      const { id } = await authorizerOf(ctx, input.restApiId, input.authorizerId, tx);
      const refers = ({ authorizerId }: Method) => authorizerId === id;
      await checkUnreferenced(ctx, tx, input.restApiId, `authorizer '${id}'`, refers);
      rows.authorizers.delete(tx, [input.restApiId, id]);
    });
    return {};
  },
} satisfies Group<ApigatewayOperations>;

const PATCH: PatchTable = {
  names: true,
  rules: {
    '/name': value(REPLACE),
    '/type': value(REPLACE),
    '/authType': value(REPLACE),
    '/authorizerUri': value(REPLACE),
    '/authorizerCredentials': value(['replace', 'remove']),
    '/identitySource': value(REPLACE),
    '/identityValidationExpression': value(['replace', 'remove']),
    '/authorizerResultTtlInSeconds': value(REPLACE, 'integer'),
    '/providerARNs': { shape: 'list', ops: ['add', 'remove'] },
    '/providerARNs/{}': { shape: 'item', ops: ['add', 'remove'] },
  },
};

async function authorizerOf(
  ctx: Context,
  api: string,
  id: string,
  reader: Reader = ctx.store,
): Promise<AuthorizerRow> {
  await apiOf(ctx, api, reader);
  const row = await rowsOf(ctx).authorizers.get(reader, [api, id]);
  if (row === undefined) throw noSuchAuthorizer();
  return row;
}

const DEFAULT_TTL_SECONDS = 300;
const MOST_TTL_SECONDS = 3600;

/** An authorizer with AWS's defaults, checked. Throws BadRequestException. */
export function completeAuthorizer(row: AuthorizerRow): AuthorizerRow {
  const { type, identitySource, authorizerResultTtlInSeconds: ttl = DEFAULT_TTL_SECONDS } = row;
  if (ttl < 0 || ttl > MOST_TTL_SECONDS)
    throw badRequest(`Authorizer result TTL must be between 0 and ${MOST_TTL_SECONDS} seconds`);
  if (type === 'COGNITO_USER_POOLS') {
    if (row.providerARNs === undefined || row.providerARNs.length === 0)
      throw badRequest('Provider ARNs must be specified for authorizers of type COGNITO_USER_POOLS');
  } else if (row.authorizerUri === undefined || !row.authorizerUri.startsWith('arn:')) {
    throw badRequest(
      `Invalid Authorizer URI: ${row.authorizerUri ?? ''}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.`,
    );
  }
  if (identitySource === undefined && (type !== 'REQUEST' || ttl > 0) && type !== 'COGNITO_USER_POOLS')
    throw badRequest('Identity source must be specified');
  for (const source of identitySources(identitySource)) {
    if (!/^(?:method\.request\.(?:header|querystring|path)|stageVariables|context)\.[^\s,]+$/.test(source))
      throw fault('BadRequestException', `Invalid mapping expression specified: ${source}`);
  }
  return {
    authType: type === 'COGNITO_USER_POOLS' ? 'cognito_user_pools' : 'custom',
    ...row,
    ...(type === 'COGNITO_USER_POOLS' && identitySource === undefined
      ? { identitySource: 'method.request.header.Authorization' }
      : {}),
    authorizerResultTtlInSeconds: ttl,
  };
}

/** The places an identity source names. */
export function identitySources(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((source) => source.trim())
    .filter((source) => source !== '');
}
