import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type AttributeValue,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DeleteResourcePolicyCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeEndpointsCommand,
  DescribeLimitsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  GetResourcePolicyCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
  QueryCommand,
  ScanCommand,
  TagResourceCommand,
  TransactGetItemsCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { type Lambent, startLambent } from 'lambent/testing';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(DynamoDBClient);

const s = (text: string): AttributeValue => ({ S: text });
const n = (number: number): AttributeValue => ({ N: String(number) });

async function create(TableName: string, more: Partial<CreateTableCommandInput> = {}) {
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      ...more,
    }),
  );
  return TableDescription ?? assert.fail('a table is described');
}

async function describe(TableName: string) {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  return Table ?? assert.fail('a table is described');
}

const put = (TableName: string, Item: Record<string, AttributeValue>) =>
  client.send(new PutItemCommand({ TableName, Item }));

/** Jobs run in moments, not at once. */
async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('it never came to be');
}

test('a table is created, described, listed and deleted', async () => {
  const created = await create('life', {
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
    Tags: [{ Key: 'a', Value: '1' }],
  });
  assert.equal(created.TableStatus, 'CREATING');
  assert.equal(created.TableArn, 'arn:aws:dynamodb:us-east-1:000000000000:table/life');
  await put('life', { id: s('x') });
  const table = await describe('life');
  assert.equal(table.TableStatus, 'ACTIVE');
  assert.deepEqual([table.ItemCount, table.TableSizeBytes], [1, 3]);
  assert.deepEqual(table.ProvisionedThroughput, {
    NumberOfDecreasesToday: 0,
    ReadCapacityUnits: 5,
    WriteCapacityUnits: 6,
  });
  await assert.rejects(create('life'), {
    name: 'ResourceInUseException',
    message: 'Table already exists: life',
  });
  await create('lifeless');
  const page = await client.send(new ListTablesCommand({ Limit: 1 }));
  assert.deepEqual([page.TableNames, page.LastEvaluatedTableName], [['life'], 'life']);
  const rest = await client.send(new ListTablesCommand({ ExclusiveStartTableName: 'life' }));
  assert.deepEqual(rest.TableNames, ['lifeless']);

  const deleted = await client.send(new DeleteTableCommand({ TableName: 'life' }));
  assert.equal(deleted.TableDescription?.TableStatus, 'DELETING');
  await assert.rejects(put('life', { id: s('y') }), { name: 'ResourceNotFoundException' });
  await waitUntilTableNotExists(
    { client, maxWaitTime: 5, minDelay: 0.02, maxDelay: 0.1 },
    { TableName: 'life' },
  );
  await assert.rejects(describe('life'), {
    name: 'ResourceNotFoundException',
    message: 'Requested resource not found: Table: life not found',
  });
  await create('life');
  assert.equal((await client.send(new ScanCommand({ TableName: 'life' }))).Count, 0);
});

