import type { Context } from '../../service/context.ts';
import { nextOrdinal, sequenceNumber } from '../../service/ordinal.ts';
import type { BlobRef } from '../../store/blobs.ts';
import type { Transaction } from '../../store/store.ts';
import { archiveMessage } from './archiving.ts';
import type { MessageRow, SubscriptionRow, TopicRow } from './layout.ts';
import { joinLine } from './lines.ts';
import type { Message } from './message.ts';
import { PLATFORM_NAMES } from './platform.ts';
import { comesByReplay } from './replaying.ts';
import { channelOf } from './subscription.ts';
import { readTopic, rowsOf, type TopicName } from './topic.ts';
import { wants } from './wanting.ts';

/** A deduplication id is remembered this long. */
const DEDUPLICATION_MS = 300_000;
const ROW_BYTES = 65_536;

/** A message with what is drawn before the transaction. */
export interface Prepared {
  readonly message: Message;
  readonly messageId: string;
  readonly atMs: number;
  readonly ordinal: number;
  readonly traceHeader: string | undefined;
  /** Texts too long for a row, by themselves. */
  readonly blobs: ReadonlyMap<string, BlobRef>;
}

export interface PublishedAs {
  readonly messageId: string;
  readonly sequence?: string | undefined;
}

const CHANNELS = [
  'default',
  'sqs',
  'lambda',
  'http',
  'https',
  'email',
  'email-json',
  'sms',
  ...PLATFORM_NAMES,
];

/** Draws ids and puts long texts on disk. */
export async function prepare(ctx: Context, message: Message): Promise<Prepared> {
  const blobs = new Map<string, BlobRef>();
  if (message.size > ROW_BYTES / 4) {
    for (const text of new Set(CHANNELS.map(message.textFor))) {
      if (Buffer.byteLength(text) > ROW_BYTES) blobs.set(text, await ctx.blobs.put(Buffer.from(text)));
    }
  }
  return {
    message,
    messageId: ctx.world.random.uuid(),
    atMs: Math.floor(ctx.world.clock.now()),
    ordinal: nextOrdinal(ctx.world),
    traceHeader: ctx.traceHeader ?? (ctx.inside === true ? undefined : ctx.http?.headers['x-amzn-trace-id']),
    blobs,
  };
}

/**
 * Writes a message's deliveries, a row and a job for each subscription that wants it: what is acknowledged is delivered
 * at least once. A message a FIFO topic has already is answered as the first one was.
 */
export async function publishIn(
  tx: Transaction,
  ctx: Context,
  name: TopicName,
  prepared: Prepared,
): Promise<PublishedAs> {
  const topic = await readTopic(tx, name);
  const rows = rowsOf(name);
  const subscriptions = await rows.subscriptions.all(tx, [name.name]);
  if (!topic.fifo) {
    for (const { key, value } of subscriptions) {
      if (wants(value, prepared.message)) await deliverSoon(tx, ctx, name, key[1], value, prepared);
    }
    return { messageId: prepared.messageId };
  }
  const known = await duplicateOf(tx, name, topic, prepared);
  if (known !== undefined) return known;
  const sequence = sequenceNumber(prepared.ordinal);
  remember(tx, ctx, name, topic, prepared, sequence);
  await archiveMessage(
    tx,
    ctx,
    name,
    topic,
    prepared.ordinal,
    messageRow(prepared, prepared.message.textFor('sqs'), sequence),
  );
  for (const { key, value } of subscriptions) {
    if (wants(value, prepared.message) && !comesByReplay(value, prepared.atMs)) {
      await deliverInLine(tx, ctx, name, key[1], value, prepared, sequence);
    }
  }
  return { messageId: prepared.messageId, sequence };
}

function duplicateKey(topic: TopicRow, { message }: Prepared): [string, string, string] {
  const scope = topic.attributes['FifoThroughputScope'] === 'MessageGroup' ? (message.group ?? '') : '';
  return [topic.id, scope, message.deduplicationId ?? ''];
}

