import type { SqsOperations } from '../../model/gen/sqs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { rowsOf } from './content.ts';
import { missing } from './fault.ts';
import { queueOfUrl, readQueue } from './queue.ts';
import { checkTags } from './tag.ts';

type Tags = Readonly<Record<string, string>>;

async function change(ctx: Context, url: string, edit: (tags: Tags) => Tags): Promise<void> {
  const name = queueOfUrl(url, ctx);
  await ctx.transact(async (tx) => {
    const queue = await readQueue(tx, name);
    const tags = edit(queue.tags);
    checkTags(tags);
    rowsOf(name).queues.set(tx, [name.name], { ...queue, tags });
  });
}

export const tags = {
  async TagQueue(input, ctx) {
    if (Object.keys(input.Tags).length === 0) throw missing('Tags');
    await change(ctx, input.QueueUrl, (before) => ({ ...before, ...(input.Tags as Tags) }));
    return {};
  },

  async UntagQueue(input, ctx) {
    if (input.TagKeys.length === 0) throw missing('TagKeys');
    const gone = new Set(input.TagKeys);
    await change(ctx, input.QueueUrl, (before) =>
      Object.fromEntries(Object.entries(before).filter(([key]) => !gone.has(key))),
    );
    return {};
  },

  async ListQueueTags(input, ctx) {
    const queue = await readQueue(ctx.store, queueOfUrl(input.QueueUrl, ctx));
    return Object.keys(queue.tags).length === 0 ? {} : { Tags: queue.tags };
  },
} satisfies Group<SqsOperations>;
