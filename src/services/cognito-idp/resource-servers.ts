import type {
  CognitoIdpOperations,
  ResourceServerScopeListType,
  ResourceServerType,
} from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { fault } from './fault.ts';
import { type PoolScope, poolScope } from './scope.ts';

export interface ResourceServerRow {
  readonly identifier: string;
  readonly name: string;
  readonly scopes: ResourceServerScopeListType;
}

const MOST_LISTED = 50;

export const resourceServers = {
  CreateResourceServer: async (input, ctx) => {
    const server: ResourceServerRow = {
      identifier: input.Identifier,
      name: input.Name,
      scopes: input.Scopes ?? [],
    };
    await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      if ((await rows.resourceServers.get(tx, [pool.id, server.identifier])) !== undefined) {
        throw fault(
          'InvalidParameterException',
          `${server.identifier} already exists in user pool ${pool.id}.`,
        );
      }
      rows.resourceServers.set(tx, [pool.id, server.identifier], server);
    });
    return { ResourceServer: describe(input.UserPoolId, server) };
  },

  DescribeResourceServer: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    return { ResourceServer: describe(scope.pool.id, await find(scope, ctx.store, input.Identifier)) };
  },

  UpdateResourceServer: async (input, ctx) => {
    const next: ResourceServerRow = {
      identifier: input.Identifier,
      name: input.Name,
      scopes: input.Scopes ?? [],
    };
    await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      await find(scope, tx, input.Identifier);
      scope.rows.resourceServers.set(tx, [scope.pool.id, next.identifier], next);
    });
    return { ResourceServer: describe(input.UserPoolId, next) };
  },

  DeleteResourceServer: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      await find(scope, tx, input.Identifier);
      scope.rows.resourceServers.delete(tx, [scope.pool.id, input.Identifier]);
    });
    return {};
  },

  ListResourceServers: async (input, ctx) => {
    const { rows, pool } = await poolScope(ctx, input.UserPoolId);
    const page = await rows.resourceServers.page(ctx.store, [pool.id], {
      limit: input.MaxResults ?? MOST_LISTED,
      ...(input.NextToken === undefined ? {} : { after: readCursor<[string, string]>(input.NextToken, 2) }),
    });
    return {
      ResourceServers: page.rows.map(({ value }) => describe(pool.id, value)),
      ...(page.next === undefined ? {} : { NextToken: writeCursor(page.next) }),
    };
  },
} satisfies Group<CognitoIdpOperations>;

async function find(
  { rows, pool }: PoolScope,
  reader: Reader,
  identifier: string,
): Promise<ResourceServerRow> {
  const server = await rows.resourceServers.get(reader, [pool.id, identifier]);
  if (server === undefined)
    throw fault('ResourceNotFoundException', `Resource server ${identifier} does not exist.`);
  return server;
}

function describe(UserPoolId: string, { identifier, name, scopes }: ResourceServerRow): ResourceServerType {
  return { UserPoolId, Identifier: identifier, Name: name, Scopes: scopes };
}

/** Scopes every pool has. */
const OWN_SCOPES = new Set(['phone', 'email', 'openid', 'profile', 'aws.cognito.signin.user.admin']);

/** Throws ScopeDoesNotExistException unless each scope is the pool's own or `server/scope` of one of its servers. */
export async function checkScopes(scope: PoolScope, reader: Reader, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (OWN_SCOPES.has(name)) continue;
    const slash = name.lastIndexOf('/');
    const server =
      slash < 0
        ? undefined
        : await scope.rows.resourceServers.get(reader, [scope.pool.id, name.slice(0, slash)]);
    if (server?.scopes.some(({ ScopeName }) => ScopeName === name.slice(slash + 1)) !== true) {
      throw fault('ScopeDoesNotExistException', `Invalid scope requested: ${name}`);
    }
  }
}
