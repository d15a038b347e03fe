import { strict as assert } from 'node:assert';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { withLambent } from '../support/clients.ts';
import { JsonClient } from '../support/json-client.ts';

const ACCOUNT = '000000000000';
const lambent = await withLambent();
const s3 = lambent.client(S3Client);
const dynamodb = lambent.client(DynamoDBClient);
let client: JsonClient;
before(async () => {
  client = new JsonClient(lambent.port);
  await s3.send(new CreateBucketCommand({ Bucket: 'audited' }));
});
after(async () => {
  client.close();
});

async function trail(operation: string, input: object): Promise<Record<string, unknown>> {
  const target = `com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.${operation}`;
  const { status, output } = await client.call('cloudtrail', target, input);
  if (status !== 200) throw Object.assign(new Error(String(output['message'])), { name: output['__type'] });
  return output;
}

async function contentOf(Key: string): Promise<{ content: Buffer; metadata: Record<string, string> }> {
  const { Body, Metadata = {} } = await s3.send(new GetObjectCommand({ Bucket: 'audited', Key }));
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  return { content: gunzipSync(bytes), metadata: Metadata };
}

async function keysUnder(Prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'audited', Prefix }));
  return Contents.map(({ Key = '' }) => Key).filter((key) => key.endsWith('.gz'));
}

test('a trail needs a bucket that lets CloudTrail in', async () => {
  const input = { Name: 'everything', S3BucketName: 'audited', EnableLogFileValidation: true };
  await assert.rejects(trail('CreateTrail', { ...input, S3BucketName: 'nowhere' }), {
    name: 'S3BucketDoesNotExistException',
  });
  await assert.rejects(trail('CreateTrail', input), { name: 'InsufficientS3BucketPolicyException' });
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket: 'audited',
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudtrail.amazonaws.com' },
            Action: 's3:PutObject',
            Resource: `arn:aws:s3:::audited/AWSLogs/${ACCOUNT}/*`,
            Condition: {
              StringEquals: {
                's3:x-amz-acl': 'bucket-owner-full-control',
                'aws:SourceArn': `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/everything`,
              },
            },
          },
        ],
      }),
    }),
  );
  const made = await trail('CreateTrail', { ...input, TagsList: [{ Key: 'team', Value: 'blue' }] });
  assert.equal(made['TrailARN'], `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/everything`);
  await assert.rejects(trail('CreateTrail', input), { name: 'TrailAlreadyExistsException' });
  const { ResourceTagList } = await trail('ListTags', { ResourceIdList: [made['TrailARN']] });
  assert.deepEqual(ResourceTagList, [
    { ResourceId: made['TrailARN'], TagsList: [{ Key: 'team', Value: 'blue' }] },
  ]);
  const { IsLogging } = await trail('GetTrailStatus', { Name: 'everything' });
  assert.equal(IsLogging, false);
});

