import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketLifecycleConfigurationCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { withLambent } from '../support/clients.ts';

const DAY = 86_400;
const lambent = await withLambent();
const s3 = lambent.client(S3Client);

const rules = (Bucket: string, Rules: LifecycleRule[]) =>
  s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
const put = (Bucket: string, Key: string, more = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: Key, ...more }));
const keys = async (Bucket: string) =>
  (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key) ?? [];

test('objects expire, move and uploads end when their days are over', async () => {
  const Bucket = 'expiring';
  await s3.send(new CreateBucketCommand({ Bucket }));
  await rules(Bucket, [
    { ID: 'logs', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 3 } },
    { ID: 'off', Status: 'Disabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } },
    {
      ID: 'cool',
      Status: 'Enabled',
      Filter: { Tag: { Key: 'cool', Value: 'yes' } },
      Transitions: [{ Days: 30, StorageClass: 'STANDARD_IA' }],
    },
    {
      ID: 'uploads',
      Status: 'Enabled',
      Filter: { Prefix: '' },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
    },
  ]);
  const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  assert.deepEqual(
    Rules?.map(({ ID }) => ID),
    ['logs', 'off', 'cool', 'uploads'],
  );
  const { Expiration } = await put(Bucket, 'logs/a');
  assert.match(Expiration ?? '', /^expiry-date="\w{3}, .* 00:00:00 GMT", rule-id="logs"$/);
  await put(Bucket, 'kept', { Tagging: 'cool=yes' });
  await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'part' }));
  await lambent.advance(2 * DAY);
  assert.deepEqual(await keys(Bucket), ['kept', 'logs/a']);
  await lambent.advance(2 * DAY);
  assert.deepEqual(await keys(Bucket), ['kept']);
  assert.equal((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads, undefined);
  await lambent.advance(28 * DAY);
  const { StorageClass } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'kept' }));
  assert.equal(StorageClass, 'STANDARD_IA');
});

test('older versions and markers that hide nothing go', async () => {
  const Bucket = 'older';
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  await rules(Bucket, [
    {
      ID: 'short',
      Status: 'Enabled',
      Filter: { Prefix: 'short/' },
      Expiration: { Days: 1 },
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
    },
    {
      ID: 'markers',
      Status: 'Enabled',
      Filter: { Prefix: '' },
      Expiration: { ExpiredObjectDeleteMarker: true },
    },
    {
      ID: 'few',
      Status: 'Enabled',
      Filter: { Prefix: 'many' },
      NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 },
    },
  ]);
  await put(Bucket, 'short/a');
  for (let version = 0; version < 4; version++) await put(Bucket, 'many');
  const versions = async () => {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    return [...Versions, ...DeleteMarkers].map(({ Key }) => Key);
  };
  assert.equal((await versions()).length, 5);
  await lambent.advance(3 * DAY);
  assert.ok(!(await keys(Bucket)).includes('short/a'));
  await lambent.advance(4 * DAY);
  assert.deepEqual(await versions(), ['many', 'many']);
});

test('rules that make no sense, or ask for what is not done, are refused', async () => {
  const Bucket = 'refusing';
  await s3.send(new CreateBucketCommand({ Bucket }));
  const refused = (name: string, rule: Partial<LifecycleRule>) =>
    assert.rejects(
      rules(Bucket, [{ Status: 'Enabled', Filter: { Prefix: '' }, ...rule }]),
      (error: S3ServiceException) => error.name === name,
    );
  await refused('InvalidRequest', {});
  await refused('InvalidArgument', { Expiration: { Days: 0 } });
  await refused('InvalidArgument', { Expiration: { Date: new Date('2030-01-01T01:00:00Z') } });
  await refused('NotImplemented', { Transitions: [{ Days: 1, StorageClass: 'GLACIER' }] });
  await assert.rejects(
    s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
    (error: S3ServiceException) => error.name === 'NoSuchLifecycleConfiguration',
  );
});
