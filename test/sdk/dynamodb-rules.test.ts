import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  TagResourceCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(DynamoDBClient);
const TableName = 'rules';

before(async () => {
  await client.send(new CreateTableCommand({ TableName, ...keyed('pk') }));
});

function keyed(name: string) {
  return {
    AttributeDefinitions: [{ AttributeName: name, AttributeType: 'S' as const }],
    KeySchema: [{ AttributeName: name, KeyType: 'HASH' as const }],
    BillingMode: 'PAY_PER_REQUEST' as const,
  };
}

async function item(pk: string): Promise<Record<string, AttributeValue> | undefined> {
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: { pk: { S: pk } } }));
  return Item;
}

test('an update that only removes creates no item; one that does nothing does', async () => {
  const updates: Readonly<Record<string, Partial<UpdateItemCommandInput>>> = {
    remove: { UpdateExpression: 'REMOVE a' },
    delete: { UpdateExpression: 'DELETE a :v', ExpressionAttributeValues: { ':v': { SS: ['x'] } } },
    legacy: { AttributeUpdates: { a: { Action: 'DELETE' } } },
  };
  for (const [pk, update] of Object.entries(updates)) {
    const { Attributes } = await client.send(
      new UpdateItemCommand({ TableName, Key: { pk: { S: pk } }, ReturnValues: 'ALL_NEW', ...update }),
    );
    assert.equal(Attributes, undefined, pk);
    assert.equal(await item(pk), undefined, pk);
  }
  await client.send(new UpdateItemCommand({ TableName, Key: { pk: { S: 'empty' } }, AttributeUpdates: {} }));
  assert.deepEqual(await item('empty'), { pk: { S: 'empty' } });
});

test('ConditionalOperator needs two older conditions', async () => {
  const Key = { pk: { S: 'k' } };
  const one = { a: { ComparisonOperator: 'NULL' as const } };
  const none = 'ConditionalOperator cannot be used without Filter or Expected';
  const two = 'ConditionalOperator can only be used when Filter or Expected has two or more elements';
  const operator = { TableName, ConditionalOperator: 'OR' as const };
  await assert.rejects(client.send(new UpdateItemCommand({ ...operator, Key })), { message: none });
  await assert.rejects(client.send(new UpdateItemCommand({ ...operator, Key, Expected: {} })), {
    message: none,
  });
  await assert.rejects(client.send(new DeleteItemCommand({ ...operator, Key, Expected: one })), {
    message: two,
  });
  await assert.rejects(client.send(new ScanCommand({ ...operator, ScanFilter: one })), { message: two });
  await assert.rejects(
    client.send(new PutItemCommand({ ...operator, Item: Key, ConditionExpression: 'attribute_exists(pk)' })),
    {
      message:
        'Can not use both expression and non-expression parameters in the same request: ' +
        'Non-expression parameters: {ConditionalOperator} Expression parameters: {ConditionExpression}',
    },
  );
});

test('NOT_CONTAINS fails on an attribute that is not there', async () => {
  const lacks = {
    ComparisonOperator: 'NOT_CONTAINS' as const,
    AttributeValueList: [{ S: 'x' }],
  };
  await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'lacks' }, a: { S: 'y' } } }));
  const found = await client.send(new ScanCommand({ TableName, ScanFilter: { a: lacks } }));
  assert.deepEqual(
    found.Items?.map(({ pk }) => pk?.S),
    ['lacks'],
  );
});

test('attributes have names', async () => {
  const message = /Empty attribute name/;
  const Key = { pk: { S: 'k' } };
  for (const send of [
    () => client.send(new PutItemCommand({ TableName, Item: { ...Key, '': { S: 'x' } } })),
    () => client.send(new GetItemCommand({ TableName, Key, AttributesToGet: [''] })),
    () =>
      client.send(
        new GetItemCommand({
          TableName,
          Key,
          ProjectionExpression: '#n',
          ExpressionAttributeNames: { '#n': '' },
        }),
      ),
    () =>
      client.send(new UpdateItemCommand({ TableName, Key, AttributeUpdates: { '': { Value: { N: '1' } } } })),
  ]) {
    await assert.rejects(send, { name: 'ValidationException', message });
  }
});

