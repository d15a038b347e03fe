import type {
  DescribeStreamInput,
  DynamodbstreamsErrorName,
  DynamodbstreamsOperations,
  Record_,
  Shard,
} from '../../model/gen/dynamodbstreams.ts';
import type { Context } from '../../service/context.ts';
import { faults } from '../../service/faults.ts';
import type { Authorisation, Group } from '../../service/service.ts';
import type { Page } from '../../store/keyspace.ts';
import type { KeyRange } from '../../store/store.ts';
import { shownText } from './answer.ts';
import { layout } from './layout.ts';
import type { ShardRow } from './shard.ts';
import {
  type Iterator,
  isExpired,
  parseIterator,
  printIterator,
  type RecordRow,
  type StreamAddress,
  type StreamRow,
  sequenceOf,
  sequenceText,
  shardId,
  shardNumber,
  streamAddress,
} from './stream.ts';
import { tableArn } from './table.ts';

const fault = faults<DynamodbstreamsErrorName>();

const LIST_LIMIT = 100;
const MOST_RECORDS = 1000;
const MOST_BYTES = 1 << 20;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html */
export const streams = {
  ListStreams: async (input, ctx) => {
    const { streams: rows } = layout.at(ctx.account, ctx.region);
    const { TableName: name, Limit: limit = LIST_LIMIT, ExclusiveStartStreamArn: start } = input;
    const from = start === undefined ? undefined : addressOf(start);
    const page = await rows.page(ctx.store, name === undefined ? [] : [name], {
      limit: Math.min(limit, LIST_LIMIT),
      ...(from === undefined ? {} : { after: [from.tableName, from.label] as [string, string] }),
    });
    return {
      Streams: page.rows.map(({ value }) => ({
        StreamArn: streamArn(value, ctx),
        TableName: value.tableName,
        StreamLabel: value.label,
      })),
      LastEvaluatedStreamArn: page.next && streamArn({ tableName: page.next[0], label: page.next[1] }, ctx),
    };
  },

  DescribeStream: async (input, ctx) => {
    const { stream, address } = await streamFor(ctx, input.StreamArn);
    const { shards: rows } = layout.at(address.account, address.region);
    const { Limit: limit = LIST_LIMIT, ExclusiveStartShardId: start } = input;
    // A shard nobody knows comes after all others: what the list goes on with may have been trimmed.
    const from = start === undefined ? 0 : (shardNumber(start) ?? Number.MAX_SAFE_INTEGER);
    const children = childrenOf(input);
    const found: ShardRow[] = [];
    let next: [number, string, number] | undefined = [stream.table, stream.label, from];
    let last: ShardRow | undefined;
    while (next !== undefined && last === undefined) {
      const page: Page<[number, string, number], ShardRow> = await rows.page(
        ctx.store,
        [stream.table, stream.label],
        { after: next },
      );
      for (const { value } of page.rows) {
        if (children !== undefined && value.parent?.number !== children) continue;
        if (found.length === Math.min(limit, LIST_LIMIT)) {
          last = found.at(-1);
          break;
        }
        found.push(value);
      }
      next = page.next;
    }
    return {
      StreamDescription: {
        StreamArn: input.StreamArn,
        StreamLabel: stream.label,
        StreamStatus: stream.ended === undefined ? 'ENABLED' : 'DISABLED',
        StreamViewType: stream.view,
        CreationRequestDateTime: new Date(stream.createdAtMs),
        TableName: stream.tableName,
        KeySchema: stream.keySchema,
        Shards: found.map(showShard),
        LastEvaluatedShardId: last && shardId(last),
      },
    };
  },

  GetShardIterator: async (input, ctx) => {
    const { stream, address } = await streamFor(ctx, input.StreamArn);
    const shard = await shardFor(ctx, stream, address, shardNumber(input.ShardId));
    if (shard === undefined || shardId(shard) !== input.ShardId) {
      throw fault(
        'ResourceNotFoundException',
        `Requested resource not found: Shard does not exist: ${input.ShardId}`,
      );
    }
    const { ShardIteratorType: type, SequenceNumber: sequence, Timestamp: timestamp } = input;
    const next = await placeOf(ctx, stream, shard, address, type, sequence, timestamp);
    return {
      ShardIterator: printIterator({
        arn: input.StreamArn,
        shard: shard.number,
        next,
        madeAtMs: ctx.world.clock.now(),
      }),
    };
  },

  GetRecords: async (input, ctx) => {
    const iterator = parseIterator(input.ShardIterator);
    if (iterator === undefined) throw fault('ValidationException', 'Invalid ShardIterator');
    const nowMs = ctx.world.clock.now();
    if (isExpired(iterator, nowMs)) {
      throw fault(
        'ExpiredIteratorException',
        'Shard iterator expired: The shard iterator has expired. Shard iterators are valid for 300 seconds',
      );
    }
    const { stream, address } = await streamFor(ctx, iterator.arn);
    const { Limit: limit = MOST_RECORDS } = input;
    if (limit > MOST_RECORDS) {
      throw fault(
        'ValidationException',
        `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${MOST_RECORDS}`,
      );
    }
    // The shard before its records: one that was closed by then has no more than they show.
    const shard = await shardFor(ctx, stream, address, iterator.shard);
    if (shard === undefined) throw trimmedData();
    const { records } = layout.at(address.account, address.region);
    const place: [number, string, number] = [stream.table, stream.label, iterator.shard];
    const page = await records.page(ctx.store, place, {
      limit,
      maxBytes: MOST_BYTES,
      after: [...place, iterator.next - 1],
    });
    const isOver = shard.closed !== undefined && page.next === undefined && page.rows.length < limit;
    const following: Iterator = {
      ...iterator,
      next: (page.rows.at(-1)?.key[3] ?? iterator.next - 1) + 1,
      madeAtMs: nowMs,
    };
    return {
      Records: page.rows.map(({ key: [, , , sequence], value }) =>
        showRecord(ctx, stream, address, sequence, value),
      ),
      NextShardIterator: isOver ? undefined : printIterator(following),
    };
  },
} satisfies Group<DynamodbstreamsOperations>;

