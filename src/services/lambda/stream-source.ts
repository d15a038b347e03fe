import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { MappingRow } from './layout.ts';
import { fault, functionArn } from './reference.ts';
import { SERVICE } from './roles.ts';

/** One record of a stream, as the function's event shows it. */
export interface SourceRecord {
  readonly sequence: string;
  readonly createdAtMs: number;
  /** As DynamoDB counts it. */
  readonly bytes: number;
  readonly event: unknown;
}

/** More than this of records makes no event, as JSON is longer than what it says. */
const ENOUGH_BYTES = 6 * 1024 * 1024;
/** A page with less than this was not ended by the megabyte a page may hold. */
const FULL_PAGE_BYTES = 512 * 1024;

export interface SourceShard {
  readonly id: string;
  readonly parent: string | undefined;
}

export interface Batch {
  readonly records: readonly SourceRecord[];
  /** The last record that was looked at. */
  readonly through?: string | undefined;
  /** The shard has been read to its end and gets no more. */
  readonly ended: boolean;
}

interface DynamodbRecord {
  readonly dynamodb: {
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly ApproximateCreationDateTime: Date;
  };
}

/** Reads a DynamoDB stream under the function's role. */
export class StreamSource {
  readonly #ctx: Context;
  readonly #arn: string;
  readonly #role: string;
  readonly #name: string;

  constructor(ctx: Context, mapping: Pick<MappingRow, 'sourceArn'>, role: string, name: string) {
    this.#ctx = ctx;
    this.#arn = mapping.sourceArn;
    this.#role = role;
    this.#name = name;
  }

  /** Throws what CreateEventSourceMapping says when the role may not read. */
  async check(): Promise<void> {
    try {
      await this.shards();
    } catch (error) {
      if (!Fault.is(error)) throw error;
      throw fault(
        'InvalidParameterValueException',
        error.code === 'ResourceNotFoundException'
          ? `Stream not found: ${this.#arn}`
          : `Cannot access stream ${this.#arn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.`,
      );
    }
  }

  /** Those there are by now, parents before their children; a parent may be gone. */
  async shards(): Promise<readonly SourceShard[]> {
    const shards: SourceShard[] = [];
    let after: string | undefined;
    do {
      const { StreamDescription } = await this.#call<{
        StreamDescription: {
          readonly Shards?: readonly { readonly ShardId: string; readonly ParentShardId?: string }[];
          readonly LastEvaluatedShardId?: string;
        };
      }>('DescribeStream', { StreamArn: this.#arn, ExclusiveStartShardId: after });
      for (const { ShardId, ParentShardId } of StreamDescription.Shards ?? []) {
        shards.push({ id: ShardId, parent: ParentShardId });
      }
      after = StreamDescription.LastEvaluatedShardId;
    } while (after !== undefined);
    return shards;
  }

  /** Records after a sequence number, or from the oldest on. */
  async read(shard: string, after: string | undefined, limit: number): Promise<Batch> {
    const from = (sequence: string | undefined) =>
      this.#call<{ ShardIterator: string }>('GetShardIterator', {
        StreamArn: this.#arn,
        ShardId: shard,
        ...(sequence === undefined
          ? { ShardIteratorType: 'TRIM_HORIZON' }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: sequence }),
      });
    let iterator: { ShardIterator: string };
    try {
      iterator = await from(after);
    } catch (error) {
      // What came after it has been trimmed: go on with the oldest there is.
      if (!Fault.is(error) || error.code !== 'TrimmedDataAccessException') throw error;
      iterator = await from(undefined);
    }
    const { Records, NextShardIterator } = await this.#call<{
      Records?: readonly DynamodbRecord[];
      NextShardIterator?: string;
    }>('GetRecords', { ShardIterator: iterator.ShardIterator, Limit: Math.min(limit, 1000) });
    const records = (Records ?? []).map((record) => ({
      sequence: record.dynamodb.SequenceNumber,
      bytes: record.dynamodb.SizeBytes,
      createdAtMs: record.dynamodb.ApproximateCreationDateTime.getTime(),
      event: { ...(wireJson(record) as Record<string, unknown>), eventSourceARN: this.#arn },
    }));
    return { records, ended: NextShardIterator === undefined && records.length === 0 };
  }

  /**
   * Up to `limit` of the records after a sequence number that `wanted` takes, as far as the shard goes by now and an event
   * may grow.
   */
  async readLane(
    shard: string,
    after: string | undefined,
    limit: number,
    wanted: (record: SourceRecord) => boolean,
  ): Promise<Batch> {
    const records: SourceRecord[] = [];
    let last = after;
    let bytes = 0;
    for (;;) {
      const asked = limit - records.length;
      const page = await this.read(shard, last, asked);
      const end = page.records.at(-1);
      if (end === undefined) return { records, through: last, ended: page.ended };
      last = end.sequence;
      let pageBytes = 0;
      for (const record of page.records) {
        pageBytes += record.bytes;
        if (!wanted(record)) continue;
        records.push(record);
        bytes += record.bytes;
      }
      const more = page.records.length >= Math.min(asked, 1000) || pageBytes >= FULL_PAGE_BYTES;
      if (!more || records.length >= limit || bytes >= ENOUGH_BYTES) {
        return { records, through: last, ended: false };
      }
    }
  }

  /** The newest record's number; undefined when there is none. */
  async newest(shard: string): Promise<string | undefined> {
    let last: string | undefined;
    for (;;) {
      const { records } = await this.read(shard, last, 1000);
      const next = records.at(-1)?.sequence;
      if (next === undefined) return last;
      last = next;
    }
  }

  #call<Output>(operation: string, input: unknown): Promise<Output> {
    return this.#ctx.call<Output>('dynamodbstreams', operation, input, {
      as: {
        roleArn: this.#role,
        service: SERVICE,
        sessionName: this.#name,
        sourceArn: functionArn(this.#ctx, this.#name),
      },
    });
  }
}

/** Values as they stand in an event: bytes in base64, times in seconds. */
function wireJson(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(wireJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, wireJson(item)]));
}