test('items that do not fit an index made after them stay out of it and can be written', async () => {
  const name = 'fitting';
  await client.send(new CreateTableCommand({ TableName: name, ...keyed('pk') }));
  const put = (pk: string, x: AttributeValue) =>
    client.send(new PutItemCommand({ TableName: name, Item: { pk: { S: pk }, x } }));
  await put('fits', { S: 'x' });
  await put('list', { L: [{ S: 'x' }] });
  await put('number', { N: '1' });
  await put('empty', { S: '' });
  await put('long', { S: 'x'.repeat(1025) });
  const create = {
    TableName: name,
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: 'byX',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' as const },
            { AttributeName: 'x', KeyType: 'RANGE' as const },
          ],
          Projection: { ProjectionType: 'ALL' as const },
        },
      },
    ],
  };
  await assert.rejects(client.send(new UpdateTableCommand(create)), /AttributeDefinitions/);
  await client.send(
    new UpdateTableCommand({
      ...create,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'x', AttributeType: 'S' },
      ],
    }),
  );
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    if (Table?.GlobalSecondaryIndexes?.[0]?.IndexStatus === 'ACTIVE') break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const indexed = async () => {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: name, IndexName: 'byX' }));
    return Items.map(({ pk }) => pk?.S);
  };
  assert.deepEqual(await indexed(), ['fits']);
  for (const pk of ['list', 'number', 'empty', 'long']) {
    await client.send(
      new UpdateItemCommand({
        TableName: name,
        Key: { pk: { S: pk } },
        UpdateExpression: 'SET y = :y',
        ExpressionAttributeValues: { ':y': { N: '1' } },
      }),
    );
  }
  await client.send(new DeleteItemCommand({ TableName: name, Key: { pk: { S: 'list' } } }));
  assert.deepEqual(await indexed(), ['fits']);
  await assert.rejects(
    client.send(
      new UpdateTableCommand({
        TableName: name,
        AttributeDefinitions: [{ AttributeName: 'x', AttributeType: 'N' }],
        GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'byX' } }],
      }),
    ),
    /Attributes cannot be redefined/,
  );
});

test('what expressions stand for has its limits', async () => {
  const Key = { pk: { S: 'k' } };
  const values = Object.fromEntries(
    Array.from({ length: 6 }, (_, i) => [`:v${i}`, { S: 'x'.repeat(380_000) }]),
  );
  await assert.rejects(
    client.send(
      new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression: 'SET a = :v0',
        ConditionExpression: Object.keys(values)
          .map((name) => `a <> ${name}`)
          .join(' AND '),
        ExpressionAttributeValues: values,
      }),
    ),
    { name: 'ValidationException', message: 'ExpressionAttributeValues exceeds max size' },
  );
  const long = `#${'n'.repeat(255)}`;
  await assert.rejects(
    client.send(
      new GetItemCommand({
        TableName,
        Key,
        ProjectionExpression: long,
        ExpressionAttributeNames: { [long]: 'a' },
      }),
    ),
    /ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that is too long/,
  );
});

