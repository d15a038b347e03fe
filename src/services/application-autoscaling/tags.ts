import { parseArn } from '../../base/arn.ts';
import type { ApplicationAutoscalingOperations } from '../../model/gen/application-autoscaling.ts';
import type { Context } from '../../service/context.ts';
import type { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { fault, invalid } from './fault.ts';
import { layout } from './layout.ts';
import type { TargetRow } from './target.ts';

type Tags = Readonly<Record<string, string>>;

const MOST_TAGS = 50;

export function checkTags(tags: Tags): void {
  if (Object.keys(tags).length > MOST_TAGS) {
    throw fault('TooManyTagsException', `A resource can have at most ${MOST_TAGS} tags.`);
  }
  const reserved = Object.keys(tags).find((name) => /^aws:/i.test(name));
  if (reserved !== undefined) throw invalid(`Tag key ${reserved} uses the reserved prefix aws:`);
}

function missing(arn: string): Fault {
  return fault('ResourceNotFoundException', `The resource does not exist: ${arn}`, { ResourceName: arn });
}

async function targetOf(
  reader: Reader,
  { account, region }: { readonly account: string; readonly region: string },
  arn: string,
): Promise<{ readonly key: [string, string, string]; readonly row: TargetRow } | undefined> {
  const parsed = parseArn(arn);
  const id = /^scalable-target\/(\w+)$/.exec(parsed?.resource ?? '')?.[1];
  if (parsed?.service !== 'application-autoscaling' || id === undefined) return undefined;
  if (parsed.account !== account || parsed.region !== region) return undefined;
  const { ids, targets } = layout.at(account, region);
  const found = await ids.get(reader, [id]);
  if (found === undefined) return undefined;
  const key: [string, string, string] = [...found];
  const row = await targets.get(reader, key);
  return row && { key, row };
}

async function change(ctx: Context, arn: string, edit: (tags: Tags) => Tags): Promise<void> {
  await ctx.transact(async (tx) => {
    const found = await targetOf(tx, ctx, arn);
    if (found === undefined) throw missing(arn);
    const tags = edit(found.row.tags);
    checkTags(tags);
    layout.at(ctx.account, ctx.region).targets.set(tx, found.key, { ...found.row, tags });
  });
}

/** The tags of a target, for the pipeline. */
export async function resourceTags(resourceArn: string, ctx: Context): Promise<Tags | undefined> {
  const arn = parseArn(resourceArn);
  return arn === undefined ? undefined : (await targetOf(ctx.store, arn, resourceArn))?.row.tags;
}

export const tags = {
  async TagResource({ ResourceARN, Tags: added }, ctx) {
    await change(ctx, ResourceARN, (before) => ({ ...before, ...added }));
    return {};
  },

  async UntagResource({ ResourceARN, TagKeys }, ctx) {
    const removed = new Set(TagKeys);
    await change(ctx, ResourceARN, (before) =>
      Object.fromEntries(Object.entries(before).filter(([name]) => !removed.has(name))),
    );
    return {};
  },

  async ListTagsForResource({ ResourceARN }, ctx) {
    const found = await targetOf(ctx.store, ctx, ResourceARN);
    if (found === undefined) throw missing(ResourceARN);
    return { Tags: found.row.tags };
  },
} satisfies Group<ApplicationAutoscalingOperations>;
