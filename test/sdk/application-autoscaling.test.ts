import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  ApplicationAutoScalingClient,
  DeleteScalingPolicyCommand,
  DeleteScheduledActionCommand,
  DeregisterScalableTargetCommand,
  DescribeScalableTargetsCommand,
  DescribeScalingActivitiesCommand,
  DescribeScalingPoliciesCommand,
  DescribeScheduledActionsCommand,
  ListTagsForResourceCommand,
  PutScalingPolicyCommand,
  type PutScalingPolicyCommandInput,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
  type RegisterScalableTargetCommandInput,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-application-auto-scaling';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const scaling = lambent.client(ApplicationAutoScalingClient);
const dynamodb = lambent.client(DynamoDBClient);

const units = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({
  ReadCapacityUnits,
  WriteCapacityUnits,
});

async function create(TableName: string): Promise<void> {
  await dynamodb.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'kind', AttributeType: 'S' },
      ],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      ProvisionedThroughput: units(5, 5),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-kind',
          KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
          ProvisionedThroughput: units(5, 50),
        },
      ],
    }),
  );
}

async function provisioned(TableName: string) {
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName }));
  const [index] = Table?.GlobalSecondaryIndexes ?? [];
  return {
    table: [
      Table?.ProvisionedThroughput?.ReadCapacityUnits,
      Table?.ProvisionedThroughput?.WriteCapacityUnits,
    ],
    index: [
      index?.ProvisionedThroughput?.ReadCapacityUnits,
      index?.ProvisionedThroughput?.WriteCapacityUnits,
    ],
  };
}

interface Target {
  readonly ServiceNamespace: 'dynamodb';
  readonly ResourceId: string;
  readonly ScalableDimension: 'dynamodb:table:WriteCapacityUnits' | 'dynamodb:index:ReadCapacityUnits';
}

const target = (
  table: string,
  dimension: Target['ScalableDimension'] = 'dynamodb:table:WriteCapacityUnits',
): Target => ({
  ServiceNamespace: 'dynamodb',
  ResourceId: dimension.startsWith('dynamodb:index') ? `table/${table}/index/by-kind` : `table/${table}`,
  ScalableDimension: dimension,
});

const register = (more: Target & Partial<RegisterScalableTargetCommandInput>) =>
  scaling.send(new RegisterScalableTargetCommand({ MinCapacity: 5, MaxCapacity: 100, ...more }));

const tracking = (
  name: Target,
  more: PutScalingPolicyCommandInput['TargetTrackingScalingPolicyConfiguration'] & object = {
    TargetValue: 50,
  },
) =>
  scaling.send(
    new PutScalingPolicyCommand({
      ...name,
      PolicyName: 'half',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        PredefinedMetricSpecification: {
          PredefinedMetricType: name.ScalableDimension.includes('Read')
            ? 'DynamoDBReadCapacityUtilization'
            : 'DynamoDBWriteCapacityUtilization',
        },
        ...more,
      },
    }),
  );

/** Moves the clock to ten seconds past a minute, so that what follows is within one. */
async function startOfMinute(): Promise<void> {
  const { now } = (await (await fetch(`${lambent.endpoint}/_lambent/clock`)).json()) as { now: string };
  await lambent.advance(130 - (Math.floor(Date.parse(now) / 1000) % 60));
}

/** Writes of so many units, then the rest of the minute. */
async function minuteOfWrites(table: string, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 25) {
    await dynamodb.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [table]: Array.from({ length: Math.min(25, left) }, (_, i) => ({
            PutRequest: { Item: { id: { S: `${left}-${i}` } } },
          })),
        },
      }),
    );
  }
  await lambent.advance(60);
}

