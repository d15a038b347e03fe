import { parseArchivePolicy } from './archive-policy.ts';
import { parseTopicPolicy } from './delivery-policy.ts';
import { invalid } from './fault.ts';
import type { TopicRow } from './layout.ts';
import { MOST_BYTES } from './message.ts';
import { checkPolicy } from './policy.ts';

type Check = (value: string) => void;

function oneOf(name: string, ...values: readonly string[]): Check {
  return (value) => {
    if (!values.includes(value)) throw invalid(`${name} Reason: ${name} must be one of ${values.join(', ')}`);
  };
}

const ANY: Check = () => undefined;

/** Whose outcomes are written to CloudWatch Logs, under which role. */
const FEEDBACK =
  /^(?:HTTP|Firehose|Lambda|Application|SQS)(?:SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)$/;

/** https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html */
const RULES: Readonly<Record<string, Check>> = {
  Policy: (value) => {
    if (value !== '') checkPolicy(value);
  },
  DeliveryPolicy: (value) => {
    if (value !== '') parseTopicPolicy(value);
  },
  DisplayName: (value) => {
    if (value.length > 100) throw invalid('DisplayName Reason: Display name must not exceed 100 characters');
  },
  KmsMasterKeyId: ANY,
  MaximumMessageSize: (value) => {
    if (value !== '' && !(/^\d{4,7}$/.test(value) && Number(value) >= 1024 && Number(value) <= 1_048_576)) {
      throw invalid('MaximumMessageSize Reason: must be between 1024 and 1048576');
    }
  },
  SignatureVersion: oneOf('SignatureVersion', '1', '2'),
  TracingConfig: oneOf('TracingConfig', 'PassThrough', 'Active'),
};

const FIFO_RULES: Readonly<Record<string, Check>> = {
  ArchivePolicy: (value) => void parseArchivePolicy(value),
  ContentBasedDeduplication: oneOf('ContentBasedDeduplication', 'true', 'false'),
  FifoThroughputScope: oneOf('FifoThroughputScope', 'Topic', 'MessageGroup'),
};

/** Of protocols that are not here, whose settings have no effect. */
export function isIdleFeedback(name: string): boolean {
  return FEEDBACK.test(name) && name.startsWith('Firehose');
}

/** Throws for an attribute a topic does not have, or a value it cannot take. */
export function checkTopicAttribute(name: string, value: string, fifo: boolean): void {
  if (FEEDBACK.test(name)) {
    if (value === '') return;
    const rate = name.endsWith('SampleRate');
    if (rate ? !/^(?:100|\d{1,2})$/.test(value) : !/^arn:[^:]+:iam::\d{12}:role\/.+$/.test(value)) {
      throw invalid(`${name} Reason: ${rate ? 'Sample rate must be between 0 and 100' : 'Invalid role ARN'}`);
    }
    return;
  }
  const rules = fifo ? { ...RULES, ...FIFO_RULES } : RULES;
  const check = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (check === undefined) throw invalid('AttributeName');
  check(value);
}

/** What a message to the topic may hold, in bytes. */
export function mostBytes({ attributes }: Pick<TopicRow, 'attributes'>): number {
  return Number(attributes['MaximumMessageSize'] ?? MOST_BYTES);
}

const MOST_SUBSCRIPTIONS = 100;
const LARGE_PROTOCOLS = ['sqs', 'lambda', 'firehose'];

/** Messages over the usual size go to few subscriptions, and to none over protocols that cannot carry them. */
export function checkLarge(topic: Pick<TopicRow, 'attributes'>, protocols: readonly string[]): void {
  if (mostBytes(topic) <= MOST_BYTES) return;
  if (protocols.length <= MOST_SUBSCRIPTIONS && protocols.every((each) => LARGE_PROTOCOLS.includes(each)))
    return;
  throw invalid(
    `MaximumMessageSize Reason: a topic with messages over ${MOST_BYTES} bytes has at most ${MOST_SUBSCRIPTIONS} subscriptions, of the protocols ${LARGE_PROTOCOLS.join(', ')}`,
  );
}

/** A topic's attributes with one set; those set to nothing go. */
export function withAttribute(
  attributes: Readonly<Record<string, string>>,
  name: string,
  value: string,
): Readonly<Record<string, string>> {
  const { [name]: _before, ...others } = attributes;
  return value === '' ? others : { ...others, [name]: value };
}