test('log files hold what the trail selects, and digests verify offline', async () => {
  await trail('PutEventSelectors', {
    TrailName: 'everything',
    EventSelectors: [
      {
        ReadWriteType: 'WriteOnly',
        DataResources: [
          { Type: 'AWS::DynamoDB::Table', Values: [`arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/rides`] },
        ],
      },
    ],
  });
  await trail('StartLogging', { Name: 'everything' });
  const table = (TableName: string) =>
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    });
  await dynamodb.send(table('rides'));
  await dynamodb.send(table('others'));
  await dynamodb.send(new PutItemCommand({ TableName: 'rides', Item: { id: { S: '1' } } }));
  await dynamodb.send(new PutItemCommand({ TableName: 'others', Item: { id: { S: '1' } } }));
  await trail('DescribeTrails', {});
  await lambent.advance(7300);

  const [file = '', ...more] = await keysUnder(`AWSLogs/${ACCOUNT}/CloudTrail/us-east-1/`);
  assert.deepEqual(more, []);
  assert.match(file, /\/\d{4}\/\d\d\/\d\d\/000000000000_CloudTrail_us-east-1_\d{8}T\d{4}Z_\w{16}\.json\.gz$/);
  const { content } = await contentOf(file);
  const { Records } = JSON.parse(content.toString()) as {
    Records: { eventName: string; readOnly: boolean; resources: { ARN: string }[]; eventCategory: string }[];
  };
  assert.deepEqual(
    Records.map(({ eventName }) => eventName),
    ['StartLogging', 'CreateTable', 'CreateTable', 'PutItem'],
  );
  assert.equal(Records[3]?.resources[0]?.ARN, `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/rides`);
  assert.equal(Records[3]?.eventCategory, 'Data');

  await dynamodb.send(new PutItemCommand({ TableName: 'rides', Item: { id: { S: '2' } } }));
  await lambent.advance(7300);
  const digests = await keysUnder(`AWSLogs/${ACCOUNT}/CloudTrail-Digest/us-east-1/`);
  // One of the hour of the first files, and one of each hour since.
  assert.ok(digests.length >= 2);
  const { PublicKeyList } = (await trail('ListPublicKeys', {})) as {
    PublicKeyList: { Value: string; Fingerprint: string }[];
  };
  let previous: { signature: string; hash: string } | undefined;
  for (const key of digests) {
    const digest = await contentOf(key);
    const hash = createHash('sha256').update(digest.content).digest('hex');
    const facts = JSON.parse(digest.content.toString()) as Record<string, string> & {
      logFiles: { s3Object: string; hashValue: string }[];
    };
    const publicKey = PublicKeyList.find(
      ({ Fingerprint }) => Fingerprint === facts['digestPublicKeyFingerprint'],
    );
    const text = `${facts['digestEndTime']}\naudited/${key}\n${hash}\n${previous?.signature ?? 'null'}`;
    const signature = digest.metadata['signature'] ?? '';
    assert.ok(
      verify(
        'sha256',
        Buffer.from(text),
        createPublicKey({ key: Buffer.from(publicKey?.Value ?? '', 'base64'), format: 'der', type: 'pkcs1' }),
        Buffer.from(signature, 'hex'),
      ),
    );
    assert.equal(facts['previousDigestHashValue'], previous?.hash ?? null);
    for (const { s3Object, hashValue } of facts.logFiles) {
      const log = await contentOf(s3Object);
      assert.equal(createHash('sha256').update(log.content).digest('hex'), hashValue);
    }
    previous = { signature, hash };
  }
  // An hour in which nothing was delivered has a digest too, so that files cannot be lost unnoticed.
  await lambent.advance(7200);
  const later = await keysUnder(`AWSLogs/${ACCOUNT}/CloudTrail-Digest/us-east-1/`);
  assert.equal(later.length, digests.length + 2);
  for (const key of later.slice(digests.length)) {
    const { content, metadata } = await contentOf(key);
    const facts = JSON.parse(content.toString()) as Record<string, unknown>;
    assert.deepEqual(facts['logFiles'], []);
    assert.equal(facts['oldestEventTime'], null);
    assert.equal(facts['previousDigestSignature'], previous?.signature);
    previous = {
      signature: metadata['signature'] ?? '',
      hash: createHash('sha256').update(content).digest('hex'),
    };
  }
  const status = await trail('GetTrailStatus', { Name: 'everything' });
  assert.equal(status['LatestDeliveryError'], undefined);
  assert.ok(status['LatestDigestDeliveryTime']);
});

test('events older than 90 days are forgotten', async () => {
  const events = async () => {
    const { Events } = await trail('LookupEvents', {
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateTable' }],
    });
    return (Events as unknown[]).length;
  };
  assert.equal(await events(), 2);
  await trail('StopLogging', { Name: 'everything' });
  await lambent.advance(91 * 24 * 3600);
  assert.equal(await events(), 0);
});
