import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeContributorInsightsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListContributorInsightsCommand,
  ListTablesCommand,
  UpdateContributorInsightsCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(DynamoDBClient);

const units = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({
  ReadCapacityUnits,
  WriteCapacityUnits,
});

const index = (IndexName: string) => ({
  IndexName,
  KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
});

function create(TableName: string, more: Partial<CreateTableCommandInput> = {}) {
  return client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        ...(more.GlobalSecondaryIndexes === undefined
          ? []
          : [{ AttributeName: 'kind', AttributeType: 'S' as const }]),
      ],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      ...more,
    }),
  );
}

const onDemand = { BillingMode: 'PAY_PER_REQUEST' } as const;

const update = (TableName: string, more: Omit<UpdateTableCommandInput, 'TableName'>) =>
  client.send(new UpdateTableCommand({ TableName, ...more }));

async function warmth(TableName: string) {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  return [Table?.WarmThroughput, Table?.GlobalSecondaryIndexes?.[0]?.WarmThroughput].map((warm) => [
    warm?.ReadUnitsPerSecond,
    warm?.WriteUnitsPerSecond,
    warm?.Status,
  ]);
}

const INVALID = 'One or more parameter values were invalid: ';
const refused = (message: string) => ({ name: 'ValidationException', message: INVALID + message });

test('warm throughput begins with what a table has, grows with it and is never lowered', async () => {
  await create('demand', { ...onDemand, GlobalSecondaryIndexes: [index('by-kind')] });
  assert.deepEqual(await warmth('demand'), [
    [12000, 4000, 'ACTIVE'],
    [12000, 4000, 'ACTIVE'],
  ]);
  await assert.rejects(
    update('demand', { WarmThroughput: { ReadUnitsPerSecond: 6000 } }),
    refused(
      'Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is not supported',
    ),
  );
  await update('demand', { WarmThroughput: { ReadUnitsPerSecond: 20000 } });
  const onIndex = (WarmThroughput: object) =>
    update('demand', {
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-kind', WarmThroughput } }],
    });
  await assert.rejects(
    onIndex({ WriteUnitsPerSecond: 1 }),
    refused(
      'Requested WriteUnitsPerSecond for WarmThroughput for index by-kind is lower than current WarmThroughput, decreasing WarmThroughput is not supported',
    ),
  );
  await assert.rejects(
    onIndex({}),
    refused(
      'WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: by-kind',
    ),
  );
  await onIndex({ WriteUnitsPerSecond: 5000 });
  assert.deepEqual(await warmth('demand'), [
    [20000, 4000, 'ACTIVE'],
    [12000, 5000, 'ACTIVE'],
  ]);

  await create('units', { ProvisionedThroughput: units(2, 3) });
  await update('units', { ProvisionedThroughput: units(9, 3) });
  await update('units', { ProvisionedThroughput: units(1, 1) });
  assert.deepEqual((await warmth('units'))[0], [9, 3, 'ACTIVE']);
  await assert.rejects(
    create('cold', { ...onDemand, WarmThroughput: { ReadUnitsPerSecond: 1, WriteUnitsPerSecond: 1 } }),
    refused(
      'Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for OnDemand. See: ' +
        'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial',
    ),
  );
  await assert.rejects(
    create('cold', { ProvisionedThroughput: units(10, 10), WarmThroughput: { ReadUnitsPerSecond: 5 } }),
    refused(
      'Requested ReadUnitsPerSecond for WarmThroughput for table is lower than ReadCapacityUnits of ProvisionedThroughput',
    ),
  );
  await create('warm', {
    ProvisionedThroughput: units(1, 1),
    WarmThroughput: { ReadUnitsPerSecond: 50, WriteUnitsPerSecond: 60 },
  });
  assert.deepEqual((await warmth('warm'))[0], [50, 60, 'ACTIVE']);
});

test('a table may be given so many units, and lowered so often in a day', async () => {
  await assert.rejects(create('huge', { ProvisionedThroughput: units(40_001, 1) }), {
    name: 'LimitExceededException',
    message:
      'The requested ReadCapacityUnits, 40001, is above the per table maximum for the account in us-east-1. ' +
      'Per table maximum: 40000. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.',
  });
  // Noon is far enough from either end of the day for an hour to pass.
  const { now } = (await (await fetch(`${lambent.endpoint}/_lambent/clock`)).json()) as { now: string };
  const seconds = Math.floor(Date.parse(now) / 1000);
  await lambent.advance(86_400 - (seconds % 86_400) + 43_200);
  await create('shrinking', { ProvisionedThroughput: units(10, 10) });
  for (const reads of [9, 8, 7, 6]) await update('shrinking', { ProvisionedThroughput: units(reads, 10) });
  const lower = (reads: number) => update('shrinking', { ProvisionedThroughput: units(reads, 10) });
  await assert.rejects(lower(5), {
    name: 'LimitExceededException',
    message:
      /^Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day\. After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds\. Number of decreases today: 4\. Last decrease at \w+, \w+ \d+, \d{4} at 12:00:\d\d PM Coordinated Universal Time\. Next decrease can be made at \w+, \w+ \d+, \d{4} at 1:00:\d\d PM Coordinated Universal Time$/,
  });
  await update('shrinking', { ProvisionedThroughput: units(7, 10) });
  await lambent.advance(3600);
  await lower(5);
  await assert.rejects(lower(4), { name: 'LimitExceededException' });
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'shrinking' }));
  assert.equal(Table?.ProvisionedThroughput?.NumberOfDecreasesToday, 5);
  await lambent.advance(86_400);
  await lower(4);
});

