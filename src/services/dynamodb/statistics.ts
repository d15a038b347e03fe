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

/** A count that took too long for a request, as a job left it. */
export interface StatisticsRow {
  readonly table: Count;
  readonly indexes: readonly (readonly [number: number, count: Count])[];
  readonly atMs: number;
  /** By a job, to the end; else it is under way. */
  readonly counted: boolean;
}

export const NO_STATISTICS: Statistics = { table: { items: 0, bytes: 0 }, indexes: new Map() };

const PAGE = { limit: 1000, maxBytes: 4 << 20 };
/** Pages a request may read: enough that the figures of all but large tables are always current. */
const REQUEST_PAGES = 20;
/** DynamoDB's own figures are up to six hours old. */
const STALE_MS = 6 * 3_600_000;

/** Counts a table's items and its indexes' entries; a large table's are those of a job, not older than six hours. */
export async function countTable(ctx: Context, row: TableRow): Promise<Statistics> {
  const pages = { left: REQUEST_PAGES };
  const { statistics } = layout.at(ctx.account, ctx.region);
  const stored = await statistics.get(ctx.store, [row.number]);
  const atMs = ctx.world.clock.now();
  if (stored?.counted === true && stored.atMs + STALE_MS >= atMs) return shownOf(stored);
  const counted = await count(ctx, row, pages);
  if (pages.left > 0) return counted;
  if (stored === undefined || stored.atMs + STALE_MS < atMs) {
    await ctx.transact(async (tx) => {
      const found = await statistics.get(tx, [row.number]);
      if (found !== undefined && found.atMs + STALE_MS >= atMs) return;
      // The row is dated now, so that one job counts at a time.
      const latest = stored ?? { table: counted.table, indexes: [...counted.indexes] };
      statistics.set(tx, [row.number], { ...latest, atMs, counted: false });
      const payload: Recount = { table: row.number, name: row.name };
      ctx.enqueue(tx, { kind: 'recount', payload });
    });
  }
  return stored === undefined ? counted : shownOf(stored);
}

function shownOf({ table, indexes }: StatisticsRow): Statistics {
  return { table, indexes: new Map(indexes) };
}

/** The payload of the job that counts a large table. */
export interface Recount {
  readonly table: number;
  readonly name: string;
}

export async function recount(job: Recount, ctx: Context): Promise<void> {
  const { tables, statistics } = layout.at(ctx.account, ctx.region);
  const row = await tables.get(ctx.store, [job.name]);
  if (row?.number !== job.table) return;
  const { table, indexes } = await count(ctx, row, { left: Number.POSITIVE_INFINITY });
  const atMs = ctx.world.clock.now();
  await ctx.transact(async (tx) => {
    if ((await tables.get(tx, [job.name]))?.number !== job.table) return;
    statistics.set(tx, [job.table], { table, indexes: [...indexes], atMs, counted: true });
  });
}

async function count(ctx: Context, row: TableRow, pages: { left: number }): Promise<Statistics> {
  const { items } = layout.at(ctx.account, ctx.region);
  const indexes = new Map<number, Count>();
  const table = await countRange(ctx, items.rangeOf([row.number, 0]), pages);
  for (const { number } of row.indexes) {
    indexes.set(number, await countRange(ctx, items.rangeOf([row.number, number]), pages));
  }
  return { table, indexes };
}

async function countRange(ctx: Context, whole: KeyRange, pages: { left: number }): Promise<Count> {
  let items = 0;
  let bytes = 0;
  let range = whole;
  while (pages.left > 0) {
    const entries = await ctx.store.range(range, PAGE);
    for (const { value } of entries) bytes += storedSize(value);
    items += entries.length;
    const last = entries.at(-1);
    if (last === undefined) break;
    pages.left--;
    range = { start: after(last.key), end: range.end };
    // The store answers at once: without a rest, nothing else would be done until the last page.
    if (entries.length === PAGE.limit) await ctx.world.timers.sleep(0);
  }
  return { items, bytes };
}
