import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import {
  type AttributeValue,
  CreateGlobalTableCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeGlobalTableCommand,
  DescribeTableCommand,
  DescribeTableReplicaAutoScalingCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListGlobalTablesCommand,
  PutItemCommand,
  QueryCommand,
  type ReplicaUpdate,
  ScanCommand,
  UpdateGlobalTableCommand,
  UpdateGlobalTableSettingsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { type Lambent, startLambent } from 'lambent/testing';
import { seededRandom } from '../../src/world/simulated.ts';

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-southeast-2'] as const;

let lambent: Lambent;
let clients: readonly DynamoDBClient[];

before(async () => {
  lambent = await startLambent();
  clients = REGIONS.map(
    (region) =>
      new DynamoDBClient({
        endpoint: lambent.endpoint,
        region,
        credentials: lambent.credentials,
        maxAttempts: 1,
      }),
  );
});

after(async () => {
  for (const client of clients) client.destroy();
  await lambent.stop();
});

const [east, west, south] = [0, 1, 2];
const at = (index: number) => clients[index] ?? assert.fail();

const put = (index: number, TableName: string, id: string, n: number) =>
  at(index).send(new PutItemCommand({ TableName, Item: { id: { S: id }, n: { N: String(n) } } }));

async function items(index: number, TableName: string): Promise<readonly Record<string, AttributeValue>[]> {
  const { Items = [] } = await at(index).send(new ScanCommand({ TableName, ConsistentRead: true }));
  return Items;
}

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await check();
    } catch (error) {
      if (attempt === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function create(TableName: string) {
  return at(east).send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'n', AttributeType: 'N' },
      ],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byN',
          KeySchema: [{ AttributeName: 'n', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
}

const update = (TableName: string, ReplicaUpdates: UpdateTableCommandInput['ReplicaUpdates']) =>
  at(east).send(new UpdateTableCommand({ TableName, ReplicaUpdates }));

const exists = (index: number, TableName: string) =>
  waitUntilTableExists({ client: at(index), maxWaitTime: 20, minDelay: 0.02, maxDelay: 0.02 }, { TableName });

test('a table has replicas in other regions, each of them written and read', async () => {
  await create('world');
  await Promise.all(Array.from({ length: 300 }, (_, index) => put(east, 'world', `old-${index}`, 1)));
  await update('world', [{ Create: { RegionName: 'eu-west-1' } }]);
  await put(east, 'world', 'old-0', 2);
  await exists(west, 'world');
  await eventually(async () => assert.deepEqual(await items(west, 'world'), await items(east, 'world')));
  assert.equal((await items(west, 'world')).length, 300);
  const described = await at(west).send(new DescribeTableCommand({ TableName: 'world' }));
  assert.deepEqual(described.Table?.Replicas, [{ RegionName: 'us-east-1', ReplicaStatus: 'ACTIVE' }]);
  assert.equal(described.Table?.GlobalTableVersion, '2019.11.21');

  await put(west, 'world', 'new', 7);
  await at(west).send(new DeleteItemCommand({ TableName: 'world', Key: { id: { S: 'old-1' } } }));
  await eventually(async () => {
    const { Items = [] } = await at(east).send(
      new QueryCommand({
        TableName: 'world',
        IndexName: 'byN',
        KeyConditionExpression: 'n = :n',
        ExpressionAttributeValues: { ':n': { N: '7' } },
      }),
    );
    assert.deepEqual(
      Items.map(({ id }) => id?.S),
      ['new'],
    );
    assert.equal((await items(east, 'world')).length, 300);
  });

  // A third region learns everything, and the three write at once.
  await update('world', [{ Create: { RegionName: 'ap-southeast-2' } }]);
  await exists(south, 'world');
  const random = seededRandom(1);
  await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const region = random.below(REGIONS.length);
      const Key = { id: { S: `hot-${random.below(5)}` } };
      if (index % 7 === 0) return at(region).send(new DeleteItemCommand({ TableName: 'world', Key }));
      return at(region).send(
        new UpdateItemCommand({
          TableName: 'world',
          Key,
          UpdateExpression: 'SET n = :n',
          ExpressionAttributeValues: { ':n': { N: String(index) } },
        }),
      );
    }),
  );
  let last = '';
  await eventually(async () => {
    const states = await Promise.all(REGIONS.map((_, region) => items(region, 'world')));
    const texts = states.map((state) => JSON.stringify(state));
    const settled = texts[0] === last;
    last = texts[0] ?? '';
    assert.equal(texts[1], texts[0]);
    assert.equal(texts[2], texts[0]);
    assert.ok(settled, 'nothing moves any more');
  });

  // An index that one region makes is made in all.
  await at(south).send(
    new UpdateTableCommand({
      TableName: 'world',
      AttributeDefinitions: [{ AttributeName: 'n', AttributeType: 'N' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'again',
            KeySchema: [{ AttributeName: 'n', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        },
      ],
    }),
  );
  await eventually(async () => {
    for (const client of clients) {
      const { Table } = await client.send(new DescribeTableCommand({ TableName: 'world' }));
      const index = Table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === 'again');
      assert.equal(index?.IndexStatus, 'ACTIVE');
    }
  });

  await update('world', [{ Delete: { RegionName: 'eu-west-1' } }]);
  await waitUntilTableNotExists(
    { client: at(west), maxWaitTime: 20, minDelay: 0.02, maxDelay: 0.02 },
    { TableName: 'world' },
  );
  const left = await at(south).send(new DescribeTableCommand({ TableName: 'world' }));
  assert.deepEqual(left.Table?.Replicas, [{ RegionName: 'us-east-1', ReplicaStatus: 'ACTIVE' }]);
  await at(south).send(new DeleteTableCommand({ TableName: 'world' }));
  const alone = await at(east).send(new DescribeTableCommand({ TableName: 'world' }));
  assert.equal(alone.Table?.Replicas, undefined);
});

