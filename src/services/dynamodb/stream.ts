import { parseArn } from '../../base/arn.ts';
import type { KeySchemaElement, StreamViewType } from '../../model/gen/dynamodb.ts';
import type { ShardRow } from './shard.ts';
import type { PolicyRow } from './table-row.ts';

/**
 * A stream's records are numbered in the order their transactions committed, and spread over shards (`shard.ts`).
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
export interface StreamRow {
  /** Names the table in keys. */
  readonly table: number;
  readonly tableName: string;
  readonly label: string;
  readonly view: StreamViewType;
  readonly keySchema: readonly KeySchemaElement[];
  readonly createdAtMs: number;
  /** The stream takes no more records. */
  readonly ended?: true;
  readonly policy?: PolicyRow;
}

/** A record as it is stored; items as JSON text, as the wire shows them. */
export interface RecordRow {
  readonly id: string;
  readonly event: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly atMs: number;
  readonly keys: string;
  readonly before?: string;
  readonly after?: string;
  readonly bytes: number;
  /** The service that made the change by itself. */
  readonly service?: string;
  /** The change was made in another region. */
  readonly replicated?: true;
}

/** Records live this long, and a stream that has ended. */
export const RECORD_LIFE_MS = 24 * 3_600_000;
export const HOUR_MS = 3_600_000;
/** Iterators live this long. */
const ITERATOR_LIFE_MS = 15 * 60_000;

/** `2015-05-11T21:21:33.291` */
export function streamLabel(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, -1);
}

/** Sequence numbers have 21 digits at least and grow; the first record's is `1` and twenty more. */
const FIRST = 10n ** 20n;

export function sequenceText(sequence: number): string {
  return String(FIRST + BigInt(sequence));
}

/** Undefined for what cannot be one of ours. */
export function sequenceOf(text: string): number | undefined {
  if (!/^\d{21,40}$/.test(text)) return undefined;
  const sequence = BigInt(text) - FIRST;
  return sequence >= 0n && sequence <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sequence) : undefined;
}

export function shardId({ openedAtMs, number }: Pick<ShardRow, 'openedAtMs' | 'number'>): string {
  return `shardId-${String(openedAtMs).padStart(20, '0')}-${number.toString(16).padStart(8, '0')}`;
}

/** The number in a shard's id; undefined for what cannot be one of ours. */
export function shardNumber(id: string): number | undefined {
  const digits = /^shardId-\d{20}-([0-9a-f]{8})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

export interface StreamAddress {
  readonly account: string;
  readonly region: string;
  readonly tableName: string;
  readonly label: string;
}

/** Where a stream's ARN points; undefined for what is none. */
export function streamAddress(arn: string): StreamAddress | undefined {
  const parsed = parseArn(arn);
  const match = parsed === undefined ? null : /^table\/([^/]+)\/stream\/([^/]+)$/.exec(parsed.resource);
  if (parsed?.service !== 'dynamodb' || match === null) return undefined;
  const [, tableName = '', label = ''] = match;
  return { account: parsed.account, region: parsed.region, tableName, label };
}

/** A place in a shard: the next record to read is the one of that number or after it. */
export interface Iterator {
  readonly arn: string;
  readonly shard: number;
  readonly next: number;
  readonly madeAtMs: number;
}

export function printIterator({ arn, shard, next, madeAtMs }: Iterator): string {
  return `${arn}|1|${Buffer.from(JSON.stringify([shard, next, madeAtMs])).toString('base64')}`;
}

/** Undefined for what is no iterator. */
export function parseIterator(text: string): Iterator | undefined {
  const [arn, version, place] = text.split('|');
  if (arn === undefined || version !== '1' || place === undefined) return undefined;
  try {
    const [shard, next, madeAtMs] = JSON.parse(Buffer.from(place, 'base64').toString('utf8')) as unknown[];
    return typeof shard === 'number' && typeof next === 'number' && typeof madeAtMs === 'number'
      ? { arn, shard, next, madeAtMs }
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

export function isExpired({ madeAtMs }: Iterator, nowMs: number): boolean {
  return nowMs > madeAtMs + ITERATOR_LIFE_MS;
}
