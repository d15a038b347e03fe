import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { notFound, readFunction, targetOf } from './reading.ts';
import { fault } from './reference.ts';
import { checkTags } from './tag.ts';

/** Functions carry the tags, not their versions. */
function taggedOf(ctx: Context, resource: string) {
  if (!/:function:/.test(resource)) {
    throw fault('ResourceNotFoundException', `The resource you requested does not exist.`, { Type: 'User' });
  }
  const target = targetOf(ctx, resource);
  if (target.reference.qualifier !== undefined) {
    throw fault(
      'InvalidParameterValueException',
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    );
  }
  return target;
}

async function change(
  ctx: Context,
  resource: string,
  edit: (tags: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
): Promise<void> {
  const { reference, rows } = taggedOf(ctx, resource);
  await ctx.transact(async (tx) => {
    const row = await rows.functions.get(tx, [reference.name]);
    if (row === undefined) throw notFound(reference);
    const tags = edit(row.tags);
    checkTags(tags);
    rows.functions.set(tx, [reference.name], { ...row, tags });
  });
}

export const tags = {
  async ListTags(input, ctx) {
    return { Tags: (await readFunction(ctx.store, taggedOf(ctx, input.Resource))).tags };
  },

  async TagResource(input, ctx) {
    await change(ctx, input.Resource, (before) => ({ ...before, ...input.Tags }));
    return {};
  },

  async UntagResource(input, ctx) {
    const removed = new Set(input.TagKeys);
    await change(ctx, input.Resource, (before) =>
      Object.fromEntries(Object.entries(before).filter(([name]) => !removed.has(name))),
    );
    return {};
  },
} satisfies Group<LambdaOperations>;