test('time to live is that of all replicas, old items included', async () => {
  await create('brief');
  const timeToLive = (Enabled: boolean) =>
    at(east).send(
      new UpdateTimeToLiveCommand({
        TableName: 'brief',
        TimeToLiveSpecification: { AttributeName: 'n', Enabled },
      }),
    );
  const soon = Math.floor(Date.now() / 1000) + 3600;
  await put(east, 'brief', 'expires', soon);
  await put(east, 'brief', 'stays', 1);
  await timeToLive(true);
  await update('brief', [{ Create: { RegionName: 'eu-west-1' } }]);
  await exists(west, 'brief');
  const shown = await at(west).send(new DescribeTimeToLiveCommand({ TableName: 'brief' }));
  assert.equal(shown.TimeToLiveDescription?.AttributeName, 'n');
  await lambent.advance(2 * 3600);
  for (const index of [east, west]) {
    await eventually(async () => {
      assert.deepEqual(
        (await items(index, 'brief')).map(({ id }) => id?.S),
        ['stays'],
      );
    });
  }
  await timeToLive(false);
  const off = await at(west).send(new DescribeTimeToLiveCommand({ TableName: 'brief' }));
  assert.equal(off.TimeToLiveDescription?.TimeToLiveStatus, 'DISABLED');
});

test('what the shards of a wide table hold is all carried, in the order it was written', async () => {
  const TableName = 'wide';
  await at(east).send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      ProvisionedThroughput: { ReadCapacityUnits: 3000, WriteCapacityUnits: 3000 },
    }),
  );
  await update(TableName, [{ Create: { RegionName: 'eu-west-1' } }]);
  await exists(west, TableName);
  for (let n = 1; n <= 8; n++) {
    await Promise.all(Array.from({ length: 60 }, (_, index) => put(east, TableName, `i${index}`, n)));
  }
  await eventually(async () => {
    const carried = await items(west, TableName);
    assert.equal(carried.length, 60);
    assert.deepEqual(carried, await items(east, TableName));
  });
});

test('a replica may have a table class of its own', async () => {
  await create('classy');
  await update('classy', [
    { Create: { RegionName: 'eu-west-1', TableClassOverride: 'STANDARD_INFREQUENT_ACCESS' } },
  ]);
  await exists(west, 'classy');
  const classOf = async (index: number) =>
    (await at(index).send(new DescribeTableCommand({ TableName: 'classy' }))).Table?.TableClassSummary
      ?.TableClass;
  assert.deepEqual([await classOf(east), await classOf(west)], [undefined, 'STANDARD_INFREQUENT_ACCESS']);
  await update('classy', [{ Update: { RegionName: 'eu-west-1', TableClassOverride: 'STANDARD' } }]);
  assert.equal(await classOf(west), 'STANDARD');
  await assert.rejects(
    update('classy', [{ Update: { RegionName: 'eu-west-1', KMSMasterKeyId: 'alias/own' } }]),
    { name: 'NotImplemented', message: /ReplicaUpdates\.Update\.KMSMasterKeyId/ },
  );
  await assert.rejects(
    update('classy', [{ Update: { RegionName: 'eu-north-1', TableClassOverride: 'STANDARD' } }]),
    { name: 'ValidationException', message: /no replica in eu-north-1/ },
  );
});

