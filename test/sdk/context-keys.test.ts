import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CreateTableCommand,
  DynamoDBClient,
  ListTagsOfResourceCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  GetUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetBucketAbacCommand,
  ListObjectsV2Command,
  PutBucketAbacCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { type Lambent, startLambent } from 'lambent/testing';
import { oneTimeCode } from '../support/one-time-code.ts';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

let lambent: Lambent;
let root: IAMClient;
before(async () => {
  lambent = await startLambent();
  root = new IAMClient(options(lambent.credentials));
});
after(() => lambent.stop());

function options(credentials: Keys) {
  const { endpoint, region } = lambent;
  return { endpoint, region, credentials, maxAttempts: 1 };
}

/** A user of blue's team under one policy. */
async function userWith(UserName: string, ...Statement: object[]): Promise<Keys> {
  await root.send(new CreateUserCommand({ UserName, Tags: [{ Key: 'team', Value: 'blue' }] }));
  await root.send(
    new PutUserPolicyCommand({
      UserName,
      PolicyName: 'own',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
    }),
  );
  const { AccessKey } = await root.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

function table(TableName: string, team?: string) {
  return new CreateTableCommand({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    ...(team === undefined ? {} : { Tags: [{ Key: 'team', Value: team }] }),
  });
}

const DENIED = { name: 'AccessDeniedException' };

test('the tags of the resource are asked when a policy asks, and compare with the caller’s', async () => {
  const admin = new DynamoDBClient(options(lambent.credentials));
  await admin.send(table('blue-table', 'blue'));
  await admin.send(table('red-table', 'red'));
  const keys = await userWith('tagged', {
    Effect: 'Allow',
    Action: 'dynamodb:PutItem',
    Resource: '*',
    Condition: { StringEquals: { 'aws:ResourceTag/team': `\${aws:PrincipalTag/team}` } },
  });
  const dynamodb = new DynamoDBClient(options(keys));
  const put = (TableName: string) =>
    dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: '1' } } }));
  await put('blue-table');
  await assert.rejects(put('red-table'), DENIED);
});

test('the tags of a bucket count where it says so, for its objects too', async () => {
  const admin = new S3Client({ ...options(lambent.credentials), forcePathStyle: true });
  const Bucket = 'tagged-bucket';
  await admin.send(new CreateBucketCommand({ Bucket }));
  await admin.send(
    new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'blue' }] } }),
  );
  const keys = await userWith('bucket-user', {
    Effect: 'Allow',
    Action: 's3:*',
    Resource: '*',
    Condition: {
      StringEquals: { 'aws:ResourceTag/team': `\${aws:PrincipalTag/team}`, 's3:BucketTag/team': 'blue' },
    },
  });
  const user = new S3Client({ ...options(keys), forcePathStyle: true });
  const put = () => user.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'v' }));
  await assert.rejects(put(), { name: 'AccessDenied' });
  const abac = (Status: 'Enabled' | 'Disabled') =>
    admin.send(new PutBucketAbacCommand({ Bucket, AbacStatus: { Status } }));
  await abac('Enabled');
  assert.equal((await admin.send(new GetBucketAbacCommand({ Bucket }))).AbacStatus?.Status, 'Enabled');
  await put();
  await user.send(new ListObjectsV2Command({ Bucket }));
  const { Deleted, Errors } = await user.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k' }] } }),
  );
  assert.deepEqual([Deleted?.length, Errors], [1, undefined], 'each key is asked about with the tags');
  await abac('Disabled');
  await assert.rejects(put(), { name: 'AccessDenied' });
});

test('the tags of the request and their keys', async () => {
  const keys = await userWith('tagging', {
    Effect: 'Allow',
    Action: 'sqs:*',
    Resource: '*',
    Condition: {
      StringEquals: { 'aws:RequestTag/team': 'blue' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'stage'] },
    },
  });
  const sqs = new SQSClient(options(keys));
  const create = (QueueName: string, tags?: Record<string, string>) =>
    sqs.send(new CreateQueueCommand({ QueueName, ...(tags === undefined ? {} : { tags }) }));
  await create('fits', { team: 'blue', stage: 'test' });
  await assert.rejects(create('untagged'));
  await assert.rejects(create('other', { team: 'red' }));
  await assert.rejects(create('more', { team: 'blue', cost: '1' }));
});

test('a service that acts for the caller is named, and only then', async () => {
  const keys = await userWith(
    'deployer',
    { Effect: 'Allow', Action: 'cloudformation:*', Resource: '*' },
    {
      Effect: 'Allow',
      Action: 'dynamodb:*',
      Resource: '*',
      Condition: { 'ForAnyValue:StringEquals': { 'aws:CalledVia': 'cloudformation.amazonaws.com' } },
    },
  );
  await assert.rejects(new DynamoDBClient(options(keys)).send(table('by-hand')), DENIED);
  const cloudformation = new CloudFormationClient(options(keys));
  const StackName = 'called-via';
  await cloudformation.send(
    new CreateStackCommand({
      StackName,
      TemplateBody: JSON.stringify({
        Resources: {
          Table: {
            Type: 'AWS::DynamoDB::Table',
            Properties: {
              TableName: 'by-stack',
              BillingMode: 'PAY_PER_REQUEST',
              AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
              KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
            },
          },
        },
      }),
    }),
  );
  for (;;) {
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName }));
    const status = Stacks?.[0]?.StackStatus;
    if (status !== 'CREATE_IN_PROGRESS') {
      assert.equal(status, 'CREATE_COMPLETE', Stacks?.[0]?.StackStatusReason);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await new DynamoDBClient(options(lambent.credentials)).send(
    new ListTagsOfResourceCommand({ ResourceArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/by-stack' }),
  );
});

test('a second factor, and how long ago it was shown', async () => {
  const keys = await userWith('careful', {
    Effect: 'Allow',
    Action: 'iam:GetUser',
    Resource: '*',
    Condition: {
      Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' },
    },
  });
  const { VirtualMFADevice } = await root.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'careful' }),
  );
  const SerialNumber = VirtualMFADevice?.SerialNumber ?? '';
  const seed = Buffer.from(VirtualMFADevice?.Base32StringSeed ?? []).toString();
  const step = 30_000;
  await root.send(
    new EnableMFADeviceCommand({
      UserName: 'careful',
      SerialNumber,
      AuthenticationCode1: oneTimeCode(seed, Date.now() - step),
      AuthenticationCode2: oneTimeCode(seed, Date.now()),
    }),
  );
  const get = (credentials: Keys) =>
    new IAMClient(options(credentials)).send(new GetUserCommand({ UserName: 'careful' }));
  await assert.rejects(get(keys), { name: 'AccessDenied' });
  const { Credentials } = await new STSClient(options(keys)).send(
    new GetSessionTokenCommand({ SerialNumber, TokenCode: oneTimeCode(seed, Date.now() + step) }),
  );
  const session = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  await get(session);
  await lambent.advance(3700);
  await assert.rejects(get(session), { name: 'AccessDenied' });
});
