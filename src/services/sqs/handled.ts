import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Transaction } from '../../store/store.ts';
import { commit } from './commit.ts';
import { rowsOf } from './content.ts';
import { badValue, fault, noQueue } from './fault.ts';
import { inFlightUntil, leaveLine, settleGroup, without } from './fifo-queue.ts';
import { landed } from './flights.ts';
import type { QueueRow } from './layout.ts';
import type { QueueName } from './queue.ts';
import { openReceipt, type Receipt } from './receipt.ts';
import { removeMessage, shiftMessage } from './standard-queue.ts';

const MOST_VISIBILITY_SECONDS = 43_200;

async function queueIn(tx: Transaction, name: QueueName): Promise<QueueRow> {
  const queue = await rowsOf(name).queues.get(tx, [name.name]);
  if (queue === undefined) throw noQueue();
  return queue;
}

/** Deletes received messages, each by its handle; a fault for each that cannot be. One transaction. */
export async function deleteByHandles(
  ctx: Context,
  name: QueueName,
  handles: readonly string[],
): Promise<readonly (Error | undefined)[]> {
  const nowMs = Math.floor(ctx.world.clock.now());
  const { contentId, keys, outcomes } = await commit(ctx, async (tx) => {
    const queue = await queueIn(tx, name);
    const gone: string[] = [];
    const each = await eachHandle(handles, (handle) => {
      const receipt = openReceipt(queue, handle);
      gone.push(receipt.key);
      return queue.fifo
        ? deleteFromLine(tx, ctx, name, queue, receipt, handle, nowMs)
        : deleteDue(tx, ctx, name, queue, receipt);
    });
    return { contentId: queue.contentId, keys: gone, outcomes: each };
  });
  await landed(ctx.store, contentId, keys);
  return outcomes;
}

async function eachHandle(
  handles: readonly string[],
  work: (handle: string, index: number) => Promise<void>,
): Promise<readonly (Error | undefined)[]> {
  const outcomes: (Error | undefined)[] = [];
  for (const [index, handle] of handles.entries()) {
    try {
      await work(handle, index);
      outcomes.push(undefined);
    } catch (error) {
      if (!Fault.is(error)) throw error;
      outcomes.push(error);
    }
  }
  return outcomes;
}

/** Any receive's handle will do, as on AWS; of what is gone already nothing is said. */
async function deleteDue(
  tx: Transaction,
  ctx: Context,
  name: QueueName,
  { contentId }: QueueRow,
  { key }: Receipt,
): Promise<void> {
  const rows = rowsOf(name);
  const row = await rows.messages.get(tx, [contentId, key]);
  if (row !== undefined) await removeMessage(tx, ctx, rows, contentId, key, row);
}

async function deleteFromLine(
  tx: Transaction,
  ctx: Context,
  name: QueueName,
  { contentId }: QueueRow,
  { key, receives, group: groupName = '' }: Receipt,
  handle: string,
  nowMs: number,
): Promise<void> {
  const rows = rowsOf(name);
  const line = { rows, contentId, group: groupName };
  const row = await rows.messages.get(tx, [contentId, key]);
  const group = await rows.groups.get(tx, [contentId, groupName]);
  if (row === undefined || group === undefined) return;
  if (row.receives !== receives || inFlightUntil(group, key, nowMs) === undefined) {
    throw badValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');
  }
  await leaveLine(tx, ctx, line, key, row);
  await settleGroup(tx, line, group, without(group.inFlight, key), nowMs);
}

export interface NewVisibility {
  readonly handle: string;
  readonly seconds: number;
}

/** Gives messages in flight another visibility timeout, counted from now. */
export function changeVisibilities(
  ctx: Context,
  name: QueueName,
  changes: readonly NewVisibility[],
): Promise<readonly (Error | undefined)[]> {
  const nowMs = Math.floor(ctx.world.clock.now());
  return commit(ctx, async (tx) => {
    const queue = await queueIn(tx, name);
    return eachHandle(
      changes.map(({ handle }) => handle),
      (handle, index) =>
        changeVisibility(tx, name, queue, { handle, seconds: changes[index]?.seconds ?? 0 }, nowMs),
    );
  });
}

async function changeVisibility(
  tx: Transaction,
  name: QueueName,
  queue: QueueRow,
  { handle, seconds }: NewVisibility,
  nowMs: number,
): Promise<void> {
  if (seconds < 0 || seconds > MOST_VISIBILITY_SECONDS) {
    throw badValue(
      seconds,
      'VisibilityTimeout',
      `VisibilityTimeout must be an integer between 0 and ${MOST_VISIBILITY_SECONDS}.`,
    );
  }
  const { key, receives, group: groupName = '' } = openReceipt(queue, handle);
  const rows = rowsOf(name);
  const { contentId } = queue;
  const row = await rows.messages.get(tx, [contentId, key]);
  // A standard queue's message takes it from whoever received it, and when it is visible again, too.
  if (row === undefined || (queue.fifo && row.receives !== receives)) {
    throw badValue(
      handle,
      'ReceiptHandle',
      'Message does not exist or is not available for visibility timeout change.',
    );
  }
  if (queue.fifo && row.visibleAtMs <= nowMs) {
    throw fault('MessageNotInflight', "The specified message isn't in flight.");
  }
  const receivedAtMs = row.lastReceivedAtMs ?? nowMs;
  if (nowMs - receivedAtMs + seconds * 1000 > MOST_VISIBILITY_SECONDS * 1000) {
    throw badValue(
      seconds,
      'VisibilityTimeout',
      `Total VisibilityTimeout for the message is beyond the limit [${MOST_VISIBILITY_SECONDS} seconds]`,
    );
  }
  const after = { ...row, visibleAtMs: nowMs + seconds * 1000 };
  if (!queue.fifo) {
    shiftMessage(tx, rows, contentId, key, row, after);
    return;
  }
  const group = await rows.groups.get(tx, [contentId, groupName]);
  if (group === undefined) return;
  rows.messages.set(tx, [contentId, key], after);
  rows.lines.set(tx, [contentId, groupName, key], { visibleAtMs: after.visibleAtMs, receives });
  const line = { rows, contentId, group: groupName };
  await settleGroup(tx, line, group, { ...group.inFlight, [key]: after.visibleAtMs }, nowMs);
}