test('replicas that cannot be are refused', async () => {
  await create('lone');
  const refused = (ReplicaUpdates: UpdateTableCommandInput['ReplicaUpdates'], message: RegExp) =>
    assert.rejects(update('lone', ReplicaUpdates), { name: 'ValidationException', message });
  await refused([{ Create: { RegionName: 'us-east-1' } }], /Cannot add, delete, or update the local region/);
  await refused([{ Delete: { RegionName: 'eu-west-1' } }], /no replica in eu-west-1/);
  await at(west).send(
    new CreateTableCommand({
      TableName: 'lone',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await refused([{ Create: { RegionName: 'eu-west-1' } }], /one or more replicas already existed as tables/);
  await update('lone', [{ Create: { RegionName: 'ap-southeast-2' } }]);
  await exists(south, 'lone');
  await assert.rejects(
    at(east).send(
      new UpdateTableCommand({ TableName: 'lone', StreamSpecification: { StreamEnabled: false } }),
    ),
    { name: 'ValidationException' },
  );
});

test('tables made one by one are bound together by the API of 2017', async () => {
  const GlobalTableName = 'bound';
  const make = (index: number, streams = true) =>
    at(index).send(
      new CreateTableCommand({
        TableName: GlobalTableName,
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
        StreamSpecification: streams
          ? { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' }
          : undefined,
      }),
    );
  const unite = (...regions: readonly string[]) =>
    at(east).send(
      new CreateGlobalTableCommand({
        GlobalTableName,
        ReplicationGroup: regions.map((RegionName) => ({ RegionName })),
      }),
    );
  const describe = () => at(east).send(new DescribeGlobalTableCommand({ GlobalTableName }));
  await make(east);
  await assert.rejects(unite('us-east-1', 'eu-west-1'), { name: 'TableNotFoundException' });
  await make(west);
  await make(south, false);
  await assert.rejects(unite('us-east-1', 'ap-southeast-2'), { name: 'ValidationException' });
  await assert.rejects(describe(), {
    name: 'GlobalTableNotFoundException',
    message: "Global table with name: 'bound' does not exist.",
  });
  const { GlobalTableDescription: united } = await unite('us-east-1', 'eu-west-1');
  assert.equal(united?.GlobalTableArn, 'arn:aws:dynamodb::000000000000:global-table/bound');
  await assert.rejects(unite('us-east-1', 'eu-west-1'), { name: 'GlobalTableAlreadyExistsException' });
  const ReplicationGroup = [{ RegionName: 'us-east-1' }, { RegionName: 'eu-west-1' }];
  assert.deepEqual((await describe()).GlobalTableDescription, {
    ReplicationGroup,
    GlobalTableArn: united?.GlobalTableArn,
    CreationDateTime: united?.CreationDateTime,
    GlobalTableStatus: 'ACTIVE',
    GlobalTableName,
  });
  const list = async (RegionName?: string) =>
    (await at(east).send(new ListGlobalTablesCommand({ RegionName }))).GlobalTables;
  assert.deepEqual(await list(), [{ GlobalTableName, ReplicationGroup }]);
  assert.deepEqual(await list('ap-southeast-2'), []);
  const { Table } = await at(west).send(new DescribeTableCommand({ TableName: GlobalTableName }));
  assert.deepEqual([Table?.GlobalTableVersion, Table?.Replicas], ['2017.11.29', undefined]);

  await put(east, GlobalTableName, 'a', 1);
  await put(west, GlobalTableName, 'b', 2);
  for (const index of [east, west]) {
    await eventually(async () => assert.equal((await items(index, GlobalTableName)).length, 2));
  }

  const settings = new UpdateGlobalTableSettingsCommand({
    GlobalTableName,
    GlobalTableProvisionedWriteCapacityUnits: 7,
    ReplicaSettingsUpdate: [{ RegionName: 'eu-west-1', ReplicaProvisionedReadCapacityUnits: 9 }],
  });
  const { ReplicaSettings } = await at(east).send(settings);
  assert.deepEqual(
    ReplicaSettings?.map((replica) => [
      replica.RegionName,
      replica.ReplicaProvisionedReadCapacityUnits,
      replica.ReplicaProvisionedWriteCapacityUnits,
      replica.ReplicaProvisionedReadCapacityAutoScalingSettings,
    ]),
    [
      ['us-east-1', 5, 7, { AutoScalingDisabled: true }],
      ['eu-west-1', 9, 7, { AutoScalingDisabled: true }],
    ],
  );
  const { TableAutoScalingDescription } = await at(east).send(
    new DescribeTableReplicaAutoScalingCommand({ TableName: GlobalTableName }),
  );
  assert.deepEqual(
    TableAutoScalingDescription?.Replicas?.map(({ RegionName }) => RegionName),
    ['us-east-1', 'eu-west-1'],
  );

  const change = (ReplicaUpdates: ReplicaUpdate[]) =>
    at(east).send(new UpdateGlobalTableCommand({ GlobalTableName, ReplicaUpdates }));
  await assert.rejects(change([{ Create: { RegionName: 'eu-west-1' } }]), {
    name: 'ReplicaAlreadyExistsException',
  });
  await assert.rejects(change([{ Delete: { RegionName: 'ap-southeast-2' } }]), {
    name: 'ReplicaNotFoundException',
  });
  await change([{ Delete: { RegionName: 'eu-west-1' } }]);
  await put(east, GlobalTableName, 'c', 3);
  await put(west, GlobalTableName, 'd', 4);
  // What left is a table of its own, with what it had.
  assert.deepEqual((await items(west, GlobalTableName)).map(({ id }) => id?.S).sort(), ['a', 'b', 'd']);
  await at(east).send(new DeleteTableCommand({ TableName: GlobalTableName }));
  await assert.rejects(describe(), { name: 'GlobalTableNotFoundException' });
});
