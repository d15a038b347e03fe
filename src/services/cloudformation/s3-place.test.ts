import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { s3Place } from './s3-place.ts';

test('an object by any of its addresses', () => {
  const place = { Bucket: 'my.bucket', Key: 'a b/c.yaml' };
  for (const address of [
    's3://my.bucket/a%20b/c.yaml',
    'https://my.bucket.s3.amazonaws.com/a%20b/c.yaml',
    'https://my.bucket.s3.eu-west-1.amazonaws.com/a%20b/c.yaml',
    'https://my.bucket.s3-eu-west-1.amazonaws.com/a%20b/c.yaml',
    'https://s3.amazonaws.com/my.bucket/a%20b/c.yaml',
    'https://s3.eu-west-1.amazonaws.com/my.bucket/a%20b/c.yaml?versionId=1',
    'http://127.0.0.1:4566/my.bucket/a%20b/c.yaml',
    'http://my.bucket.s3.localhost:4566/a%20b/c.yaml',
  ]) {
    assert.deepEqual(s3Place(address), place, address);
  }
  for (const address of ['template.yaml', 'https://s3.amazonaws.com/', 's3://bucket', 's3://bucket/%', '']) {
    assert.equal(s3Place(address), undefined, address);
  }
});
