import type { AttributeMap, ItemCollectionMetrics } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import { HEAD_ROOM, RawAnswer, RawJson } from '../../wire/raw-json.ts';
import type { Item } from './attribute-value.ts';
import { itemOf, itemText, joinedTexts } from './item-codec.ts';
import type { StoredItem } from './stored-item.ts';
import type { Table } from './table.ts';

/**
 * An item for an answer: its stored text, spliced in as it is, for a client; the values themselves for a caller
 * inside, who reads them.
 */
export function shown(ctx: Context, stored: StoredItem): AttributeMap {
  return ctx.inside === true ? stored.item : (new RawJson(stored.text) as unknown as AttributeMap);
}

/** {@link shown}, of JSON text. */
export function shownText(ctx: Context, text: string): AttributeMap {
  return ctx.inside === true ? itemOf(text) : (new RawJson(text) as unknown as AttributeMap);
}

/**
 * An answer whose items are as they are stored, for a client: nothing of them is made into text on the way. `rest` is
 * what it says besides, whose undefined members are left out.
 */
export function answerOf(
  items: readonly StoredItem[],
  rest: { readonly LastEvaluatedKey: Item | undefined; readonly [member: string]: unknown },
): RawAnswer {
  const { LastEvaluatedKey: last, ...plain } = rest;
  const key = last === undefined ? '' : `"LastEvaluatedKey":${itemText(last)},`;
  const after = `],${key}${JSON.stringify(plain).slice(1)}`;
  return new RawAnswer(joinedTexts(items, '{"Items":[', after, HEAD_ROOM));
}

/**
 * `ItemCollectionMetrics` of the partition an item belongs to: only tables with local indexes have collections.
 * The size is an estimate in whole gigabytes, low and high.
 */
export function collectionMetrics(
  table: Table,
  mode: 'SIZE' | 'NONE' | undefined,
  item: Item,
): ItemCollectionMetrics | undefined {
  if (mode !== 'SIZE' || !table.indexes.some(({ row }) => row.kind === 'local')) return undefined;
  const { name } = table.partition;
  const value = item[name];
  return value && { ItemCollectionKey: { [name]: value }, SizeEstimateRangeGB: [0, 1] };
}
