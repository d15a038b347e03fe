import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { updateExpiry } from './expiry.ts';
import { keepImage } from './history.ts';
import { updateIndexes } from './index-entries.ts';
import { indexEntries } from './index-jobs.ts';
import { itemOf } from './item-codec.ts';
import { after } from './item-key.ts';
import { layout } from './layout.ts';
import type { ReplicaFill } from './replicas.ts';
import { Slice } from './slice.ts';
import { StoredItem } from './stored-item.ts';
import type { RecordRow } from './stream.ts';
import { appendRecord } from './stream-write.ts';
import { itemKey, type Table, tableOf } from './table.ts';
import { setTable } from './table-change.ts';
import type { TableRow } from './table-row.ts';
import { forgetTables } from './tables-cache.ts';

/** The payload of the job that carries a table's records to its replicas. */
export interface Replicate {
  readonly table: number;
  readonly name: string;
  readonly label: string;
}

const PAGE = 100;

/**
 * Carries the records that a region's own writers made to the other regions, in order. Each region takes a record
 * when no later write has its item, so that all of them come to the same.
 */
export async function replicate(job: Replicate, ctx: Context): Promise<void> {
  const { tables, streamEnds, carried, carrying } = layout.at(ctx.account, ctx.region);
  for (;;) {
    const [row, done = 0] = await Promise.all([
      tables.get(ctx.store, [job.name]),
      carried.get(ctx.store, [job.table, job.label]),
    ]);
    if (row?.number !== job.table || row.stream?.label !== job.label) return;
    const page = await recordsAfter(ctx, job, done);
    const regions = (row.replicas ?? []).map(({ region }) => region);
    for (const { value } of page) {
      if (value.replicated === true) continue;
      for (const region of regions) await apply(ctx.as({ region }), job.name, value, ctx.region);
    }
    const last = page.at(-1)?.sequence;
    const finished = await ctx.transact(async (tx) => {
      if (last !== undefined) {
        carried.set(tx, [job.table, job.label], last);
        return false;
      }
      const end = await streamEnds.get(tx, [job.table, job.label]);
      if (end !== undefined && end.last > done) return false;
      carrying.delete(tx, [job.table]);
      return true;
    });
    if (finished) return;
  }
}

/** The next records of all shards, in the order they were written. */
async function recordsAfter(
  ctx: Context,
  { table, label }: Replicate,
  done: number,
): Promise<readonly { readonly sequence: number; readonly value: RecordRow }[]> {
  const { shards, records, streamEnds } = layout.at(ctx.account, ctx.region);
  // What is written while the shards are read one by one is left for the next time.
  let most = (await streamEnds.get(ctx.store, [table, label]))?.last ?? 0;
  const found: { readonly sequence: number; readonly value: RecordRow }[] = [];
  for (const { key, value: shard } of await shards.all(ctx.store, [table, label])) {
    if (shard.closed !== undefined && shard.closed.last <= done) continue;
    const page = await records.page(ctx.store, key, { limit: PAGE, after: [...key, done] });
    for (const row of page.rows) found.push({ sequence: row.key[3], value: row.value });
    // Other shards' records behind the last one seen of this have to wait for what it has between.
    if (page.next !== undefined) most = Math.min(most, page.next[3]);
  }
  return found.filter(({ sequence }) => sequence <= most).sort((a, b) => a.sequence - b.sequence);
}

