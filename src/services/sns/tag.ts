import type { Tag } from '../../model/gen/sns.ts';
import { fault, invalid } from './fault.ts';

const MOST_TAGS = 50;

/** Tags as a map; throws for a key twice. */
export function tagMap(tags: readonly Tag[] | undefined): Record<string, string> {
  const map: Record<string, string> = {};
  for (const { Key, Value } of tags ?? []) {
    if (Object.hasOwn(map, Key)) throw invalid('Duplicated keys are not allowed.');
    if (Key.toLowerCase().startsWith('aws:')) throw invalid('Tag keys that begin with aws: are reserved');
    map[Key] = Value;
  }
  checkTags(map);
  return map;
}

export function checkTags(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length > MOST_TAGS) {
    throw fault(
      'TagLimitExceededException',
      'Could not complete request: tag quota of per resource exceeded',
    );
  }
}

export function tagList(tags: Readonly<Record<string, string>>): readonly Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Whether a resource has these tags, maybe among others. */
export function hasTags(
  tags: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([name, value]) => tags[name] === value);
}
