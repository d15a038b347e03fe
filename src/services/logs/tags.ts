import { parseArn } from '../../base/arn.ts';
import type { LogsOperations } from '../../model/gen/logs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, nameInArn, readGroup } from './group.ts';
import { layout } from './layout.ts';

const MOST_TAGS = 50;

function tagged(resourceArn: string, ctx: Context): string {
  const name = nameInArn(resourceArn, ctx);
  if (name === undefined) {
    throw fault('ResourceNotFoundException', 'The specified resource does not exist.');
  }
  return name;
}

async function change(
  ctx: Context,
  name: string,
  edit: (tags: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
): Promise<void> {
  const { groups } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    const group = await readGroup(tx, ctx, name);
    const tags = edit(group.tags);
    if (Object.keys(tags).length > MOST_TAGS) {
      throw fault('TooManyTagsException', `A log group can have at most ${MOST_TAGS} tags.`);
    }
    groups.set(tx, [name], { ...group, tags });
  });
}

function without(names: readonly string[]) {
  const removed = new Set(names);
  return (tags: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(tags).filter(([name]) => !removed.has(name)));
}

/** The tags of a log group, for the pipeline; its streams have the group's. */
export async function resourceTags(
  resourceArn: string,
  ctx: Context,
): Promise<Readonly<Record<string, string>> | undefined> {
  const arn = parseArn(resourceArn);
  const name = /^log-group:([^:]+)/.exec(arn?.resource ?? '')?.[1];
  if (arn === undefined || name === undefined) return undefined;
  return (await layout.at(arn.account, arn.region).groups.get(ctx.store, [name]))?.tags;
}

export const tags = {
  async TagResource(input, ctx) {
    await change(ctx, tagged(input.resourceArn, ctx), (before) => ({ ...before, ...input.tags }));
    return {};
  },
  async UntagResource(input, ctx) {
    await change(ctx, tagged(input.resourceArn, ctx), without(input.tagKeys));
    return {};
  },
  async ListTagsForResource(input, ctx) {
    return { tags: (await readGroup(ctx.store, ctx, tagged(input.resourceArn, ctx))).tags };
  },
  async TagLogGroup(input, ctx) {
    await change(ctx, input.logGroupName, (before) => ({ ...before, ...input.tags }));
    return {};
  },
  async UntagLogGroup(input, ctx) {
    await change(ctx, input.logGroupName, without(input.tags));
    return {};
  },
  async ListTagsLogGroup(input, ctx) {
    return { tags: (await readGroup(ctx.store, ctx, input.logGroupName)).tags };
  },
} satisfies Group<LogsOperations>;