test('throughput goes with the billing mode', async () => {
  const most = (units: number) => ({ MaxReadRequestUnits: units });
  const outside = refused(
    'Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range',
  );
  for (const value of [0, -1, -2]) {
    await assert.rejects(create('modes', { ...onDemand, OnDemandThroughput: most(value) }), outside);
  }
  await assert.rejects(
    create('modes', { ProvisionedThroughput: units(1, 1), OnDemandThroughput: most(1) }),
    refused(
      'MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.',
    ),
  );
  await assert.rejects(create('modes', { ...onDemand, OnDemandThroughput: most(40_001) }), {
    name: 'LimitExceededException',
    message:
      'Subscriber limit exceeded: Requested MaxReadRequestUnits for OnDemandThroughput for table exceeds TableMaxReadCapacityUnits of the account in region us-east-1',
  });
  await create('modes', {
    ...onDemand,
    OnDemandThroughput: most(7),
    GlobalSecondaryIndexes: [{ ...index('by-kind'), OnDemandThroughput: { MaxReadRequestUnits: -1 } }],
  });
  await assert.rejects(
    update('modes', {
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-kind', ProvisionedThroughput: units(2, 2) } }],
    }),
    refused(
      'The only Updates for index: by-kind when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput',
    ),
  );
  await update('modes', {
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: units(1, 1),
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-kind', ProvisionedThroughput: units(2, 2) } }],
  });
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'modes' }));
  assert.equal(Table?.OnDemandThroughput, undefined);
  await assert.rejects(
    update('modes', { OnDemandThroughput: most(1) }),
    refused(
      'MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED',
    ),
  );
});

test('contributor insights keep their state', async () => {
  await create('watched', { ...onDemand, GlobalSecondaryIndexes: [index('by-kind')] });
  const describe = async (IndexName?: string) =>
    (await client.send(new DescribeContributorInsightsCommand({ TableName: 'watched', IndexName })))
      .ContributorInsightsStatus;
  assert.equal(await describe(), 'DISABLED');
  const set = (ContributorInsightsAction: 'ENABLE' | 'DISABLE', IndexName?: string) =>
    client.send(
      new UpdateContributorInsightsCommand({ TableName: 'watched', IndexName, ContributorInsightsAction }),
    );
  assert.equal((await set('ENABLE')).ContributorInsightsStatus, 'ENABLING');
  await set('ENABLE', 'by-kind');
  assert.deepEqual([await describe(), await describe('by-kind')], ['ENABLED', 'ENABLED']);
  const listed = async () =>
    (await client.send(new ListContributorInsightsCommand({}))).ContributorInsightsSummaries;
  assert.deepEqual(
    (await listed())?.map(({ TableName, IndexName }) => [TableName, IndexName]),
    [
      ['watched', undefined],
      ['watched', 'by-kind'],
    ],
  );
  await set('DISABLE');
  assert.equal((await listed())?.length, 1);
  await assert.rejects(set('ENABLE', 'nowhere'), { name: 'ResourceNotFoundException' });
});

test('ListTables is asked for on all tables; a bad name is reported alone', async () => {
  const iam = lambent.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'lister' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'lister' }));
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const lister = lambent.client(DynamoDBClient, { credentials });
  await assert.rejects(lister.send(new ListTablesCommand({})), {
    name: 'AccessDeniedException',
    message:
      'User: arn:aws:iam::000000000000:user/lister is not authorized to perform: dynamodb:ListTables on resource: ' +
      'arn:aws:dynamodb:us-east-1:000000000000:table/* because no identity-based policy allows the dynamodb:ListTables action',
  });
  const Statement = {
    Effect: 'Allow',
    Action: 'dynamodb:ListTables',
    Resource: 'arn:aws:dynamodb:us-east-1:000000000000:table/*',
  };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: 'lister', PolicyName: 'list', PolicyDocument }));
  await lister.send(new ListTablesCommand({}));

  const alone = {
    name: 'ValidationException',
    message:
      "1 validation error detected: Value 'a b c' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
  };
  await assert.rejects(create('a b c', { KeySchema: [], BillingMode: 'NEVER' as never }), alone);
  await assert.rejects(update('a b c', { BillingMode: 'NEVER' as never }), alone);
});

test('a table becomes on demand four times in any day, and is warmed while it is made only for what is asked', async () => {
  const made = await create('switching', { ProvisionedThroughput: units(1, 1) });
  assert.equal(made.TableDescription?.WarmThroughput, undefined);
  const warmed = await create('warmed', {
    ...onDemand,
    WarmThroughput: { ReadUnitsPerSecond: 20000, WriteUnitsPerSecond: 5000 },
  });
  assert.deepEqual(warmed.TableDescription?.WarmThroughput, {
    ReadUnitsPerSecond: 20000,
    WriteUnitsPerSecond: 5000,
    Status: 'UPDATING',
  });
  for (let n = 0; n < 4; n++) {
    await update('switching', onDemand);
    await update('switching', { BillingMode: 'PROVISIONED', ProvisionedThroughput: units(1, 1) });
  }
  await assert.rejects(update('switching', onDemand), {
    name: 'LimitExceededException',
    message:
      /^Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 times in 1 day\(s\)\. Last update at \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}\. Next update can be made at /,
  });
  await lambent.advance(86_400);
  await update('switching', onDemand);
});
