import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

const Bucket = 'uploads';
const MiB = 1024 ** 2;
const lambent = await withLambent();
const s3 = lambent.client(S3Client);

before(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
});

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest();
const begin = async (Key: string, more = {}) =>
  (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? '';
const part = (Key: string, UploadId: string, PartNumber: number, Body: Uint8Array, more = {}) =>
  s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }));
const finish = (Key: string, UploadId: string, Parts: readonly object[], more = {}) =>
  s3.send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts: [...Parts] },
      ...more,
    }),
  );
const read = async (Key: string, more = {}) =>
  Buffer.from(
    (await (await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToByteArray()) ??
      [],
  );

const first = Buffer.alloc(5 * MiB, 'first ');
const second = Buffer.alloc(1000, 'second ');

test('parts become an object, read whole, by range over their border, and by part', async () => {
  const id = await begin('whole', { ContentType: 'text/x-parts', Metadata: { a: 'b' }, Tagging: 'k=v' });
  const one = await part('whole', id, 2, first);
  const two = await part('whole', id, 7, second);
  const listed = await s3.send(new ListPartsCommand({ Bucket, Key: 'whole', UploadId: id }));
  assert.deepEqual(
    listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
    [
      [2, first.length],
      [7, second.length],
    ],
  );
  const made = await finish('whole', id, [
    { PartNumber: 2, ...one },
    { PartNumber: 7, ...two },
  ]);
  const etag = `"${md5(Buffer.concat([md5(first), md5(second)])).toString('hex')}-2"`;
  assert.equal(made.ETag, etag);
  assert.equal(made.ChecksumType, 'FULL_OBJECT');
  assert.ok(made.ChecksumCRC64NVME);
  const bytes = Buffer.concat([first, second]);
  assert.ok((await read('whole')).equals(bytes));
  const border = await read('whole', { Range: `bytes=${first.length - 3}-${first.length + 2}` });
  assert.equal(border.toString(), bytes.toString('latin1', first.length - 3, first.length + 3));
  assert.ok((await read('whole', { PartNumber: 2 })).equals(second));
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'whole', PartNumber: 1 }));
  assert.equal(head.PartsCount, 2);
  assert.equal(head.ContentLength, first.length);
  assert.equal(head.ContentType, 'text/x-parts');
  assert.deepEqual(head.Metadata, { a: 'b' });
  // Asked again, S3 says again that it is done.
  assert.equal((await finish('whole', id, [{ PartNumber: 2, ETag: one.ETag }])).ETag, etag);
});