test('what a transaction takes of the table is doubled; again with its token it is charged as reads', async () => {
  const big = { pk: { S: 'capacity' }, pad: { S: 'x'.repeat(1500) } };
  const input = {
    ReturnConsumedCapacity: 'TOTAL' as const,
    ClientRequestToken: 'capacity',
    TransactItems: [
      { Put: { TableName, Item: big } },
      {
        ConditionCheck: {
          TableName,
          Key: { pk: { S: 'absent' } },
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      },
    ],
  };
  const written = await client.send(new TransactWriteItemsCommand(input));
  assert.deepEqual(written.ConsumedCapacity, [{ TableName, CapacityUnits: 6, WriteCapacityUnits: 6 }]);
  const again = await client.send(new TransactWriteItemsCommand(input));
  assert.deepEqual(again.ConsumedCapacity, [{ TableName, CapacityUnits: 4, ReadCapacityUnits: 4 }]);
  const read = await client.send(
    new TransactGetItemsCommand({
      ReturnConsumedCapacity: 'TOTAL',
      TransactItems: [{ Get: { TableName, Key: { pk: big.pk } } }],
    }),
  );
  assert.deepEqual(read.ConsumedCapacity, [{ TableName, CapacityUnits: 2, ReadCapacityUnits: 2 }]);
});

test('DeleteTable shows no schema', async () => {
  await client.send(new CreateTableCommand({ TableName: 'gone', ...keyed('pk') }));
  const { TableDescription: shown } = await client.send(new DeleteTableCommand({ TableName: 'gone' }));
  assert.equal(shown?.TableStatus, 'DELETING');
  assert.equal(shown?.KeySchema, undefined);
  assert.equal(shown?.AttributeDefinitions, undefined);
});

test('a local index has two key attributes', async () => {
  const attributes = ['pk', 'sk', 'x'].map((name) => ({ AttributeName: name, AttributeType: 'S' as const }));
  await assert.rejects(
    client.send(
      new CreateTableCommand({
        TableName: 'wide',
        AttributeDefinitions: attributes,
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        LocalSecondaryIndexes: [
          {
            IndexName: 'byAll',
            KeySchema: [
              { AttributeName: 'pk', KeyType: 'HASH' },
              { AttributeName: 'sk', KeyType: 'RANGE' },
              { AttributeName: 'x', KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    ),
    /at 'localSecondaryIndexes\.1\.member\.keySchema' failed to satisfy constraint: Member must have length less than or equal to 2/,
  );
});

test('tags are made of few characters', async () => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  const ResourceArn = Table?.TableArn ?? '';
  for (const [Key, Value] of [
    ['d%g', 'x'],
    ['x', 'hi!'],
  ] as const) {
    await assert.rejects(client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key, Value }] })), {
      name: 'ValidationException',
    });
  }
  await client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'größe:a/b', Value: '' }] }));
});

test('an empty name of a table is told as too short', async () => {
  await assert.rejects(client.send(new DescribeTableCommand({ TableName: '' })), {
    message:
      "1 validation error detected: Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1",
  });
});

test("a stream's iterator can be had at the start of a shard that has no records, and only with what goes with its type", async () => {
  const streams = lambent.client(DynamoDBStreamsClient);
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName: 'streamed',
      ...keyed('pk'),
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    }),
  );
  const StreamArn = TableDescription?.LatestStreamArn ?? '';
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const shard = StreamDescription?.Shards?.[0];
  const place = {
    StreamArn,
    ShardId: shard?.ShardId,
    SequenceNumber: shard?.SequenceNumberRange?.StartingSequenceNumber,
  };
  const { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({ ...place, ShardIteratorType: 'AT_SEQUENCE_NUMBER' }),
  );
  await client.send(new PutItemCommand({ TableName: 'streamed', Item: { pk: { S: 'a' } } }));
  const { Records } = await streams.send(new GetRecordsCommand({ ShardIterator }));
  assert.equal(Records?.length, 1);
  await assert.rejects(streams.send(new GetShardIteratorCommand({ ...place, ShardIteratorType: 'LATEST' })), {
    name: 'ValidationException',
  });
  const after = await streams.send(
    new DescribeStreamCommand({ StreamArn, ExclusiveStartShardId: 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz' }),
  );
  assert.deepEqual(after.StreamDescription?.Shards, []);
});

test('a stream that is off is not turned off again', async () => {
  await assert.rejects(
    client.send(new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } })),
    { message: `Table has no stream to disable: TableName: ${TableName}` },
  );
});
