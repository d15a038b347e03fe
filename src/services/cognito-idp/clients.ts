import { assert } from '../../base/assert.ts';
import type { CognitoIdpOperations } from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';
import { schemaOf } from './attribute.ts';
import {
  type ClientRow,
  type ClientSettings,
  checkClientSettings,
  clientSettingsOf,
  describeClient,
} from './client.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { fault, noSuchClient } from './fault.ts';
import { CLIENT_DIRECTORY } from './layout.ts';
import type { PoolRow } from './pool.ts';
import { checkScopes } from './resource-servers.ts';
import { poolClientScope, poolScope } from './scope.ts';
import { openClient, sealClient } from './sealed.ts';

export const clients = {
  CreateUserPoolClient: async (input, ctx) => {
    const settings = clientSettingsOf(input);
    checkClientSettings(settings);
    const { random, clock } = ctx.world;
    const id = random.id(26, ALPHANUMERIC_LOWER);
    const madeSecret = random.id(51, ALPHANUMERIC_LOWER);
    const secret = input.ClientSecret ?? (input.GenerateSecret === true ? madeSecret : undefined);
    const now = clock.now();
    const client: ClientRow = {
      id,
      poolId: input.UserPoolId,
      name: input.ClientName,
      ...(secret === undefined ? {} : { secret }),
      createdAtMs: now,
      modifiedAtMs: now,
      settings,
    };
    const sealed = sealClient(client, ctx);
    await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      const { rows, pool } = scope;
      checkPermissions(pool, settings);
      await checkScopes(scope, tx, settings.AllowedOAuthScopes ?? []);
      const claimed = await ctx.ports.directory.claim(tx, CLIENT_DIRECTORY, id, {
        account: ctx.account,
        region: ctx.region,
        detail: pool.id,
      });
      assert(claimed, `the new client id ${id} is taken`);
      rows.clients.set(tx, [pool.id, id], sealed);
    });
    return { UserPoolClient: describeClient(client) };
  },

  DescribeUserPoolClient: async (input, ctx) => {
    const { client } = await poolClientScope(ctx, input.UserPoolId, input.ClientId);
    return { UserPoolClient: describeClient(client) };
  },

  UpdateUserPoolClient: async (input, ctx) => {
    const settings = clientSettingsOf(input);
    checkClientSettings(settings);
    const modifiedAtMs = ctx.world.clock.now();
    const updated = await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      const { rows, pool } = scope;
      checkPermissions(pool, settings);
      await checkScopes(scope, tx, settings.AllowedOAuthScopes ?? []);
      const client = await rows.clients.get(tx, [pool.id, input.ClientId]);
      if (client === undefined) throw noSuchClient(input.ClientId);
      const next = { ...client, name: input.ClientName ?? client.name, settings, modifiedAtMs };
      rows.clients.set(tx, [pool.id, input.ClientId], next);
      return next;
    });
    return { UserPoolClient: describeClient(openClient(updated, ctx)) };
  },

  DeleteUserPoolClient: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      if ((await rows.clients.get(tx, [pool.id, input.ClientId])) === undefined) {
        throw noSuchClient(input.ClientId);
      }
      rows.clients.delete(tx, [pool.id, input.ClientId]);
      ctx.ports.directory.release(tx, CLIENT_DIRECTORY, input.ClientId);
    });
    return {};
  },

  ListUserPoolClients: async (input, ctx) => {
    const { rows, pool } = await poolScope(ctx, input.UserPoolId);
    // No client has registered itself: pools that let them are refused.
    if (input.ClientType === 'DCR') return { UserPoolClients: [] };
    const page = await rows.clients.page(ctx.store, [pool.id], {
      limit: input.MaxResults ?? 60,
      ...(input.NextToken === undefined ? {} : { after: readCursor<[string, string]>(input.NextToken, 2) }),
    });
    return {
      UserPoolClients: page.rows.map(({ value: client }) => ({
        ClientId: client.id,
        UserPoolId: pool.id,
        ClientName: client.name,
      })),
      ...(page.next === undefined ? {} : { NextToken: writeCursor(page.next) }),
    };
  },
} satisfies Group<CognitoIdpOperations>;

/** A client reads and writes only attributes its pool has. */
function checkPermissions(pool: PoolRow, settings: ClientSettings): void {
  const known = new Set(schemaOf(pool.declaredSchema).map(({ Name }) => Name));
  for (const name of settings.ReadAttributes ?? []) {
    if (!known.has(name)) {
      throw fault('InvalidParameterException', 'Invalid read attributes specified while creating a client');
    }
  }
  for (const name of settings.WriteAttributes ?? []) {
    if (!known.has(name) || name === 'sub' || name.endsWith('_verified')) {
      throw fault('InvalidParameterException', 'Invalid write attributes specified while creating a client');
    }
  }
}