async function activities(table: string) {
  const { ScalingActivities = [] } = await scaling.send(
    new DescribeScalingActivitiesCommand({ ServiceNamespace: 'dynamodb', ResourceId: `table/${table}` }),
  );
  return ScalingActivities.map(({ Description, Cause, StatusCode }) => [
    Description,
    Cause?.replace(/-[0-9a-f]{8}-[0-9a-f-]{27}/, ''),
    StatusCode,
  ]);
}

test('a table grows after two minutes above its target, and shrinks after fifteen well below it', async () => {
  await create('busy');
  await register(target('busy'));
  await tracking(target('busy'));
  await startOfMinute();

  // 230 units in a minute are 3.8 a second: 77 % of 5.
  await minuteOfWrites('busy', 230);
  assert.deepEqual((await provisioned('busy')).table, [5, 5]);
  await minuteOfWrites('busy', 230);
  assert.deepEqual((await provisioned('busy')).table, [5, 8]);

  for (let minute = 0; minute < 14; minute++) await minuteOfWrites('busy', 25);
  assert.deepEqual((await provisioned('busy')).table, [5, 8]);
  await minuteOfWrites('busy', 25);
  assert.deepEqual((await provisioned('busy')).table, [5, 5]);

  assert.deepEqual(await activities('busy'), [
    [
      'Setting write capacity units to 5.',
      'monitor alarm TargetTracking-table/busy-AlarmLow in state ALARM triggered policy half',
      'Successful',
    ],
    [
      'Setting write capacity units to 8.',
      'monitor alarm TargetTracking-table/busy-AlarmHigh in state ALARM triggered policy half',
      'Successful',
    ],
  ]);
});

test('an idle table stays as it is; a suspended one too; one out of its bounds is brought back', async () => {
  await create('idle');
  await register({ ...target('idle'), MinCapacity: 1 });
  await tracking(target('idle'));
  await startOfMinute();
  await lambent.advance(7 * 86_400);
  assert.deepEqual((await provisioned('idle')).table, [5, 5]);
  await register({ ...target('idle'), MinCapacity: 1, SuspendedState: { DynamicScalingOutSuspended: true } });
  for (let minute = 0; minute < 3; minute++) await minuteOfWrites('idle', 230);
  assert.deepEqual((await provisioned('idle')).table, [5, 5]);
  await register({ ...target('idle'), MinCapacity: 7 });
  await lambent.advance(60);
  assert.deepEqual((await provisioned('idle')).table, [5, 7]);
  // What is consumed after a long rest counts from its first minute on.
  await register({
    ...target('idle'),
    MinCapacity: 7,
    SuspendedState: { DynamicScalingOutSuspended: false },
  });
  await lambent.advance(3 * 3600);
  await startOfMinute();
  for (let minute = 0; minute < 2; minute++) await minuteOfWrites('idle', 350);
  assert.deepEqual((await provisioned('idle')).table, [5, 12]);
  assert.deepEqual((await activities('idle')).slice(1), [
    ['Setting write capacity units to 7.', 'minimum capacity was set to 7', 'Successful'],
  ]);
});

test('a global index scales by itself, no further than its maximum', async () => {
  await create('indexed');
  const reads = target('indexed', 'dynamodb:index:ReadCapacityUnits');
  await register({ ...reads, MaxCapacity: 6 });
  await tracking(reads);
  await dynamodb.send(
    new BatchWriteItemCommand({
      RequestItems: {
        indexed: Array.from({ length: 10 }, (_, i) => ({
          PutRequest: { Item: { id: { S: `${i}` }, kind: { S: 'a' }, pad: { S: 'x'.repeat(30_000) } } },
        })),
      },
    }),
  );
  await startOfMinute();
  for (let minute = 0; minute < 2; minute++) {
    for (let query = 0; query < 7; query++) {
      await dynamodb.send(
        new QueryCommand({
          TableName: 'indexed',
          IndexName: 'by-kind',
          KeyConditionExpression: 'kind = :kind',
          ExpressionAttributeValues: { ':kind': { S: 'a' } },
        }),
      );
    }
    await lambent.advance(60);
  }
  assert.deepEqual(await provisioned('indexed'), { table: [5, 5], index: [6, 50] });
});

