import { parseArn } from '../../base/arn.ts';
import { parseReplayPolicy } from './archive-policy.ts';
import { parseSubscriptionPolicy } from './delivery-policy.ts';
import { fault, invalid } from './fault.ts';
import { parseFilterPolicy } from './filter-policy.ts';
import type { SubscriptionRow, TopicRow } from './layout.ts';
import { deviceOfArn, isDeviceArn } from './platform.ts';

const EMAIL = /^[^@\s]+@[^@\s]+$/;
const PHONE = /^\+?[1-9](?:[-. ()]?\d){5,17}$/;

/** An endpoint must be what its protocol delivers to. https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html */
export function checkEndpoint(protocol: string, endpoint: string, topic: TopicRow): void {
  const arn = parseArn(endpoint);
  switch (protocol) {
    case 'sqs': {
      if (arn?.service !== 'sqs' || arn.resource === '') throw invalid('SQS endpoint ARN');
      if (!topic.fifo && arn.resource.endsWith('.fifo')) {
        throw invalid(
          'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
        );
      }
      return;
    }
    case 'lambda':
      if (arn?.service !== 'lambda' || !arn.resource.startsWith('function:')) {
        throw invalid('Lambda endpoint ARN');
      }
      break;
    case 'http':
    case 'https':
      if (!endpoint.startsWith(`${protocol}://`) || !URL.canParse(endpoint)) {
        throw invalid('Endpoint must match the specified protocol');
      }
      break;
    case 'email':
    case 'email-json':
      if (!EMAIL.test(endpoint)) throw invalid('Email address');
      break;
    case 'sms':
      if (!PHONE.test(endpoint)) {
        throw fault('InvalidParameterException', `Invalid SMS endpoint: ${endpoint}`);
      }
      break;
    case 'application':
      if (!isDeviceArn(endpoint)) throw invalid('Application endpoint arn invalid');
      deviceOfArn(endpoint, 'Endpoint');
      break;
    case 'firehose':
      throw invalid(`Protocol Reason: Lambent does not deliver to ${protocol} endpoints`);
    default:
      throw invalid(`Amazon SNS does not support this protocol string: ${protocol}`);
  }
  if (topic.fifo) throw invalid('Invalid parameter: Endpoint Reason: Please use FIFO SQS queue');
}

type Attributes = Readonly<Record<string, string>>;

function jsonObject(name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Answered below, like JSON that is no object.
  }
  throw invalid(`${name}: failed to parse JSON.`);
}

/** The queue a subscription's dead letters go to. */
export function deadLetterArn(attributes: Attributes): string | undefined {
  const text = attributes['RedrivePolicy'];
  if (text === undefined) return undefined;
  const { deadLetterTargetArn } = jsonObject('RedrivePolicy', text);
  if (typeof deadLetterTargetArn !== 'string' || parseArn(deadLetterTargetArn)?.service !== 'sqs') {
    throw invalid('RedrivePolicy: deadLetterTargetArn is an invalid arn');
  }
  return deadLetterTargetArn;
}

export function filterScope(attributes: Attributes): 'MessageAttributes' | 'MessageBody' {
  return attributes['FilterPolicyScope'] === 'MessageBody' ? 'MessageBody' : 'MessageAttributes';
}

const NAMES = [
  'DeliveryPolicy',
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
  'ReplayPolicy',
];

/** In any case: Python prints `True`. */
const FLAG = /^(?:true|false)$/i;

/** A subscription's attributes with some set; those set to nothing go. Throws for what SNS refuses. */
export function withAttributes(
  before: Attributes,
  given: Readonly<Record<string, string | undefined>>,
  { protocol, endpoint }: Pick<SubscriptionRow, 'protocol' | 'endpoint'>,
): Attributes {
  const fifo = protocol === 'sqs' && endpoint.endsWith('.fifo');
  const after: Record<string, string> = { ...before };
  for (const [name, value = ''] of Object.entries(given)) {
    if (!NAMES.includes(name)) throw invalid('AttributeName');
    if (value === '' && name !== 'RawMessageDelivery') delete after[name];
    else after[name] = name === 'RawMessageDelivery' && FLAG.test(value) ? value.toLowerCase() : value;
  }
  const {
    FilterPolicyScope: scope = 'MessageAttributes',
    RawMessageDelivery: raw = 'false',
    DeliveryPolicy: delivery,
    FilterPolicy: filter,
    ReplayPolicy: replay,
  } = after;
  if (scope !== 'MessageAttributes' && scope !== 'MessageBody') {
    throw invalid(
      `FilterPolicyScope: Invalid value [${scope}]. Please use either MessageBody or MessageAttributes`,
    );
  }
  if (raw !== 'true' && raw !== 'false') {
    throw invalid(`RawMessageDelivery: Invalid value [${raw}]. Must be true or false.`);
  }
  if (raw === 'true' && !['sqs', 'http', 'https'].includes(protocol)) {
    throw invalid(
      `RawMessageDelivery: Delivery protocol [${protocol}] does not support raw message delivery.`,
    );
  }
  if (delivery !== undefined) {
    if (protocol !== 'http' && protocol !== 'https')
      throw invalid('Delivery policies are for HTTP(S) endpoints');
    parseSubscriptionPolicy(delivery);
  }
  if (filter !== undefined) parseFilterPolicy(filter, scope);
  if (replay !== undefined) parseReplayPolicy(replay);
  const letters = deadLetterArn(after);
  if (letters !== undefined && fifo && !letters.endsWith('.fifo')) {
    throw invalid('RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.');
  }
  return after;
}

/** Whose words of a structured message a subscription gets: its protocol's, or its push service's. */
export function channelOf({ protocol, endpoint }: Pick<SubscriptionRow, 'protocol' | 'endpoint'>): string {
  return protocol === 'application' ? deviceOfArn(endpoint).application.platform : protocol;
}

/** Whether a subscriber must answer for the endpoint: who owns a queue, a function or a number need not. */
export function needsConfirmation(
  row: Pick<SubscriptionRow, 'protocol' | 'endpoint'>,
  account: string,
): boolean {
  if (row.protocol === 'sqs') return parseArn(row.endpoint)?.account !== account;
  return !['lambda', 'sms', 'application'].includes(row.protocol);
}
