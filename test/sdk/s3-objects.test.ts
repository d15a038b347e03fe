import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { before, test } from 'node:test';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

const lambent = await withLambent();
const s3 = lambent.client(S3Client);

function client(region = 'us-east-1', account = 'test'): S3Client {
  return lambent.client(S3Client, {
    region,
    credentials: { accessKeyId: account, secretAccessKey: 'test' },
  });
}

before(async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'objects' }));
});

const put = (Key: string, Body: string | Uint8Array, more = {}) =>
  s3.send(new PutObjectCommand({ Bucket: 'objects', Key, Body, ...more }));
const get = (Key: string, more = {}) => s3.send(new GetObjectCommand({ Bucket: 'objects', Key, ...more }));

test('buckets have one owner, one region, and rules for their names', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'objects' }));
  const europe = client('eu-west-1');
  const other = client('us-east-1', '111111111111');
  await assert.rejects(
    other.send(new CreateBucketCommand({ Bucket: 'objects' })),
    named('BucketAlreadyExists', 409),
  );
  await assert.rejects(
    europe.send(
      new CreateBucketCommand({
        Bucket: 'in-europe',
        CreateBucketConfiguration: { LocationConstraint: 'eu-west-2' },
      }),
    ),
    named('IllegalLocationConstraintException', 400),
  );
  const there = { LocationConstraint: 'eu-west-1' } as const;
  await europe.send(new CreateBucketCommand({ Bucket: 'in-europe', CreateBucketConfiguration: there }));
  await assert.rejects(
    europe.send(new CreateBucketCommand({ Bucket: 'in-europe', CreateBucketConfiguration: there })),
    named('BucketAlreadyOwnedByYou', 409),
  );
  const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket: 'in-europe' }));
  assert.equal(LocationConstraint, 'eu-west-1');
  await assert.rejects(
    s3.send(new HeadBucketCommand({ Bucket: 'in-europe' })),
    (error: S3ServiceException) => {
      assert.equal(error.$response?.statusCode, 301);
      assert.equal(error.$response?.headers['x-amz-bucket-region'], 'eu-west-1');
      return true;
    },
  );
  for (const Bucket of ['No', 'ab', '127.0.0.1', 'a..b', 'xn--a', '-ab']) {
    await assert.rejects(s3.send(new CreateBucketCommand({ Bucket })), named('InvalidBucketName', 400));
  }
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  assert.deepEqual(
    Buckets.map(({ Name, BucketRegion }) => [Name, BucketRegion]),
    [
      ['in-europe', 'eu-west-1'],
      ['objects', 'us-east-1'],
    ],
  );
  assert.deepEqual((await other.send(new ListBucketsCommand({}))).Buckets ?? [], []);
  await europe.send(new DeleteBucketCommand({ Bucket: 'in-europe' }));
  await assert.rejects(europe.send(new HeadBucketCommand({ Bucket: 'in-europe' })), named('NotFound', 404));
  europe.destroy();
  other.destroy();
});

test('objects come back with what was sent along', async () => {
  const answer = await put('a/b c+ä.txt', 'hello', {
    ContentType: 'text/plain',
    CacheControl: 'no-store',
    Metadata: { Colour: 'blue' },
  });
  assert.equal(answer.ETag, '"5d41402abc4b2a76b9719d911017c592"');
  assert.equal(answer.ServerSideEncryption, 'AES256');
  assert.equal(answer.ChecksumType, 'FULL_OBJECT');
  const found = await get('a/b c+ä.txt');
  assert.equal(await found.Body?.transformToString(), 'hello');
  assert.equal(found.ContentType, 'text/plain');
  assert.equal(found.CacheControl, 'no-store');
  assert.deepEqual(found.Metadata, { colour: 'blue' });
  assert.equal(found.ContentLength, 5);
  const head = await s3.send(new HeadObjectCommand({ Bucket: 'objects', Key: 'a/b c+ä.txt' }));
  assert.equal(head.ContentLength, 5);
  assert.equal(head.ETag, answer.ETag);
});

