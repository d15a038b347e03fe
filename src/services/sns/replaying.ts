import { createHash } from 'node:crypto';
import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { parseReplayPolicy } from './archive-policy.ts';
import { archiveBegins } from './archiving.ts';
import { invalid } from './fault.ts';
import type { MessageRow, ReplayRow, SubscriptionRow, TopicRow } from './layout.ts';
import { joinLine } from './lines.ts';
import { rowsOf, type SubscriptionName } from './topic.ts';
import { wants } from './wanting.ts';

const AT_ONCE = 50;

export interface Replaying {
  readonly topic: string;
  readonly subscriptionId: string;
  readonly replayId: string;
}

/** Whether a message that is published now will come to the subscription out of the archive, in its turn. */
export function comesByReplay({ replay }: SubscriptionRow, atMs: number): boolean {
  if (replay === undefined || (replay.status !== 'Pending' && replay.status !== 'In progress')) return false;
  return replay.endMs === undefined || atMs <= replay.endMs;
}

/**
 * A subscription whose `ReplayPolicy` was just set: what its topic's archive holds of that time is sent to it again, in
 * place of what an earlier replay had left.
 */
export function withReplay(
  tx: Transaction,
  ctx: Context,
  { topic: name, id }: SubscriptionName,
  topic: TopicRow,
  row: SubscriptionRow,
): SubscriptionRow {
  const { replay: _before, ...rest } = row;
  const text = row.attributes['ReplayPolicy'];
  const replay = text === undefined ? undefined : parseReplayPolicy(text);
  if (replay === undefined) {
    const { ReplayPolicy: _none, ...attributes } = row.attributes;
    return { ...rest, attributes };
  }
  if (archiveBegins(topic, ctx.world.clock.now()) === undefined) {
    throw invalid('ReplayPolicy: The topic does not have an archive policy');
  }
  const replayId = ctx.world.random.uuid();
  const payload: Replaying = { topic: name.name, subscriptionId: id, replayId };
  const { account, region } = name;
  ctx.as({ account, region }).enqueue(tx, { kind: 'replay', payload });
  return { ...rest, replay: { id: replayId, status: 'Pending', ...replay } };
}

/** Sends a subscription its part of the archive, some messages at a time, each in the line of its group. */
export async function replay(payload: Replaying, ctx: Context): Promise<void> {
  while ((await replaySome(payload, ctx)) === 'more');
}

async function replaySome(
  { topic: topicName, subscriptionId, replayId }: Replaying,
  ctx: Context,
): Promise<'more' | 'over'> {
  const name = { account: ctx.account, region: ctx.region, name: topicName };
  const rows = rowsOf(name);
  const topic = await rows.topics.get(ctx.store, [topicName]);
  const known = await rows.subscriptions.get(ctx.store, [topicName, subscriptionId]);
  if (topic === undefined || known?.replay?.id !== replayId) return 'over';
  const begins = archiveBegins(topic, ctx.world.clock.now());
  const archiveId = topic.archive?.id;
  const { startMs, endMs = Number.MAX_SAFE_INTEGER, after = [Math.floor(startMs), -1] } = known.replay;
  // What the archive has kept for long enough is not there, though its sweep may be yet to come.
  const from: [string, number, number] =
    begins === undefined || begins <= after[0]
      ? [archiveId ?? '', ...after]
      : [archiveId ?? '', Math.floor(begins), -1];
  const page = await rows.archived.page(ctx.store, [archiveId ?? ''], { limit: AT_ONCE, after: from });
  const inTime = page.rows.filter(({ key }) => key[1] <= endMs);
  const bodies = await Promise.all(inTime.map(({ value }) => bodyOf(ctx, value)));
  return ctx.transact(async (tx) => {
    const row = await rows.subscriptions.get(tx, [topicName, subscriptionId]);
    if (row?.replay?.id !== replayId) return 'over';
    const set = (change: Partial<ReplayRow>) =>
      rows.subscriptions.set(tx, [topicName, subscriptionId], {
        ...row,
        replay: { ...(row.replay as ReplayRow), ...change },
      });
    if (begins === undefined) {
      set({ status: 'Failed' });
      return 'over';
    }
    for (const [index, { key, value }] of inTime.entries()) {
      const message = { textFor: () => bodies[index] ?? '', attributes: value.attributes };
      if (!wants(row, message) || (await rows.archived.get(tx, key)) === undefined) continue;
      await sendAgain(tx, ctx, { topic: name, id: subscriptionId }, replayId, key[2], value);
    }
    const last = inTime.at(-1)?.key;
    const reached: [number, number] = last === undefined ? [from[1], from[2]] : [last[1], last[2]];
    // Publishers write behind what was read here, or see that the replay is over: none falls between.
    const next = await rows.archived.page(tx, [archiveId ?? ''], {
      limit: 1,
      after: [archiveId ?? '', ...reached],
    });
    const more = (next.rows[0]?.key[1] ?? Number.POSITIVE_INFINITY) <= endMs;
    set({ status: more ? 'In progress' : 'Completed', after: reached });
    return more ? 'more' : 'over';
  });
}

async function bodyOf(ctx: Context, { message, blob }: MessageRow): Promise<string> {
  return blob === undefined ? (message ?? '') : Buffer.from(await ctx.blobs.read(blob)).toString();
}

async function sendAgain(
  tx: Transaction,
  ctx: Context,
  { topic, id: subscriptionId }: SubscriptionName,
  replayId: string,
  ordinal: number,
  row: MessageRow,
): Promise<void> {
  if (row.blob !== undefined) await ctx.blobs.retain(tx, row.blob);
  const id = `${row.messageId}/${subscriptionId}/${replayId}`;
  // A queue would take the first one's id for a repetition, of which it wants none.
  const deduplicationId = createHash('sha256').update(`${replayId}/${row.messageId}`).digest('hex');
  rowsOf(topic).deliveries.set(tx, [id], {
    ...row,
    topic: topic.name,
    subscriptionId,
    deduplicationId,
    replayed: true,
  });
  await joinLine(tx, ctx, topic, { subscriptionId, group: row.group ?? '', ordinal, id });
}