/** Applies a record to the replica in `ctx`'s region, unless that has a later write of the item. */
async function apply(ctx: Context, name: string, record: RecordRow, from: string): Promise<void> {
  await ctx.transact(async (tx) => {
    const { tables, origins } = layout.at(ctx.account, ctx.region);
    const row = await tables.get(tx, [name]);
    if (row === undefined || !isReplica(row, from)) return;
    const table = tableOf(row, ctx.account, ctx.region);
    const key = itemKey(table, itemOf(record.keys));
    const origin = await origins.get(tx, [row.number, key.subarray(table.prefix.length)]);
    const isLater =
      origin === undefined ||
      record.atMs > origin.atMs ||
      (record.atMs === origin.atMs && from > origin.region);
    if (!isLater) return;
    const bytes = await tx.get(key);
    const before = bytes && new StoredItem(bytes);
    const fresh = record.after === undefined ? undefined : StoredItem.of(itemOf(record.after));
    if (fresh === undefined) tx.delete(key);
    else tx.set(key, fresh.bytes);
    if (table.keepsHistory) await keepImage(tx, table, key, before, ctx.world.clock.now());
    updateIndexes(tx, table, before, fresh);
    if (row.expiryAttribute !== undefined) await updateExpiry(ctx, tx, table, key, before, fresh);
    origins.set(tx, [row.number, key.subarray(table.prefix.length)], { atMs: record.atMs, region: from });
    await appendRecord(ctx, tx, table, before, fresh, {
      replicated: true,
      ...(record.service === undefined ? {} : { service: record.service }),
    });
  });
}

function isReplica({ status, replicas }: TableRow, of: string): boolean {
  return status !== 'DELETING' && replicas?.some(({ region }) => region === of) === true;
}

/** Gives a new replica what its source had; what is written meanwhile comes with the records, and stays. */
export async function fillReplica(job: ReplicaFill, ctx: Context): Promise<void> {
  const source = layout.at(ctx.account, job.from).items;
  const { tables } = layout.at(ctx.account, ctx.region);
  const prefix = source.keyOf([job.source, 0]);
  let range = source.rangeOf([job.source, 0]);
  const slice = new Slice();
  for (;;) {
    const entries = await ctx.store.range(range, slice.size);
    const last = entries.at(-1);
    if (last === undefined) break;
    await slice.run(ctx, () =>
      ctx.transact(async (tx) => {
        const row = await tables.get(tx, [job.name]);
        if (row?.number !== job.table) return;
        const table = tableOf(row, ctx.account, ctx.region);
        for (const { key, value } of entries) await fillItem(tx, table, key.subarray(prefix.length), value);
      }),
    );
    range = { start: after(last.key), end: range.end };
  }
  await openReplica(ctx, job);
}

async function fillItem(tx: Transaction, table: Table, key: Uint8Array, value: Uint8Array): Promise<void> {
  const { origins } = layout.at(table.account, table.region);
  if ((await origins.get(tx, [table.row.number, key])) !== undefined) return;
  const stored = new StoredItem(value);
  tx.set(Buffer.concat([table.prefix, key]), value);
  for (const entry of indexEntries(table, stored)) tx.set(entry.key, entry.value.bytes);
}

/** Makes a replica ACTIVE, in its own eyes and the others'. */
async function openReplica(ctx: Context, job: ReplicaFill): Promise<void> {
  const regions = await ctx.transact(async (tx) => {
    const row = await layout.at(ctx.account, ctx.region).tables.get(tx, [job.name]);
    if (row?.number !== job.table || row.status !== 'CREATING') return [];
    const address = { account: ctx.account, region: ctx.region, name: job.name };
    setTable(tx, address, { ...row, status: 'ACTIVE', version: row.version + 1 });
    if (row.expiryAttribute !== undefined) {
      ctx.enqueue(tx, { kind: 'scheduleExpiries', payload: { table: row.number, name: row.name } });
    }
    const others = (row.replicas ?? []).map(({ region }) => region);
    for (const region of others) {
      const other = await layout.at(ctx.account, region).tables.get(tx, [job.name]);
      if (other === undefined) continue;
      const replicas = (other.replicas ?? []).map((replica) =>
        replica.region === ctx.region ? { ...replica, status: 'ACTIVE' as const } : replica,
      );
      setTable(tx, { ...address, region }, { ...other, replicas, version: other.version + 1 });
    }
    return [ctx.region, ...others];
  });
  for (const region of regions) forgetTables(ctx, { account: ctx.account, region, name: job.name });
}