function streamArn(
  { tableName, label }: { readonly tableName: string; readonly label: string },
  { account, region }: { readonly account: string; readonly region: string },
): string {
  return `${tableArn(account, region, tableName)}/stream/${label}`;
}

function addressOf(arn: string): StreamAddress {
  const address = streamAddress(arn);
  if (address === undefined) throw fault('ValidationException', 'Invalid StreamArn');
  return address;
}

/** The rows that a stream's new records are: what watches a stream watches these. */
export async function streamRecords(arn: string, ctx: Context): Promise<KeyRange | undefined> {
  const address = streamAddress(arn);
  if (address === undefined) return undefined;
  const { streams: rows, records } = layout.at(address.account, address.region);
  const stream = await rows.get(ctx.store, [address.tableName, address.label]);
  return stream && records.rangeOf([stream.table, stream.label]);
}

async function streamFor(
  ctx: Context,
  arn: string,
): Promise<{ readonly stream: StreamRow; readonly address: StreamAddress }> {
  const address = addressOf(arn);
  const { streams: rows } = layout.at(address.account, address.region);
  const stream = await rows.get(ctx.store, [address.tableName, address.label]);
  if (stream !== undefined) return { stream, address };
  throw fault('ResourceNotFoundException', `Requested resource not found: Stream: ${arn} not found`);
}

function shardFor(
  ctx: Context,
  { table, label }: StreamRow,
  { account, region }: StreamAddress,
  number: number | undefined,
): Promise<ShardRow | undefined> {
  if (number === undefined) return Promise.resolve(undefined);
  return layout.at(account, region).shards.get(ctx.store, [table, label, number]);
}

/** The number of the shard whose children alone are asked for. */
function childrenOf({ ShardFilter: filter }: DescribeStreamInput): number | undefined {
  if (filter === undefined) return undefined;
  if (filter.Type === undefined) {
    throw fault(
      'ValidationException',
      "1 validation error detected: Value null at 'shardFilter.type' failed to satisfy constraint: Member must not be null",
    );
  }
  const number = filter.ShardId === undefined ? undefined : shardNumber(filter.ShardId);
  if (number === undefined)
    throw fault('ValidationException', `Invalid ShardId: ${filter.ShardId ?? 'null'}`);
  return number;
}

function showShard(row: ShardRow): Shard {
  return {
    ShardId: shardId(row),
    SequenceNumberRange: {
      StartingSequenceNumber: sequenceText(row.first),
      EndingSequenceNumber: row.closed && sequenceText(row.closed.last),
    },
    ParentShardId: row.parent && shardId(row.parent),
  };
}

