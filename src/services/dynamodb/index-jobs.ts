import type { Context } from '../../service/context.ts';
import type { KeyRange, Transaction } from '../../store/store.ts';
import { entryOf, type IndexEntry } from './index-entries.ts';
import { after } from './item-key.ts';
import { layout } from './layout.ts';
import { Slice } from './slice.ts';
import { StoredItem } from './stored-item.ts';
import { type Table, tableOf } from './table.ts';
import { setTable } from './table-change.ts';
import type { TableRow } from './table-row.ts';
import { usedAttributes } from './table-updates.ts';
import type { Purge } from './tables.ts';
import { forgetTables } from './tables-cache.ts';
import { forgetLimits } from './throughput-limits.ts';

/** The payload of the jobs that fill and empty an index. */
export interface IndexJob {
  readonly table: number;
  readonly name: string;
  readonly index: number;
}

/** The table a job was written for, unless it is gone or another has its name now. */
async function jobTable(ctx: Context, tx: Transaction, job: Purge): Promise<TableRow | undefined> {
  const row = await layout.at(ctx.account, ctx.region).tables.get(tx, [job.name]);
  return row?.number === job.table ? row : undefined;
}

/** Removes a table: its name first, so that it can be taken again, then all that was under its number. */
export async function purge(job: Purge, ctx: Context): Promise<void> {
  const rows = layout.at(ctx.account, ctx.region);
  const { tables, versions, statistics } = rows;
  await ctx.transact(async (tx) => {
    if ((await jobTable(ctx, tx, job)) !== undefined) tables.delete(tx, [job.name]);
    versions.delete(tx, [job.table]);
    statistics.delete(tx, [job.table]);
  });
  forgetTables(ctx, { account: ctx.account, region: ctx.region, name: job.name });
  forgetLimits(ctx, { account: ctx.account, region: ctx.region, row: { number: job.table } });
  await clear(ctx, rows.items.rangeOf([job.table]));
  await clear(ctx, rows.history.rangeOf([job.table]));
  for (const name of [
    'origins',
    'carried',
    'carrying',
    'tags',
    'insights',
    'expiries',
    'sweeps',
    'backfilled',
  ] as const) {
    await clear(ctx, rows[name].rangeOf([job.table]));
  }
}

/** Deletes every row of a range, a batch a transaction. */
export async function clear(ctx: Context, whole: KeyRange): Promise<void> {
  const slice = new Slice();
  for (;;) {
    const entries = await ctx.store.range(whole, slice.size);
    if (entries.length === 0) return;
    await slice.run(ctx, () =>
      ctx.transact(async (tx) => {
        for (const { key } of entries) tx.delete(key);
      }),
    );
  }
}

/** Gives every item its entry in a new index, then opens the index to readers. */
export async function backfill(job: IndexJob, ctx: Context): Promise<void> {
  const { items, backfilled } = layout.at(ctx.account, ctx.region);
  const { start, end } = items.rangeOf([job.table, 0]);
  const slice = new Slice();
  let last = await backfilled.get(ctx.store, [job.table, job.index]);
  do {
    const range: KeyRange = { start: last === undefined ? start : after(last), end };
    const { size } = slice;
    last = await slice.run(ctx, () => ctx.transact((tx) => backfillSlice(ctx, tx, job, range, size)));
  } while (last !== undefined);
  await changeIndex(ctx, job, (row) => ({
    ...row,
    indexes: row.indexes.map((index) =>
      index.number === job.index && index.status === 'CREATING' ? { ...index, status: 'ACTIVE' } : index,
    ),
  }));
}

/** Returns the last item's key; undefined at the end. Items whose attributes do not fit the index have no entry. */
async function backfillSlice(
  ctx: Context,
  tx: Transaction,
  job: IndexJob,
  range: KeyRange,
  size: Slice['size'],
): Promise<Uint8Array | undefined> {
  const row = await jobTable(ctx, tx, job);
  const table = row && tableOf(row, ctx.account, ctx.region);
  const index = table?.indexes.find(({ row: { number } }) => number === job.index);
  if (table === undefined || index === undefined || table.row.status === 'DELETING') return undefined;
  const entries = await tx.range(range, size);
  for (const { value } of entries) {
    const stored = new StoredItem(value);
    const entry = entryOf(table, index, stored);
    if (entry !== undefined) tx.set(entry.key, entry.value.bytes);
  }
  const last = entries.at(-1)?.key;
  const { backfilled } = layout.at(ctx.account, ctx.region);
  if (last === undefined) backfilled.delete(tx, [job.table, job.index]);
  else backfilled.set(tx, [job.table, job.index], last);
  return last;
}

/** An item's entries in all indexes its attributes fit. */
export function indexEntries(table: Table, stored: StoredItem): readonly IndexEntry[] {
  return table.indexes.flatMap((index) => entryOf(table, index, stored) ?? []);
}

/** Empties an index that nobody writes any more, then forgets it. */
export async function dropIndex(job: IndexJob, ctx: Context): Promise<void> {
  await clear(ctx, layout.at(ctx.account, ctx.region).items.rangeOf([job.table, job.index]));
  await changeIndex(ctx, job, (row) => {
    const kept: TableRow = { ...row, indexes: row.indexes.filter(({ number }) => number !== job.index) };
    return { ...kept, attributes: usedAttributes(kept) };
  });
}

async function changeIndex(ctx: Context, job: IndexJob, change: (row: TableRow) => TableRow): Promise<void> {
  const address = { account: ctx.account, region: ctx.region, name: job.name };
  await ctx.transact(async (tx) => {
    const row = await jobTable(ctx, tx, job);
    if (row !== undefined) setTable(tx, address, { ...change(row), version: row.version + 1 });
  });
  forgetTables(ctx, address);
}
