import type { Context } from '../../service/context.ts';
import type { KeyRange } from '../../store/store.ts';
import { storedSize } from './item-codec.ts';
import { after } from './item-key.ts';
import { layout } from './layout.ts';
import type { TableRow } from './table-row.ts';

/** Items and their bytes, as DescribeTable shows them. */
export interface Count {
  readonly items: number;
  readonly bytes: number;
}

export interface Statistics {
  readonly table: Count;
  /** By index number. */
  readonly indexes: ReadonlyMap<number, Count>;
}

export const NO_STATISTICS: Statistics = { table: { items: 0, bytes: 0 }, indexes: new Map() };

const PAGE = { limit: 1000, maxBytes: 4 << 20 };

/** Counts a table's items and its indexes' entries. DynamoDB's own figures are up to six hours old; these are not. */
export async function countTable(ctx: Context, row: TableRow): Promise<Statistics> {
  const { items } = layout.at(ctx.account, ctx.region);
  const indexes = new Map<number, Count>();
  for (const { number } of row.indexes) {
    indexes.set(number, await count(ctx, items.rangeOf([row.number, number])));
  }
  return { table: await count(ctx, items.rangeOf([row.number, 0])), indexes };
}

async function count(ctx: Context, whole: KeyRange): Promise<Count> {
  let items = 0;
  let bytes = 0;
  let range = whole;
  for (;;) {
    const entries = await ctx.store.range(range, PAGE);
    for (const { value } of entries) bytes += storedSize(value);
    items += entries.length;
    const last = entries.at(-1);
    if (last === undefined) return { items, bytes };
    range = { start: after(last.key), end: range.end };
  }
}
