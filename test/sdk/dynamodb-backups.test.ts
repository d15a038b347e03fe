import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  type AttributeValue,
  CreateBackupCommand,
  CreateTableCommand,
  DeleteBackupCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeBackupCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListBackupsCommand,
  PutItemCommand,
  QueryCommand,
  RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateContinuousBackupsCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(DynamoDBClient);

function create(TableName: string) {
  return client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'color', AttributeType: 'S' },
      ],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byColor',
          KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
}

const put = (TableName: string, id: string, version: number, color?: string) =>
  client.send(
    new PutItemCommand({
      TableName,
      Item: {
        id: { S: id },
        version: { N: String(version) },
        ...(color === undefined ? {} : { color: { S: color } }),
      },
    }),
  );

async function items(TableName: string): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  let start: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new ScanCommand({ TableName, ConsistentRead: true, ExclusiveStartKey: start }),
    );
    for (const { id, version } of Items) found.push([id?.S ?? '', version?.N ?? '']);
    start = LastEvaluatedKey;
  } while (start !== undefined);
  return Object.fromEntries(found.sort());
}

async function colored(TableName: string, color: string): Promise<readonly (string | undefined)[]> {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName,
      IndexName: 'byColor',
      KeyConditionExpression: 'color = :c',
      ExpressionAttributeValues: { ':c': { S: color } },
    }),
  );
  return Items.map(({ id }) => id?.S).sort();
}

async function backUp(TableName: string, BackupName: string): Promise<string> {
  const { BackupDetails } = await client.send(new CreateBackupCommand({ TableName, BackupName }));
  assert.equal(BackupDetails?.BackupStatus, 'CREATING');
  return BackupDetails.BackupArn ?? assert.fail();
}

async function available(BackupArn: string) {
  for (let attempt = 0; attempt < 500; attempt++) {
    const { BackupDescription } = await client.send(new DescribeBackupCommand({ BackupArn }));
    if (BackupDescription?.BackupDetails?.BackupStatus === 'AVAILABLE') return BackupDescription;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return assert.fail('the backup is never there');
}

const exists = (TableName: string) =>
  waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 0.02, maxDelay: 0.02 }, { TableName });

const enable = (TableName: string, PointInTimeRecoveryEnabled = true) =>
  client.send(
    new UpdateContinuousBackupsCommand({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled },
    }),
  );

async function now(): Promise<Date> {
  const answer = (await (await fetch(`${lambent.endpoint}/_lambent/clock`)).json()) as {
    now: string | number;
  };
  return new Date(answer.now);
}

test('a backup is the table of one moment, whatever is written meanwhile, and restores with its indexes', async () => {
  await create('kept');
  for (let first = 0; first < 600; first += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => put('kept', `item-${first + i}`, 1, 'red')));
  }
  const arn = await backUp('kept', 'first');
  assert.match(arn, /^arn:aws:dynamodb:us-east-1:000000000000:table\/kept\/backup\/\d{14}-[0-9a-f]{8}$/);
  // These come after, and race the copy.
  await Promise.all([
    ...Array.from({ length: 50 }, (_, i) => put('kept', `item-${i}`, 2)),
    ...Array.from({ length: 50 }, (_, i) =>
      client.send(new DeleteItemCommand({ TableName: 'kept', Key: { id: { S: `item-${599 - i}` } } })),
    ),
    ...Array.from({ length: 50 }, (_, i) => put('kept', `more-${i}`, 1)),
  ]);
  const description = await available(arn);
  assert.equal(description.BackupDetails?.BackupName, 'first');
  assert.equal(description.SourceTableDetails?.ItemCount, 600);
  assert.equal(description.SourceTableFeatureDetails?.GlobalSecondaryIndexes?.[0]?.IndexName, 'byColor');

  const { TableDescription } = await client.send(
    new RestoreTableFromBackupCommand({ BackupArn: arn, TargetTableName: 'again' }),
  );
  assert.equal(TableDescription?.TableStatus, 'CREATING');
  assert.equal(TableDescription.RestoreSummary?.RestoreInProgress, true);
  await exists('again');
  const expected = Object.fromEntries(
    Array.from({ length: 600 }, (_, i) => [`item-${i}`, '1'] as const).sort(),
  );
  assert.deepEqual(await items('again'), expected);
  assert.equal((await colored('again', 'red')).length, 600);
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'again' }));
  assert.equal(Table?.RestoreSummary?.SourceBackupArn, arn);
  assert.equal(Table.RestoreSummary?.RestoreInProgress, false);
  await put('again', 'item-0', 3);

  // The backup outlives its table.
  await client.send(new DeleteTableCommand({ TableName: 'kept' }));
  await client.send(
    new RestoreTableFromBackupCommand({
      BackupArn: arn,
      TargetTableName: 'plain',
      GlobalSecondaryIndexOverride: [],
      BillingModeOverride: 'PROVISIONED',
      ProvisionedThroughputOverride: { ReadCapacityUnits: 500, WriteCapacityUnits: 500 },
    }),
  );
  await exists('plain');
  assert.deepEqual(await items('plain'), expected);
  const plain = (await client.send(new DescribeTableCommand({ TableName: 'plain' }))).Table;
  assert.equal(plain?.GlobalSecondaryIndexes, undefined);
  assert.deepEqual(
    plain?.AttributeDefinitions?.map(({ AttributeName }) => AttributeName),
    ['id'],
  );
});

