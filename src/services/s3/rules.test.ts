import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Fault } from '../../service/faults.ts';
import { checkBucketName } from './bucket-name.ts';
import { checkBucketPolicy } from './bucket-policy.ts';
import { parseRange } from './byte-range.ts';
import { readVerdict } from './condition.ts';
import { parseCopySource } from './copy-source.ts';
import { matchingRule } from './cors.ts';
import { midnightAfter } from './lifecycle.ts';
import { encoder } from './list-page.ts';
import { isPublic } from './public-access.ts';
import { redirection } from './website.ts';

test('names of buckets', () => {
  for (const name of ['abc', 'a.b.c', '123', 'a-b', 'a'.repeat(63)]) checkBucketName(name);
  for (const name of ['ab', 'A12', 'a_b', '.abc', 'abc-', 'a..b', '10.0.0.1', 'a'.repeat(64), 'x-s3alias']) {
    assert.throws(() => checkBucketName(name), Fault, name);
  }
});

test('ranges', () => {
  assert.deepEqual(parseRange('bytes=0-0', 10), { start: 0, end: 1 });
  assert.deepEqual(parseRange('bytes=5-', 10), { start: 5, end: 10 });
  assert.deepEqual(parseRange('bytes=-20', 10), { start: 0, end: 10 });
  assert.deepEqual(parseRange('bytes=9-100', 10), { start: 9, end: 10 });
  for (const ignored of [
    undefined,
    'bytes=',
    'bytes=-',
    'items=0-1',
    'bytes=5-4',
    'bytes=0-1,2-3',
    'bytes=a-b',
  ]) {
    assert.equal(parseRange(ignored, 10), undefined, ignored);
  }
  for (const beyond of ['bytes=10-', 'bytes=-0']) assert.equal(parseRange(beyond, 10), 'unsatisfiable');
  assert.equal(parseRange('bytes=0-', 0), 'unsatisfiable');
});

test('conditions on reading: tags go before times', () => {
  const facts = { etag: 'abc', lastModifiedMs: 10_000 };
  const before = new Date(5_000);
  const verdict = (conditions: Parameters<typeof readVerdict>[0]) => readVerdict(conditions, facts).verdict;
  assert.equal(verdict({ ifMatch: '"abc"', ifUnmodifiedSince: before }), 'given');
  assert.equal(verdict({ ifUnmodifiedSince: before }), 'failed');
  assert.equal(verdict({ ifNoneMatch: '"abc"', ifModifiedSince: before }), 'not-modified');
  assert.equal(verdict({ ifNoneMatch: '"x"', ifModifiedSince: new Date(20_000) }), 'given');
  assert.equal(verdict({ ifMatch: '"x", "abc"' }), 'given');
  assert.equal(verdict({ ifMatch: '*' }), 'given');
  assert.equal(verdict({ ifModifiedSince: new Date(10_000) }), 'not-modified');
});

