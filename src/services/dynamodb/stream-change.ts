import type { StreamSpecification } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { invalid, invalidParameter } from './fault.ts';
import { clear } from './index-jobs.ts';
import { layout } from './layout.ts';
import { firstRows, newEnd } from './shard.ts';
import { HOUR_MS, RECORD_LIFE_MS, streamLabel } from './stream.ts';
import type { Trim } from './stream-write.ts';
import type { TableRow } from './table-row.ts';
import { partitionCount } from './throughput.ts';

/** Throws for a specification that contradicts itself. */
export function checkStream(
  specification: StreamSpecification | undefined,
  table: 'created' | 'updated',
): void {
  if (specification === undefined) return;
  const { StreamEnabled: enabled, StreamViewType: view } = specification;
  if (enabled === (view !== undefined)) return;
  if (table === 'created') {
    throw invalidParameter(
      enabled
        ? 'Table is being created with a stream enabled, UpdateViewType is required'
        : 'Table is being created with a stream disabled, UpdateViewType should not be specified',
    );
  }
  throw invalidParameter(
    enabled
      ? 'If stream is being enabled then UpdateViewType is required'
      : 'If stream is being disabled, then UpdateViewType must not be specified',
  );
}

/** The row of a table whose stream is turned on or off as specified; `ctx` is in the table's scope. */
export async function withStream(
  ctx: Context,
  tx: Transaction,
  row: TableRow,
  specification: StreamSpecification | undefined,
  nowMs: number,
  isNew = false,
): Promise<TableRow> {
  if (specification === undefined) return row;
  if (!specification.StreamEnabled) {
    if (row.stream === undefined && isNew) return row;
    if (row.replicas !== undefined) {
      throw invalid(`Table has replicas, which need its stream: TableName: ${row.name}`);
    }
    if (row.stream === undefined) throw invalid(`Table has no stream to disable: TableName: ${row.name}`);
    return closeStream(ctx, tx, row, nowMs);
  }
  if (row.stream !== undefined) throw invalid(`Table already has an enabled stream: TableName: ${row.name}`);
  const label = streamLabel(nowMs);
  const view = specification.StreamViewType ?? 'KEYS_ONLY';
  const { streams, streamEnds, shards } = layout.at(ctx.account, ctx.region);
  streams.set(tx, [row.name, label], {
    table: row.number,
    tableName: row.name,
    label,
    view,
    keySchema: row.keySchema,
    createdAtMs: nowMs,
  });
  const end = newEnd(partitionCount(row.throughput.reads, row.throughput.writes), nowMs);
  streamEnds.set(tx, [row.number, label], end);
  for (const shard of firstRows(end)) shards.set(tx, [row.number, label, shard.number], shard);
  return { ...row, stream: { label, view }, latestStream: label };
}

/** The payload of the job that removes a stream that has ended. */
export interface DropStream {
  readonly table: number;
  readonly name: string;
  readonly label: string;
}

/** The row of a table without its stream, which stays readable for a day. */
export async function closeStream(
  ctx: Context,
  tx: Transaction,
  row: TableRow,
  nowMs: number,
): Promise<TableRow> {
  const { stream, ...rest } = row;
  if (stream === undefined) return row;
  const { streams, streamEnds, shards } = layout.at(ctx.account, ctx.region);
  const [found, end] = await Promise.all([
    streams.get(tx, [row.name, stream.label]),
    streamEnds.get(tx, [row.number, stream.label]),
  ]);
  if (found !== undefined) streams.set(tx, [row.name, stream.label], { ...found, ended: true });
  for (const { key, value } of await shards.all(tx, [row.number, stream.label])) {
    if (value.closed !== undefined) continue;
    const last = Math.max(value.first, end?.last ?? 0);
    shards.set(tx, key, { ...value, closed: { last, atMs: nowMs } });
  }
  const payload: DropStream = { table: row.number, name: row.name, label: stream.label };
  ctx.enqueue(tx, { kind: 'dropStream', payload, dueAtMs: nowMs + RECORD_LIFE_MS });
  return rest;
}

export async function dropStream(job: DropStream, ctx: Context): Promise<void> {
  const { streams, streamEnds, shards, records } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    streams.delete(tx, [job.name, job.label]);
    streamEnds.delete(tx, [job.table, job.label]);
  });
  await clear(ctx, shards.rangeOf([job.table, job.label]));
  await clear(ctx, records.rangeOf([job.table, job.label]));
}

const TRIM_BATCH = 500;

/** Drops the records written up to the end of an hour, and the shards that were closed by then. */
export async function trim(job: Trim, ctx: Context): Promise<void> {
  const { shards } = layout.at(ctx.account, ctx.region);
  const end = (job.hour + 1) * HOUR_MS;
  for (const { key, value } of await shards.all(ctx.store, [job.table, job.label])) {
    if (value.openedAtMs >= end) return;
    let more = true;
    while (more) more = await trimShard(ctx, key, end);
  }
}

/** Drops a batch of a shard's records from before `end`; false when they are gone. */
async function trimShard(
  ctx: Context,
  key: [table: number, label: string, shard: number],
  end: number,
): Promise<boolean> {
  const { shards, records } = layout.at(ctx.account, ctx.region);
  return ctx.transact(async (tx) => {
    const shard = await shards.get(tx, key);
    if (shard === undefined) return false;
    const page = await records.page(tx, key, { limit: TRIM_BATCH });
    const kept = page.rows.findIndex(({ value }) => value.atMs >= end);
    const old = kept < 0 ? page.rows : page.rows.slice(0, kept);
    for (const record of old) records.delete(tx, record.key);
    const trimmed = old.at(-1)?.key[3];
    if (trimmed !== undefined) shards.set(tx, key, { ...shard, trimmed });
    if (old.length === TRIM_BATCH) return true;
    if (kept < 0 && shard.closed !== undefined && shard.closed.atMs < end) shards.delete(tx, key);
    return false;
  });
}