test('backups are listed, page by page, and deleted', async () => {
  await create('listed');
  const arns = [await backUp('listed', 'one'), await backUp('listed', 'two')].sort();
  for (const arn of arns) await available(arn);
  const first = await client.send(new ListBackupsCommand({ TableName: 'listed', Limit: 1 }));
  assert.deepEqual(
    [first.BackupSummaries?.map(({ BackupArn }) => BackupArn), first.LastEvaluatedBackupArn],
    [[arns[0]], arns[0]],
  );
  const second = await client.send(
    new ListBackupsCommand({ TableName: 'listed', ExclusiveStartBackupArn: arns[0] }),
  );
  assert.deepEqual(
    second.BackupSummaries?.map(({ BackupArn }) => BackupArn),
    [arns[1]],
  );
  assert.equal(second.LastEvaluatedBackupArn, undefined);
  const deleted = await client.send(new DeleteBackupCommand({ BackupArn: arns[0] }));
  assert.equal(deleted.BackupDescription?.BackupDetails?.BackupStatus, 'DELETED');
  await assert.rejects(client.send(new DescribeBackupCommand({ BackupArn: arns[0] })), {
    name: 'BackupNotFoundException',
    message: `Backup not found: ${arns[0]}`,
  });
  await assert.rejects(backUp('nowhere', 'three'), {
    name: 'TableNotFoundException',
    message: 'Table not found: nowhere',
  });
  await assert.rejects(
    client.send(new RestoreTableFromBackupCommand({ BackupArn: arns[1], TargetTableName: 'listed' })),
    { name: 'TableAlreadyExistsException', message: 'Table already exists: listed' },
  );
});

test('a table is restored to any moment of its history', async () => {
  await create('past');
  await put('past', 'old', 1, 'blue');
  await assert.rejects(
    client.send(
      new RestoreTableToPointInTimeCommand({
        SourceTableName: 'past',
        TargetTableName: 'never',
        UseLatestRestorableTime: true,
      }),
    ),
    { name: 'PointInTimeRecoveryUnavailableException' },
  );
  await enable('past');
  const states: [Date, Record<string, string>][] = [];
  const note = async () => {
    // Moments are told by the second.
    await lambent.advance(1);
    states.push([await now(), await items('past')]);
    await lambent.advance(1);
  };
  await note();
  await put('past', 'old', 2, 'green');
  await put('past', 'old', 3, 'green');
  await note();
  await client.send(
    new TransactWriteItemsCommand({
      TransactItems: [
        { Delete: { TableName: 'past', Key: { id: { S: 'old' } } } },
        { Put: { TableName: 'past', Item: { id: { S: 'new' }, version: { N: '1' } } } },
      ],
    }),
  );
  await note();
  await put('past', 'old', 4);
  await lambent.advance(300);

  for (const [index, [at, state]] of states.entries()) {
    const TargetTableName = `past-${index}`;
    await client.send(
      new RestoreTableToPointInTimeCommand({ SourceTableName: 'past', TargetTableName, RestoreDateTime: at }),
    );
    await exists(TargetTableName);
    assert.deepEqual(await items(TargetTableName), state, `the state of ${at.toISOString()}`);
  }
  assert.deepEqual(await colored('past-0', 'blue'), ['old']);
  assert.deepEqual(await colored('past-1', 'green'), ['old']);
  assert.deepEqual(await colored('past-2', 'green'), []);
  const restore = (RestoreDateTime: Date) =>
    client.send(
      new RestoreTableToPointInTimeCommand({
        SourceTableName: 'past',
        TargetTableName: 'never',
        RestoreDateTime,
      }),
    );
  await assert.rejects(restore(await now()), { name: 'InvalidRestoreTimeException' });

  // What is older than the recovery period goes; what is not stays.
  await lambent.advance(20 * 86_400);
  await put('past', 'old', 5);
  await lambent.advance(17 * 86_400);
  await assert.rejects(restore(states[0]?.[0] as Date), { name: 'InvalidRestoreTimeException' });
  const { ContinuousBackupsDescription } = await client.send(
    new DescribeContinuousBackupsCommand({ TableName: 'past' }),
  );
  const earliest = ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.EarliestRestorableDateTime;
  await client.send(
    new RestoreTableToPointInTimeCommand({
      SourceTableName: 'past',
      TargetTableName: 'past-earliest',
      RestoreDateTime: new Date((earliest as Date).getTime() + 1000),
    }),
  );
  await exists('past-earliest');
  assert.deepEqual(await items('past-earliest'), { new: '1', old: '4' });

  await enable('past', false);
  await enable('past');
  await assert.rejects(restore(earliest as Date), { name: 'InvalidRestoreTimeException' });
});