const policy = (statement: object) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::b/*',
      ...statement,
    },
  });

test('which policies are public', () => {
  assert.ok(isPublic(policy({})));
  assert.ok(isPublic(policy({ Principal: { AWS: ['111111111111', '*'] } })));
  assert.ok(isPublic(policy({ Condition: { StringLike: { 'aws:Referer': 'x' } } })));
  assert.ok(isPublic(policy({ Condition: { IpAddress: { 'aws:SourceIp': '0.0.0.0/1' } } })));
  assert.ok(isPublic(policy({ Condition: { StringLike: { 'aws:PrincipalOrgID': 'o-*' } } })));
  assert.ok(isPublic(policy({ Condition: { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } } })));
  assert.ok(!isPublic(policy({ Effect: 'Deny' })));
  assert.ok(!isPublic(policy({ Principal: { AWS: '111111111111' } })));
  assert.ok(!isPublic(policy({ Principal: { Service: 'cloudfront.amazonaws.com' } })));
  assert.ok(!isPublic(policy({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })));
  assert.ok(!isPublic(policy({ Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } } })));
  assert.ok(
    !isPublic(
      policy({
        Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:cloudfront::111111111111:distribution/*' } },
      }),
    ),
  );
});

test('policies a bucket takes', () => {
  const bucketAndObjects = ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'];
  for (const good of [
    {},
    { Action: ['s3:ListBucket', 's3:GetObject'], Resource: bucketAndObjects },
    { Action: 's3:*', Resource: bucketAndObjects },
    { Action: ['s3:PutObject', 's3:GetBucketAcl'], Resource: bucketAndObjects },
    { Action: 's3:GetBucketObjectLockConfiguration', Resource: 'arn:aws:s3:::b' },
  ]) {
    checkBucketPolicy(policy(good), 'b');
  }
  for (const bad of [
    { Action: 's3:GetObject', Resource: 'arn:aws:s3:::b' },
    { Action: 's3:ListBucket' },
    { Action: 'dynamodb:GetItem' },
    { Resource: 'arn:aws:s3:::bb/*' },
  ]) {
    assert.throws(() => checkBucketPolicy(policy(bad), 'b'), Fault, JSON.stringify(bad));
  }
});

test('sources of copies', () => {
  const at = (bucket: string, key: string, versionId?: string) => ({ bucket, key, versionId });
  assert.deepEqual(parseCopySource('/b/k%20%C3%A4/x'), at('b', 'k ä/x'));
  assert.deepEqual(parseCopySource('b/k?versionId=v'), at('b', 'k', 'v'));
  assert.deepEqual(parseCopySource('b/what%3F'), at('b', 'what?'));
  for (const bad of ['b', 'b/', '/b', 'b/%ff']) assert.throws(() => parseCopySource(bad), Fault);
});

test('CORS rules: the first that fits the origin, the method and every header', () => {
  const rules = [
    { AllowedOrigins: ['https://*.example.com'], AllowedMethods: ['GET'] },
    { AllowedOrigins: ['*'], AllowedMethods: ['PUT'], AllowedHeaders: ['x-amz-*', 'Content-Type'] },
  ];
  const found = (origin: string, method: string, headers?: string[]) =>
    rules.indexOf(matchingRule(rules, { origin, method, ...(headers && { headers }) }) as (typeof rules)[0]);
  assert.equal(found('https://a.example.com', 'GET'), 0);
  assert.equal(found('https://example.com', 'GET'), -1);
  assert.equal(found('http://x', 'PUT', ['X-Amz-Date', 'content-type']), 1);
  assert.equal(found('http://x', 'PUT', ['authorization']), -1);
});

test('redirects of websites', () => {
  const rules = [
    { Condition: { KeyPrefixEquals: 'docs/' }, Redirect: { ReplaceKeyPrefixWith: 'documents/' } },
    {
      Condition: { HttpErrorCodeReturnedEquals: '404' },
      Redirect: { HostName: 'other', ReplaceKeyWith: '404.html' },
    },
  ];
  const address = { protocol: 'http', host: 'h:1', base: '/s/' };
  assert.deepEqual(redirection(rules, 'docs/a b', undefined, address), {
    status: 301,
    location: 'http://h:1/s/documents/a%20b',
  });
  assert.equal(redirection(rules, 'x', undefined, address), undefined);
  assert.equal(redirection(rules, 'x', 404, address)?.location, 'http://other/404.html');
  assert.equal(redirection(rules, 'x', 403, address), undefined);
});

test('days end at midnight; names are encoded by bytes', () => {
  const noon = Date.parse('2026-01-15T12:00:00Z');
  assert.equal(new Date(midnightAfter(noon, 3)).toISOString(), '2026-01-19T00:00:00.000Z');
  assert.equal(encoder('url')("a/ä b'(c)~*"), 'a/%C3%A4+b%27%28c%29%7E*');
  assert.equal(encoder(undefined)('a b'), 'a b');
});
