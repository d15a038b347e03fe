import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { eraseMessage, type QueueRows, rowsOf } from './content.ts';
import { leaveLine, settleGroup, without } from './fifo-queue.ts';
import type { QueueRow } from './layout.ts';
import { arrivalOf } from './message-key.ts';
import { numberOf, type QueueName } from './queue.ts';
import { removeMessage } from './standard-queue.ts';

/** A deduplication id is remembered this long. */
export const DEDUPLICATION_MS = 300_000;
const PAGE = 200;
/** Nobody sees what is over; sweeping only makes room. */
const LEAST_PAUSE_MS = 60_000;

export function retentionMs(queue: QueueRow): number {
  return numberOf(queue, 'MessageRetentionPeriod') * 1000;
}

/** Whether a message's retention is over, by its key alone. */
export function isExpired(queue: QueueRow, key: string, nowMs: number): boolean {
  return arrivalOf(key) + retentionMs(queue) <= nowMs;
}

/** Written with a queue's first message: a job that deletes what is over, until nothing is left. */
export async function startSweeping(
  tx: Transaction,
  ctx: Context,
  name: QueueName,
  queue: QueueRow,
  nowMs: number,
): Promise<void> {
  const { sweeps } = rowsOf(name);
  if ((await sweeps.get(tx, [queue.id])) !== undefined) return;
  sweeps.set(tx, [queue.id], 0);
  const pause = queue.fifo ? Math.min(DEDUPLICATION_MS, retentionMs(queue)) : retentionMs(queue);
  scheduleSweep(tx, ctx, name, queue, nowMs + pause);
}

function scheduleSweep(
  tx: Transaction,
  ctx: Context,
  { account, region, name }: QueueName,
  { id }: QueueRow,
  dueAtMs: number,
): void {
  ctx
    .as({ account, region })
    .enqueue(tx, { kind: 'sweep', payload: { name, queueId: id }, dueAtMs, shard: `sqs/${id}` });
}

export interface Sweep {
  readonly name: string;
  readonly queueId: string;
}

export async function sweep({ name: queueName, queueId }: Sweep, ctx: Context): Promise<void> {
  const name: QueueName = { account: ctx.account, region: ctx.region, name: queueName };
  const rows = rowsOf(name);
  const nowMs = ctx.world.clock.now();
  for (let more = true; more; ) {
    more = await ctx.transact(async (tx) => {
      const queue = await rows.queues.get(tx, [queueName]);
      if (queue?.id !== queueId) return false;
      const expired = await sweepMessages(tx, ctx, rows, queue, nowMs);
      const forgotten = await sweepDuplicates(tx, rows, queue, nowMs);
      if (expired === PAGE || forgotten === PAGE) return true;
      const next = await nextExpiry(tx, rows, queue);
      if (next === undefined) rows.sweeps.delete(tx, [queueId]);
      else scheduleSweep(tx, ctx, name, queue, Math.max(next, nowMs + LEAST_PAUSE_MS));
      return false;
    });
  }
}

async function sweepMessages(
  tx: Transaction,
  ctx: Context,
  rows: QueueRows,
  queue: QueueRow,
  nowMs: number,
): Promise<number> {
  const { contentId } = queue;
  const page = await rows.messages.page(tx, [contentId], { limit: PAGE });
  let expired = 0;
  for (const { key, value: row } of page.rows) {
    const [, messageKey] = key;
    if (!isExpired(queue, messageKey, nowMs)) break;
    expired++;
    if (!queue.fifo || row.group === undefined) {
      await removeMessage(tx, ctx, rows, contentId, messageKey, row);
      continue;
    }
    const line = { rows, contentId, group: row.group };
    await leaveLine(tx, ctx, line, messageKey, row);
    const group = await rows.groups.get(tx, [contentId, row.group]);
    if (group !== undefined) await settleGroup(tx, line, group, without(group.inFlight, messageKey), nowMs);
  }
  return expired;
}

async function sweepDuplicates(
  tx: Transaction,
  rows: QueueRows,
  queue: QueueRow,
  nowMs: number,
): Promise<number> {
  if (!queue.fifo) return 0;
  const page = await rows.duplicateTimes.page(tx, [queue.contentId], { limit: PAGE });
  let forgotten = 0;
  for (const { key } of page.rows) {
    const [id, atMs, scope, deduplicationId] = key;
    if (atMs + DEDUPLICATION_MS > nowMs) break;
    forgotten++;
    rows.duplicateTimes.delete(tx, key);
    rows.duplicates.delete(tx, [id, scope, deduplicationId]);
  }
  for (const { key, value } of await rows.attempts.all(tx, [queue.id])) {
    if (value.atMs + DEDUPLICATION_MS <= nowMs) rows.attempts.delete(tx, key);
  }
  return forgotten;
}

async function nextExpiry(tx: Transaction, rows: QueueRows, queue: QueueRow): Promise<number | undefined> {
  const [oldest] = (await rows.messages.page(tx, [queue.contentId], { limit: 1 })).rows;
  const [duplicate] = queue.fifo
    ? (await rows.duplicateTimes.page(tx, [queue.contentId], { limit: 1 })).rows
    : [undefined];
  const [attempt] = queue.fifo ? (await rows.attempts.page(tx, [queue.id], { limit: 1 })).rows : [undefined];
  const times = [
    ...(attempt === undefined ? [] : [attempt.value.atMs + DEDUPLICATION_MS]),
    ...(oldest === undefined ? [] : [arrivalOf(oldest.key[1]) + retentionMs(queue)]),
    ...(duplicate === undefined ? [] : [duplicate.key[1] + DEDUPLICATION_MS]),
  ];
  return times.length === 0 ? undefined : Math.min(...times);
}

export interface Discard {
  readonly contentId: string;
  /** The queue is gone, too. */
  readonly queueId?: string;
}

/** Deletes what a purged or deleted queue held. */
export async function discard({ contentId, queueId }: Discard, ctx: Context): Promise<void> {
  const rows = rowsOf({ account: ctx.account, region: ctx.region, name: '' });
  for (let more = true; more; ) {
    more = await ctx.transact(async (tx) => {
      const { rows: found } = await rows.messages.page(tx, [contentId], { limit: PAGE });
      for (const { key, value } of found) await eraseMessage(tx, ctx, rows, contentId, key[1], value);
      return found.length === PAGE;
    });
  }
  const { due, groups, lines, duplicates, duplicateTimes, attempts, sweeps, moves } = rows;
  for (const table of [due, groups, lines, duplicates, duplicateTimes] as const) {
    await clear(ctx, table, contentId);
  }
  if (queueId === undefined) return;
  for (const table of [attempts, sweeps, moves] as const) {
    await clear(ctx, table, queueId);
  }
}

async function clear(ctx: Context, table: QueueRows[keyof QueueRows], id: string): Promise<void> {
  const { start, end } = (table as QueueRows['due']).rangeOf([id]);
  for (let more = true; more; ) {
    more = await ctx.transact(async (tx) => {
      const entries = await tx.range({ start, end }, { limit: PAGE });
      for (const { key } of entries) tx.delete(key);
      return entries.length === PAGE;
    });
  }
}
