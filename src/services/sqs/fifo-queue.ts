import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { eraseMessage, type QueueRows, writeMessage } from './content.ts';
import type { Content, GroupRow, MessageRow } from './layout.ts';
import { keyOf, ordinalOf, sequenceOf } from './message-key.ts';

/** Where a message of a FIFO queue stands. */
export interface Line {
  readonly rows: QueueRows;
  readonly contentId: string;
  readonly group: string;
}

/** A key behind every key of the line: `ordinal` unless the line is ahead of it. */
async function nextKey(tx: Transaction, line: Line, ordinal: number, chance: string): Promise<string> {
  const { rows, contentId, group } = line;
  const [last] = (await rows.lines.page(tx, [contentId, group], { limit: 1, reverse: true })).rows;
  return keyOf(last === undefined ? ordinal : Math.max(ordinal, ordinalOf(last.key[2]) + 1), chance);
}

/** Puts a message at the end of its group's line. Returns its sequence number. */
export async function appendMessage(
  tx: Transaction,
  line: Line,
  at: { readonly ordinal: number; readonly chance: string },
  row: MessageRow,
  content: Content,
): Promise<string> {
  const { rows, contentId, group } = line;
  const key = await nextKey(tx, line, at.ordinal, at.chance);
  const sequence = sequenceOf(key);
  writeMessage(tx, rows, contentId, key, { ...row, sequence }, content);
  rows.lines.set(tx, [contentId, group, key], { visibleAtMs: row.visibleAtMs, receives: row.receives });
  if ((await rows.groups.get(tx, [contentId, group])) === undefined) {
    rows.groups.set(tx, [contentId, group], { availableAtMs: row.visibleAtMs, inFlight: {} });
    rows.due.set(tx, [contentId, row.visibleAtMs, group], { receives: 0 });
  }
  return sequence;
}

/** Whether the message is in flight: received, neither deleted nor visible again. */
export function inFlightUntil(group: GroupRow, key: string, nowMs: number): number | undefined {
  const until = Object.hasOwn(group.inFlight, key) ? group.inFlight[key] : undefined;
  return until !== undefined && until > nowMs ? until : undefined;
}

/**
 * Writes when the group may be received from next: when the first in its line is visible. What stands behind one in
 * flight waits for it; what stands before it does not. A group without messages goes.
 */
export async function settleGroup(
  tx: Transaction,
  { rows, contentId, group }: Line,
  before: GroupRow,
  inFlight: Readonly<Record<string, number>>,
  nowMs: number,
): Promise<void> {
  rows.due.delete(tx, [contentId, before.availableAtMs, group]);
  const flying = Object.entries(inFlight).filter(([, until]) => until > nowMs);
  const [head] = (await rows.lines.page(tx, [contentId, group], { limit: 1 })).rows;
  if (head === undefined) {
    rows.groups.delete(tx, [contentId, group]);
    return;
  }
  // Groups take turns: one that was just served stands behind those that wait.
  const availableAtMs = Math.max(head.value.visibleAtMs, nowMs);
  rows.groups.set(tx, [contentId, group], { availableAtMs, inFlight: Object.fromEntries(flying) });
  rows.due.set(tx, [contentId, availableAtMs, group], { receives: 0 });
}

/** Takes a message out of its line; the caller settles the group. */
export async function leaveLine(
  tx: Transaction,
  ctx: Context,
  { rows, contentId, group }: Line,
  key: string,
  row: MessageRow,
  moved?: 'moved',
): Promise<void> {
  rows.lines.delete(tx, [contentId, group, key]);
  await eraseMessage(tx, ctx, rows, contentId, key, row, moved);
}

export function without(inFlight: Readonly<Record<string, number>>, key: string): Record<string, number> {
  const { [key]: _gone, ...rest } = inFlight;
  return rest;
}
