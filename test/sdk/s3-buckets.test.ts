import { strict as assert } from 'node:assert';
import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';
import { test } from 'node:test';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketAclCommand,
  PutBucketCorsCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

const lambent = await withLambent();
const s3 = lambent.client(S3Client);

function client(accessKeyId = '', secretAccessKey = 'test'): S3Client {
  return lambent.client(S3Client, { credentials: { accessKeyId, secretAccessKey } });
}

const make = (Bucket: string) => s3.send(new CreateBucketCommand({ Bucket }));
const put = (Bucket: string, Key: string, Body: string, more = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const text = async (Bucket: string, Key: string, more = {}) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body?.transformToString();
const allow = (
  Resource: string | readonly string[],
  Action: string | readonly string[],
  Principal: unknown,
) => JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action, Resource }] });
const setPolicy = (Bucket: string, Policy: string) => s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));

test('versions: kept, hidden by delete markers, listed, deleted for good', async () => {
  const Bucket = 'versions';
  await make(Bucket);
  await put(Bucket, 'k', 'before');
  const version = (Status: 'Enabled' | 'Suspended') =>
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  assert.equal((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status, undefined);
  await version('Enabled');
  const one = await put(Bucket, 'k', 'one');
  const two = await put(Bucket, 'k', 'two');
  const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  assert.equal(marker.DeleteMarker, true);
  await assert.rejects(text(Bucket, 'k'), (error: S3ServiceException) => {
    assert.equal(error.name, 'NoSuchKey');
    assert.equal(error.$response?.headers['x-amz-delete-marker'], 'true');
    return true;
  });
  await assert.rejects(text(Bucket, 'k', { VersionId: marker.VersionId }), named('MethodNotAllowed', 405));
  assert.equal(await text(Bucket, 'k', { VersionId: one.VersionId }), 'one');
  assert.equal(await text(Bucket, 'k', { VersionId: 'null' }), 'before');
  await assert.rejects(text(Bucket, 'k', { VersionId: 'none' }), named('InvalidArgument', 400));
  assert.equal((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);
  const list = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual(
    list.Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
    [
      [two.VersionId, false],
      [one.VersionId, false],
      ['null', false],
    ],
  );
  assert.deepEqual(
    list.DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
    [[marker.VersionId, true]],
  );
  const page = await s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2 }));
  const rest = await s3.send(
    new ListObjectVersionsCommand({
      Bucket,
      KeyMarker: page.NextKeyMarker,
      VersionIdMarker: page.NextVersionIdMarker,
    }),
  );
  assert.deepEqual(
    rest.Versions?.map(({ VersionId }) => VersionId),
    [one.VersionId, 'null'],
  );
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: marker.VersionId }));
  assert.equal(await text(Bucket, 'k'), 'two');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: two.VersionId }));
  assert.equal(await text(Bucket, 'k'), 'one');
  await version('Suspended');
  await put(Bucket, 'k', 'null again');
  assert.equal(await text(Bucket, 'k', { VersionId: 'null' }), 'null again');
  assert.equal(await text(Bucket, 'k', { VersionId: one.VersionId }), 'one');
  await s3.send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: {
        Objects: [
          { Key: 'k', VersionId: 'null' },
          { Key: 'k', VersionId: one.VersionId },
        ],
      },
    }),
  );
  const empty = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual([empty.Versions, empty.DeleteMarkers], [undefined, undefined]);
});

