import { formatArn } from '../../base/arn.ts';
import { assert } from '../../base/assert.ts';
import type {
  CognitoIdpOperations,
  CreateUserPoolRequest,
  UpdateUserPoolRequest,
} from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import { ALPHANUMERIC } from '../../world/world.ts';
import { checkDeclared, declareSchema } from './attribute.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { PoolFactors } from './factor.ts';
import { fault } from './fault.ts';
import { makeKeys } from './key.ts';
import { CLIENT_DIRECTORY, POOL_DIRECTORY } from './layout.ts';
import { removeUser } from './membership.ts';
import { describePool, type PoolRow, settingsOf } from './pool.ts';
import { type PoolScope, poolScope, rowsOf } from './scope.ts';
import { sealKeys } from './sealed.ts';

/** Custom attributes a pool may have. */
const MOST_CUSTOM_ATTRIBUTES = 50;
/** Users deleted in one transaction when their pool goes. */
const DELETED_AT_ONCE = 100;

export const pools = {
  CreateUserPool: async (input, ctx) => {
    refuseUnsimulated(input);
    const { random, clock } = ctx.world;
    if (input.AliasAttributes?.length && input.UsernameAttributes?.length) {
      throw fault(
        'InvalidParameterException',
        'Only one of the aliasAttributes or usernameAttributes can be set in a user pool.',
      );
    }
    checkDeclared(input.Schema ?? []);
    const id = `${ctx.region}_${random.id(9, ALPHANUMERIC)}`;
    const now = clock.now();
    const pool: PoolRow = {
      id,
      arn: formatArn('cognito-idp', ctx.region, ctx.account, `userpool/${id}`),
      name: input.PoolName,
      createdAtMs: now,
      modifiedAtMs: now,
      settings: settingsOf(input),
      factors: smsFactor(input),
      declaredSchema: declareSchema(input.Schema ?? []),
      aliasAttributes: input.AliasAttributes ?? [],
      usernameAttributes: input.UsernameAttributes ?? [],
      ...(input.UsernameConfiguration === undefined
        ? {}
        : { caseSensitive: input.UsernameConfiguration.CaseSensitive }),
      tags: { ...input.UserPoolTags },
    };
    const keys = sealKeys(await makeKeys(random), ctx);
    const rows = rowsOf(ctx);
    await ctx.transact(async (tx) => {
      const claimed = await ctx.ports.directory.claim(tx, POOL_DIRECTORY, id, {
        account: ctx.account,
        region: ctx.region,
      });
      assert(claimed, `the new pool id ${id} is taken`);
      rows.pools.set(tx, [id], pool);
      rows.keys.set(tx, [id], keys);
    });
    return { UserPool: describePool(pool, 0) };
  },

  DescribeUserPool: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    return { UserPool: describePool(scope.pool, await countUsers(scope)) };
  },

  UpdateUserPool: async (input, ctx) => {
    refuseUnsimulated(input);
    const settings = settingsOf(input);
    const modifiedAtMs = ctx.world.clock.now();
    await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      rows.pools.set(tx, [pool.id], {
        ...pool,
        name: input.PoolName ?? pool.name,
        settings,
        factors: { ...pool.factors, ...smsFactor(input) },
        tags: input.UserPoolTags ?? pool.tags,
        modifiedAtMs,
      });
    });
    return {};
  },

  DeleteUserPool: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    await deleteUsers(scope);
    await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      checkDeletable(pool);
      for (const { key } of await rows.clients.all(tx, [pool.id])) {
        rows.clients.delete(tx, key);
        ctx.ports.directory.release(tx, CLIENT_DIRECTORY, key[1]);
      }
      for (const { key } of await rows.groups.all(tx, [pool.id])) rows.groups.delete(tx, key);
      for (const { key } of await rows.resourceServers.all(tx, [pool.id]))
        rows.resourceServers.delete(tx, key);
      rows.keys.delete(tx, [pool.id]);
      rows.pools.delete(tx, [pool.id]);
      ctx.ports.directory.release(tx, POOL_DIRECTORY, pool.id);
    });
    return {};
  },

  ListUserPools: async (input, ctx) => {
    const page = await rowsOf(ctx).pools.page(ctx.store, [], {
      limit: input.MaxResults,
      ...(input.NextToken === undefined ? {} : { after: readCursor<[string]>(input.NextToken, 1) }),
    });
    return {
      UserPools: page.rows.map(({ value: pool }) => ({
        Id: pool.id,
        Name: pool.name,
        LambdaConfig: pool.settings.LambdaConfig ?? {},
        LastModifiedDate: new Date(pool.modifiedAtMs),
        CreationDate: new Date(pool.createdAtMs),
      })),
      ...(page.next === undefined ? {} : { NextToken: writeCursor(page.next) }),
    };
  },

  AddCustomAttributes: async (input, ctx) => {
    checkDeclared(input.CustomAttributes);
    const added = declareSchema(input.CustomAttributes);
    const modifiedAtMs = ctx.world.clock.now();
    await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      for (const { Name } of added) {
        if (pool.declaredSchema.some((known) => known.Name === Name)) {
          throw fault('InvalidParameterException', `${Name}: Existing attribute already has name ${Name}.`);
        }
      }
      const declaredSchema = [...pool.declaredSchema, ...added];
      if (
        declaredSchema.filter(({ Name = '' }) => Name.includes('custom:')).length > MOST_CUSTOM_ATTRIBUTES
      ) {
        throw fault(
          'InvalidParameterException',
          `A pool has at most ${MOST_CUSTOM_ATTRIBUTES} custom attributes.`,
        );
      }
      rows.pools.set(tx, [pool.id], { ...pool, declaredSchema, modifiedAtMs });
    });
    return {};
  },
} satisfies Group<CognitoIdpOperations>;

