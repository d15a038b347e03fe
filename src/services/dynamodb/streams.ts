import type {
  DynamodbstreamsErrorName,
  DynamodbstreamsOperations,
  Record_,
} from '../../model/gen/dynamodbstreams.ts';
import type { Context } from '../../service/context.ts';
import { faults } from '../../service/faults.ts';
import type { Authorisation, Group } from '../../service/service.ts';
import type { KeyRange } from '../../store/store.ts';
import { shownText } from './answer.ts';
import { layout } from './layout.ts';
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
    const { stream } = await streamFor(ctx, input.StreamArn);
    const ended = stream.endedAt;
    const id = shardId(stream);
    const isAfter = input.ExclusiveStartShardId !== undefined && input.ExclusiveStartShardId >= id;
    const isChild = input.ShardFilter?.Type === 'CHILD_SHARDS';
    return {
      StreamDescription: {
        StreamArn: input.StreamArn,
        StreamLabel: stream.label,
        StreamStatus: ended === undefined ? 'ENABLED' : 'DISABLED',
        StreamViewType: stream.view,
        CreationRequestDateTime: new Date(stream.createdAtMs),
        TableName: stream.tableName,
        KeySchema: stream.keySchema,
        Shards:
          isAfter || isChild
            ? []
            : [
                {
                  ShardId: id,
                  SequenceNumberRange: {
                    StartingSequenceNumber: sequenceText(1),
                    EndingSequenceNumber: ended === undefined ? undefined : sequenceText(ended),
                  },
                },
              ],
      },
    };
  },

  GetShardIterator: async (input, ctx) => {
    const { stream, address } = await streamFor(ctx, input.StreamArn);
    if (input.ShardId !== shardId(stream)) {
      throw fault(
        'ResourceNotFoundException',
        `Requested resource not found: Shard does not exist: ${input.ShardId}`,
      );
    }
    const { ShardIteratorType: type, SequenceNumber: sequence, Timestamp: timestamp } = input;
    const next = await placeOf(ctx, stream, address, type, sequence, timestamp);
    return { ShardIterator: printIterator({ arn: input.StreamArn, next, madeAtMs: ctx.world.clock.now() }) };
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
    const { records } = layout.at(address.account, address.region);
    const page = await records.page(ctx.store, [stream.table, stream.label], {
      limit,
      maxBytes: MOST_BYTES,
      after: [stream.table, stream.label, iterator.next - 1],
    });
    const last = page.rows.at(-1)?.key[2] ?? iterator.next - 1;
    const isOver = stream.endedAt !== undefined && last >= stream.endedAt;
    const following: Iterator = { arn: iterator.arn, next: last + 1, madeAtMs: nowMs };
    return {
      Records: page.rows.map(({ key: [, , sequence], value }) =>
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

/** The number of the first record a new iterator may read. */
async function placeOf(
  ctx: Context,
  stream: StreamRow,
  { account, region }: StreamAddress,
  type: string,
  sequenceNumber: string | undefined,
  timestamp: Date | undefined,
): Promise<number> {
  const { streamEnds, records } = layout.at(account, region);
  const key = [stream.table, stream.label] as [number, string];
  const last = (await streamEnds.get(ctx.store, key))?.last ?? 0;
  if (type === 'LATEST') return last + 1;
  const oldest = (await records.page(ctx.store, key, { limit: 1 })).rows[0]?.key[2] ?? last + 1;
  if (type === 'TRIM_HORIZON') return oldest;
  if (type === 'AT_TIMESTAMP') {
    if (timestamp === undefined) {
      throw fault(
        'ValidationException',
        'Timestamp must be specified when ShardIteratorType is AT_TIMESTAMP',
      );
    }
    return (await firstSince(ctx, stream, account, region, timestamp.getTime())) ?? last + 1;
  }
  if (sequenceNumber === undefined) {
    throw fault('ValidationException', `SequenceNumber must be specified when ShardIteratorType is ${type}`);
  }
  const sequence = sequenceOf(sequenceNumber);
  if (sequence === undefined || sequence > last) {
    throw fault('ValidationException', `Invalid SequenceNumber: ${sequenceNumber}`);
  }
  const next = type === 'AFTER_SEQUENCE_NUMBER' ? sequence + 1 : sequence;
  if (next < oldest) {
    throw fault(
      'TrimmedDataAccessException',
      'The operation attempted to read past the oldest stream record in a shard.',
    );
  }
  return next;
}

/** The number of the first record written at a time or after it. */
async function firstSince(
  ctx: Context,
  { table, label }: StreamRow,
  account: string,
  region: string,
  sinceMs: number,
): Promise<number | undefined> {
  const { records } = layout.at(account, region);
  let after: [number, string, number] | undefined;
  do {
    const page = await records.page(ctx.store, [table, label], after === undefined ? {} : { after });
    const found = page.rows.find(({ value }) => value.atMs >= sinceMs);
    if (found !== undefined) return found.key[2];
    after = page.next;
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
