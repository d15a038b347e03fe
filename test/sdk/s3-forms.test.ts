import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import { before, test } from 'node:test';
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { withLambent } from '../support/clients.ts';

const Bucket = 'forms';
const lambent = await withLambent();
const s3 = lambent.client(S3Client);
before(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }));
});

/** Signs a form as https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html does. */
function signed(conditions: readonly unknown[], expiresInMs = 60_000): Record<string, string> {
  const date = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const own = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `test/${date}/us-east-1/s3/aws4_request`,
    'x-amz-date': `${date}T000000Z`,
  };
  const expiration = new Date(Date.now() + expiresInMs).toISOString();
  const all = [
    { bucket: Bucket },
    ...conditions,
    ...Object.entries(own).map(([name, value]) => ({ [name]: value })),
  ];
  const policy = Buffer.from(JSON.stringify({ expiration, conditions: all })).toString('base64');
  const key = [date, 'us-east-1', 's3', 'aws4_request'].reduce<Buffer>(
    (k, step) => createHmac('sha256', k).update(step).digest(),
    Buffer.from('AWS4test'),
  );
  return { ...own, policy, 'x-amz-signature': createHmac('sha256', key).update(policy).digest('hex') };
}

function send(fields: Record<string, string>, file: string | Uint8Array): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([file]), 'photo.txt');
  return fetch(`${lambent.endpoint}/${Bucket}`, { method: 'POST', body: form, redirect: 'manual' });
}

test('a form uploads what its policy lets it', async () => {
  const conditions = [
    ['starts-with', '$key', 'in/'],
    ['starts-with', '$Content-Type', 'text/'],
    { 'x-amz-meta-a': 'b' },
    { success_action_status: '201' },
    ['content-length-range', 1, 200_000],
  ];
  const fields = {
    key: `in/\${filename}`,
    'Content-Type': 'text/plain',
    'x-amz-meta-a': 'b',
    success_action_status: '201',
    ...signed(conditions),
  };
  const large = 'form '.repeat(30_000);
  const sent = await send(fields, large);
  const answer = await sent.text();
  assert.equal(sent.status, 201, answer);
  assert.match(answer, /<Key>in\/photo.txt<\/Key>/);
  const found = await s3.send(new GetObjectCommand({ Bucket, Key: 'in/photo.txt' }));
  assert.equal(await found.Body?.transformToString(), large);
  assert.deepEqual([found.ContentType, found.Metadata], ['text/plain', { a: 'b' }]);
  assert.match(await (await send({ ...fields, key: 'out/x' }, 'x')).text(), /Policy Condition failed/);
  assert.match(await (await send(fields, '')).text(), /<Code>EntityTooSmall/);
  assert.match(await (await send(fields, 'x'.repeat(200_001))).text(), /<Code>EntityTooLarge/);
  assert.match(await (await send({ extra: '1', ...fields }, 'x')).text(), /Extra input fields: extra/);
  const forged = await send({ ...fields, 'x-amz-signature': 'f'.repeat(64) }, Buffer.alloc(8_000_000));
  assert.equal(forged.status, 403);
  assert.match(await forged.text(), /SignatureDoesNotMatch/);
});

test('expired policies and unsigned forms are refused; a form may ask to be sent on', async () => {
  const key = { key: 'k' };
  assert.match(await (await send({ ...key, ...signed([key], -1000) }, 'x')).text(), /Policy expired/);
  assert.equal((await send(key, 'x')).status, 403);
  const to = { success_action_redirect: 'http://localhost/done?x=1' };
  const sent = await send({ ...key, ...to, ...signed([key, to]) }, 'x');
  assert.equal(sent.status, 303);
  assert.match(sent.headers.get('location') ?? '', /^http:\/\/localhost\/done\?x=1&bucket=forms&key=k&etag=/);
});