/** A pool that may send text messages and asks for a second factor offers them as one. */
function smsFactor(input: CreateUserPoolRequest | UpdateUserPoolRequest): PoolFactors {
  return input.SmsConfiguration !== undefined && (input.MfaConfiguration ?? 'OFF') !== 'OFF'
    ? { sms: true }
    : {};
}

/** What would change how users sign in and is not simulated is refused rather than kept in silence. */
function refuseUnsimulated(input: CreateUserPoolRequest | UpdateUserPoolRequest): void {
  const refuse = (what: string) => {
    throw fault('InvalidParameterException', `${what} is not simulated.`);
  };
  if (input.LambdaConfig?.CustomEmailSender !== undefined) refuse('The CustomEmailSender trigger');
  if (input.LambdaConfig?.CustomSMSSender !== undefined) refuse('The CustomSMSSender trigger');
  if (input.LambdaConfig?.InboundFederation !== undefined) refuse('The InboundFederation trigger');
  for (const name of [
    'DcrConfiguration',
    'KeyConfiguration',
    'IssuerConfiguration',
    'AcrConfiguration',
  ] as const) {
    if (input[name] !== undefined) refuse(name);
  }
}

function checkDeletable(pool: PoolRow): void {
  if (pool.settings.DeletionProtection === 'ACTIVE') {
    throw fault(
      'InvalidParameterException',
      'The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.',
    );
  }
  if (pool.domain !== undefined || pool.customDomain !== undefined) {
    throw fault(
      'InvalidParameterException',
      'User pool cannot be deleted. It has a domain configured that should be deleted first.',
    );
  }
}

async function deleteUsers(scope: PoolScope): Promise<void> {
  checkDeletable(scope.pool);
  let more = true;
  while (more) {
    more = await scope.ctx.transact(async (tx) => {
      const page = await scope.rows.users.page(tx, [scope.pool.id], { limit: DELETED_AT_ONCE });
      for (const { value } of page.rows) await removeUser(scope, tx, value);
      return page.next !== undefined;
    });
  }
}

async function countUsers({ ctx, rows, pool }: PoolScope): Promise<number> {
  let count = 0;
  let after: [string, string] | undefined;
  do {
    const page: Awaited<ReturnType<typeof rows.users.page>> = await rows.users.page(ctx.store, [pool.id], {
      ...(after === undefined ? {} : { after }),
    });
    count += page.rows.length;
    after = page.next;
  } while (after !== undefined);
  return count;
}
