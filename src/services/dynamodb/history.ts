import type { Context } from '../../service/context.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { clear } from './index-jobs.ts';
import { after } from './item-key.ts';
import { layout } from './layout.ts';
import type { Slice } from './slice.ts';
import type { StoredItem } from './stored-item.ts';
import type { Table } from './table.ts';
import { changeTable } from './table-change.ts';
import { keepsHistory, type TableRow } from './table-row.ts';

/**
 * The past of a table: for each millisecond in which an item changed, its image before. The table as it was at some
 * moment is the table as it is, with the first image after that moment in place of every item that has one.
 */

const NOTHING = new Uint8Array(0);

/** Keeps an item's image before a change of `atMs`, in the change's own transaction. */
export async function keepImage(
  tx: Transaction,
  table: Table,
  key: Uint8Array,
  before: StoredItem | undefined,
  atMs: number,
): Promise<void> {
  const { history } = layout.at(table.account, table.region);
  const place: [number, Uint8Array, number] = [table.row.number, key.subarray(table.prefix.length), atMs];
  // The first image of a millisecond is the one from before it.
  if ((await history.get(tx, place)) === undefined) history.set(tx, place, before?.bytes ?? NOTHING);
}

/** One page of a table as it was. */
export interface PastPage {
  /** Keys behind the table's prefix. */
  readonly items: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
  /** Where the next page begins; undefined on the last. */
  readonly next: Uint8Array | undefined;
}

const PAGE = { limit: 250, maxBytes: 1 << 20 };

/** Reads the items of table `number` from the key `from` on, as they were at the end of `atMs`. */
export function readPast(
  ctx: Context,
  number: number,
  atMs: number,
  from: Uint8Array | undefined,
  size: Slice['size'],
): Promise<PastPage> {
  const { items } = layout.at(ctx.account, ctx.region);
  const prefix = items.keyOf([number, 0]);
  const whole = items.rangeOf([number, 0]);
  return ctx.store.snapshot(async (reader) => {
    const start = from === undefined ? whole.start : Buffer.concat([prefix, from]);
    const entries = await reader.range({ start, end: whole.end }, size);
    const found = new Map(
      entries.map(({ key, value }) => [Buffer.from(key.subarray(prefix.length)).toString('latin1'), value]),
    );
    const last = entries.at(-1)?.key;
    const next = last === undefined ? undefined : after(last).subarray(prefix.length);
    for (const [key, image] of await imagesAfter(ctx, reader, number, atMs, from, next)) {
      if (image.length === 0) found.delete(key);
      else found.set(key, image);
    }
    return {
      items: [...found].map(([key, value]) => ({ key: Buffer.from(key, 'latin1'), value })),
      next,
    };
  });
}

/** The first image after `atMs` of every item from one key up to another (or the end), by key. */
async function imagesAfter(
  ctx: Context,
  reader: Reader,
  number: number,
  atMs: number,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { history } = layout.at(ctx.account, ctx.region);
  const images = new Map<string, Uint8Array>();
  let last: [number, Uint8Array, number] | undefined = from && [number, from, -1];
  for (;;) {
    const page = await history.page(reader, [number], {
      maxBytes: PAGE.maxBytes,
      ...(last === undefined ? {} : { after: last }),
    });
    for (const { key, value } of page.rows) {
      const [, item, keptAtMs] = key;
      if (to !== undefined && Buffer.compare(item, to) >= 0) return images;
      if (keptAtMs <= atMs) continue;
      const name = Buffer.from(item).toString('latin1');
      if (!images.has(name)) images.set(name, value);
    }
    last = page.next;
    if (last === undefined) return images;
  }
}

/** The payload of the jobs that shorten and remove a table's history. */
export interface HistoryJob {
  readonly table: number;
  readonly name: string;
  /** Of the point-in-time recovery the job belongs to. */
  readonly sinceMs: number;
}

const DAY_MS = 86_400_000;

/** Keeps a table's history as long as it is promised, once a day for as long as recovery is on. */
export async function trimHistory(job: HistoryJob, ctx: Context): Promise<void> {
  const { tables } = layout.at(ctx.account, ctx.region);
  const row = await tables.get(ctx.store, [job.name]);
  if (row?.number !== job.table || row.recovery?.sinceMs !== job.sinceMs) return;
  const nowMs = ctx.world.clock.now();
  // A day more, for a restore that is under way.
  await dropImages(ctx, job.table, nowMs - (row.recovery.days + 1) * DAY_MS);
  await ctx.transact(async (tx) => scheduleTrim(ctx, tx, job, nowMs));
}

/** Schedules the next {@link trimHistory}. */
export function scheduleTrim(ctx: Context, tx: Transaction, job: HistoryJob, nowMs: number): void {
  ctx.enqueue(tx, { kind: 'trimHistory', payload: job, dueAtMs: nowMs + DAY_MS });
}

/** Removes the images of a table that keeps none any more; `sinceMs` is when it stopped. */
export async function dropHistory(job: HistoryJob, ctx: Context): Promise<void> {
  const { tables, history } = layout.at(ctx.account, ctx.region);
  const row = await tables.get(ctx.store, [job.name]);
  if (row?.number === job.table && keepsHistory(row)) await dropImages(ctx, job.table, job.sinceMs);
  else await clear(ctx, history.rangeOf([job.table]));
}

async function dropImages(ctx: Context, table: number, beforeMs: number): Promise<void> {
  const { history } = layout.at(ctx.account, ctx.region);
  let last: [number, Uint8Array, number] | undefined;
  do {
    const page = await history.page(ctx.store, [table], {
      ...PAGE,
      ...(last === undefined ? {} : { after: last }),
    });
    const old = page.rows.filter(({ key: [, , keptAtMs] }) => keptAtMs < beforeMs);
    if (old.length > 0) {
      await ctx.transact(async (tx) => {
        for (const { key } of old) history.delete(tx, key);
      });
    }
    last = page.next;
  } while (last !== undefined);
}

/** The row with one more, or one fewer, job that reads the table's past. */
export function withReaders(row: TableRow, change: 1 | -1): TableRow {
  const { readers = 0, ...rest } = row;
  const left = readers + change;
  return left > 0 ? { ...rest, readers: left } : rest;
}

/** Notes that a job has read a table's past; the last one ends a history that nobody else needs. */
export async function releaseHistory(ctx: Context, table: number, name: string): Promise<void> {
  const address = { account: ctx.account, region: ctx.region, name };
  const nowMs = ctx.world.clock.now();
  await changeTable(ctx, address, (row, tx) => {
    if (row.number !== table) return undefined;
    const released = withReaders(row, -1);
    endHistory(ctx, tx, released, nowMs);
    return released;
  });
}

/** Has the images of a table removed, if its row says that it keeps none. */
export function endHistory(ctx: Context, tx: Transaction, row: TableRow, nowMs: number): void {
  if (keepsHistory(row)) return;
  const payload: HistoryJob = { table: row.number, name: row.name, sinceMs: nowMs };
  ctx.enqueue(tx, { kind: 'dropHistory', payload });
}
