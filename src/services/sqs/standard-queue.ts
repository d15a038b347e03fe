import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { eraseMessage, type QueueRows, writeMessage } from './content.ts';
import type { Content, DueRow, MessageRow } from './layout.ts';

/** Writes a message of a standard queue, to be received from its `visibleAtMs` on. */
export function placeMessage(
  tx: Transaction,
  rows: QueueRows,
  contentId: string,
  key: string,
  row: MessageRow,
  content: Content,
): void {
  writeMessage(tx, rows, contentId, key, row, content);
  rows.due.set(tx, [contentId, row.visibleAtMs, key], dueRow(row));
}

function dueRow({ receives, group }: MessageRow): DueRow {
  return group === undefined ? { receives } : { receives, group };
}

/** Moves a message to another time; `after` is its row as it is from then on. */
export function shiftMessage(
  tx: Transaction,
  rows: QueueRows,
  contentId: string,
  key: string,
  before: MessageRow,
  after: MessageRow,
): void {
  rows.due.delete(tx, [contentId, before.visibleAtMs, key]);
  rows.due.set(tx, [contentId, after.visibleAtMs, key], dueRow(after));
  rows.messages.set(tx, [contentId, key], after);
}

export async function removeMessage(
  tx: Transaction,
  ctx: Context,
  rows: QueueRows,
  contentId: string,
  key: string,
  row: MessageRow,
  moved?: 'moved',
): Promise<void> {
  rows.due.delete(tx, [contentId, row.visibleAtMs, key]);
  await eraseMessage(tx, ctx, rows, contentId, key, row, moved);
}
