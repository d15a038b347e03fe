import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { rowsOf, type TopicName } from './topic.ts';

export interface InLine {
  readonly subscriptionId: string;
  readonly group: string;
  readonly ordinal: number;
  /** Of the delivery. */
  readonly id: string;
}

/** Puts a delivery behind what stands in its line already; the first of a line starts the job that empties it. */
export async function joinLine(
  tx: Transaction,
  ctx: Context,
  { account, region, name }: TopicName,
  { subscriptionId, group, ordinal, id }: InLine,
): Promise<void> {
  const { lines } = rowsOf({ account, region, name });
  const [last] = (await lines.page(tx, [subscriptionId, group], { limit: 1, reverse: true })).rows;
  lines.set(tx, [subscriptionId, group, Math.max(ordinal, (last?.key[2] ?? -1) + 1)], id);
  if (last !== undefined) return;
  const payload = { subscriptionId, group, attempt: 0 };
  ctx.as({ account, region }).enqueue(tx, { kind: 'deliver-line', payload });
}
