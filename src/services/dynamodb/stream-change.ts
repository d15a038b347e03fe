import type { StreamSpecification } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { invalid, invalidParameter } from './fault.ts';
import { clear } from './index-jobs.ts';
import { layout } from './layout.ts';
import { HOUR_MS, RECORD_LIFE_MS, streamLabel } from './stream.ts';
import type { Trim } from './stream-write.ts';
import type { TableRow } from './table-row.ts';

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
): Promise<TableRow> {
  if (specification === undefined) return row;
  if (!specification.StreamEnabled) {
    if (row.stream === undefined && row.version === 1) return row;
    if (row.replicas !== undefined) {
      throw invalid(`Table has replicas, which need its stream: TableName: ${row.name}`);
    }
    if (row.stream === undefined) throw invalid(`Table has no stream to disable: TableName: ${row.name}`);
    return closeStream(ctx, tx, row, nowMs);
  }
  if (row.stream !== undefined) throw invalid(`Table already has an enabled stream: TableName: ${row.name}`);
  const label = streamLabel(nowMs);
  const view = specification.StreamViewType ?? 'KEYS_ONLY';
  const { streams, streamEnds } = layout.at(ctx.account, ctx.region);
  streams.set(tx, [row.name, label], {
    table: row.number,
    tableName: row.name,
    label,
    view,
    keySchema: row.keySchema,
    createdAtMs: nowMs,
  });
  streamEnds.set(tx, [row.number, label], { last: 0, hour: 0 });
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
  const { streams, streamEnds } = layout.at(ctx.account, ctx.region);
  const [found, end] = await Promise.all([
    streams.get(tx, [row.name, stream.label]),
    streamEnds.get(tx, [row.number, stream.label]),
  ]);
  if (found !== undefined) streams.set(tx, [row.name, stream.label], { ...found, endedAt: end?.last ?? 0 });
  const payload: DropStream = { table: row.number, name: row.name, label: stream.label };
  ctx.enqueue(tx, { kind: 'dropStream', payload, dueAtMs: nowMs + RECORD_LIFE_MS });
  return rest;
}

export async function dropStream(job: DropStream, ctx: Context): Promise<void> {
  const { streams, streamEnds, records } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    streams.delete(tx, [job.name, job.label]);
    streamEnds.delete(tx, [job.table, job.label]);
  });
  await clear(ctx, records.rangeOf([job.table, job.label]));
}

const TRIM_BATCH = 500;

/** Drops the records written up to the end of an hour. */
export async function trim(job: Trim, ctx: Context): Promise<void> {
  const { records } = layout.at(ctx.account, ctx.region);
  const end = (job.hour + 1) * HOUR_MS;
  for (;;) {
    const dropped = await ctx.transact(async (tx) => {
      const page = await records.page(tx, [job.table, job.label], { limit: TRIM_BATCH });
      const old = page.rows.filter(({ value }) => value.atMs < end);
      for (const { key } of old) records.delete(tx, key);
      return old.length;
    });
    if (dropped < TRIM_BATCH) return;
  }
}
