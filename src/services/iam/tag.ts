import type { Tag } from '../../model/gen/iam.ts';
import { fault } from './fault.ts';
import type { Tags } from './layout.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
const MOST_TAGS = 50;

/** Adds tags; keys compare without regard to case and keep their newest spelling. */
export function addTags(tags: Tags, added: readonly Tag[] = []): Tags {
  const keys = added.map(({ Key }) => Key.toLowerCase());
  if (new Set(keys).size !== keys.length)
    throw fault('InvalidInput', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  if (keys.some((key) => key.startsWith('aws:')))
    throw fault('InvalidInput', 'Caller is not allowed to modify system tags.');
  const kept = removeTags(tags, keys);
  const all = { ...kept, ...Object.fromEntries(added.map(({ Key, Value }) => [Key, Value])) };
  if (Object.keys(all).length > MOST_TAGS)
    throw fault('LimitExceeded', 'The number of tags has reached the maximum limit.');
  return all;
}

export function removeTags(tags: Tags, keys: readonly string[]): Tags {
  const gone = new Set(keys.map((key) => key.toLowerCase()));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key.toLowerCase())));
}

export function shownTags(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Absent when there are none, as in the answers about one entity. */
export function shownTagsIfAny(tags: Tags): Tag[] | undefined {
  return Object.keys(tags).length === 0 ? undefined : shownTags(tags);
}
