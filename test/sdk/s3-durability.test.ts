import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type Lambent, startLambent } from 'lambent/testing';
import { temporaryFolder } from '../support/stores.ts';

const Bucket = 'durable';
function clientOf(lambent: Lambent): S3Client {
  return new S3Client({
    endpoint: lambent.endpoint,
    region: lambent.region,
    credentials: lambent.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });
}

test('objects and uploads under way are there after a restart', async () => {
  const dataFolder = temporaryFolder();
  const large = Buffer.alloc(200_000, 'large ');
  let lambent = await startLambent({ dataFolder });
  let s3 = clientOf(lambent);
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'small', Body: 'small' }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body: large }));
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
  await s3.send(new UploadPartCommand({ Bucket, Key: 'parts', UploadId, PartNumber: 1, Body: 'x' }));
  s3.destroy();
  await lambent.stop();

  lambent = await startLambent({ dataFolder });
  s3 = clientOf(lambent);
  const read = async (Key: string) =>
    Buffer.from(
      (await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray()) ?? [],
    );
  assert.equal((await read('small')).toString(), 'small');
  assert.ok((await read('large')).equals(large));
  const { Parts } = await s3.send(new ListPartsCommand({ Bucket, Key: 'parts', UploadId }));
  assert.equal(Parts?.length, 1);
  s3.destroy();
  await lambent.stop();
});

test('many writers at once: of one key, and of equal bytes under many', async () => {
  const lambent = await startLambent();
  const s3 = clientOf(lambent);
  await s3.send(new CreateBucketCommand({ Bucket }));
  const Body = Buffer.alloc(100_000, 'equal ');
  const put = (Key: string, body: string | Buffer) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: body }));
  const many = Array.from({ length: 32 }, (_, at) => at);
  await Promise.all(many.flatMap((at) => [put('one', `${at}`), put(`equal/${at}`, Body)]));
  const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.equal(KeyCount, 33);
  // The bytes stay as long as one key holds them.
  await Promise.all(
    many.slice(1).map((at) => s3.send(new DeleteObjectCommand({ Bucket, Key: `equal/${at}` }))),
  );
  const left = await s3.send(new GetObjectCommand({ Bucket, Key: 'equal/0' }));
  assert.equal((await left.Body?.transformToByteArray())?.length, Body.length);
  s3.destroy();
  await lambent.stop();
});
