import { createHash } from 'node:crypto';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { DeliveryRow, TopicRow } from './layout.ts';
import { DELIVERED, type Outcome } from './outcome.ts';
import { type TopicName, topicArn } from './topic.ts';

/** Names of the topic attributes of each protocol begin so. */
const PREFIX: Readonly<Record<string, string>> = {
  sqs: 'SQS',
  lambda: 'Lambda',
  http: 'HTTP',
  https: 'HTTP',
  application: 'Application',
};
const EVERY = 100;

export interface Ended {
  readonly topicName: TopicName;
  readonly topic: TopicRow;
  readonly delivery: DeliveryRow;
  readonly message: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly outcome: Outcome;
  readonly attempts: number;
}

/**
 * Writes what became of a delivery to CloudWatch Logs, under the role the topic names for it: every failure, and of the
 * successes the share it asks for. https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
 */
export async function logDelivery(ctx: Context, ended: Ended): Promise<void> {
  const { topicName, topic, protocol, outcome } = ended;
  const prefix = PREFIX[protocol];
  if (prefix === undefined) return;
  const succeeded = outcome.kind === DELIVERED.kind;
  const roleArn = topic.attributes[`${prefix}${succeeded ? 'Success' : 'Failure'}FeedbackRoleArn`];
  if (roleArn === undefined) return;
  const rate = Number(topic.attributes[`${prefix}SuccessFeedbackSampleRate`] ?? EVERY);
  if (succeeded && ctx.world.random.below(EVERY) >= rate) return;
  const { account, region, name } = topicName;
  const group = `sns/${region}/${account}/${name}${succeeded ? '' : '/Failure'}`;
  const now = Math.floor(ctx.world.clock.now());
  const as = { roleArn, service: 'sns.amazonaws.com', sessionName: 'sns', sourceArn: topicArn(topicName) };
  const call = (operation: string, input: Readonly<Record<string, unknown>>) =>
    ctx.call('logs', operation, { logGroupName: group, ...input }, { as, account, region });
  const events = {
    logStreamName: topic.id,
    logEvents: [
      { timestamp: now, message: JSON.stringify(entryOf(ended, succeeded, now, ctx.world.random.uuid())) },
    ],
  };
  try {
    try {
      await call('PutLogEvents', events);
    } catch (error) {
      if (!Fault.is(error) || error.code !== 'ResourceNotFoundException') throw error;
      await unlessThere(call('CreateLogGroup', {}));
      await unlessThere(call('CreateLogStream', { logStreamName: topic.id }));
      await call('PutLogEvents', events);
    }
  } catch (error) {
    // A delivery does not depend on its log.
    if (!Fault.is(error)) throw error;
    ctx.log('warn', `a delivery of ${name} was not logged`, { error: error.code, message: error.message });
  }
}

async function unlessThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!Fault.is(error) || error.code !== 'ResourceAlreadyExistsException') throw error;
  }
}

function entryOf(
  { topicName, delivery, message, protocol, endpoint, outcome, attempts }: Ended,
  ok: boolean,
  now: number,
  deliveryId: string,
) {
  // Functions are called without being waited for, and called again by Lambda.
  const lambda = protocol === 'lambda';
  return {
    notification: {
      messageMD5Sum: createHash('md5').update(message).digest('hex'),
      messageId: delivery.messageId,
      topicArn: topicArn(topicName),
      timestamp: new Date(delivery.atMs).toISOString().replace('T', ' ').slice(0, -1),
    },
    delivery: {
      deliveryId,
      destination: endpoint,
      ...('why' in outcome ? { providerResponse: outcome.why } : {}),
      dwellTimeMs: Math.max(0, now - delivery.atMs),
      ...(lambda ? {} : { attempts }),
      statusCode: ok ? (lambda ? 202 : 200) : 400,
    },
    status: ok ? 'SUCCESS' : 'FAILURE',
  };
}