test('checksums of the whole join those of the parts', async () => {
  const id = await begin('joined', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
  const one = await part('joined', id, 1, first, { ChecksumAlgorithm: 'CRC32' });
  const two = await part('joined', id, 2, second, { ChecksumAlgorithm: 'CRC32' });
  const Parts = [
    { PartNumber: 1, ETag: one.ETag },
    { PartNumber: 2, ETag: two.ETag },
  ];
  await assert.rejects(finish('joined', id, Parts, { ChecksumCRC32: 'AAAAAA==' }), named('BadDigest', 400));
  const { ChecksumCRC32, ChecksumType } = await finish('joined', id, Parts);
  assert.equal(ChecksumType, 'FULL_OBJECT');
  const whole = await s3.send(
    new PutObjectCommand({ Bucket, Key: 'at-once', Body: Buffer.concat([first, second]) }),
  );
  assert.equal(ChecksumCRC32, whole.ChecksumCRC32);
});

test('parts out of order, missing or small are refused; nothing is there until it is whole', async () => {
  const id = await begin('refused');
  const one = await part('refused', id, 1, second);
  const two = await part('refused', id, 2, second);
  const Parts = [
    { PartNumber: 1, ETag: one.ETag },
    { PartNumber: 2, ETag: two.ETag },
  ];
  await assert.rejects(finish('refused', id, [...Parts].reverse()), named('InvalidPartOrder', 400));
  await assert.rejects(finish('refused', id, Parts), named('EntityTooSmall', 400));
  await assert.rejects(finish('refused', id, [{ PartNumber: 3, ETag: one.ETag }]), named('InvalidPart', 400));
  await assert.rejects(finish('refused', id, [{ PartNumber: 1, ETag: '"x"' }]), named('InvalidPart', 400));
  await assert.rejects(part('refused', id, 10_001, second), named('InvalidArgument', 400));
  await assert.rejects(part('refused', 'none', 1, second), named('NoSuchUpload', 404));
  await assert.rejects(read('refused'), named('NoSuchKey', 404));
  const others = [await begin('refused'), await begin('dir/a'), await begin('dir/b')];
  const { Uploads, CommonPrefixes } = await s3.send(
    new ListMultipartUploadsCommand({ Bucket, Delimiter: '/' }),
  );
  assert.deepEqual(
    Uploads?.map(({ UploadId }) => UploadId),
    [id, others[0]],
  );
  assert.deepEqual(
    CommonPrefixes?.map(({ Prefix }) => Prefix),
    ['dir/'],
  );
  const page = await s3.send(new ListMultipartUploadsCommand({ Bucket, MaxUploads: 3 }));
  assert.equal(page.IsTruncated, true);
  const rest = await s3.send(
    new ListMultipartUploadsCommand({
      Bucket,
      KeyMarker: page.NextKeyMarker,
      UploadIdMarker: page.NextUploadIdMarker,
    }),
  );
  assert.deepEqual(
    rest.Uploads?.map(({ UploadId }) => UploadId),
    [others[0]],
  );
  for (const [UploadId = '', Key = ''] of [
    [id, 'refused'],
    [others[0], 'refused'],
    [others[1], 'dir/a'],
    [others[2], 'dir/b'],
  ])
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  await assert.rejects(part('refused', id, 1, second), named('NoSuchUpload', 404));
  assert.equal((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads, undefined);
});

test('the library that cuts uploads into parts', async () => {
  const Body = Buffer.concat([first, first, second]);
  const upload = new Upload({ client: s3, params: { Bucket, Key: 'library', Body }, queueSize: 2 });
  const { ETag } = await upload.done();
  assert.match(ETag ?? '', /-3"$/);
  assert.ok((await read('library')).equals(Body));
});

test('copies keep or replace what goes along, of objects of one piece and of many', async () => {
  await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: 'from/ä',
      Body: 'body',
      ContentType: 'text/plain',
      Metadata: { a: '1' },
    }),
  );
  const copy = (Key: string, CopySource: string, more = {}) =>
    s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));
  const source = `${Bucket}/${encodeURIComponent('from/ä')}`;
  const { CopyObjectResult } = await copy('to', source);
  assert.equal(CopyObjectResult?.ETag, `"${md5(Buffer.from('body')).toString('hex')}"`);
  const kept = await s3.send(new HeadObjectCommand({ Bucket, Key: 'to' }));
  assert.deepEqual([kept.ContentType, kept.Metadata], ['text/plain', { a: '1' }]);
  await copy('to', source, { MetadataDirective: 'REPLACE', ContentType: 'text/html' });
  const replaced = await s3.send(new HeadObjectCommand({ Bucket, Key: 'to' }));
  assert.deepEqual([replaced.ContentType, replaced.Metadata], ['text/html', {}]);
  await assert.rejects(copy('to', `${Bucket}/to`), named('InvalidRequest', 400));
  await assert.rejects(copy('to', `${Bucket}/none`), named('NoSuchKey', 404));
  await assert.rejects(copy('to', source, { CopySourceIfMatch: '"x"' }), named('PreconditionFailed', 412));
  await copy('one-piece', `${Bucket}/library`);
  const one = await s3.send(new HeadObjectCommand({ Bucket, Key: 'one-piece' }));
  assert.match(one.ETag ?? '', /^"[0-9a-f]{32}"$/);
  const id = await begin('of-copies');
  const copied = await s3.send(
    new UploadPartCopyCommand({
      Bucket,
      Key: 'of-copies',
      UploadId: id,
      PartNumber: 1,
      CopySource: `${Bucket}/library`,
      CopySourceRange: 'bytes=10-19',
    }),
  );
  await finish('of-copies', id, [{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag }]);
  assert.equal((await read('of-copies')).toString(), first.toString('latin1', 10, 20));
});