test('large bodies stream into blobs and out again, in parts too', async () => {
  const bytes = Buffer.alloc(300_000, 'lambent ');
  const md5 = createHash('md5').update(bytes).digest('hex');
  const answer = await s3.send(
    new PutObjectCommand({
      Bucket: 'objects',
      Key: 'large',
      Body: Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]),
      ContentLength: bytes.length,
    }),
  );
  assert.equal(answer.ETag, `"${md5}"`);
  const whole = await (await get('large')).Body?.transformToByteArray();
  assert.ok(Buffer.from(whole ?? []).equals(bytes));
  const part = await get('large', { Range: 'bytes=99990-100009' });
  assert.equal(part.$metadata.httpStatusCode, 206);
  assert.equal(part.ContentRange, 'bytes 99990-100009/300000');
  assert.equal(await part.Body?.transformToString(), bytes.toString('latin1', 99_990, 100_010));
});

test('ranges: open ends, suffixes, what is not there', async () => {
  await put('range', '0123456789');
  const ranged = async (Range: string) => {
    const { Body, $metadata } = await get('range', { Range });
    return [$metadata.httpStatusCode, await Body?.transformToString()];
  };
  assert.deepEqual(await ranged('bytes=2-4'), [206, '234']);
  assert.deepEqual(await ranged('bytes=7-'), [206, '789']);
  assert.deepEqual(await ranged('bytes=-3'), [206, '789']);
  assert.deepEqual(await ranged('bytes=0-99'), [206, '0123456789']);
  assert.deepEqual(await ranged('bytes=0-1,3-4'), [200, '0123456789']);
  await assert.rejects(get('range', { Range: 'bytes=10-' }), named('InvalidRange', 416));
});

test('conditions on reading and on writing', async () => {
  const { ETag } = await put('conditional', 'one');
  await assert.rejects(get('conditional', { IfNoneMatch: ETag }), (error: S3ServiceException) => {
    assert.equal(error.$metadata.httpStatusCode, 304);
    assert.equal(error.$response?.headers['etag'], ETag);
    return true;
  });
  await assert.rejects(get('conditional', { IfMatch: '"x"' }), named('PreconditionFailed', 412));
  const now = new Date();
  await assert.rejects(get('conditional', { IfModifiedSince: now }), (error: S3ServiceException) => {
    assert.equal(error.$metadata.httpStatusCode, 304);
    return true;
  });
  // A time that has not come is no condition.
  const later = new Date(Date.now() + 3_600_000);
  assert.ok(await get('conditional', { IfModifiedSince: later }));
  await assert.rejects(put('conditional', 'two', { IfNoneMatch: '*' }), named('PreconditionFailed', 412));
  await assert.rejects(put('conditional', 'two', { IfMatch: '"x"' }), named('PreconditionFailed', 412));
  await assert.rejects(put('absent', 'two', { IfMatch: ETag }), named('NoSuchKey', 404));
  await put('conditional', 'two', { IfMatch: ETag });
  await put('new', 'one', { IfNoneMatch: '*' });
  const racers = await Promise.allSettled(
    Array.from({ length: 8 }, (_, at) => put('race', `${at}`, { IfNoneMatch: '*' })),
  );
  assert.equal(racers.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a body that is not what its checksum says is never seen', async () => {
  const wrong = { ChecksumSHA256: createHash('sha256').update('other').digest('base64') };
  await assert.rejects(put('checked', 'body', wrong), named('BadDigest', 400));
  const md5 = createHash('md5').update('other').digest('base64');
  await assert.rejects(put('checked', 'body', { ContentMD5: md5 }), named('BadDigest', 400));
  await assert.rejects(put('checked', 'body', { ContentMD5: 'nonsense' }), named('InvalidDigest', 400));
  await assert.rejects(get('checked'), named('NoSuchKey', 404));
  for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const) {
    const stored = await put('checked', 'body', { ChecksumAlgorithm });
    const member = `Checksum${ChecksumAlgorithm}` as const;
    assert.ok(stored[member], ChecksumAlgorithm);
    const found = await get('checked', { ChecksumMode: 'ENABLED' });
    assert.equal(found[member], stored[member]);
    assert.equal(await found.Body?.transformToString(), 'body');
  }
});

