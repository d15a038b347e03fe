import { parseArn } from '../../base/arn.ts';
import type { Context } from '../../service/context.ts';
import type { NewMessage } from '../../service/ports.ts';
import type { Settlement } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { unsubscribePageUrl } from './address.ts';
import { logDelivery } from './delivery-log.ts';
import { effectivePolicy, MANAGED_RETRIES, retryDelay } from './delivery-policy.ts';
import { post } from './http-post.ts';
import { type DeliveryRow, layout, type SubscriptionRow } from './layout.ts';
import { queueAttributes } from './message-attribute.ts';
import { type Delivered, lambdaEvent, notificationJson } from './notification.ts';
import { DELIVERED, type Outcome, outcomeOf, outcomeOfStatus } from './outcome.ts';
import { deliveryShard } from './publishing.ts';
import { pushOf } from './pushing.ts';
import { actingFor, type QueuePost, sendToQueue } from './queue-post.ts';
import { smsSender } from './sms.ts';
import { deadLetterArn } from './subscription.ts';
import { nextSlot } from './throttling.ts';
import { rowsOf, type SubscriptionName, subscriptionArn, topicArn } from './topic.ts';

const MOST_QUEUE_ATTRIBUTES = 10;

export interface Delivery {
  readonly id: string;
  /** Attempts so far. */
  readonly attempt: number;
  /** It has waited for its turn at an endpoint that takes only so many a second. */
  readonly admitted?: boolean;
}

type Target = Delivered & { readonly row: SubscriptionRow };

/** What a delivery is about; undefined when its subscription or topic is gone. */
async function targetOf(ctx: Context, delivery: DeliveryRow): Promise<Target | undefined> {
  const { account, region } = ctx;
  const name: SubscriptionName = {
    topic: { account, region, name: delivery.topic },
    id: delivery.subscriptionId,
  };
  const rows = rowsOf(name.topic);
  const row = await rows.subscriptions.get(ctx.store, [delivery.topic, delivery.subscriptionId]);
  const topic = await rows.topics.get(ctx.store, [delivery.topic]);
  if (row === undefined || topic === undefined) return undefined;
  const message =
    delivery.blob === undefined
      ? (delivery.message ?? '')
      : Buffer.from(await ctx.blobs.read(delivery.blob)).toString();
  return { name, topic, delivery, message, row };
}

function isRaw({ row }: Target): boolean {
  return row.attributes['RawMessageDelivery'] === 'true';
}

async function toQueue(ctx: Context, target: Target): Promise<Outcome> {
  const { name, delivery, message, row } = target;
  const { attributes } = delivery;
  const raw = isRaw(target);
  if (raw && Object.keys(attributes ?? {}).length > MOST_QUEUE_ATTRIBUTES) {
    return { kind: 'refused', why: `a queue takes at most ${MOST_QUEUE_ATTRIBUTES} message attributes` };
  }
  const fifo = row.endpoint.endsWith('.fifo');
  return sendToQueue(ctx, name.topic, row.endpoint, {
    MessageBody: raw ? message : await notificationJson(ctx, target),
    ...(raw && attributes !== undefined ? { MessageAttributes: queueAttributes(attributes) } : {}),
    ...traceOf(delivery),
    // What orders a FIFO topic's messages is no tenant of a standard queue's.
    ...(delivery.group === undefined || fifo !== target.topic.fifo ? {} : { MessageGroupId: delivery.group }),
    ...(fifo ? { MessageDeduplicationId: delivery.deduplicationId } : {}),
  });
}

/** A chain of calls goes on through a queue. */
function traceOf({ traceHeader }: DeliveryRow): Pick<QueuePost, 'MessageSystemAttributes'> {
  if (traceHeader === undefined) return {};
  return { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } } };
}

async function toFunction(ctx: Context, target: Target): Promise<Outcome> {
  const { endpoint } = target.row;
  const arn = parseArn(endpoint);
  try {
    await ctx.call(
      'lambda',
      'Invoke',
      {
        FunctionName: endpoint,
        InvocationType: 'Event',
        Payload: Buffer.from(await lambdaEvent(ctx, target)),
      },
      {
        as: actingFor(target.name.topic),
        account: arn?.account ?? ctx.account,
        region: arn?.region ?? ctx.region,
        traceHeader: target.delivery.traceHeader,
      },
    );
    return DELIVERED;
  } catch (error) {
    return outcomeOf(error);
  }
}