test('tables that cannot be are refused in AWS words', async () => {
  const cases: readonly (readonly [Partial<CreateTableCommandInput>, string])[] = [
    [
      { TableName: 'x!' },
      "1 validation error detected: Value 'x!' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3",
    ],
    [
      { BillingMode: undefined },
      'One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    ],
    [
      { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
      'One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    ],
    [
      {
        KeySchema: [
          { AttributeName: 'id', KeyType: 'HASH' },
          { AttributeName: 'id', KeyType: 'RANGE' },
        ],
      },
      'Invalid KeySchema: Some index key attribute have no definition',
    ],
    [
      {
        AttributeDefinitions: [
          { AttributeName: 'id', AttributeType: 'S' },
          { AttributeName: 'b', AttributeType: 'S' },
        ],
      },
      'One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    ],
  ];
  for (const [more, message] of cases) {
    await assert.rejects(create('wrong', more), { name: 'ValidationException', message });
  }
});

test('deletion protection protects until it is off', async () => {
  await create('kept', { DeletionProtectionEnabled: true });
  await assert.rejects(client.send(new DeleteTableCommand({ TableName: 'kept' })), {
    name: 'ValidationException',
    message:
      'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
  });
  await client.send(new UpdateTableCommand({ TableName: 'kept', DeletionProtectionEnabled: false }));
  await client.send(new DeleteTableCommand({ TableName: 'kept' }));
});

test('throughput and billing change', async () => {
  await create('billed');
  const { TableDescription } = await client.send(
    new UpdateTableCommand({
      TableName: 'billed',
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 },
    }),
  );
  assert.equal(TableDescription?.TableStatus, 'UPDATING');
  assert.equal((await describe('billed')).ProvisionedThroughput?.WriteCapacityUnits, 4);
  await assert.rejects(
    client.send(
      new UpdateTableCommand({
        TableName: 'billed',
        ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 },
      }),
    ),
    /The provisioned throughput for the table will not change/,
  );
});

test('a global index made later is filled, used and dropped, while writes go on', async () => {
  await create('grown');
  await Promise.all(
    Array.from({ length: 300 }, (_, index) => put('grown', { id: s(`i${index}`), kind: s(`k${index % 3}`) })),
  );
  const making = client.send(
    new UpdateTableCommand({
      TableName: 'grown',
      AttributeDefinitions: [{ AttributeName: 'kind', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'byKind',
            KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        },
      ],
    }),
  );
  const writing = Array.from({ length: 60 }, (_, index) =>
    put('grown', { id: s(`late${index}`), kind: s('k0'), late: { BOOL: true } }),
  );
  await making;
  await Promise.all(writing);
  await eventually(
    async () => (await describe('grown')).GlobalSecondaryIndexes?.[0]?.IndexStatus === 'ACTIVE',
  );
  const { Count } = await client.send(
    new QueryCommand({
      TableName: 'grown',
      IndexName: 'byKind',
      KeyConditionExpression: 'kind = :k',
      ExpressionAttributeValues: { ':k': s('k0') },
    }),
  );
  assert.equal(Count, 160);
  await client.send(
    new UpdateTableCommand({
      TableName: 'grown',
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'byKind' } }],
    }),
  );
  await eventually(async () => (await describe('grown')).GlobalSecondaryIndexes === undefined);
  assert.deepEqual((await describe('grown')).AttributeDefinitions, [
    { AttributeName: 'id', AttributeType: 'S' },
  ]);
  await put('grown', { id: s('after'), kind: n(1) });
});

test('time to live deletes what expired, as the virtual clock goes, and not what was renewed', async () => {
  await create('fading', {
    AttributeDefinitions: [
      { AttributeName: 'id', AttributeType: 'S' },
      { AttributeName: 'kind', AttributeType: 'S' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byKind',
        KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  });
  const clock = (await (await fetch(`${lambent.endpoint}/_lambent/clock`)).json()) as {
    now: string | number;
  };
  const second = Math.floor(new Date(clock.now).getTime() / 1000);
  await put('fading', { id: s('before'), kind: s('k'), until: n(second + 600) });
  const enable = () =>
    client.send(
      new UpdateTimeToLiveCommand({
        TableName: 'fading',
        TimeToLiveSpecification: { AttributeName: 'until', Enabled: true },
      }),
    );
  await enable();
  await assert.rejects(enable(), { name: 'ValidationException', message: 'TimeToLive is already enabled' });
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: 'fading' }));
  assert.deepEqual(TimeToLiveDescription, { TimeToLiveStatus: 'ENABLED', AttributeName: 'until' });
  await put('fading', { id: s('soon'), kind: s('k'), until: n(second + 300) });
  await put('fading', { id: s('renewed'), kind: s('k'), until: n(second + 300) });
  await put('fading', { id: s('text'), kind: s('k'), until: s(String(second + 300)) });
  await client.send(
    new UpdateItemCommand({
      TableName: 'fading',
      Key: { id: s('renewed') },
      UpdateExpression: 'SET #u = :u',
      ExpressionAttributeNames: { '#u': 'until' },
      ExpressionAttributeValues: { ':u': n(second + 90_000) },
    }),
  );
  const left = async () => {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: 'fading' }));
    const indexed = await client.send(new ScanCommand({ TableName: 'fading', IndexName: 'byKind' }));
    assert.equal(indexed.Count, Items.length);
    return Items.map(({ id }) => id?.S).sort();
  };
  await lambent.advance(400);
  assert.deepEqual(await left(), ['before', 'renewed', 'text']);
  await lambent.advance(400);
  assert.deepEqual(await left(), ['renewed', 'text']);
  await lambent.advance(100_000);
  assert.deepEqual(await left(), ['text']);
});

