import type { SnsOperations } from '../../model/gen/sns.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { fault } from './fault.ts';
import type { TopicRow } from './layout.ts';
import { checkTags, tagList, tagMap } from './tag.ts';
import { rowsOf, type TopicName, topicOfArn } from './topic.ts';

type Tags = Readonly<Record<string, string>>;

async function readTagged(reader: Reader, name: TopicName): Promise<TopicRow> {
  const topic = await rowsOf(name).topics.get(reader, [name.name]);
  if (topic === undefined) throw fault('ResourceNotFoundException', 'Resource does not exist');
  return topic;
}

async function change(ctx: Context, arn: string, edit: (tags: Tags) => Tags): Promise<void> {
  const name = topicOfArn(arn, 'ResourceArn');
  await ctx.transact(async (tx) => {
    const topic = await readTagged(tx, name);
    const tags = edit(topic.tags);
    checkTags(tags);
    rowsOf(name).topics.set(tx, [name.name], { ...topic, tags });
  });
}

export const tags = {
  async TagResource(input, ctx) {
    const added = tagMap(input.Tags);
    await change(ctx, input.ResourceArn, (before) => ({ ...before, ...added }));
    return {};
  },

  async UntagResource(input, ctx) {
    const gone = new Set(input.TagKeys);
    await change(ctx, input.ResourceArn, (before) =>
      Object.fromEntries(Object.entries(before).filter(([key]) => !gone.has(key))),
    );
    return {};
  },

  async ListTagsForResource(input, ctx) {
    return {
      Tags: tagList((await readTagged(ctx.store, topicOfArn(input.ResourceArn, 'ResourceArn'))).tags),
    };
  },
} satisfies Group<SnsOperations>;
