import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { confirmPageUrl, subscribeUrl } from './address.ts';
import { effectivePolicy, retryDelay } from './delivery-policy.ts';
import { eraseSubscription } from './erasing.ts';
import { post } from './http-post.ts';
import type { SubscriptionRow, TopicRow } from './layout.ts';
import { signatureVersionOf } from './notification.ts';
import { type Outcome, outcomeOfStatus } from './outcome.ts';
import { sendToQueue } from './queue-post.ts';
import { signFields } from './signature.ts';
import { rowsOf, type SubscriptionName, subscriptionArn, topicArn } from './topic.ts';

/** A token works for two days; what nobody confirmed by then goes. */
const TOKEN_LIFETIME_MS = 2 * 86_400_000;

export interface Confirmation {
  readonly topic: string;
  readonly id: string;
  readonly token: string;
  readonly attempt: number;
  /** The subscription has ended, and may be taken back. */
  readonly farewell?: boolean;
}

/** Has the endpoint asked to confirm; `first` also starts the time in which it may. */
export function askConfirmation(
  tx: Transaction,
  ctx: Context,
  { topic, id }: SubscriptionName,
  token: string,
  first?: 'first',
): void {
  const { account, region } = topic;
  const owner = ctx.as({ account, region });
  const payload: Confirmation = { topic: topic.name, id, token, attempt: 0 };
  owner.enqueue(tx, { kind: 'ask', payload });
  if (first === undefined) return;
  const dueAtMs = ctx.world.clock.now() + TOKEN_LIFETIME_MS;
  owner.enqueue(tx, { kind: 'expire', payload, dueAtMs });
}

/** Tells the endpoint of a subscription that ended without its owner's word, and how to take that back. */
export function sayFarewell(
  tx: Transaction,
  ctx: Context,
  { topic, id }: SubscriptionName,
  subscription: SubscriptionRow,
  token: string,
): void {
  const { account, region } = topic;
  const owner = ctx.as({ account, region });
  rowsOf(topic).departed.set(tx, [topic.name, token], { id, subscription });
  const payload: Confirmation = { topic: topic.name, id, token, attempt: 0, farewell: true };
  owner.enqueue(tx, { kind: 'ask', payload });
  owner.enqueue(tx, { kind: 'expire', payload, dueAtMs: ctx.world.clock.now() + TOKEN_LIFETIME_MS });
}

/** The token's time is over: a subscription that still waits for it goes. */
export async function expire({ topic, id, token }: Confirmation, ctx: Context): Promise<void> {
  const name: SubscriptionName = { topic: { account: ctx.account, region: ctx.region, name: topic }, id };
  const rows = rowsOf(name.topic);
  await ctx.transact(async (tx) => {
    const row = await rows.subscriptions.get(tx, [topic, id]);
    if (row?.pendingToken === token) eraseSubscription(tx, name, row);
    else rows.tokens.delete(tx, [topic, token]);
    rows.departed.delete(tx, [topic, token]);
  });
}

async function pendingOf({ topic, id, token, farewell }: Confirmation, ctx: Context) {
  const name: SubscriptionName = { topic: { account: ctx.account, region: ctx.region, name: topic }, id };
  if (farewell === true) {
    const departed = await rowsOf(name.topic).departed.get(ctx.store, [topic, token]);
    return { name, row: departed?.subscription };
  }
  const row = await rowsOf(name.topic).subscriptions.get(ctx.store, [topic, id]);
  return { name, row: row?.pendingToken === token ? row : undefined };
}