test('tags are kept, counted and shown', async () => {
  const ResourceArn = (await create('tagged', { Tags: [{ Key: 'a', Value: '1' }] })).TableArn;
  await client.send(
    new TagResourceCommand({
      ResourceArn,
      Tags: [
        { Key: 'b', Value: '2' },
        { Key: 'a', Value: '3' },
      ],
    }),
  );
  await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['b'] }));
  const { Tags } = await client.send(new ListTagsOfResourceCommand({ ResourceArn }));
  assert.deepEqual(Tags, [{ Key: 'a', Value: '3' }]);
});

test('a resource policy is kept by revision', async () => {
  const ResourceArn = (await create('policed')).TableArn;
  const Policy = '{"Version":"2012-10-17","Statement":[]}';
  await assert.rejects(client.send(new GetResourcePolicyCommand({ ResourceArn })), {
    name: 'PolicyNotFoundException',
  });
  const { RevisionId } = await client.send(new PutResourcePolicyCommand({ ResourceArn, Policy }));
  const read = await client.send(new GetResourcePolicyCommand({ ResourceArn }));
  assert.deepEqual([read.Policy, read.RevisionId], [Policy, RevisionId]);
  await client.send(new DeleteResourcePolicyCommand({ ResourceArn, ExpectedRevisionId: RevisionId }));
  await assert.rejects(client.send(new GetResourcePolicyCommand({ ResourceArn })), {
    name: 'PolicyNotFoundException',
  });
});

