import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(DynamoDBClient);

const TABLE_MESSAGE =
  'The level of configured provisioned throughput for the table was exceeded. ' +
  'Consider increasing your provisioning level with the UpdateTable API.';
const INDEX_MESSAGE =
  'The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. ' +
  'Consider provisioning your under-provisioned global secondary indexes with the UpdateTable API';

const units = (reads: number, writes: number) => ({
  ReadCapacityUnits: reads,
  WriteCapacityUnits: writes,
});

function create(TableName: string, more: Partial<CreateTableCommandInput> = {}) {
  return client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      ProvisionedThroughput: units(1, 1),
      ...more,
    }),
  );
}

/** An item of that many write units. */
const item = (id: string, size: number) => ({
  id: { S: id },
  pad: { S: 'x'.repeat(1024 * size - 6 - id.length) },
});
const put = (TableName: string, id: string, size: number, more = {}) =>
  client.send(new PutItemCommand({ TableName, Item: { ...item(id, size), ...more } }));
const get = (TableName: string, id: string) =>
  client.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }));

const exceeded = (table: string, reason: string, message = TABLE_MESSAGE) => ({
  name: 'ProvisionedThroughputExceededException',
  message,
  ThrottlingReasons: [{ reason, resource: `arn:aws:dynamodb:us-east-1:000000000000:table/${table}` }],
});

test('provisioned reads and writes stop when five minutes of units are gone, and go on as they come back', async () => {
  await create('narrow');
  await put('narrow', 'a', 310);
  const writes = exceeded('narrow', 'TableWriteProvisionedThroughputExceeded');
  await assert.rejects(put('narrow', 'a', 1), writes);
  for (let read = 0; read < 4; read++) await get('narrow', 'a');
  const reads = exceeded('narrow', 'TableReadProvisionedThroughputExceeded');
  await assert.rejects(get('narrow', 'a'), reads);
  await assert.rejects(client.send(new ScanCommand({ TableName: 'narrow' })), reads);
  await assert.rejects(
    client.send(
      new QueryCommand({
        TableName: 'narrow',
        KeyConditionExpression: 'id = :id',
        ExpressionAttributeValues: { ':id': { S: 'a' } },
      }),
    ),
    reads,
  );
  await lambent.advance(15);
  await put('narrow', 'b', 1);
  await get('narrow', 'b');

  await lambent.advance(300);
  await put('narrow', 'a', 310);
  await assert.rejects(put('narrow', 'b', 1), writes);
  await client.send(new UpdateTableCommand({ TableName: 'narrow', ProvisionedThroughput: units(1, 100) }));
  await lambent.advance(1);
  await put('narrow', 'b', 1);
});

test('batches leave what has to wait, and fail when that is all of it; transactions are cancelled', async () => {
  await create('batches');
  const write = (...items: { id: { S: string }; pad: { S: string } }[]) =>
    client.send(
      new BatchWriteItemCommand({
        RequestItems: { batches: items.map((Item) => ({ PutRequest: { Item } })) },
      }),
    );
  await write(item('a', 310));
  await assert.rejects(
    write(item('a', 1), item('b', 1)),
    exceeded('batches', 'TableWriteProvisionedThroughputExceeded'),
  );
  const read = () =>
    client.send(
      new BatchGetItemCommand({
        RequestItems: { batches: { Keys: [{ id: { S: 'a' } }, { id: { S: 'b' } }], ConsistentRead: true } },
      }),
    );
  for (let i = 0; i < 3; i++) assert.deepEqual((await read()).UnprocessedKeys, {});
  // 300 − 3 × (78 + 1) units are left: the first takes them all.
  const last = await read();
  assert.deepEqual(last.UnprocessedKeys?.['batches']?.Keys, [{ id: { S: 'b' } }]);
  await assert.rejects(read(), exceeded('batches', 'TableReadProvisionedThroughputExceeded'));
  const cancelled = (error: unknown) => {
    assert.ok(error instanceof TransactionCanceledException);
    assert.deepEqual(error.CancellationReasons, [
      { Code: 'ProvisionedThroughputExceeded', Message: TABLE_MESSAGE },
    ]);
    return true;
  };
  await assert.rejects(
    client.send(
      new TransactWriteItemsCommand({
        TransactItems: [{ Put: { TableName: 'batches', Item: item('c', 1) } }],
      }),
    ),
    cancelled,
  );
  await assert.rejects(
    client.send(
      new TransactGetItemsCommand({
        TransactItems: [{ Get: { TableName: 'batches', Key: { id: { S: 'a' } } } }],
      }),
    ),
    cancelled,
  );
  const { Responses } = await client.send(
    new BatchExecuteStatementCommand({ Statements: [{ Statement: `SELECT * FROM batches WHERE id = 'a'` }] }),
  );
  assert.equal(Responses?.[0]?.Error?.Code, 'ProvisionedThroughputExceeded');
});

