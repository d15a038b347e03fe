import { MalformedPolicy } from '../../policy/document.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { Context } from '../../service/context.ts';
import { fault } from './fault.ts';
import { checkRedriveAllowPolicy, parseRedrivePolicy, redriveText } from './redrive.ts';

type Attributes = Readonly<Record<string, string>>;

interface Rule {
  readonly accepts: (value: string) => boolean;
  readonly fifoOnly?: boolean;
  /** Said in any case (Python prints `True`), kept and shown in lower. */
  readonly flag?: boolean;
}

function within(least: number, most: number): Rule {
  return { accepts: (value) => /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most };
}

function oneOf(...values: readonly string[]): Rule {
  return { accepts: (value) => values.includes(value) };
}

const BOOLEAN: Rule = { ...oneOf('true', 'false'), flag: true };
const ANY: Rule = { accepts: () => true };

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
const RULES: Readonly<Record<string, Rule>> = {
  DelaySeconds: within(0, 900),
  MaximumMessageSize: within(1024, 1_048_576),
  MessageRetentionPeriod: within(60, 1_209_600),
  ReceiveMessageWaitTimeSeconds: within(0, 20),
  VisibilityTimeout: within(0, 43_200),
  Policy: ANY,
  RedrivePolicy: ANY,
  RedriveAllowPolicy: ANY,
  KmsMasterKeyId: ANY,
  KmsDataKeyReusePeriodSeconds: within(60, 86_400),
  SqsManagedSseEnabled: BOOLEAN,
  FifoQueue: { ...oneOf('true'), fifoOnly: true, flag: true },
  ContentBasedDeduplication: { ...BOOLEAN, fifoOnly: true },
  DeduplicationScope: { ...oneOf('queue', 'messageGroup'), fifoOnly: true },
  FifoThroughputLimit: { ...oneOf('perQueue', 'perMessageGroupId'), fifoOnly: true },
};

const DEFAULTS: Attributes = {
  VisibilityTimeout: '30',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
};

const FIFO_DEFAULTS: Attributes = {
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

/** Set to nothing, these go. */
const REMOVABLE = ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId'];

/** Every name GetQueueAttributes knows, in the order it answers. */
export const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;
const READ_ONLY = ['QueueArn', ...COUNTS, 'CreatedTimestamp', 'LastModifiedTimestamp'];
const KNOWN = new Set([...Object.keys(RULES), ...READ_ONLY]);

export function isKnown(name: string): boolean {
  return KNOWN.has(name);
}

export function unknownAttribute(name: string): Error {
  return fault('InvalidAttributeName', `Unknown Attribute ${name}.`);
}

function spelled(given: Attributes): Attributes {
  const same: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const flag = Object.hasOwn(RULES, name) && RULES[name]?.flag === true;
    same[name] = flag ? value.toLowerCase() : value;
  }
  return same;
}

/** The attributes as they are kept: a policy names whom it names by who they are. */
export async function boundAttributes(asked: Attributes, account: string, ctx: Context): Promise<Attributes> {
  const given = spelled(asked);
  const { Policy: policy = '' } = given;
  if (policy === '') return given;
  checkPolicy(policy);
  try {
    return { ...given, Policy: await ctx.ports.identity.boundPrincipals(policy, account) };
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw fault('InvalidAttributeValue', 'Invalid value for the parameter Policy.');
  }
}

/** The attributes of a new queue; throws what CreateQueue throws. */
export function newAttributes(given: Attributes): Attributes {
  const fifo = given['FifoQueue'] === 'true';
  check(given, fifo);
  return merged({ ...DEFAULTS, ...(fifo ? FIFO_DEFAULTS : {}), SqsManagedSseEnabled: 'true' }, given);
}

/** A queue's attributes after SetQueueAttributes. */
export function changedAttributes(before: Attributes, given: Attributes): Attributes {
  const fifo = before['FifoQueue'] === 'true';
  const { FifoQueue: type } = given;
  if (type !== undefined && !fifo) throw unknownAttribute('FifoQueue');
  if (type !== undefined && type !== 'true') {
    throw fault(
      'InvalidAttributeValue',
      'Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.',
    );
  }
  check(given, fifo);
  return merged(before, given);
}

function check(given: Attributes, fifo: boolean): void {
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    if (rule === undefined) throw unknownAttribute(name);
    if (rule.fifoOnly === true && !fifo && name !== 'FifoQueue') {
      if (name === 'ContentBasedDeduplication') throw unknownAttribute(name);
      throw fault('InvalidAttributeName', `You can specify the ${name} only when FifoQueue is set to true.`);
    }
    if (value === '' && REMOVABLE.includes(name)) continue;
    if (!rule.accepts(value)) {
      throw fault(
        name === 'FifoQueue' ? 'InvalidAttributeName' : 'InvalidAttributeValue',
        name === 'FifoQueue' ? `Unknown Attribute ${name}.` : `Invalid value for the parameter ${name}.`,
      );
    }
    if (name === 'Policy') checkPolicy(value);
    if (name === 'RedrivePolicy') parseRedrivePolicy(value);
    if (name === 'RedriveAllowPolicy') checkRedriveAllowPolicy(value);
  }
}

function checkPolicy(text: string): void {
  try {
    validatePolicy(text, 'queue');
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw fault('InvalidAttributeValue', 'Invalid value for the parameter Policy.');
  }
}

function merged(before: Attributes, given: Attributes): Attributes {
  const after: Record<string, string> = { ...before, ...given };
  for (const name of REMOVABLE) if (after[name] === '') delete after[name];
  if (after['RedrivePolicy'] !== undefined) after['RedrivePolicy'] = redriveText(after['RedrivePolicy']);
  // A queue is encrypted under one kind of key.
  if (given['SqsManagedSseEnabled'] === 'true') delete after['KmsMasterKeyId'];
  if (after['KmsMasterKeyId'] === undefined) delete after['KmsDataKeyReusePeriodSeconds'];
  else {
    after['SqsManagedSseEnabled'] = 'false';
    after['KmsDataKeyReusePeriodSeconds'] ??= '300';
  }
  if (
    after['FifoThroughputLimit'] === 'perMessageGroupId' &&
    after['DeduplicationScope'] !== 'messageGroup'
  ) {
    throw fault(
      'InvalidAttributeValue',
      'The value for perMessageGroupId for FifoThroughputLimit is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  }
  return after;
}

/** The first attribute a CreateQueue of a queue that exists gives another value; JSON documents compare by what they say. */
export function firstDifference(existing: Attributes, given: Attributes): string | undefined {
  return Object.keys(given).find((name) => !sameValue(existing[name] ?? '', given[name] ?? ''));
}

function sameValue(a: string, b: string): boolean {
  return a === b || (a.startsWith('{') && b.startsWith('{') && canonical(a) === canonical(b));
}

function canonical(text: string): string {
  return JSON.stringify(JSON.parse(text), (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : typeof value === 'number'
        ? String(value)
        : value,
  );
}
