import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  CloudTrailClient,
  CreateTrailCommand,
  DescribeTrailsCommand,
  GetTrailCommand,
  GetTrailStatusCommand,
  StartLoggingCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  AcceptHandshakeCommand,
  CreateOrganizationCommand,
  EnableAWSServiceAccessCommand,
  InviteAccountToOrganizationCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

/** A trail of an organization takes what happens in all its accounts. */
const MEMBER = '222233334444';
const lambent = await withLambent();
const member = { accessKeyId: MEMBER, secretAccessKey: 'test' };
const trails = lambent.client(CloudTrailClient);
const s3 = lambent.client(S3Client);
const organizations = lambent.client(OrganizationsClient);
const Bucket = 'shared-trail';
const TRAIL = `arn:aws:cloudtrail:us-east-1:${lambent.account}:trail/shared`;
let organizationId = '';

async function filesOf(account: string): Promise<string[]> {
  const Prefix = `AWSLogs/${organizationId}/${account}/CloudTrail/us-east-1/`;
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  return Contents.map(({ Key = '' }) => Key).filter((key) => key.endsWith('.gz'));
}

async function eventsIn(keys: readonly string[]): Promise<string[]> {
  const names: string[] = [];
  for (const Key of keys) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const text = gunzipSync(Buffer.from((await Body?.transformToByteArray()) ?? [])).toString();
    const { Records } = JSON.parse(text) as { Records: { eventName: string }[] };
    names.push(...Records.map(({ eventName }) => eventName));
  }
  return names;
}

const create = () =>
  trails.send(new CreateTrailCommand({ Name: 'shared', S3BucketName: Bucket, IsOrganizationTrail: true }));

before(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudtrail.amazonaws.com' },
            Action: 's3:PutObject',
            Resource: `arn:aws:s3:::${Bucket}/AWSLogs/*`,
            Condition: { StringEquals: { 'aws:SourceArn': TRAIL } },
          },
        ],
      }),
    }),
  );
});

test('only who manages an organization that trusts CloudTrail makes one', async () => {
  await assert.rejects(create(), named('OrganizationsNotInUseException'));
  const { Organization } = await organizations.send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }));
  organizationId = Organization?.Id ?? '';
  await assert.rejects(create(), named('CloudTrailAccessNotEnabledException'));
  await organizations.send(
    new EnableAWSServiceAccessCommand({ ServicePrincipal: 'cloudtrail.amazonaws.com' }),
  );
  const { Handshake } = await organizations.send(
    new InviteAccountToOrganizationCommand({ Target: { Type: 'ACCOUNT', Id: MEMBER } }),
  );
  await lambent
    .client(OrganizationsClient, { credentials: member })
    .send(new AcceptHandshakeCommand({ HandshakeId: Handshake?.Id }));
  const theirs = lambent.client(CloudTrailClient, { credentials: member });
  await assert.rejects(
    theirs.send(new CreateTrailCommand({ Name: 'mine', S3BucketName: Bucket, IsOrganizationTrail: true })),
    named('NotOrganizationMasterAccountException'),
  );
  assert.equal((await create()).IsOrganizationTrail, true);
  await trails.send(new StartLoggingCommand({ Name: 'shared' }));
  const { trailList } = await theirs.send(new DescribeTrailsCommand({}));
  assert.deepEqual(
    trailList?.map(({ TrailARN, IsOrganizationTrail }) => [TrailARN, IsOrganizationTrail]),
    [[TRAIL, true]],
  );
});

test('it delivers the events of members to folders of their own', async () => {
  await lambent.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'ours' }));
  await lambent
    .client(SQSClient, { credentials: member })
    .send(new CreateQueueCommand({ QueueName: 'theirs' }));
  await lambent
    .client(SQSClient, { credentials: { accessKeyId: '999988887777', secretAccessKey: 'test' } })
    .send(new CreateQueueCommand({ QueueName: 'stranger' }));
  await lambent.advance(301);
  const own = await eventsIn(await filesOf(lambent.account));
  assert.equal(own.filter((name) => name === 'CreateQueue').length, 1);
  assert.deepEqual(await eventsIn(await filesOf(MEMBER)), ['DescribeTrails', 'CreateQueue']);
  assert.deepEqual(await filesOf('999988887777'), []);
});

test('members look at it by its ARN, and change nothing', async () => {
  const theirs = lambent.client(CloudTrailClient, { credentials: member });
  assert.equal((await theirs.send(new GetTrailCommand({ Name: TRAIL }))).Trail?.TrailARN, TRAIL);
  assert.equal((await theirs.send(new GetTrailStatusCommand({ Name: TRAIL }))).IsLogging, true);
  const { trailList } = await theirs.send(new DescribeTrailsCommand({ trailNameList: [TRAIL] }));
  assert.equal(trailList?.length, 1);
  await assert.rejects(theirs.send(new StopLoggingCommand({ Name: TRAIL })));
  const stranger = { accessKeyId: '999988887777', secretAccessKey: 'test' };
  await assert.rejects(
    lambent.client(CloudTrailClient, { credentials: stranger }).send(new GetTrailCommand({ Name: TRAIL })),
    named('TrailNotFoundException'),
  );
});

test('a trail that is the account’s alone again takes its events alone', async () => {
  await trails.send(new UpdateTrailCommand({ Name: 'shared', IsOrganizationTrail: false }));
  const before = await filesOf(MEMBER);
  await lambent
    .client(SQSClient, { credentials: member })
    .send(new CreateQueueCommand({ QueueName: 'more' }));
  await lambent.advance(301);
  assert.deepEqual(await filesOf(MEMBER), before);
});