test('lists: order, prefixes, pages, encodings', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: 'lists' }));
  const keys = ['a', 'b/', 'b/1', 'b/2', 'b/c/3', 'c\u{ffff}', 'c\u{10000}', 'd e&<>'];
  for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket: 'lists', Key, Body: Key }));
  const list = (more = {}) => s3.send(new ListObjectsV2Command({ Bucket: 'lists', ...more }));
  const shown = (page: Awaited<ReturnType<typeof list>>) => [
    ...(page.Contents ?? []).map(({ Key }) => Key),
    ...(page.CommonPrefixes ?? []).map(({ Prefix }) => `${Prefix}*`),
  ];
  const all = await list();
  assert.deepEqual(shown(all), keys);
  assert.equal(all.KeyCount, keys.length);
  assert.deepEqual(shown(await list({ Delimiter: '/' })), ['a', 'c\u{ffff}', 'c\u{10000}', 'd e&<>', 'b/*']);
  assert.deepEqual(shown(await list({ Delimiter: '/', Prefix: 'b/' })), ['b/', 'b/1', 'b/2', 'b/c/*']);
  assert.deepEqual(shown(await list({ StartAfter: 'b/1', MaxKeys: 2 })), ['b/2', 'b/c/3']);
  assert.deepEqual(shown(await list({ Prefix: 'nothing' })), []);
  for (const Delimiter of [undefined, '/']) {
    const paged: unknown[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list({ Delimiter, MaxKeys: 1, ContinuationToken });
      assert.ok((page.KeyCount ?? 0) <= 1);
      paged.push(...shown(page));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    assert.deepEqual(paged.sort(), shown(await list({ Delimiter })).sort());
  }
  const encoded = await list({ EncodingType: 'url', Prefix: 'd' });
  assert.equal(encoded.Contents?.[0]?.Key, 'd+e%26%3C%3E');
  const first = await s3.send(new ListObjectsCommand({ Bucket: 'lists', Delimiter: '/', MaxKeys: 2 }));
  assert.equal(first.NextMarker, 'b/');
  const second = await s3.send(
    new ListObjectsCommand({ Bucket: 'lists', Delimiter: '/', Marker: first.NextMarker }),
  );
  assert.deepEqual(
    second.Contents?.map(({ Key }) => Key),
    ['c\u{ffff}', 'c\u{10000}', 'd e&<>'],
  );
  await assert.rejects(list({ ContinuationToken: 'x' }), named('InvalidArgument', 400));
});

test('deletes: one, many, what was never there', async () => {
  await put('gone', 'x');
  await s3.send(new DeleteObjectCommand({ Bucket: 'objects', Key: 'gone' }));
  await s3.send(new DeleteObjectCommand({ Bucket: 'objects', Key: 'gone' }));
  await assert.rejects(get('gone'), named('NoSuchKey', 404));
  await s3.send(new CreateBucketCommand({ Bucket: 'full' }));
  await s3.send(new PutObjectCommand({ Bucket: 'full', Key: 'k', Body: Buffer.alloc(70_000) }));
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket: 'full' })), named('BucketNotEmpty', 409));
  const { Deleted, Errors } = await s3.send(
    new DeleteObjectsCommand({ Bucket: 'full', Delete: { Objects: [{ Key: 'k' }, { Key: 'absent' }] } }),
  );
  assert.deepEqual(
    Deleted?.map(({ Key }) => Key),
    ['k', 'absent'],
  );
  assert.equal(Errors, undefined);
  await s3.send(new DeleteBucketCommand({ Bucket: 'full' }));
});

test('keys of 1,024 bytes, and one more', async () => {
  const key = 'ü'.repeat(512);
  await put(key, 'x');
  assert.equal(await (await get(key)).Body?.transformToString(), 'x');
  await assert.rejects(put(`${key}x`, 'x'), named('KeyTooLongError', 400));
});