async function toHttp(ctx: Context, target: Target): Promise<Outcome> {
  const { name, topic, delivery, message, row } = target;
  const raw = isRaw(target);
  const { contentType } = effectivePolicy(
    topic.attributes['DeliveryPolicy'],
    row.attributes['DeliveryPolicy'],
  );
  const headers = {
    'content-type': contentType,
    'x-amz-sns-message-type': 'Notification',
    'x-amz-sns-message-id': delivery.messageId,
    'x-amz-sns-topic-arn': topicArn(name.topic),
    'x-amz-sns-subscription-arn': subscriptionArn(name),
    ...(raw ? { 'x-amz-sns-rawdelivery': 'true' } : {}),
  };
  const body = raw ? message : await notificationJson(ctx, target);
  return outcomeOfStatus(await post(ctx, row.endpoint, headers, body));
}

/** Mail, text and push messages land in the inbox, in the transaction that ends their delivery. */
async function letterOf(ctx: Context, target: Target): Promise<NewMessage | undefined> {
  const { name, topic, delivery, message, row } = target;
  const { account } = name.topic;
  const displayName = topic.attributes['DisplayName'] ?? '';
  if (row.protocol === 'application') {
    const push = await pushFor(ctx, target);
    return typeof push === 'string' ? undefined : push;
  }
  if (row.protocol === 'sms') {
    const { optedOut } = layout.at(account, name.topic.region);
    if ((await optedOut.get(ctx.store, [row.endpoint])) !== undefined) return undefined;
    const text = displayName === '' ? message : `${displayName}> ${message}`;
    return {
      kind: 'sms',
      account,
      region: name.topic.region,
      to: row.endpoint,
      from: await smsSender(ctx, account, delivery.attributes),
      text,
    };
  }
  const footer = `\n\n--\nIf you wish to stop receiving notifications from this topic, please visit the address below to unsubscribe:\n${unsubscribePageUrl(ctx, subscriptionArn(name))}\n`;
  return {
    kind: 'email',
    account,
    to: row.endpoint,
    from: `${displayName === '' ? 'AWS Notifications' : displayName} <no-reply@sns.amazonaws.com>`,
    subject: delivery.subject ?? 'AWS Notification Message',
    text: row.protocol === 'email' ? `${message}${footer}` : await notificationJson(ctx, target),
  };
}

async function attempt(ctx: Context, target: Target): Promise<Outcome> {
  switch (target.row.protocol) {
    case 'sqs':
      return toQueue(ctx, target);
    case 'lambda':
      return toFunction(ctx, target);
    case 'http':
    case 'https':
      return toHttp(ctx, target);
    case 'application':
      return toDevice(ctx, target);
    default:
      return DELIVERED;
  }
}

async function toDevice(ctx: Context, target: Target): Promise<Outcome> {
  const push = await pushFor(ctx, target);
  return typeof push === 'string' ? { kind: 'refused', why: push } : DELIVERED;
}

function pushFor(ctx: Context, { row, message, delivery }: Target): Promise<NewMessage | string> {
  return pushOf(ctx, row.endpoint, { textFor: () => message, subject: delivery.subject });
}

async function bury(ctx: Context, target: Target, why: string): Promise<void> {
  const { name, delivery, message, row } = target;
  const arn = deadLetterArn(row.attributes);
  ctx.log('warn', `a message was not delivered to ${row.endpoint}`, { why, messageId: delivery.messageId });
  if (arn === undefined) return;
  const raw = isRaw(target);
  const { attributes } = delivery;
  const outcome = await sendToQueue(ctx, name.topic, arn, {
    MessageBody: raw ? message : await notificationJson(ctx, target),
    ...(raw && attributes !== undefined && Object.keys(attributes).length <= MOST_QUEUE_ATTRIBUTES
      ? { MessageAttributes: queueAttributes(attributes) }
      : {}),
    ...(arn.endsWith('.fifo')
      ? { MessageGroupId: delivery.group, MessageDeduplicationId: delivery.deduplicationId }
      : {}),
  });
  if (outcome.kind !== 'delivered') {
    ctx.log('warn', `a dead letter was not delivered to ${arn}`, { why: outcome.why });
  }
}

/** Tries a delivery; the seconds until it is tried again, or undefined when it is over, for good or bad. */
async function tryOnce(ctx: Context, target: Target, attempts: number): Promise<number | undefined> {
  const outcome = await attempt(ctx, target);
  const { name, topic, row, delivery, message } = target;
  const log = () =>
    logDelivery(ctx, {
      topicName: name.topic,
      topic,
      delivery,
      message,
      protocol: row.protocol,
      endpoint: row.endpoint,
      outcome,
      attempts: attempts + 1,
    });
  if (outcome.kind === 'delivered') {
    await log();
    return undefined;
  }
  const http = row.protocol === 'http' || row.protocol === 'https';
  const retries = http
    ? effectivePolicy(topic.attributes['DeliveryPolicy'], row.attributes['DeliveryPolicy']).retries
    : MANAGED_RETRIES;
  const delay = outcome.kind === 'refused' ? undefined : retryDelay(retries, attempts + 1);
  if (delay === undefined) {
    await log();
    await bury(ctx, target, outcome.why);
  }
  return delay;
}

