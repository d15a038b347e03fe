import { type AttributeValue, attributeOf, type Item } from './attribute-value.ts';

/** Where a value stands in an item: attribute and map names, list indexes. The first part is an attribute's name. */
export type DocumentPath = readonly (string | number)[];

/** The value at a path, if the item has one. */
export function valueAt(item: Item, path: DocumentPath): AttributeValue | undefined {
  let value = attributeOf(item, path[0] as string);
  for (let index = 1; index < path.length && value !== undefined; index++)
    value = childOf(value, path[index]);
  return value;
}

function childOf(value: AttributeValue, part: string | number | undefined): AttributeValue | undefined {
  if (typeof part === 'number') return value.L?.[part];
  return value.M === undefined || part === undefined ? undefined : attributeOf(value.M, part);
}

/** `[a, b, [0]]`, as DynamoDB shows a path in its messages. */
export function printPath(path: DocumentPath): string {
  return `[${path.map((part) => (typeof part === 'number' ? `[${part}]` : part)).join(', ')}]`;
}

export function samePath(a: DocumentPath, b: DocumentPath): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

/**
 * Paths of one expression may neither contain one another nor see the same value as a map and as a list.
 * Returns which rule the two break, and with what words.
 */
export function pathClash(
  one: DocumentPath,
  two: DocumentPath,
): { readonly kind: 'overlap' | 'conflict'; readonly message: string } | undefined {
  const shorter = Math.min(one.length, two.length);
  const paths = `must remove or rewrite one of these paths; path one: ${printPath(one)}, path two: ${printPath(two)}`;
  for (let index = 0; index < shorter; index++) {
    if (typeof one[index] !== typeof two[index]) {
      return { kind: 'conflict', message: `Two document paths conflict with each other; ${paths}` };
    }
    if (one[index] !== two[index]) return undefined;
  }
  return { kind: 'overlap', message: `Two document paths overlap with each other; ${paths}` };
}
