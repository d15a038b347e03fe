import type { Context } from '../../service/context.ts';
import { rowsOf } from './content.ts';
import { settleGroup } from './fifo-queue.ts';
import { DEDUPLICATION_MS } from './sweeping.ts';
import type { Taken, Taking } from './taking.ts';

/**
 * A receive of a FIFO queue may be asked again with its ReceiveRequestAttemptId: for five minutes it is answered with
 * the same messages, in flight anew, as long as none of them was deleted, received again or given another timeout.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 */
export async function earlierAttempt(
  ctx: Context,
  { name, queue, visibilityMs }: Taking,
  attemptId: string,
): Promise<readonly Taken[] | undefined> {
  const rows = rowsOf(name);
  const { contentId } = queue;
  const nowMs = Math.floor(ctx.world.clock.now());
  return ctx.transact(async (tx) => {
    const attempt = await rows.attempts.get(tx, [queue.id, attemptId]);
    if (attempt === undefined || attempt.contentId !== contentId) return undefined;
    if (attempt.atMs + DEDUPLICATION_MS <= nowMs) return undefined;
    const again: Taken[] = [];
    const flights = new Map<string, Record<string, number>>();
    for (const { group, key, receives, visibleAtMs } of attempt.taken) {
      const row = await rows.messages.get(tx, [contentId, key]);
      if (row?.receives !== receives || row.visibleAtMs !== visibleAtMs || visibleAtMs <= nowMs) {
        return undefined;
      }
      const after = { ...row, visibleAtMs: nowMs + visibilityMs };
      again.push({ contentId, key, row: after });
      const flight = flights.get(group) ?? {};
      flights.set(group, { ...flight, [key]: after.visibleAtMs });
    }
    if (again.length === 0) return undefined;
    for (const { key, row } of again) {
      rows.messages.set(tx, [contentId, key], row);
      rows.lines.set(tx, [contentId, row.group ?? '', key], {
        visibleAtMs: row.visibleAtMs,
        receives: row.receives,
      });
    }
    for (const [groupName, flight] of flights) {
      const group = await rows.groups.get(tx, [contentId, groupName]);
      if (group === undefined) return undefined;
      const line = { rows, contentId, group: groupName };
      await settleGroup(tx, line, group, { ...group.inFlight, ...flight }, nowMs);
    }
    const taken = attempt.taken.map((one) => ({ ...one, visibleAtMs: nowMs + visibilityMs }));
    rows.attempts.set(tx, [queue.id, attemptId], { ...attempt, taken });
    return again;
  });
}

export async function rememberAttempt(
  ctx: Context,
  { name, queue }: Taking,
  attemptId: string,
  taken: readonly Taken[],
): Promise<void> {
  if (taken.length === 0) return;
  const rows = rowsOf(name);
  const atMs = Math.floor(ctx.world.clock.now());
  await ctx.transact(async (tx) => {
    rows.attempts.set(tx, [queue.id, attemptId], {
      atMs,
      contentId: queue.contentId,
      taken: taken.map(({ key, row }) => ({
        group: row.group ?? '',
        key,
        receives: row.receives,
        visibleAtMs: row.visibleAtMs,
      })),
    });
  });
}