async function finish(
  tx: Transaction,
  ctx: Context,
  id: string,
  { blob }: DeliveryRow,
  letter: NewMessage | undefined,
): Promise<void> {
  const { deliveries } = layout.at(ctx.account, ctx.region);
  // Somebody else may have finished it.
  if ((await deliveries.get(tx, [id])) === undefined) return;
  deliveries.delete(tx, [id]);
  if (blob !== undefined) await ctx.blobs.release(tx, blob);
  if (letter !== undefined) ctx.ports.inbox.deliver(tx, letter);
}

function isLetter({ row }: Target): boolean {
  return ['sms', 'email', 'email-json', 'application'].includes(row.protocol);
}

/** When a throttled endpoint may be tried; undefined for now. */
function turnOf(ctx: Context, { row, topic, delivery }: Target): number | undefined {
  if (row.protocol !== 'http' && row.protocol !== 'https') return undefined;
  const { perSecond } = effectivePolicy(topic.attributes['DeliveryPolicy'], row.attributes['DeliveryPolicy']);
  if (perSecond === undefined) return undefined;
  const nowMs = ctx.world.clock.now();
  const turnMs = nextSlot(ctx.store, delivery.subscriptionId, perSecond, nowMs);
  return turnMs > nowMs ? turnMs : undefined;
}

/** One attempt of one delivery; schedules the next. */
export async function deliver(
  { id, attempt: attempts, admitted }: Delivery,
  ctx: Context,
): Promise<Settlement | undefined> {
  const delivery = await layout.at(ctx.account, ctx.region).deliveries.get(ctx.store, [id]);
  if (delivery === undefined) return undefined;
  const target = await targetOf(ctx, delivery);
  const turnMs = target === undefined || admitted === true ? undefined : turnOf(ctx, target);
  if (target !== undefined && turnMs !== undefined) {
    const shard = deliveryShard(target.row, delivery.subscriptionId, attempts);
    const payload: Delivery = { id, attempt: attempts, admitted: true };
    return async (tx) => {
      ctx.enqueue(tx, { kind: 'deliver', payload, dueAtMs: turnMs, ...shard });
    };
  }
  const delay = target && (await tryOnce(ctx, target, attempts));
  if (target !== undefined && delay !== undefined) {
    const dueAtMs = ctx.world.clock.now() + delay * 1000;
    const shard = deliveryShard(target.row, delivery.subscriptionId, attempts);
    return async (tx) => {
      ctx.enqueue(tx, { kind: 'deliver', payload: { id, attempt: attempts + 1 }, dueAtMs, ...shard });
    };
  }
  const letter = target !== undefined && isLetter(target) ? await letterOf(ctx, target) : undefined;
  return (tx) => finish(tx, ctx, id, delivery, letter);
}

export interface LineDelivery {
  readonly subscriptionId: string;
  readonly group: string;
  /** Attempts so far at the first of the line. */
  readonly attempt: number;
}

/** Empties a FIFO subscription's line in its order: the next is tried when the one before it is through. */
export async function deliverLine(
  { subscriptionId, group, attempt: before }: LineDelivery,
  ctx: Context,
): Promise<Settlement | undefined> {
  const { lines, deliveries } = layout.at(ctx.account, ctx.region);
  for (let attempts = before; ; attempts = 0) {
    const [head] = (await lines.page(ctx.store, [subscriptionId, group], { limit: 1 })).rows;
    if (head === undefined) return undefined;
    const id = head.value;
    const delivery = await deliveries.get(ctx.store, [id]);
    const target = delivery && (await targetOf(ctx, delivery));
    const delay = target && (await tryOnce(ctx, target, attempts));
    if (delay !== undefined) {
      const payload: LineDelivery = { subscriptionId, group, attempt: attempts + 1 };
      const dueAtMs = ctx.world.clock.now() + delay * 1000;
      return async (tx) => {
        ctx.enqueue(tx, { kind: 'deliver-line', payload, dueAtMs });
      };
    }
    await ctx.transact(async (tx) => {
      lines.delete(tx, head.key);
      if (delivery !== undefined) await finish(tx, ctx, id, delivery, undefined);
    });
  }
}
