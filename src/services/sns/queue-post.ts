import { parseArn } from '../../base/arn.ts';
import type { Context } from '../../service/context.ts';
import { DELIVERED, type Outcome, outcomeOf } from './outcome.ts';
import { type TopicName, topicArn } from './topic.ts';

/** SNS acts by itself, for its topic: the policy of the queue or function must let it in. */
export function actingFor(topic: TopicName) {
  return { service: 'sns.amazonaws.com', sourceArn: topicArn(topic), account: topic.account };
}

/** Sends to the queue of an ARN. */
export async function sendToQueue(
  ctx: Context,
  topic: TopicName,
  queueArn: string,
  message: Readonly<Record<string, unknown>>,
): Promise<Outcome> {
  const arn = parseArn(queueArn);
  if (arn === undefined) return { kind: 'refused', why: `${queueArn} is no ARN` };
  const { account, region, resource } = arn;
  try {
    await ctx.call(
      'sqs',
      'SendMessage',
      { QueueUrl: `${ctx.endpoint}/${account}/${resource}`, ...message },
      { as: actingFor(topic), account, region },
    );
    return DELIVERED;
  } catch (error) {
    return outcomeOf(error);
  }
}
