import { parseArn } from '../../base/arn.ts';
import type { CognitoIdpOperations } from '../../model/gen/cognito-idp.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { fault } from './fault.ts';
import { layout } from './layout.ts';
import { type PoolScope, poolScope } from './scope.ts';

export const tags = {
  ListTagsForResource: async (input, ctx) => {
    const { pool } = await taggedPool(ctx, input.ResourceArn, ctx.store);
    return { Tags: pool.tags };
  },

  TagResource: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const { rows, pool } = await taggedPool(ctx, input.ResourceArn, tx);
      rows.pools.set(tx, [pool.id], { ...pool, tags: { ...pool.tags, ...input.Tags } });
    });
    return {};
  },

  UntagResource: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const { rows, pool } = await taggedPool(ctx, input.ResourceArn, tx);
      const kept = Object.entries(pool.tags).filter(([name]) => !input.TagKeys.includes(name));
      rows.pools.set(tx, [pool.id], { ...pool, tags: Object.fromEntries(kept) });
    });
    return {};
  },
} satisfies Group<CognitoIdpOperations>;

/** The tags of a pool, for the pipeline; its clients and groups have the pool's. */
export async function resourceTags(
  resourceArn: string,
  { store }: Context,
): Promise<Readonly<Record<string, string>> | undefined> {
  const arn = parseArn(resourceArn);
  const id = /^userpool\/(.+)$/.exec(arn?.resource ?? '')?.[1];
  if (arn === undefined || id === undefined) return undefined;
  return (await layout.at(arn.account, arn.region).pools.get(store, [id]))?.tags;
}

async function taggedPool(ctx: Context, arn: string, reader: Reader): Promise<PoolScope> {
  const scope = await poolScope(ctx, arn.slice(arn.indexOf('/') + 1), reader);
  if (scope.pool.arn !== arn) throw fault('ResourceNotFoundException', 'Resource not found.');
  return scope;
}