function trimmedData() {
  return fault(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in a shard.',
  );
}

/** The number of the first record a new iterator may read. */
async function placeOf(
  ctx: Context,
  stream: StreamRow,
  shard: ShardRow,
  { account, region }: StreamAddress,
  type: string,
  sequenceNumber: string | undefined,
  timestamp: Date | undefined,
): Promise<number> {
  const { streamEnds } = layout.at(account, region);
  if (sequenceNumber !== undefined && !type.endsWith('_SEQUENCE_NUMBER')) {
    throw fault(
      'ValidationException',
      `SequenceNumber must not be specified when ShardIteratorType is ${type}`,
    );
  }
  const oldest = Math.max(shard.first, (shard.trimmed ?? 0) + 1);
  if (type === 'TRIM_HORIZON') return oldest;
  const last =
    shard.closed?.last ?? (await streamEnds.get(ctx.store, [stream.table, stream.label]))?.last ?? 0;
  if (type === 'LATEST') return last + 1;
  if (type === 'AT_TIMESTAMP') {
    if (timestamp === undefined) {
      throw fault(
        'ValidationException',
        'Timestamp must be specified when ShardIteratorType is AT_TIMESTAMP',
      );
    }
    const place: [number, string, number] = [stream.table, stream.label, shard.number];
    return (await firstSince(ctx, place, account, region, timestamp.getTime())) ?? last + 1;
  }
  if (sequenceNumber === undefined) {
    throw fault('ValidationException', `SequenceNumber must be specified when ShardIteratorType is ${type}`);
  }
  const sequence = sequenceOf(sequenceNumber);
  if (sequence === undefined || sequence > Math.max(last, shard.first) || sequence < shard.first) {
    throw fault('ValidationException', `Invalid SequenceNumber: ${sequenceNumber}`);
  }
  const next = type === 'AFTER_SEQUENCE_NUMBER' ? sequence + 1 : sequence;
  if (next < oldest) throw trimmedData();
  return next;
}

/** The number of the first record of a shard that was written at a time or after it. */
async function firstSince(
  ctx: Context,
  place: [table: number, label: string, shard: number],
  account: string,
  region: string,
  sinceMs: number,
): Promise<number | undefined> {
  const { records } = layout.at(account, region);
  let after: [number, string, number, number] | undefined;
  do {
    const page = await records.page(ctx.store, place, after === undefined ? {} : { after });
    const found = page.rows.find(({ value }) => value.atMs >= sinceMs);
    if (found !== undefined) return found.key[3];
    after = page.next;
    // The store answers at once: others get their turn between the pages.
    if (after !== undefined) await ctx.world.timers.sleep(0);
  } while (after !== undefined);
  return undefined;
}

function showRecord(
  ctx: Context,
  { view }: StreamRow,
  { region }: StreamAddress,
  sequence: number,
  { id, event, atMs, keys, before, after, bytes, service }: RecordRow,
): Record_ {
  return {
    eventID: id,
    eventName: event,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: region,
    dynamodb: {
      // Whole seconds, as DynamoDB rounds them.
      ApproximateCreationDateTime: new Date(Math.floor(atMs / 1000) * 1000),
      Keys: shownText(ctx, keys),
      NewImage: after === undefined ? undefined : shownText(ctx, after),
      OldImage: before === undefined ? undefined : shownText(ctx, before),
      SequenceNumber: sequenceText(sequence),
      SizeBytes: bytes,
      StreamViewType: view,
    },
    userIdentity: service === undefined ? undefined : { PrincipalId: service, Type: 'Service' },
  };
}

export const streamsAuthorisation: Authorisation<DynamodbstreamsOperations> = {
  ListStreams: ({ TableName }, { account, region }) => [
    {
      action: 'dynamodb:ListStreams',
      resource: TableName === undefined ? '*' : `${tableArn(account, region, TableName)}/stream/*`,
    },
  ],
  DescribeStream: ({ StreamArn }) => [{ action: 'dynamodb:DescribeStream', resource: StreamArn }],
  GetShardIterator: ({ StreamArn }) => [{ action: 'dynamodb:GetShardIterator', resource: StreamArn }],
  GetRecords: ({ ShardIterator }) => [
    { action: 'dynamodb:GetRecords', resource: parseIterator(ShardIterator)?.arn ?? '*' },
  ],
};