test('transactions happen whole or not at all, with a reason for each action', async () => {
  await create('dealt');
  await put('dealt', { id: s('there'), v: n(1) });
  const write = (
    TransactItems: TransactWriteItemsCommandInput['TransactItems'],
    ClientRequestToken?: string,
  ) => client.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));
  const has = async (id: string) =>
    (await client.send(new GetItemCommand({ TableName: 'dealt', Key: { id: s(id) } }))).Item;

  await assert.rejects(
    write([
      { Put: { TableName: 'dealt', Item: { id: s('fresh') } } },
      {
        ConditionCheck: {
          TableName: 'dealt',
          Key: { id: s('there') },
          ConditionExpression: 'v = :v',
          ExpressionAttributeValues: { ':v': n(2) },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
    ]),
    (error) => {
      assert.ok(error instanceof TransactionCanceledException);
      assert.equal(
        error.message,
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]',
      );
      assert.deepEqual(error.CancellationReasons, [
        { Code: 'None' },
        {
          Code: 'ConditionalCheckFailed',
          Message: 'The conditional request failed',
          Item: { id: s('there'), v: n(1) },
        },
      ]);
      return true;
    },
  );
  assert.equal(await has('fresh'), undefined);
  // The same request, its attributes in another order.
  await write([{ Put: { TableName: 'dealt', Item: { id: s('twice'), v: n(1) } } }], 'ordered');
  await write([{ Put: { TableName: 'dealt', Item: { v: n(1), id: s('twice') } } }], 'ordered');

  const add = (amount: number) =>
    write(
      [
        { Put: { TableName: 'dealt', Item: { id: s('fresh') } } },
        {
          Update: {
            TableName: 'dealt',
            Key: { id: s('there') },
            UpdateExpression: 'ADD v :v',
            ExpressionAttributeValues: { ':v': n(amount) },
          },
        },
      ],
      'token',
    );
  await add(1);
  await add(1);
  assert.deepEqual(await has('there'), { id: s('there'), v: n(2) });
  await assert.rejects(add(2), { name: 'IdempotentParameterMismatchException' });
  await lambent.advance(601);
  await add(2);
  assert.deepEqual(await has('there'), { id: s('there'), v: n(4) });

  await assert.rejects(
    write([
      { Delete: { TableName: 'dealt', Key: { id: s('x') } } },
      { Put: { TableName: 'dealt', Item: { id: s('x') } } },
    ]),
    {
      name: 'ValidationException',
      message: 'Transaction request cannot include multiple operations on one item',
    },
  );
  const got = await client.send(
    new TransactGetItemsCommand({
      TransactItems: [
        { Get: { TableName: 'dealt', Key: { id: s('there') }, ProjectionExpression: 'v' } },
        { Get: { TableName: 'dealt', Key: { id: s('gone') } } },
      ],
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
  assert.deepEqual(got.Responses, [{ Item: { v: n(4) } }, {}]);
  assert.deepEqual(got.ConsumedCapacity, [{ TableName: 'dealt', CapacityUnits: 4, ReadCapacityUnits: 4 }]);
});

test('transactions that cross keep their sums', async () => {
  await create('accounts');
  const ids = ['a', 'b', 'c'];
  await Promise.all(ids.map((id) => put('accounts', { id: s(id), v: n(100) })));
  const move = async (from: string, to: string) => {
    const part = (id: string, amount: number) => ({
      Update: {
        TableName: 'accounts',
        Key: { id: s(id) },
        UpdateExpression: 'ADD v :v',
        ExpressionAttributeValues: { ':v': n(amount) },
      },
    });
    try {
      await client.send(new TransactWriteItemsCommand({ TransactItems: [part(from, -1), part(to, 1)] }));
    } catch (error) {
      assert.ok(error instanceof TransactionCanceledException, String(error));
    }
  };
  await Promise.all(
    Array.from({ length: 40 }, (_, index) => move(ids[index % 3] as string, ids[(index + 1) % 3] as string)),
  );
  const { Items = [] } = await client.send(new ScanCommand({ TableName: 'accounts' }));
  assert.equal(
    Items.reduce((sum, { v }) => sum + Number(v?.N), 0),
    300,
  );
});

test('an account knows its facts, and its tables by ARN', async () => {
  const arn = (await create('facts')).TableArn as string;
  await put(arn, { id: s('x') });
  assert.ok((await client.send(new GetItemCommand({ TableName: 'facts', Key: { id: s('x') } }))).Item);
  await client.send(new DeleteItemCommand({ TableName: arn, Key: { id: s('x') } }));
  const { Endpoints } = await client.send(new DescribeEndpointsCommand({}));
  assert.equal(Endpoints?.[0]?.Address, new URL(lambent.endpoint).host);
  assert.equal((await client.send(new DescribeLimitsCommand({}))).TableMaxReadCapacityUnits, 40_000);
  const backups = await client.send(new DescribeContinuousBackupsCommand({ TableName: 'facts' }));
  assert.equal(backups.ContinuousBackupsDescription?.ContinuousBackupsStatus, 'ENABLED');
  const recovery = { PointInTimeRecoveryEnabled: true };
  await client.send(
    new UpdateContinuousBackupsCommand({ TableName: 'facts', PointInTimeRecoverySpecification: recovery }),
  );
  const after = await client.send(new DescribeContinuousBackupsCommand({ TableName: 'facts' }));
  const description = after.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  assert.deepEqual(
    [description?.PointInTimeRecoveryStatus, description?.RecoveryPeriodInDays],
    ['ENABLED', 35],
  );
  const elsewhere = new DynamoDBClient({
    endpoint: lambent.endpoint,
    region: 'eu-west-1',
    credentials: lambent.credentials,
    maxAttempts: 1,
  });
  assert.deepEqual((await elsewhere.send(new ListTablesCommand({}))).TableNames, []);
  elsewhere.destroy();
});

test('everything is still there after a restart', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-dynamodb-'));
  const connect = (server: Lambent) =>
    new DynamoDBClient({
      endpoint: server.endpoint,
      region: server.region,
      credentials: server.credentials,
      maxAttempts: 1,
    });
  try {
    const first = await startLambent({ dataFolder });
    const before = connect(first);
    await before.send(
      new CreateTableCommand({
        TableName: 'kept',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
    await before.send(new PutItemCommand({ TableName: 'kept', Item: { id: s('x'), v: n(7) } }));
    before.destroy();
    await first.stop();
    const second = await startLambent({ dataFolder });
    const later = connect(second);
    const { Item } = await later.send(new GetItemCommand({ TableName: 'kept', Key: { id: s('x') } }));
    assert.deepEqual(Item, { id: s('x'), v: n(7) });
    later.destroy();
    await second.stop();
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
});
