/**
 * The tags of a request, whatever its service calls them: a list of keys and values, or a map.
 */
const LISTS = ['Tags', 'tags', 'TagsList', 'TagList', 'tagList', 'UserPoolTags'];
const KEY_LISTS = ['TagKeys', 'tagKeys'];

function* tagsIn(input: Readonly<Record<string, unknown>>): Generator<readonly [string, string]> {
  for (const name of LISTS) {
    const tags = input[name];
    if (Array.isArray(tags)) {
      for (const tag of tags as readonly Readonly<Record<string, unknown>>[]) {
        const key = tag['Key'] ?? tag['key'] ?? tag['TagKey'];
        const value = tag['Value'] ?? tag['value'] ?? tag['TagValue'] ?? '';
        if (typeof key === 'string') yield [key, String(value)];
      }
    } else if (typeof tags === 'object' && tags !== null) {
      for (const [key, value] of Object.entries(tags)) yield [key, String(value)];
    }
  }
}

/** The keys of the tags a request sets or removes. */
export function tagKeysOf(input: Readonly<Record<string, unknown>>): readonly string[] {
  const named = KEY_LISTS.flatMap((name) => {
    const keys = input[name];
    return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
  });
  return [...[...tagsIn(input)].map(([key]) => key), ...named];
}

/** The value of a tag the request sets; keys compare without regard to case. */
export function tagOf(input: Readonly<Record<string, unknown>>, key: string): string | undefined {
  for (const [name, value] of tagsIn(input)) if (name.toLowerCase() === key) return value;
  return undefined;
}
