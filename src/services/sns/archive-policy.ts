import { invalid } from './fault.ts';

const DAY_MS = 86_400_000;
const MOST_DAYS = 365;

function jsonObject(name: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Answered below, like JSON that is no object.
  }
  throw invalid(`${name}: failed to parse JSON.`);
}

function known(name: string, value: Readonly<Record<string, unknown>>, members: readonly string[]): void {
  const other = Object.keys(value).find((member) => !members.includes(member));
  if (other !== undefined) throw invalid(`${name}: Unexpected JSON member: ${other}`);
}

/**
 * For how long a FIFO topic keeps its messages, in milliseconds; undefined for `{}`, which ends the archive.
 * https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-topic-owner.html
 */
export function parseArchivePolicy(text: string): number | undefined {
  const policy = jsonObject('ArchivePolicy', text);
  known('ArchivePolicy', policy, ['MessageRetentionPeriod']);
  const { MessageRetentionPeriod: period } = policy;
  if (period === undefined) return undefined;
  const days = typeof period === 'string' && /^\d+$/.test(period) ? Number(period) : period;
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 1 || days > MOST_DAYS) {
    throw invalid(`ArchivePolicy: MessageRetentionPeriod must be between 1 and ${MOST_DAYS} days`);
  }
  return days * DAY_MS;
}

/** The part of an archive that a subscription wants again; without an end it goes on with what is published. */
export interface Replay {
  readonly startMs: number;
  readonly endMs?: number | undefined;
}

function time(name: string, value: unknown): number {
  const ms = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw invalid(`ReplayPolicy: ${name} must be an ISO 8601 timestamp`);
  return ms;
}

/**
 * What to replay; undefined for `{}`, which ends a replay.
 * https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-subscriber.html
 */
export function parseReplayPolicy(text: string): Replay | undefined {
  const policy = jsonObject('ReplayPolicy', text);
  known('ReplayPolicy', policy, ['PointType', 'StartingPoint', 'EndingPoint']);
  const { PointType: type, StartingPoint: start, EndingPoint: end } = policy;
  if (Object.keys(policy).length === 0) return undefined;
  if (type !== 'Timestamp') throw invalid('ReplayPolicy: PointType must be Timestamp');
  const startMs = time('StartingPoint', start);
  if (end === undefined) return { startMs };
  const endMs = time('EndingPoint', end);
  if (endMs < startMs) throw invalid('ReplayPolicy: EndingPoint must not be before StartingPoint');
  return { startMs, endMs };
}