test('an index that cannot keep up holds back the writes that change it, and only those', async () => {
  await create('indexed', {
    AttributeDefinitions: [
      { AttributeName: 'id', AttributeType: 'S' },
      { AttributeName: 'group', AttributeType: 'S' },
    ],
    ProvisionedThroughput: units(1000, 1000),
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byGroup',
        KeySchema: [{ AttributeName: 'group', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
        ProvisionedThroughput: units(1, 1),
      },
    ],
  });
  const group = { group: { S: 'g' } };
  await put('indexed', 'a', 300, group);
  await assert.rejects(
    put('indexed', 'b', 1, group),
    exceeded('indexed/index/byGroup', 'IndexWriteProvisionedThroughputExceeded', INDEX_MESSAGE),
  );
  await put('indexed', 'b', 1);
  await assert.rejects(
    client.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName: 'indexed', Item: item('c', 1) } },
          { Put: { TableName: 'indexed', Item: { ...item('d', 1), ...group } } },
        ],
      }),
    ),
    (error: unknown) => {
      assert.ok(error instanceof TransactionCanceledException);
      assert.deepEqual(error.CancellationReasons, [
        { Code: 'None' },
        { Code: 'ProvisionedThroughputExceeded', Message: INDEX_MESSAGE },
      ]);
      return true;
    },
  );
  assert.equal((await get('indexed', 'c')).Item, undefined);
  const query = () =>
    client.send(
      new QueryCommand({
        TableName: 'indexed',
        IndexName: 'byGroup',
        KeyConditionExpression: '#g = :g',
        ExpressionAttributeNames: { '#g': 'group' },
        ExpressionAttributeValues: { ':g': { S: 'g' } },
      }),
    );
  // 301 KB, eventually consistent.
  for (let i = 0; i < 8; i++) await query();
  await assert.rejects(query(), exceeded('indexed/index/byGroup', 'IndexReadProvisionedThroughputExceeded'));
});

test('a partition has limits of its own', async () => {
  await create('wide', { ProvisionedThroughput: units(1, 5000) });
  // Those that came at once may all be let in; what they owe then takes seconds to come back.
  const writes = await Promise.allSettled(Array.from({ length: 20 }, () => put('wide', 'hot', 390)));
  const refused = writes.find((write) => write.status === 'rejected');
  await assert.rejects(
    refused === undefined ? put('wide', 'hot', 1) : Promise.reject(refused.reason),
    exceeded('wide', 'TableWriteKeyRangeThroughputExceeded'),
  );
  await lambent.advance(8);
  await put('wide', 'hot', 1);
});

test('a table on demand is limited only by a maximum of its own', async () => {
  const onDemand = { BillingMode: 'PAY_PER_REQUEST', ProvisionedThroughput: undefined } as const;
  await create('free', onDemand);
  for (let i = 0; i < 20; i++) await put('free', 'a', 390);
  await create('capped', { ...onDemand, OnDemandThroughput: { MaxWriteRequestUnits: 1 } });
  await put('capped', 'a', 310);
  await assert.rejects(put('capped', 'a', 1), {
    name: 'ThrottlingException',
    message: 'Throughput exceeds the maximum OnDemandThroughput configured on table or index',
    throttlingReasons: [
      {
        reason: 'TableWriteMaxOnDemandThroughputExceeded',
        resource: 'arn:aws:dynamodb:us-east-1:000000000000:table/capped',
      },
    ],
  });
  for (let i = 0; i < 10; i++) await get('capped', 'a');
});
