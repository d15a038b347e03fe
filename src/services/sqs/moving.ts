import type { Context } from '../../service/context.ts';
import { nextOrdinal } from '../../service/ordinal.ts';
import type { Transaction } from '../../store/store.ts';
import { type QueueRows, readContent, rowsOf } from './content.ts';
import { appendMessage, leaveLine, settleGroup } from './fifo-queue.ts';
import type { MessageRow, MoveRow, QueueRow } from './layout.ts';
import { drawChance, keyOf } from './message-key.ts';
import { type QueueName, queueOfArn } from './queue.ts';
import { placeMessage, removeMessage } from './standard-queue.ts';
import { startSweeping } from './sweeping.ts';

const BATCH = 50;
const SECOND_MS = 1000;

export interface Move {
  readonly name: string;
  readonly queueId: string;
  readonly startedAtMs: number;
  readonly taskId: string;
}

/** The visible messages at the head of a queue: of a FIFO queue, those before the first of a group that is in flight. */
async function heads(
  tx: Transaction,
  rows: QueueRows,
  queue: QueueRow,
  limit: number,
  nowMs: number,
): Promise<readonly string[]> {
  const { contentId } = queue;
  const keys: string[] = [];
  for (const { key } of (await rows.due.page(tx, [contentId], { limit })).rows) {
    if (key[1] > nowMs || keys.length >= limit) break;
    if (!queue.fifo) keys.push(key[2]);
    else {
      const line = await rows.lines.page(tx, [contentId, key[2]], { limit: limit - keys.length });
      for (const { key: lineKey, value } of line.rows) {
        if (value.visibleAtMs > nowMs) break;
        keys.push(lineKey[2]);
      }
    }
  }
  return keys;
}

/** One batch of a message move task; enqueues the next until nothing is left, or somebody cancels. */
export async function move(payload: Move, ctx: Context): Promise<void> {
  const { name: queueName, queueId, startedAtMs, taskId } = payload;
  const name: QueueName = { account: ctx.account, region: ctx.region, name: queueName };
  const rows = rowsOf(name);
  const nowMs = Math.floor(ctx.world.clock.now());
  // Drawn before the transaction: moved messages are new ones.
  const fresh = Array.from({ length: BATCH }, () => ({
    ordinal: nextOrdinal(ctx.world),
    chance: drawChance(ctx.world),
    messageId: ctx.world.random.uuid(),
  }));
  await ctx.transact(async (tx) => {
    const queue = await rows.queues.get(tx, [queueName]);
    const task = await rows.moves.get(tx, [queueId, startedAtMs, taskId]);
    if (queue?.id !== queueId || task === undefined) return;
    const settle = (change: Partial<MoveRow>) =>
      rows.moves.set(tx, [queueId, startedAtMs, taskId], { ...task, ...change });
    if (task.status === 'CANCELLING') return settle({ status: 'CANCELLED' });
    if (task.status !== 'RUNNING') return;
    const limit = Math.min(BATCH, task.perSecond ?? BATCH);
    const keys = await heads(tx, rows, queue, limit, nowMs);
    let moved = 0;
    for (const key of keys) {
      const row = await rows.messages.get(tx, [queue.contentId, key]);
      const made = fresh[moved];
      if (row === undefined || made === undefined) continue;
      const target = queueOfArn(task.destinationArn ?? row.deadFromArn ?? '');
      const targetQueue = target && (await rowsOf(target).queues.get(tx, [target.name]));
      if (target === undefined || targetQueue === undefined || targetQueue.fifo !== queue.fifo) {
        const failure =
          row.deadFromArn === undefined && task.destinationArn === undefined
            ? 'CouldNotDetermineMessageSource'
            : 'AWS.SimpleQueueService.NonExistentQueue';
        return settle({ status: 'FAILED', failure, moved: task.moved + moved });
      }
      await moveOne(tx, ctx, { name, queue, rows }, { key, row, ...made }, target, targetQueue, nowMs);
      moved++;
    }
    const total = task.moved + moved;
    if (moved === 0) return settle({ status: 'COMPLETED', moved: total });
    settle({ moved: total });
    // A rate is kept in batches: as many as it allows in so much of a second.
    const pauseMs = task.perSecond === undefined ? 0 : (moved / task.perSecond) * SECOND_MS;
    ctx.enqueue(tx, { kind: 'move', payload, dueAtMs: nowMs + pauseMs });
  });
}

async function moveOne(
  tx: Transaction,
  ctx: Context,
  from: { readonly name: QueueName; readonly queue: QueueRow; readonly rows: QueueRows },
  message: {
    readonly key: string;
    readonly row: MessageRow;
    readonly ordinal: number;
    readonly chance: string;
    readonly messageId: string;
  },
  target: QueueName,
  targetQueue: QueueRow,
  nowMs: number,
): Promise<void> {
  const { rows, queue } = from;
  const { key, row, messageId, ordinal, chance } = message;
  const content = (await readContent(tx, rows, queue.contentId, key, row)) ?? { body: '' };
  const { deadFromArn: _from, receivesElsewhere: _before, firstReceivedAtMs: _first, ...rest } = row;
  const again: MessageRow = { ...rest, messageId, sentAtMs: nowMs, visibleAtMs: nowMs, receives: 0 };
  const targetRows = rowsOf(target);
  const { contentId } = targetQueue;
  if (!queue.fifo || row.group === undefined) {
    await removeMessage(tx, ctx, rows, queue.contentId, key, row, 'moved');
    placeMessage(tx, targetRows, contentId, keyOf(ordinal, chance), again, content);
  } else {
    const line = { rows, contentId: queue.contentId, group: row.group };
    await leaveLine(tx, ctx, line, key, row, 'moved');
    const group = await rows.groups.get(tx, [queue.contentId, row.group]);
    if (group !== undefined) await settleGroup(tx, line, group, group.inFlight, nowMs);
    await appendMessage(
      tx,
      { rows: targetRows, contentId, group: row.group },
      { ordinal, chance },
      again,
      content,
    );
  }
  await startSweeping(tx, ctx, target, targetQueue, nowMs);
}
