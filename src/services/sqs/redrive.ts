import { fault } from './fault.ts';
import type { QueueRow } from './layout.ts';
import { type QueueName, queueArn, queueOfArn } from './queue.ts';

/** A queue's RedrivePolicy: after `mostReceives` receives a message goes to `target`. */
export interface RedrivePolicy {
  readonly target: QueueName;
  readonly mostReceives: number;
}

function invalid(name: string, value: string, reason: string): Error {
  return fault('InvalidParameterValue', `Value ${value} for parameter ${name} is invalid. Reason: ${reason}`);
}

function jsonObject(name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Answered below, like JSON that is no object.
  }
  throw invalid(name, text, 'Redrive policy is not a valid JSON map.');
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
export function parseRedrivePolicy(text: string): RedrivePolicy {
  const { deadLetterTargetArn, maxReceiveCount, ...others } = jsonObject('RedrivePolicy', text);
  const [other] = Object.keys(others);
  if (other !== undefined) throw invalid('RedrivePolicy', text, `Unknown key: ${other}.`);
  if (deadLetterTargetArn === undefined || maxReceiveCount === undefined) {
    throw invalid(
      'RedrivePolicy',
      text,
      `Redrive policy does not contain mandatory attribute: ${deadLetterTargetArn === undefined ? 'deadLetterTargetArn' : 'maxReceiveCount'}.`,
    );
  }
  const target = typeof deadLetterTargetArn === 'string' ? queueOfArn(deadLetterTargetArn) : undefined;
  if (target === undefined) {
    throw invalid('RedrivePolicy', text, 'Invalid value for deadLetterTargetArn.');
  }
  const mostReceives = Number(maxReceiveCount);
  if (!Number.isInteger(mostReceives) || mostReceives < 1 || mostReceives > 1000) {
    throw invalid(
      'RedrivePolicy',
      text,
      `Invalid value for maxReceiveCount: ${maxReceiveCount}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
  return { target, mostReceives };
}

/** As SQS shows it, whatever the space and however the count is written. */
export function redriveText(text: string): string {
  const { target, mostReceives } = parseRedrivePolicy(text);
  return JSON.stringify({ deadLetterTargetArn: queueArn(target), maxReceiveCount: mostReceives });
}

export function redrivePolicyOf(queue: QueueRow): RedrivePolicy | undefined {
  const text = queue.attributes['RedrivePolicy'];
  return text === undefined ? undefined : parseRedrivePolicy(text);
}

const PERMISSIONS = ['allowAll', 'denyAll', 'byQueue'];
const MOST_SOURCES = 10;

export function checkRedriveAllowPolicy(text: string): void {
  const { redrivePermission, sourceQueueArns } = jsonObject('RedriveAllowPolicy', text);
  const permission = String(redrivePermission);
  const bad = (reason: string) => invalid('RedriveAllowPolicy', text, reason);
  if (!PERMISSIONS.includes(permission)) throw bad('Invalid value for redrivePermission.');
  const listed = Array.isArray(sourceQueueArns) ? sourceQueueArns.length : 0;
  if ((permission === 'byQueue') !== listed > 0 || listed > MOST_SOURCES) {
    throw bad(
      permission === 'byQueue'
        ? `sourceQueueArns must name 1 to ${MOST_SOURCES} queues when redrivePermission is byQueue.`
        : 'sourceQueueArns may be given only when redrivePermission is byQueue.',
    );
  }
}

/** Whether `target` takes the dead letters of `source`. */
export function takesFrom(target: QueueRow, source: QueueName): boolean {
  const text = target.attributes['RedriveAllowPolicy'];
  if (text === undefined) return true;
  const { redrivePermission, sourceQueueArns } = jsonObject('RedriveAllowPolicy', text);
  if (redrivePermission === 'byQueue') {
    return Array.isArray(sourceQueueArns) && sourceQueueArns.includes(queueArn(source));
  }
  return redrivePermission !== 'denyAll';
}
