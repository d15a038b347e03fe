import { invalid } from './fault.ts';

/**
 * How HTTP deliveries are tried again, in four phases: at once, at the least delay, backing off, at the most delay.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
 */
export interface RetryPolicy {
  readonly minDelayTarget: number;
  readonly maxDelayTarget: number;
  readonly numRetries: number;
  readonly numMaxDelayRetries: number;
  readonly numNoDelayRetries: number;
  readonly numMinDelayRetries: number;
  readonly backoffFunction: 'arithmetic' | 'exponential' | 'geometric' | 'linear';
}

export const HTTP_RETRIES: RetryPolicy = {
  minDelayTarget: 20,
  maxDelayTarget: 20,
  numRetries: 3,
  numMaxDelayRetries: 0,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  backoffFunction: 'linear',
};

/** What AWS does by itself for queues and functions: 23 days of trying. */
export const MANAGED_RETRIES: RetryPolicy = {
  minDelayTarget: 1,
  maxDelayTarget: 20,
  numRetries: 100_015,
  numMaxDelayRetries: 100_000,
  numNoDelayRetries: 3,
  numMinDelayRetries: 2,
  backoffFunction: 'exponential',
};

const BACKOFFS = ['arithmetic', 'exponential', 'geometric', 'linear'];
const MOST_DELAY_SECONDS = 3600;
const MOST_RETRIES = 100;

/** Seconds to wait before retry number `retry` (1 is the first); undefined when there is none. */
export function retryDelay(policy: RetryPolicy, retry: number): number | undefined {
  const { numRetries, numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries } = policy;
  if (retry > numRetries) return undefined;
  if (retry <= numNoDelayRetries) return 0;
  const { minDelayTarget: least, maxDelayTarget: most } = policy;
  if (retry <= numNoDelayRetries + numMinDelayRetries) return least;
  if (retry > numRetries - numMaxDelayRetries) return most;
  const steps = numRetries - numNoDelayRetries - numMinDelayRetries - numMaxDelayRetries;
  const step = retry - numNoDelayRetries - numMinDelayRetries;
  const share = steps <= 1 ? 1 : (step - 1) / (steps - 1);
  return least + (most - least) * grown(policy.backoffFunction, share);
}

/** How far between the least and the most delay a share of the backoff's steps is. */
function grown(how: RetryPolicy['backoffFunction'], share: number): number {
  switch (how) {
    case 'linear':
      return share;
    case 'arithmetic':
      return (share * (share + 1)) / 2;
    case 'geometric':
      return share ** 2;
    case 'exponential':
      return (2 ** (share * 10) - 1) / (2 ** 10 - 1);
  }
}

type Json = Readonly<Record<string, unknown>>;

function objectIn(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`DeliveryPolicy: ${what} must be a JSON object`);
  }
  return value as Json;
}

function parse(text: string): Json {
  try {
    return objectIn(JSON.parse(text), 'the policy');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid('DeliveryPolicy: failed to parse JSON');
  }
}

function known(value: Json, names: readonly string[]): void {
  const other = Object.keys(value).find((name) => !names.includes(name));
  if (other !== undefined) throw invalid(`DeliveryPolicy: Unexpected JSON member: ${other}`);
}

function retryPolicy(value: unknown): RetryPolicy {
  const given = objectIn(value, 'healthyRetryPolicy');
  known(given, Object.keys(HTTP_RETRIES));
  const policy = { ...HTTP_RETRIES, ...given } as RetryPolicy;
  for (const [name, number] of Object.entries(policy)) {
    if (name === 'backoffFunction') continue;
    const least = name.endsWith('Target') ? 1 : 0;
    const most = name.endsWith('Target') ? MOST_DELAY_SECONDS : MOST_RETRIES;
    if (!Number.isInteger(number) || Number(number) < least || Number(number) > most) {
      throw invalid(`DeliveryPolicy: ${name} must be between ${least} and ${most}`);
    }
  }
  if (!BACKOFFS.includes(policy.backoffFunction)) {
    throw invalid(`DeliveryPolicy: backoffFunction must be one of ${BACKOFFS.join(', ')}`);
  }
  if (policy.maxDelayTarget < policy.minDelayTarget) {
    throw invalid('DeliveryPolicy: maxDelayTarget must be greater than or equal to minDelayTarget');
  }
  const phases = policy.numNoDelayRetries + policy.numMinDelayRetries + policy.numMaxDelayRetries;
  if (phases > policy.numRetries) {
    throw invalid(
      'DeliveryPolicy: numRetries must be greater than or equal to the sum of numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries',
    );
  }
  return policy;
}

