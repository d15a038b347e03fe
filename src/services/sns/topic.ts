import { formatArn, parseArn } from '../../base/arn.ts';
import type { Context } from '../../service/context.ts';
import type { Reader } from '../../store/store.ts';
import { invalid, noTopic } from './fault.ts';
import { layout, type TopicRow } from './layout.ts';

/** Where a topic is; its owner need not be the caller. */
export interface TopicName {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

const NAME = /^(?=.{1,256}$)[A-Za-z0-9_-]+(?:\.fifo)?$/;

/** https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
export function checkTopicName(name: string, fifo: boolean): void {
  if (!NAME.test(name) || fifo !== name.endsWith('.fifo')) throw invalid('Topic Name');
}

export function topicArn({ account, region, name }: TopicName): string {
  return formatArn('sns', region, account, name);
}

/** The topic an ARN names, or that of the subscription it names. */
export function topicNamedBy(text: string): TopicName | undefined {
  const arn = parseArn(text);
  const [name = ''] = arn?.resource.split(':') ?? [];
  if (arn?.service !== 'sns' || arn.account === '' || !NAME.test(name)) return undefined;
  return { account: arn.account, region: arn.region, name };
}

/** The topic a request names; `parameter` is what the caller called it. */
export function topicOfArn(text: string, parameter = 'TopicArn'): TopicName {
  const elements = text.split(':').length;
  const name = elements === 6 ? topicNamedBy(text) : undefined;
  if (name !== undefined) return name;
  throw invalid(
    elements < 6 ? `${parameter} Reason: An ARN must have at least 6 elements, not ${elements}` : parameter,
  );
}

/** The same of a request from outside, which reaches the topics of the region it was sent to. */
export function topicFor(ctx: Context, text: string): TopicName {
  const name = topicOfArn(text);
  if (ctx.http !== undefined && ctx.inside !== true && name.region !== ctx.region) throw invalid('TopicArn');
  return name;
}

export function rowsOf({ account, region }: TopicName): ReturnType<typeof layout.at> {
  return layout.at(account, region);
}

export async function readTopic(reader: Reader, name: TopicName): Promise<TopicRow> {
  const topic = await rowsOf(name).topics.get(reader, [name.name]);
  if (topic === undefined) throw noTopic();
  return topic;
}

export interface SubscriptionName {
  readonly topic: TopicName;
  readonly id: string;
}

export function subscriptionArn({ topic, id }: SubscriptionName): string {
  return `${topicArn(topic)}:${id}`;
}

export function subscriptionOfArn(text: string): SubscriptionName {
  if (text === '') throw invalid('SubscriptionArn Reason: no value for required parameter');
  const elements = text.split(':').length;
  if (elements < 6) {
    throw invalid(`SubscriptionArn Reason: An ARN must have at least 6 elements, not ${elements}`);
  }
  const arn = parseArn(text);
  const [name = '', id, ...rest] = arn?.resource.split(':') ?? [];
  if (arn?.service !== 'sns' || !NAME.test(name)) throw invalid('SubscriptionArn');
  if (id === undefined || rest.length > 0) throw invalid('SubscriptionId');
  return { topic: { account: arn.account, region: arn.region, name }, id };
}
