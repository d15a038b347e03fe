import { type Arn, parseArn } from '../../base/arn.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Store } from '../../store/store.ts';
import { DELIVERED, type Outcome, outcomeOf } from './outcome.ts';
import { type TopicName, topicArn } from './topic.ts';

/** SNS acts by itself, for its topic: the policy of the queue or function must let it in. */
export function actingFor(topic: TopicName) {
  return { service: 'sns.amazonaws.com', sourceArn: topicArn(topic), account: topic.account };
}

/** A message as SendMessage takes it. */
export interface QueuePost {
  readonly MessageBody: string;
  readonly MessageAttributes?: Readonly<Record<string, unknown>>;
  readonly MessageSystemAttributes?: Readonly<Record<string, unknown>>;
  readonly MessageGroupId?: string | undefined;
  readonly MessageDeduplicationId?: string | undefined;
}

interface Waiting {
  readonly post: QueuePost;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** What SendMessageBatch takes, with room for attributes; longer messages go by themselves. */
const MOST_ENTRIES = 10;
const SHORT_LENGTH = 16_384;

/** By topic and queue: what waits for the send under way. */
const sending = new WeakMap<Store, Map<string, Waiting[]>>();

/** Sends to the queue of an ARN. What comes while a send is under way goes together in the next. */
export function sendToQueue(
  ctx: Context,
  topic: TopicName,
  queueArn: string,
  post: QueuePost,
): Promise<Outcome> {
  const arn = parseArn(queueArn);
  if (arn === undefined) return Promise.resolve({ kind: 'refused', why: `${queueArn} is no ARN` });
  // Of a FIFO queue's batch a part may fail, and the rest would be out of order.
  if (queueArn.endsWith('.fifo') || post.MessageBody.length > SHORT_LENGTH) {
    return sendOne(ctx, topic, arn, post);
  }
  let lines = sending.get(ctx.store);
  if (lines === undefined) sending.set(ctx.store, (lines = new Map()));
  const key = `${topicArn(topic)} ${queueArn}`;
  return new Promise((resolve, reject) => {
    const line = lines.get(key);
    if (line !== undefined) {
      line.push({ post, resolve, reject });
      return;
    }
    const mine = [{ post, resolve, reject }];
    lines.set(key, mine);
    void empty(ctx, topic, arn, mine).finally(() => lines.delete(key));
  });
}

async function empty(ctx: Context, topic: TopicName, arn: Arn, line: Waiting[]): Promise<void> {
  while (line.length > 0) {
    const batch = line.splice(0, MOST_ENTRIES);
    try {
      const outcomes = await sendAll(
        ctx,
        topic,
        arn,
        batch.map(({ post }) => post),
      );
      for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] ?? DELIVERED);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

async function sendAll(
  ctx: Context,
  topic: TopicName,
  arn: Arn,
  posts: readonly QueuePost[],
): Promise<readonly Outcome[]> {
  const [only] = posts;
  if (only !== undefined && posts.length === 1) return [await sendOne(ctx, topic, arn, only)];
  try {
    const { Failed = [] } = await call<{
      readonly Failed?: readonly { readonly Id: string; readonly Code: string; readonly Message?: string }[];
    }>(ctx, topic, arn, 'SendMessageBatch', {
      Entries: posts.map((post, index) => ({ Id: String(index), ...post })),
    });
    const outcomes: Outcome[] = posts.map(() => DELIVERED);
    for (const { Id, Code, Message = '' } of Failed)
      outcomes[Number(Id)] = outcomeOf(new Fault(Code, Message));
    return outcomes;
  } catch (error) {
    const outcome = outcomeOf(error);
    return posts.map(() => outcome);
  }
}

async function sendOne(ctx: Context, topic: TopicName, arn: Arn, post: QueuePost): Promise<Outcome> {
  try {
    await call(ctx, topic, arn, 'SendMessage', { ...post });
    return DELIVERED;
  } catch (error) {
    return outcomeOf(error);
  }
}

function call<Output>(
  ctx: Context,
  topic: TopicName,
  { account, region, resource }: Arn,
  operation: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Output> {
  return ctx.call<Output>(
    'sqs',
    operation,
    { QueueUrl: `${ctx.endpoint}/${account}/${resource}`, ...input },
    { as: actingFor(topic), account, region },
  );
}