test('tags of buckets and objects; attributes; encryption; access control lists', async () => {
  const Bucket = 'settings';
  await make(Bucket);
  await assert.rejects(s3.send(new GetBucketTaggingCommand({ Bucket })), named('NoSuchTagSet', 404));
  const TagSet = [{ Key: 'team', Value: 'rides' }];
  const wrong = { ContentMD5: createHash('md5').update('other').digest('base64') };
  await assert.rejects(
    s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet }, ...wrong })),
    named('BadDigest', 400),
  );
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  assert.deepEqual((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet, TagSet);
  await put(Bucket, 'tagged', 'x', { Tagging: 'a=1&b=2' });
  assert.equal((await s3.send(new GetObjectCommand({ Bucket, Key: 'tagged' }))).TagCount, 2);
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'tagged', Tagging: { TagSet } }));
  assert.deepEqual((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' }))).TagSet, TagSet);
  const attributes = await s3.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key: 'tagged',
      ObjectAttributes: ['ETag', 'ObjectSize', 'Checksum', 'StorageClass'],
    }),
  );
  assert.equal(attributes.ObjectSize, 1);
  assert.equal(attributes.ETag, '9dd4e461268c8034f5c8564e155c67a6');
  assert.ok(attributes.Checksum?.ChecksumCRC32);
  const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  assert.equal(
    ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
    'AES256',
  );
  const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' as const } }];
  await assert.rejects(
    s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } })),
    named('NotImplemented', 501),
  );
  await assert.rejects(
    put(Bucket, 'k', 'x', { ServerSideEncryption: 'aws:kms' }),
    named('NotImplemented', 501),
  );
  await s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }));
  await assert.rejects(
    s3.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read' })),
    named('AccessControlListNotSupported', 400),
  );
  const { Grants } = await s3.send(new GetBucketAclCommand({ Bucket }));
  assert.equal(Grants?.[0]?.Grantee?.Type, 'CanonicalUser');
});

