import { parseArn } from '../../base/arn.ts';
import type { CloudtrailOperations, Tag } from '../../model/gen/cloudtrail.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { layout } from './layout.ts';
import { readTrail } from './trail.ts';
import { homeTrail, updateTrail } from './trails.ts';

const MOST_TAGS = 50;

export const trailTags = {
  async AddTags({ ResourceId, TagsList }, ctx) {
    await updateTrail(ctx, await homeTrail(ResourceId, ctx), (row) => ({
      ...row,
      tags: addTags(row.tags, TagsList),
    }));
    return {};
  },

  async RemoveTags({ ResourceId, TagsList }, ctx) {
    const gone = new Set(TagsList.map(({ Key }) => Key));
    await updateTrail(ctx, await homeTrail(ResourceId, ctx), (row) => ({
      ...row,
      tags: Object.fromEntries(Object.entries(row.tags).filter(([key]) => !gone.has(key))),
    }));
    return {};
  },

  async ListTags({ ResourceIdList }, { account, region, store }) {
    const lists = ResourceIdList.map(async (id) => {
      const { tags } = await readTrail(store, account, region, id);
      return {
        ResourceId: id,
        TagsList: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      };
    });
    return { ResourceTagList: await Promise.all(lists) };
  },
} satisfies Group<CloudtrailOperations>;

/** The tags of a trail, for the pipeline. */
export async function resourceTags(
  resourceArn: string,
  { store }: Context,
): Promise<Readonly<Record<string, string>> | undefined> {
  const arn = parseArn(resourceArn);
  const name = /^trail\/(.+)$/.exec(arn?.resource ?? '')?.[1];
  if (arn === undefined || name === undefined) return undefined;
  return (await layout.at(arn.account, '').trails.get(store, [arn.region, name]))?.tags;
}

export function addTags(
  tags: Readonly<Record<string, string>>,
  added: readonly Tag[],
): Readonly<Record<string, string>> {
  const all = { ...tags, ...Object.fromEntries(added.map(({ Key, Value = '' }) => [Key, Value])) };
  if (Object.keys(all).length > MOST_TAGS)
    throw fault('TagsLimitExceededException', `A trail cannot have more than ${MOST_TAGS} tags.`);
  return all;
}