async function confirmationJson(
  ctx: Context,
  name: SubscriptionName,
  row: TopicRow,
  { token, farewell }: Confirmation,
): Promise<{ readonly messageId: string; readonly json: string }> {
  const TopicArn = topicArn(name.topic);
  const messageId = ctx.world.random.uuid();
  const fields = {
    Type: typeOf(farewell),
    MessageId: messageId,
    Token: token,
    TopicArn,
    Message:
      farewell === true
        ? `You have chosen to deactivate subscription ${subscriptionArn(name)}.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.`
        : `You have chosen to subscribe to the topic ${TopicArn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
    SubscribeURL: subscribeUrl(ctx, TopicArn, token),
    Timestamp: new Date(ctx.world.clock.now()).toISOString(),
  };
  const signature = await signFields(ctx, signatureVersionOf(row), fields);
  return { messageId, json: JSON.stringify({ ...fields, ...signature }, undefined, 2) };
}

function typeOf(farewell: boolean | undefined): string {
  return farewell === true ? 'UnsubscribeConfirmation' : 'SubscriptionConfirmation';
}

/** Asks once; an HTTP endpoint that does not answer is asked again as its delivery policy says. */
export async function ask(payload: Confirmation, ctx: Context): Promise<void> {
  const { attempt } = payload;
  const { name, row } = await pendingOf(payload, ctx);
  const topic = await rowsOf(name.topic).topics.get(ctx.store, [name.topic.name]);
  if (row === undefined || topic === undefined) return;
  if (row.protocol === 'email') return mail(ctx, name, row, topic, payload);
  const { messageId, json } = await confirmationJson(ctx, name, topic, payload);
  const outcome = await send(ctx, name, row, typeOf(payload.farewell), messageId, json);
  if (outcome.kind === 'delivered') return;
  const { retries } = effectivePolicy(topic.attributes['DeliveryPolicy'], row.attributes['DeliveryPolicy']);
  const delay = outcome.kind === 'refused' ? undefined : retryDelay(retries, attempt + 1);
  ctx.log('info', `the confirmation of a subscription did not reach ${row.endpoint}`, { why: outcome.why });
  if (delay === undefined) return;
  const dueAtMs = ctx.world.clock.now() + delay * 1000;
  await ctx.transact(async (tx) => {
    ctx.enqueue(tx, { kind: 'ask', payload: { ...payload, attempt: attempt + 1 }, dueAtMs });
  });
}

async function send(
  ctx: Context,
  { topic }: SubscriptionName,
  row: SubscriptionRow,
  type: string,
  messageId: string,
  json: string,
): Promise<Outcome> {
  if (row.protocol === 'sqs') return sendToQueue(ctx, topic, row.endpoint, { MessageBody: json });
  if (row.protocol === 'email-json') {
    await ctx.transact(async (tx) =>
      ctx.ports.inbox.deliver(tx, {
        kind: 'email',
        account: topic.account,
        to: row.endpoint,
        from: 'no-reply@sns.amazonaws.com',
        subject: subjectOf(type),
        text: json,
      }),
    );
    return { kind: 'delivered' };
  }
  const headers = {
    'content-type': 'text/plain; charset=UTF-8',
    'x-amz-sns-message-type': type,
    'x-amz-sns-message-id': messageId,
    'x-amz-sns-topic-arn': topicArn(topic),
  };
  return outcomeOfStatus(await post(ctx, row.endpoint, headers, json));
}

function subjectOf(type: string): string {
  const what = type === 'UnsubscribeConfirmation' ? 'Unsubscribe' : 'Subscription';
  return `AWS Notification - ${what} Confirmation`;
}

async function mail(
  ctx: Context,
  name: SubscriptionName,
  row: SubscriptionRow,
  topicRow: TopicRow,
  { token, farewell }: Confirmation,
): Promise<void> {
  const { topic } = name;
  const arn = topicArn(topic);
  const url = confirmPageUrl(ctx, arn, token);
  const text =
    farewell === true
      ? `Your subscription to the topic below has been deactivated:\n${arn}\n\nIf this was in error, visit the address below to subscribe again:\n${url}\n`
      : `You have chosen to subscribe to the topic:\n${arn}\n\nTo confirm this subscription, visit the address below (if this was in error no action is necessary):\n${url}\n`;
  const from = topicRow.attributes['DisplayName'] ?? 'AWS Notifications';
  await ctx.transact(async (tx) =>
    ctx.ports.inbox.deliver(tx, {
      kind: 'email',
      account: topic.account,
      to: row.endpoint,
      from: `${from} <no-reply@sns.amazonaws.com>`,
      subject: subjectOf(typeOf(farewell)),
      text,
    }),
  );
}
