import { parseArchivePolicy } from './archive-policy.ts';
import { parseTopicPolicy } from './delivery-policy.ts';
import { invalid } from './fault.ts';
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
  return FEEDBACK.test(name) && /^(?:Firehose|Application)/.test(name);
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

/** A topic's attributes with one set; those set to nothing go. */
export function withAttribute(
  attributes: Readonly<Record<string, string>>,
  name: string,
  value: string,
): Readonly<Record<string, string>> {
  const { [name]: _before, ...others } = attributes;
  return value === '' ? others : { ...others, [name]: value };
}