async function duplicateOf(
  tx: Transaction,
  name: TopicName,
  topic: TopicRow,
  prepared: Prepared,
): Promise<PublishedAs | undefined> {
  const found = await rowsOf(name).duplicates.get(tx, duplicateKey(topic, prepared));
  return found !== undefined && found.atMs + DEDUPLICATION_MS > prepared.atMs ? found : undefined;
}

export interface Forgetting {
  readonly key: [string, string, string];
}

function remember(
  tx: Transaction,
  ctx: Context,
  name: TopicName,
  topic: TopicRow,
  prepared: Prepared,
  sequence: string,
): void {
  const { messageId, atMs } = prepared;
  const key = duplicateKey(topic, prepared);
  rowsOf(name).duplicates.set(tx, key, { messageId, sequence, atMs });
  const { account, region } = name;
  const payload: Forgetting = { key };
  ctx
    .as({ account, region })
    .enqueue(tx, { kind: 'forget-duplicate', payload, dueAtMs: atMs + DEDUPLICATION_MS });
}

/** A deduplication id's time is over, unless it was used again. */
export async function forgetDuplicate({ key }: Forgetting, ctx: Context): Promise<void> {
  const { duplicates } = rowsOf({ account: ctx.account, region: ctx.region, name: '' });
  const nowMs = ctx.world.clock.now();
  await ctx.transact(async (tx) => {
    const row = await duplicates.get(tx, key);
    if (row !== undefined && row.atMs + DEDUPLICATION_MS <= nowMs) duplicates.delete(tx, key);
  });
}

function messageRow(
  { message, messageId, atMs, traceHeader, blobs }: Prepared,
  text: string,
  sequence?: string,
): MessageRow {
  const blob = blobs.get(text);
  const { subject, attributes, group, deduplicationId } = message;
  return {
    messageId,
    ...(blob === undefined ? { message: text } : { blob }),
    subject,
    attributes,
    atMs,
    group,
    deduplicationId,
    sequence,
    traceHeader,
  };
}

async function writeDelivery(
  tx: Transaction,
  ctx: Context,
  name: TopicName,
  subscriptionId: string,
  subscription: SubscriptionRow,
  prepared: Prepared,
  sequence?: string,
): Promise<string> {
  const row = messageRow(prepared, prepared.message.textFor(channelOf(subscription)), sequence);
  if (row.blob !== undefined) await ctx.blobs.retain(tx, row.blob);
  const id = `${row.messageId}/${subscriptionId}`;
  rowsOf(name).deliveries.set(tx, [id], { ...row, topic: name.name, subscriptionId });
  return id;
}

/** An HTTP endpoint that does not answer holds up so many jobs and no more. */
const HTTP_LANES = 4;

/** The shard of a delivery's job; `spread` is any number. */
export function deliveryShard(
  { protocol }: SubscriptionRow,
  subscriptionId: string,
  spread: number,
): { readonly shard?: string } {
  const http = protocol === 'http' || protocol === 'https';
  return http ? { shard: `sns/${subscriptionId}/${spread % HTTP_LANES}` } : {};
}

async function deliverSoon(
  tx: Transaction,
  ctx: Context,
  name: TopicName,
  subscriptionId: string,
  row: SubscriptionRow,
  prepared: Prepared,
): Promise<void> {
  const id = await writeDelivery(tx, ctx, name, subscriptionId, row, prepared);
  const { account, region } = name;
  const shard = deliveryShard(row, subscriptionId, prepared.ordinal);
  ctx.as({ account, region }).enqueue(tx, { kind: 'deliver', payload: { id, attempt: 0 }, ...shard });
}

async function deliverInLine(
  tx: Transaction,
  ctx: Context,
  name: TopicName,
  subscriptionId: string,
  row: SubscriptionRow,
  prepared: Prepared,
  sequence: string,
): Promise<void> {
  const id = await writeDelivery(tx, ctx, name, subscriptionId, row, prepared, sequence);
  const group = prepared.message.group ?? '';
  await joinLine(tx, ctx, name, { subscriptionId, group, ordinal: prepared.ordinal, id });
}
