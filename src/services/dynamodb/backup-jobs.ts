import type { Context } from '../../service/context.ts';
import { readPast, releaseHistory } from './history.ts';
import { clear, indexEntries } from './index-jobs.ts';
import { layout } from './layout.ts';
import { Slice } from './slice.ts';
import { StoredItem } from './stored-item.ts';
import { type Table, tableOf } from './table.ts';
import { changeTable } from './table-change.ts';

/** The payload of the job that copies a table's items into a backup. */
export interface BackUp {
  readonly table: string;
  readonly number: number;
  readonly id: string;
  readonly atMs: number;
}

export async function backUp(job: BackUp, ctx: Context): Promise<void> {
  const { backups } = layout.at(ctx.account, ctx.region);
  const row = await backups.get(ctx.store, [job.table, job.id]);
  if (row?.status !== 'CREATING') return;
  let items = 0;
  let bytes = 0;
  await copyPast(ctx, job.number, job.atMs, row.number, undefined, (stored) => {
    items++;
    bytes += stored.size;
  });
  await ctx.transact(async (tx) => {
    const found = await backups.get(tx, [job.table, job.id]);
    if (found === undefined) return;
    backups.set(tx, [job.table, job.id], { ...found, status: 'AVAILABLE', count: { items, bytes } });
  });
  await releaseHistory(ctx, job.number, job.table);
}

/** The payload of the job that fills a restored table. */
export interface Restore {
  /** The table that is filled. */
  readonly name: string;
  readonly number: number;
  /** Under this number are the items, of a table or a backup. */
  readonly from: number;
  readonly atMs: number;
  readonly sourceTable: string;
  /** Of a backup. */
  readonly backup?: string;
}

export async function restore(job: Restore, ctx: Context): Promise<void> {
  const { tables, backups } = layout.at(ctx.account, ctx.region);
  const row = await tables.get(ctx.store, [job.name]);
  if (row?.number !== job.number || row.status !== 'CREATING') return;
  const table = tableOf(row, ctx.account, ctx.region);
  await copyPast(ctx, job.from, job.atMs, job.number, table, () => {});
  await changeTable(ctx, { account: ctx.account, region: ctx.region, name: job.name }, (found) => {
    if (found.number !== job.number || found.restored === undefined) return undefined;
    return { ...found, status: 'ACTIVE', restored: { ...found.restored, inProgress: false } };
  });
  const { backup } = job;
  if (backup === undefined) return releaseHistory(ctx, job.from, job.sourceTable);
  await ctx.transact(async (tx) => {
    const found = await backups.get(tx, [job.sourceTable, backup]);
    if (found === undefined) return;
    backups.set(tx, [job.sourceTable, backup], { ...found, readers: Math.max(0, found.readers - 1) });
  });
}

/** Copies the items one number has, as they were at a moment, to another; into the indexes of `table` too. */
async function copyPast(
  ctx: Context,
  from: number,
  atMs: number,
  to: number,
  table: Table | undefined,
  each: (stored: StoredItem) => void,
): Promise<void> {
  const prefix = layout.at(ctx.account, ctx.region).items.keyOf([to, 0]);
  const slice = new Slice();
  let next: Uint8Array | undefined;
  do {
    const page = await readPast(ctx, from, atMs, next, slice.size);
    const copies = page.items.map(({ key, value }) => ({
      key: Buffer.concat([prefix, key]),
      stored: new StoredItem(value),
    }));
    for (const { stored } of copies) each(stored);
    if (copies.length > 0) {
      await slice.run(ctx, () =>
        ctx.transact(async (tx) => {
          for (const { key, stored } of copies) {
            tx.set(key, stored.bytes);
            if (table !== undefined)
              for (const entry of indexEntries(table, stored)) tx.set(entry.key, entry.value.bytes);
          }
        }),
      );
    }
    next = page.next;
  } while (next !== undefined);
}

/** Removes what a deleted backup held. */
export async function dropBackup({ number }: { readonly number: number }, ctx: Context): Promise<void> {
  await clear(ctx, layout.at(ctx.account, ctx.region).items.rangeOf([number]));
}
