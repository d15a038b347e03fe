import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Sha256 } from '@aws-crypto/sha256-js';
import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(DynamoDBClient);

/** The streams' own client is not among our dependencies: its requests are plain signed JSON. */
async function call<Answer>(operation: string, input: object): Promise<Answer> {
  const { hostname, port, host } = new URL(lambent.endpoint);
  const signer = new SignatureV4({
    service: 'dynamodb',
    region: lambent.region,
    credentials: lambent.credentials,
    sha256: Sha256,
  });
  const signed = await signer.sign(
    new HttpRequest({
      method: 'POST',
      protocol: 'http:',
      hostname,
      port: Number(port),
      path: '/',
      headers: {
        host,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDBStreams_20120810.${operation}`,
      },
      body: JSON.stringify(input),
    }),
  );
  const { host: _, ...headers } = signed.headers;
  const answer = await fetch(lambent.endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
  const body = (await answer.json()) as Answer & { __type?: string; message?: string };
  if (!answer.ok) {
    throw Object.assign(new Error(body.message), { name: body.__type?.split('#').at(-1) });
  }
  return body;
}

interface Description {
  readonly StreamDescription: {
    readonly StreamStatus: string;
    readonly StreamViewType: string;
    readonly Shards: readonly { readonly ShardId: string; readonly SequenceNumberRange: object }[];
  };
}
interface StreamedRecord {
  readonly eventName: string;
  readonly eventID: string;
  readonly userIdentity?: object;
  readonly dynamodb: {
    readonly Keys: object;
    readonly NewImage?: object;
    readonly OldImage?: object;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
}
interface Records {
  readonly Records: readonly StreamedRecord[];
  readonly NextShardIterator?: string;
}

async function create(TableName: string): Promise<string> {
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  return TableDescription?.LatestStreamArn ?? assert.fail('the stream has an ARN');
}

async function iterator(StreamArn: string, ShardIteratorType: string, more: object = {}): Promise<string> {
  const { StreamDescription } = await call<Description>('DescribeStream', { StreamArn });
  const ShardId = StreamDescription.Shards[0]?.ShardId;
  const answer = await call<{ ShardIterator: string }>('GetShardIterator', {
    StreamArn,
    ShardId,
    ShardIteratorType,
    ...more,
  });
  return answer.ShardIterator;
}

const read = async (ShardIterator: string) => call<Records>('GetRecords', { ShardIterator });

/** What all shards have, parents first. */
async function readAll(StreamArn: string): Promise<readonly StreamedRecord[]> {
  const { StreamDescription } = await call<Description>('DescribeStream', { StreamArn });
  const all: StreamedRecord[] = [];
  for (const { ShardId } of StreamDescription.Shards) {
    const { ShardIterator } = await call<{ ShardIterator: string }>('GetShardIterator', {
      StreamArn,
      ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    });
    all.push(...(await read(ShardIterator)).Records);
  }
  return all;
}
const put = (TableName: string, id: string, v: string) =>
  client.send(new PutItemCommand({ TableName, Item: { id: { S: id }, v: { S: v } } }));

test('every change has its record, in order, with both images', async () => {
  const arn = await create('changes');
  const latest = await iterator(arn, 'LATEST');
  await put('changes', 'a', '1');
  await put('changes', 'a', '1');
  await client.send(
    new UpdateItemCommand({
      TableName: 'changes',
      Key: { id: { S: 'a' } },
      UpdateExpression: 'SET v = :v',
      ExpressionAttributeValues: { ':v': { S: '2' } },
    }),
  );
  await client.send(new DeleteItemCommand({ TableName: 'changes', Key: { id: { S: 'a' } } }));
  await client.send(new DeleteItemCommand({ TableName: 'changes', Key: { id: { S: 'a' } } }));
  const { Records, NextShardIterator } = await read(latest);
  const one = { id: { S: 'a' }, v: { S: '1' } };
  const two = { id: { S: 'a' }, v: { S: '2' } };
  assert.deepEqual(
    Records.map(({ eventName, dynamodb: { Keys, NewImage, OldImage, SizeBytes } }) => [
      eventName,
      Keys,
      OldImage,
      NewImage,
      SizeBytes,
    ]),
    [
      ['INSERT', { id: { S: 'a' } }, undefined, one, 8],
      ['MODIFY', { id: { S: 'a' } }, one, two, 13],
      ['REMOVE', { id: { S: 'a' } }, two, undefined, 8],
    ],
  );
  const numbers = Records.map(({ dynamodb }) => BigInt(dynamodb.SequenceNumber));
  assert.ok(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] as bigint)));
  assert.deepEqual((await read(NextShardIterator as string)).Records, []);
  const again = await read(
    await iterator(arn, 'AFTER_SEQUENCE_NUMBER', { SequenceNumber: Records[0]?.dynamodb.SequenceNumber }),
  );
  assert.deepEqual(again.Records, Records.slice(1));
});

test('many writers at once lose no record; a transaction writes all of its own', async () => {
  const arn = await create('crowded');
  await Promise.all(Array.from({ length: 40 }, (_, index) => put('crowded', `i${index}`, 'x')));
  await client.send(
    new TransactWriteItemsCommand({
      TransactItems: [1, 2, 3].map((index) => ({
        Put: { TableName: 'crowded', Item: { id: { S: `t${index}` } } },
      })),
    }),
  );
  const records = await readAll(arn);
  assert.equal(records.length, 43);
  assert.equal(new Set(records.map(({ eventID }) => eventID)).size, 43);
});

test('what time to live deletes says so', async () => {
  const arn = await create('fading');
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: 'fading',
      TimeToLiveSpecification: { AttributeName: 'until', Enabled: true },
    }),
  );
  const clock = (await (await fetch(`${lambent.endpoint}/_lambent/clock`)).json()) as {
    now: string | number;
  };
  const until = Math.floor(new Date(clock.now).getTime() / 1000) + 60;
  await client.send(
    new PutItemCommand({ TableName: 'fading', Item: { id: { S: 'x' }, until: { N: String(until) } } }),
  );
  await lambent.advance(300);
  const [, removed] = await readAll(arn);
  assert.equal(removed?.eventName, 'REMOVE');
  assert.deepEqual(removed?.userIdentity, { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' });
});

test('a stream ends, stays readable for a day, and is listed until it goes', async () => {
  const arn = await create('ended');
  await put('ended', 'a', '1');
  await assert.rejects(
    client.send(
      new UpdateTableCommand({
        TableName: 'ended',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
      }),
    ),
    { name: 'ValidationException', message: 'Table already has an enabled stream: TableName: ended' },
  );
  await client.send(
    new UpdateTableCommand({ TableName: 'ended', StreamSpecification: { StreamEnabled: false } }),
  );
  await put('ended', 'b', '1');
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'ended' }));
  assert.deepEqual([Table?.StreamSpecification, Table?.LatestStreamArn], [undefined, arn]);
  const { StreamDescription } = await call<Description>('DescribeStream', { StreamArn: arn });
  assert.equal(StreamDescription.StreamStatus, 'DISABLED');
  const { Records, NextShardIterator } = await read(await iterator(arn, 'TRIM_HORIZON'));
  assert.deepEqual([Records.length, NextShardIterator], [1, undefined]);
  await client.send(new DeleteTableCommand({ TableName: 'ended' }));
  const listed = await call<{ Streams: readonly object[] }>('ListStreams', { TableName: 'ended' });
  assert.equal(listed.Streams.length, 1);
  const old = await iterator(arn, 'TRIM_HORIZON');
  await lambent.advance(16 * 60);
  await assert.rejects(read(old), { name: 'ExpiredIteratorException' });
  await lambent.advance(25 * 3600);
  await assert.rejects(call('DescribeStream', { StreamArn: arn }), { name: 'ResourceNotFoundException' });
});

test('records go after a day', async () => {
  const arn = await create('trimmed');
  await put('trimmed', 'a', '1');
  const [first] = await readAll(arn);
  await lambent.advance(26 * 3600);
  await put('trimmed', 'b', '1');
  const left = await readAll(arn);
  assert.deepEqual(
    left.map(({ dynamodb }) => dynamodb.Keys),
    [{ id: { S: 'b' } }],
  );
  await assert.rejects(
    iterator(arn, 'AT_SEQUENCE_NUMBER', { SequenceNumber: first?.dynamodb.SequenceNumber }),
    { name: 'TrimmedDataAccessException' },
  );
});