function contentTypeIn(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const request = objectIn(value, 'requestPolicy');
  known(request, ['headerContentType']);
  return request['headerContentType'] === undefined ? undefined : String(request['headerContentType']);
}

/** What a topic's or a subscription's delivery policy says. */
export interface DeliveryPolicy {
  readonly retries: RetryPolicy | undefined;
  readonly contentType: string | undefined;
  readonly perSecond: number | undefined;
  /** Of a topic: its subscriptions' own policies do not count. */
  readonly final: boolean;
}

export function parseTopicPolicy(text: string): DeliveryPolicy {
  const policy = parse(text);
  known(policy, ['http']);
  const http = objectIn(policy['http'] ?? {}, 'http');
  known(http, [
    'defaultHealthyRetryPolicy',
    'defaultThrottlePolicy',
    'defaultRequestPolicy',
    'disableSubscriptionOverrides',
  ]);
  const retries = http['defaultHealthyRetryPolicy'];
  return {
    retries: retries === undefined ? undefined : retryPolicy(retries),
    contentType: contentTypeIn(http['defaultRequestPolicy']),
    perSecond: throttleIn(http['defaultThrottlePolicy']),
    final: http['disableSubscriptionOverrides'] === true,
  };
}

export function parseSubscriptionPolicy(text: string): DeliveryPolicy {
  const policy = parse(text);
  known(policy, ['healthyRetryPolicy', 'sicklyRetryPolicy', 'throttlePolicy', 'requestPolicy', 'guaranteed']);
  const retries = policy['healthyRetryPolicy'];
  return {
    retries: retries === undefined || retries === null ? undefined : retryPolicy(retries),
    contentType: contentTypeIn(policy['requestPolicy'] ?? undefined),
    perSecond: throttleIn(policy['throttlePolicy']),
    final: false,
  };
}

function throttleIn(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const policy = objectIn(value, 'throttlePolicy');
  known(policy, ['maxReceivesPerSecond']);
  const { maxReceivesPerSecond: rate } = policy;
  if (rate === undefined || rate === null) return undefined;
  if (typeof rate !== 'number' || !Number.isInteger(rate) || rate < 1) {
    throw invalid('DeliveryPolicy: maxReceivesPerSecond must be greater than or equal to 1');
  }
  return rate;
}

export interface EffectivePolicy {
  readonly retries: RetryPolicy;
  readonly contentType: string;
  /** Deliveries an endpoint gets a second, at most. */
  readonly perSecond: number | undefined;
}

/** The policy deliveries follow: the subscription's over the topic's over the default. */
export function effectivePolicy(
  topicText: string | undefined,
  subscriptionText: string | undefined,
): EffectivePolicy {
  const topic = topicText === undefined ? undefined : parseTopicPolicy(topicText);
  const own =
    subscriptionText === undefined || topic?.final === true
      ? undefined
      : parseSubscriptionPolicy(subscriptionText);
  return {
    retries: own?.retries ?? topic?.retries ?? HTTP_RETRIES,
    contentType: own?.contentType ?? topic?.contentType ?? 'text/plain; charset=UTF-8',
    perSecond: own?.perSecond ?? topic?.perSecond,
  };
}

/** EffectiveDeliveryPolicy of a topic. */
export function shownTopicPolicy(text: string | undefined): string {
  const { retries, contentType, perSecond } = effectivePolicy(text, undefined);
  return JSON.stringify({
    http: {
      defaultHealthyRetryPolicy: retries,
      disableSubscriptionOverrides: text !== undefined && parseTopicPolicy(text).final,
      ...(perSecond === undefined ? {} : { defaultThrottlePolicy: { maxReceivesPerSecond: perSecond } }),
      defaultRequestPolicy: { headerContentType: contentType },
    },
  });
}

/** EffectiveDeliveryPolicy of an HTTP subscription. */
export function shownSubscriptionPolicy(topicText: string | undefined, text: string | undefined): string {
  const { retries, contentType, perSecond } = effectivePolicy(topicText, text);
  return JSON.stringify({
    healthyRetryPolicy: retries,
    sicklyRetryPolicy: null,
    throttlePolicy: perSecond === undefined ? null : { maxReceivesPerSecond: perSecond },
    requestPolicy: { headerContentType: contentType },
    guaranteed: false,
  });
}
