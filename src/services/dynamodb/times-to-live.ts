import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { KeyRange, Transaction } from '../../store/store.ts';
import { expireAt, expirySecond, type Sweep } from './expiry.ts';
import { fault, invalid } from './fault.ts';
import { keepImage } from './history.ts';
import { updateIndexes } from './index-entries.ts';
import { clear } from './index-jobs.ts';
import { after } from './item-key.ts';
import { layout } from './layout.ts';
import { changeReplicas } from './replicas.ts';
import { Slice } from './slice.ts';
import { StoredItem } from './stored-item.ts';
import { appendRecord, BY_SERVICE } from './stream-write.ts';
import { type Table, tableOf } from './table.ts';
import { changeTable, noTable } from './table-change.ts';
import type { TableRow } from './table-row.ts';
import type { Purge } from './tables.ts';
import { addressOf, forgetTables, lookUpTable } from './tables-cache.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html */
export const timesToLive = {
  UpdateTimeToLive: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    const { AttributeName: attribute, Enabled: enabled } = input.TimeToLiveSpecification;
    const owner = ctx.as(address);
    const switched = (there: Context, tx: Transaction, row: TableRow): TableRow => {
      const payload: Purge = { table: row.number, name: row.name };
      there.enqueue(tx, { kind: enabled ? 'scheduleExpiries' : 'forgetExpiries', payload });
      const { expiryAttribute: _, ...rest } = row;
      return enabled ? { ...rest, expiryAttribute: attribute } : rest;
    };
    const changed = await changeTable(ctx, address, async (row, tx) => {
      if (row.status === 'DELETING')
        throw fault(
          'ResourceNotFoundException',
          `Requested resource not found: Table: ${row.name} not found`,
        );
      const current = row.expiryAttribute;
      if (current !== undefined && current !== attribute) {
        throw invalid(
          `TimeToLive is active on a different AttributeName: current AttributeName is ${current}`,
        );
      }
      if (enabled && current !== undefined) throw invalid('TimeToLive is already enabled');
      if (!enabled && current === undefined) throw invalid('TimeToLive is already disabled');
      await changeReplicas(owner, tx, row, async (there, replica) => switched(there, tx, replica));
      return switched(owner, tx, row);
    });
    for (const { region } of changed.replicas ?? []) forgetTables(ctx, { ...address, region });
    return { TimeToLiveSpecification: { AttributeName: attribute, Enabled: enabled } };
  },

  DescribeTimeToLive: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    const table = await lookUpTable(ctx, address);
    if (table === undefined) throw noTable(address.name);
    const attribute = table.row.expiryAttribute;
    return {
      TimeToLiveDescription:
        attribute === undefined
          ? { TimeToLiveStatus: 'DISABLED' }
          : { TimeToLiveStatus: 'ENABLED', AttributeName: attribute },
    };
  },
} satisfies Group<DynamodbOperations>;

/** The job's table as this transaction sees it, if time to live is on (or off, for `enabled` false). */
async function jobTable(
  ctx: Context,
  tx: Transaction,
  job: Purge,
  enabled: boolean,
): Promise<Table | undefined> {
  const row = await layout.at(ctx.account, ctx.region).tables.get(tx, [job.name]);
  if (row?.number !== job.table || row.status === 'DELETING') return undefined;
  return (row.expiryAttribute !== undefined) === enabled ? tableOf(row, ctx.account, ctx.region) : undefined;
}

/** Notes when the items that were there before time to live was enabled will expire. */
export async function scheduleExpiries(job: Purge, ctx: Context): Promise<void> {
  let range: KeyRange = layout.at(ctx.account, ctx.region).items.rangeOf([job.table, 0]);
  const slice = new Slice();
  for (;;) {
    const nowMs = ctx.world.clock.now();
    const { size } = slice;
    const last = await slice.run(ctx, () =>
      ctx.transact(async (tx) => {
        const table = await jobTable(ctx, tx, job, true);
        if (table === undefined) return undefined;
        const entries = await tx.range(range, size);
        for (const { key, value } of entries) {
          const second = expirySecond(table, new StoredItem(value), nowMs);
          if (second !== undefined) await expireAt(ctx, tx, table, key, second);
        }
        return entries.at(-1)?.key;
      }),
    );
    if (last === undefined) return;
    range = { start: after(last), end: range.end };
  }
}

/** Drops what was noted, once time to live is off. */
export async function forgetExpiries(job: Purge, ctx: Context): Promise<void> {
  const off = await ctx.transact((tx) => jobTable(ctx, tx, job, false));
  if (off === undefined) return;
  const { expiries, sweeps } = layout.at(ctx.account, ctx.region);
  await clear(ctx, expiries.rangeOf([job.table]));
  await clear(ctx, sweeps.rangeOf([job.table]));
}

/** Deletes the items that expired up to the end of a minute, and no item that was renewed meanwhile. */
export async function sweep(job: Sweep, ctx: Context): Promise<void> {
  const { expiries, sweeps } = layout.at(ctx.account, ctx.region);
  const end = (job.minute + 1) * 60;
  const slice = new Slice();
  for (;;) {
    const { limit } = slice.size;
    const swept = await slice.run(ctx, () =>
      ctx.transact(async (tx) => {
        const page = await expiries.page(tx, [job.table], { limit });
        const due = page.rows.filter(({ key: [, second] }) => second < end);
        if (due.length === 0) {
          sweeps.delete(tx, [job.table, job.minute]);
          return 0;
        }
        const table = await jobTable(ctx, tx, job, true);
        for (const { key } of due) {
          const [, second, item] = key;
          if (table !== undefined) await expire(ctx, tx, table, item, second);
          expiries.delete(tx, key);
        }
        return due.length;
      }),
    );
    if (swept === 0) return;
  }
}

async function expire(
  ctx: Context,
  tx: Transaction,
  table: Table,
  key: Uint8Array,
  second: number,
): Promise<void> {
  const bytes = await tx.get(key);
  if (bytes === undefined) return;
  const stored = new StoredItem(bytes);
  const current = Number(stored.item[table.row.expiryAttribute ?? '']?.N ?? Number.NaN);
  if (Math.floor(current) !== second) return;
  if (table.keepsHistory) await keepImage(tx, table, key, stored, ctx.world.clock.now());
  tx.delete(key);
  updateIndexes(tx, table, stored, undefined);
  if (table.row.stream !== undefined)
    await appendRecord(ctx, tx, table, stored, undefined, { service: BY_SERVICE });
}
