import { type AttributeValue, type Item, typeOf } from './attribute-value.ts';
import { numberSize } from './number.ts';
import { utf8Length } from './utf8.ts';

/** An item may have this many bytes, names included. */
export const LARGEST_ITEM = 409_600;

/**
 * Bytes of an item as DynamoDB counts them for its limit and for capacity units.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemSize(item: Item): number {
  let size = 0;
  for (const name in item) size += utf8Length(name) + valueSize(item[name] as AttributeValue);
  return size;
}

export function valueSize(value: AttributeValue): number {
  switch (typeOf(value)) {
    case 'S':
      return utf8Length(value.S ?? '');
    case 'N':
      return numberSize(value.N ?? '0');
    case 'B':
      return value.B?.length ?? 0;
    case 'BOOL':
    case 'NULL':
      return 1;
    case 'SS':
      return sum(value.SS ?? [], utf8Length);
    case 'NS':
      return sum(value.NS ?? [], numberSize);
    case 'BS':
      return sum(value.BS ?? [], (member) => member.length);
    case 'L':
      return 3 + sum(value.L ?? [], (element) => 1 + valueSize(element));
    case 'M': {
      const map = value.M ?? {};
      return 3 + Object.keys(map).length + itemSize(map);
    }
  }
}

function sum<T>(members: readonly T[], sizeOf: (member: T) => number): number {
  let total = 0;
  for (const member of members) total += sizeOf(member);
  return total;
}