test('a public policy opens a bucket only when the bucket lets it', async () => {
  const Bucket = 'public';
  await make(Bucket);
  await put(Bucket, 'open', 'hello');
  const policy = allow(`arn:aws:s3:::${Bucket}/*`, 's3:GetObject', '*');
  await assert.rejects(setPolicy(Bucket, policy), named('AccessDenied', 403));
  const anonymous = () => fetch(`${lambent.endpoint}/${Bucket}/open`);
  assert.equal((await anonymous()).status, 403);
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await setPolicy(Bucket, policy);
  assert.equal(await (await anonymous()).text(), 'hello');
  const { PolicyStatus } = await s3.send(new GetBucketPolicyStatusCommand({ Bucket }));
  assert.equal(PolicyStatus?.IsPublic, true);
  assert.equal((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy, policy);
  // Who may not list is not told what is missing.
  assert.equal((await fetch(`${lambent.endpoint}/${Bucket}/missing`)).status, 403);
  assert.equal((await fetch(`${lambent.endpoint}/${Bucket}/missing`, { method: 'HEAD' })).status, 403);
  for (const [wrong, message] of [
    ['nonsense', /valid JSON/],
    [allow('arn:aws:s3:::other/*', 's3:GetObject', '*'), /invalid resource/],
    [allow(`arn:aws:s3:::${Bucket}/*`, 'sqs:SendMessage', '*'), /invalid action/],
    [allow(`arn:aws:s3:::${Bucket}`, 's3:GetObject', '*'), /does not apply/],
  ] as const) {
    await assert.rejects(setPolicy(Bucket, wrong), (error: S3ServiceException) => {
      assert.equal(error.name, 'MalformedPolicy');
      return message.test(error.message);
    });
  }
});

test('other accounts need both sides; users need a policy', async () => {
  const Bucket = 'shared';
  await make(Bucket);
  await put(Bucket, 'k', 'shared');
  const other = client('222222222222');
  const read = (who: S3Client, Key: string) => who.send(new GetObjectCommand({ Bucket, Key }));
  await assert.rejects(read(other, 'k'), named('AccessDenied', 403));
  const both = allow(
    [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    ['s3:GetObject', 's3:PutObject'],
    {
      AWS: '222222222222',
    },
  );
  await setPolicy(Bucket, both);
  assert.equal(await (await read(other, 'k')).Body?.transformToString(), 'shared');
  await other.send(new PutObjectCommand({ Bucket, Key: 'theirs', Body: 'x' }));
  assert.equal(await text(Bucket, 'theirs'), 'x');
  await assert.rejects(other.send(new ListObjectsV2Command({ Bucket })), named('AccessDenied', 403));
  await assert.rejects(read(other, 'missing'), named('AccessDenied', 403));
  const iam = lambent.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'reader' }));
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'reader',
      PolicyName: 'p',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/k` },
          {
            Effect: 'Allow',
            Action: 's3:GetObject',
            Resource: '*',
            Condition: { StringEquals: { 's3:ExistingObjectTag/open': 'yes' } },
          },
          {
            Effect: 'Allow',
            Action: 's3:ListBucket',
            Resource: `arn:aws:s3:::${Bucket}`,
            Condition: { StringLike: { 's3:prefix': 'home/*' } },
          },
        ],
      }),
    }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'reader' }));
  iam.destroy();
  const reader = client(AccessKey?.AccessKeyId, AccessKey?.SecretAccessKey);
  assert.equal(await (await read(reader, 'k')).Body?.transformToString(), 'shared');
  await assert.rejects(read(reader, 'theirs'), named('AccessDenied', 403));
  await assert.rejects(read(reader, 'labelled'), named('AccessDenied', 403));
  await put(Bucket, 'labelled', 'x', { Tagging: 'open=yes' });
  assert.equal(await (await read(reader, 'labelled')).Body?.transformToString(), 'x');
  await reader.send(new ListObjectsV2Command({ Bucket, Prefix: 'home/a' }));
  await assert.rejects(reader.send(new ListObjectsV2Command({ Bucket })), named('AccessDenied', 403));
  const { Errors } = await reader.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k' }] } }),
  );
  assert.equal(Errors?.[0]?.Code, 'AccessDenied');
  assert.equal(await text(Bucket, 'k'), 'shared');
  other.destroy();
  reader.destroy();
});

test('signed addresses, of both versions', async () => {
  const Bucket = 'signed';
  await make(Bucket);
  const upload = await getSignedUrl(
    s3,
    new PutObjectCommand({ Bucket, Key: 'k', ContentType: 'text/plain', Metadata: { a: 'b' } }),
    { expiresIn: 60 },
  );
  const sent = await fetch(upload, {
    method: 'PUT',
    body: 'by address',
    headers: { 'content-type': 'text/plain' },
  });
  assert.equal(sent.status, 200, await sent.clone().text());
  const address = await getSignedUrl(
    s3,
    new GetObjectCommand({ Bucket, Key: 'k', ResponseContentDisposition: 'attachment' }),
    { expiresIn: 60 },
  );
  const got = await fetch(address);
  assert.equal(await got.text(), 'by address');
  assert.equal(got.headers.get('content-disposition'), 'attachment');
  assert.equal(got.headers.get('x-amz-meta-a'), 'b');
  assert.equal((await fetch(address.replace('/k?', '/other?'))).status, 403);
  const old = (expires: number) => {
    const resource = `/${Bucket}/k?response-content-type=text/csv`;
    const signature = createHmac('sha1', 'test').update(`GET\n\n\n${expires}\n${resource}`).digest('base64');
    const query = new URLSearchParams({
      AWSAccessKeyId: 'test',
      Signature: signature,
      Expires: `${expires}`,
    });
    return fetch(`${lambent.endpoint}/${Bucket}/k?response-content-type=text%2Fcsv&${query}`);
  };
  const soon = Math.floor(Date.now() / 1000) + 60;
  const answer = await old(soon);
  assert.equal(answer.headers.get('content-type'), 'text/csv');
  assert.equal(await answer.text(), 'by address');
  assert.match(await (await old(soon - 120)).text(), /Request has expired/);
});

test('a website: index, error document, redirects, for everybody the policy lets in', async () => {
  const Bucket = 'site';
  await make(Bucket);
  const site = (path: string, more: RequestInit = {}) =>
    fetch(`${lambent.endpoint}/_aws/s3-website/${Bucket}/${path}`, { redirect: 'manual', ...more });
  assert.match(await (await site('')).text(), /NoSuchWebsiteConfiguration/);
  await s3.send(
    new PutBucketWebsiteCommand({
      Bucket,
      WebsiteConfiguration: {
        IndexDocument: { Suffix: 'index.html' },
        ErrorDocument: { Key: 'error.html' },
        RoutingRules: [
          { Condition: { KeyPrefixEquals: 'old/' }, Redirect: { ReplaceKeyPrefixWith: 'new/' } },
          {
            Condition: { KeyPrefixEquals: 'app/', HttpErrorCodeReturnedEquals: '403' },
            Redirect: { ReplaceKeyWith: 'index.html', HttpRedirectCode: '302' },
          },
        ],
      },
    }),
  );
  assert.equal((await s3.send(new GetBucketWebsiteCommand({ Bucket }))).IndexDocument?.Suffix, 'index.html');
  await put(Bucket, 'index.html', '<h1>home</h1>', { ContentType: 'text/html' });
  await put(Bucket, 'docs/index.html', '<h1>docs</h1>', { ContentType: 'text/html' });
  await put(Bucket, 'error.html', '<h1>sorry</h1>', { ContentType: 'text/html' });
  assert.equal((await site('')).status, 403);
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await setPolicy(Bucket, allow(`arn:aws:s3:::${Bucket}/*`, 's3:GetObject', '*'));
  const home = await site('');
  assert.equal(home.headers.get('content-type'), 'text/html');
  assert.equal(await home.text(), '<h1>home</h1>');
  assert.equal(await (await site('docs/')).text(), '<h1>docs</h1>');
  const bare = await fetch(`${lambent.endpoint}/_aws/s3-website/${Bucket}`);
  assert.match(bare.url, /\/site\/$/);
  const folder = await site('docs');
  assert.equal(folder.status, 302);
  assert.match(folder.headers.get('location') ?? '', /\/_aws\/s3-website\/site\/docs\/$/);
  const missing = await site('nothing');
  assert.deepEqual([missing.status, await missing.text()], [403, '<h1>sorry</h1>']);
  const moved = await site('old/page');
  assert.equal(moved.status, 301);
  assert.match(moved.headers.get('location') ?? '', /\/site\/new\/page$/);
  assert.equal((await site('app/deep')).status, 302);
  const etag = home.headers.get('etag') ?? '';
  assert.equal((await site('', { headers: { 'if-none-match': etag } })).status, 304);
  assert.equal((await site('', { method: 'POST' })).status, 405);
});

test("a bucket's CORS rules decide for its requests", async () => {
  const Bucket = 'cors';
  await make(Bucket);
  await assert.rejects(s3.send(new GetBucketCorsCommand({ Bucket })), named('NoSuchCORSConfiguration', 404));
  const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'k' }));
  const preflight = (origin: string) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'Content-Type',
      },
    });
  assert.equal((await preflight('http://localhost:3000')).status, 403);
  await s3.send(
    new PutBucketCorsCommand({
      Bucket,
      CORSConfiguration: {
        CORSRules: [
          {
            AllowedOrigins: ['http://localhost:*'],
            AllowedMethods: ['PUT', 'GET'],
            AllowedHeaders: ['content-*'],
            ExposeHeaders: ['ETag'],
            MaxAgeSeconds: 30,
          },
        ],
      },
    }),
  );
  const allowed = await preflight('http://localhost:3000');
  assert.equal(allowed.status, 200);
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'http://localhost:3000');
  assert.equal(allowed.headers.get('access-control-allow-headers'), 'content-type');
  assert.equal(allowed.headers.get('access-control-max-age'), '30');
  assert.equal((await preflight('http://127.0.0.1:3000')).status, 403);
  assert.equal((await preflight('https://elsewhere.example')).status, 403);
  const sent = await fetch(url, { method: 'PUT', body: 'x', headers: { origin: 'http://localhost:1' } });
  assert.equal(sent.status, 200);
  assert.equal(sent.headers.get('access-control-expose-headers'), 'ETag');
});

test('the host may name the bucket', async () => {
  await make('hosted');
  await put('hosted', 'k', 'by host');
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket: 'hosted' }));
  await setPolicy('hosted', allow('arn:aws:s3:::hosted/*', 's3:GetObject', '*'));
  const body = await new Promise((resolve, reject) => {
    request(
      { host: '127.0.0.1', port: lambent.port, path: '/k', headers: { host: 'hosted.s3.localhost' } },
      (response) => {
        response.setEncoding('utf8').once('data', resolve);
      },
    )
      .on('error', reject)
      .end();
  });
  assert.equal(body, 'by host');
  const head = await s3.send(new HeadObjectCommand({ Bucket: 'hosted', Key: 'k' }));
  assert.equal(head.ContentLength, 7);
});