test('cooldowns keep a policy from scaling again at once', async () => {
  await create('cool');
  await register(target('cool'));
  await tracking(target('cool'), { TargetValue: 50, ScaleOutCooldown: 600 });
  await startOfMinute();
  for (let minute = 0; minute < 2; minute++) await minuteOfWrites('cool', 230);
  assert.deepEqual((await provisioned('cool')).table, [5, 8]);
  for (let minute = 0; minute < 3; minute++) await minuteOfWrites('cool', 350);
  assert.deepEqual((await provisioned('cool')).table, [5, 8]);
  await lambent.advance(600);
  for (let minute = 0; minute < 2; minute++) await minuteOfWrites('cool', 350);
  assert.deepEqual((await provisioned('cool')).table, [5, 12]);
});

test('scheduled actions move the bounds, and the table with them', async () => {
  await create('planned');
  await register(target('planned'));
  const put = (ScheduledActionName: string, Schedule: string, more: object) =>
    scaling.send(
      new PutScheduledActionCommand({
        ...target('planned'),
        ScheduledActionName,
        Schedule,
        ...more,
      }),
    );
  const { ScalableTargets = [] } = await scaling.send(
    new DescribeScalableTargetsCommand({ ServiceNamespace: 'dynamodb', ResourceIds: ['table/planned'] }),
  );
  const nowMs = ScalableTargets[0]?.CreationTime?.getTime() ?? 0;
  const when = new Date(nowMs + 7_200_000).toISOString().slice(0, 19);
  await put('once', `at(${when})`, { ScalableTargetAction: { MinCapacity: 20, MaxCapacity: 40 } });
  await put('often', 'rate(3 hours)', { ScalableTargetAction: { MaxCapacity: 10 } });
  await lambent.advance(7_260);
  assert.deepEqual((await provisioned('planned')).table, [5, 20]);
  assert.deepEqual(await activities('planned'), [
    ['Setting write capacity units to 20.', 'minimum capacity was set to 20', 'Successful'],
    [
      'Setting min capacity to 20 and max capacity to 40',
      'scheduled action name once was triggered',
      'Successful',
    ],
  ]);
  await lambent.advance(3_600);
  assert.deepEqual((await provisioned('planned')).table, [5, 10]);
  const described = await scaling.send(new DescribeScheduledActionsCommand({ ServiceNamespace: 'dynamodb' }));
  assert.deepEqual(
    described.ScheduledActions?.map(({ ScheduledActionName, Schedule }) => [ScheduledActionName, Schedule]),
    [
      ['often', 'rate(3 hours)'],
      ['once', `at(${when})`],
    ].sort(),
  );
  const gone = { ...target('planned'), ScheduledActionName: 'often' };
  await scaling.send(new DeleteScheduledActionCommand(gone));
  await assert.rejects(scaling.send(new DeleteScheduledActionCommand(gone)), {
    name: 'ObjectNotFoundException',
  });
  await assert.rejects(put('never', 'cron(* * * * * *)', { ScalableTargetAction: { MinCapacity: 1 } }), {
    name: 'ValidationException',
  });
});

test('targets are described, tagged and deregistered with their policies; the role is made', async () => {
  await create('kept');
  const { ScalableTargetARN: ResourceARN } = await register({ ...target('kept'), Tags: { team: 'a' } });
  assert.match(
    ResourceARN ?? '',
    /^arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target\/\w{34}$/,
  );
  const { PolicyARN } = await tracking(target('kept'));
  assert.match(
    PolicyARN ?? '',
    /^arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:[0-9a-f-]{36}:resource\/dynamodb\/table\/kept:policyName\/half$/,
  );
  await scaling.send(new TagResourceCommand({ ResourceARN, Tags: { cost: 'b' } }));
  await scaling.send(new UntagResourceCommand({ ResourceARN, TagKeys: ['team'] }));
  assert.deepEqual((await scaling.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags, { cost: 'b' });
  const found = await scaling.send(
    new DescribeScalableTargetsCommand({ ServiceNamespace: 'dynamodb', ResourceIds: ['table/kept'] }),
  );
  assert.deepEqual(found.ScalableTargets?.[0], {
    ...target('kept'),
    MinCapacity: 5,
    MaxCapacity: 100,
    RoleARN:
      'arn:aws:iam::000000000000:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable',
    CreationTime: found.ScalableTargets?.[0]?.CreationTime,
    SuspendedState: {
      DynamicScalingInSuspended: false,
      DynamicScalingOutSuspended: false,
      ScheduledScalingSuspended: false,
    },
    ScalableTargetARN: ResourceARN,
  });
  await lambent
    .client(IAMClient)
    .send(new GetRoleCommand({ RoleName: 'AWSServiceRoleForApplicationAutoScaling_DynamoDBTable' }));
  const first = await scaling.send(
    new DescribeScalableTargetsCommand({ ServiceNamespace: 'dynamodb', MaxResults: 2 }),
  );
  const second = await scaling.send(
    new DescribeScalableTargetsCommand({ ServiceNamespace: 'dynamodb', NextToken: first.NextToken }),
  );
  const names = [...(first.ScalableTargets ?? []), ...(second.ScalableTargets ?? [])].map(
    ({ ResourceId }) => ResourceId,
  );
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes('table/kept'));

  await scaling.send(new DeregisterScalableTargetCommand(target('kept')));
  await assert.rejects(scaling.send(new DeregisterScalableTargetCommand(target('kept'))), {
    name: 'ObjectNotFoundException',
    message:
      'No scalable target found for service namespace: dynamodb, resource ID: table/kept, scalable dimension: dynamodb:table:WriteCapacityUnits',
  });
  const policies = await scaling.send(
    new DescribeScalingPoliciesCommand({ ServiceNamespace: 'dynamodb', ResourceId: 'table/kept' }),
  );
  assert.deepEqual(policies.ScalingPolicies, []);
});

test('what cannot be is refused in so many words', async () => {
  await create('strict');
  await assert.rejects(register(target('nothing')), {
    name: 'ValidationException',
    message: 'DynamoDB table does not exist: table/nothing',
  });
  await assert.rejects(register({ ...target('strict'), ResourceId: 'strict' }), {
    name: 'ValidationException',
    message: 'Unsupported service namespace, resource type or scalable dimension',
  });
  await assert.rejects(register({ ...target('strict'), MaxCapacity: 1 }), { name: 'ValidationException' });
  await assert.rejects(tracking(target('strict')), {
    name: 'ObjectNotFoundException',
    message:
      'No scalable target registered for service namespace: dynamodb, resource ID: table/strict, scalable dimension: dynamodb:table:WriteCapacityUnits',
  });
  await register(target('strict'));
  await assert.rejects(tracking(target('strict'), { TargetValue: 95 }), { name: 'ValidationException' });
  await tracking(target('strict'));
  await assert.rejects(
    scaling.send(
      new PutScalingPolicyCommand({
        ...target('strict'),
        PolicyName: 'steps',
        PolicyType: 'StepScaling',
        StepScalingPolicyConfiguration: {},
      }),
    ),
    { name: 'ValidationException' },
  );
  const other = { ...target('strict'), PolicyName: 'half' };
  await scaling.send(new DeleteScalingPolicyCommand(other));
  await assert.rejects(scaling.send(new DeleteScalingPolicyCommand(other)), {
    name: 'ObjectNotFoundException',
    message:
      'No scaling policy found for service namespace: dynamodb, resource ID: table/strict, scalable dimension: dynamodb:table:WriteCapacityUnits, policy name: half',
  });
});
