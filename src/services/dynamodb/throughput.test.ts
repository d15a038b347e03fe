import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Bucket, Limit, partitionCount } from './throughput.ts';

test('a bucket keeps five minutes of unused units and may be overdrawn once', () => {
  const bucket = new Bucket(2, 300, 0);
  bucket.take(599);
  assert.equal(bucket.hasAny(0), true);
  bucket.take(5);
  assert.equal(bucket.hasAny(0), false);
  // Four units of debt at two a second.
  assert.equal(bucket.hasAny(2000), false);
  assert.equal(bucket.hasAny(2001), true);
  bucket.take(1);
  assert.equal(bucket.hasAny(10_000_000), true);
  bucket.take(600);
  assert.equal(bucket.hasAny(10_000_000), false);
});

test('a clock that goes back fills nothing', () => {
  const bucket = new Bucket(1, 1, 10_000);
  bucket.take(1);
  assert.equal(bucket.hasAny(5000), false);
  assert.equal(bucket.hasAny(6000), true);
});

test('a table is cut into partitions by its units, each with a limit of its own', () => {
  assert.deepEqual(
    [partitionCount(1, 1), partitionCount(3000, 0), partitionCount(3000, 1000), partitionCount(1500, 600)],
    [1, 1, 2, 2],
  );
  const limit = new Limit({ rate: 2000, kind: 'Provisioned', partitions: 2, partitionRate: 1000 }, 0);
  limit.take(0, 1000);
  assert.equal(limit.reached(0, 0), 'KeyRange');
  assert.equal(limit.reached(2 ** 31 - 1, 0), 'KeyRange');
  assert.equal(limit.reached(2 ** 31, 0), undefined);
  assert.equal(limit.reached(2 ** 32 - 1, 0), undefined);
  assert.equal(limit.reached(0, 1), undefined);
});

test('a change of rate keeps what is left, as far as it fits', () => {
  const settings = { kind: 'Provisioned', partitions: 1, partitionRate: 1000 } as const;
  const limit = new Limit({ ...settings, rate: 10 }, 0);
  limit.change({ ...settings, rate: 1 }, 0);
  limit.take(0, 300);
  assert.equal(limit.reached(0, 0), 'Provisioned');
  limit.change({ ...settings, rate: 100 }, 0);
  assert.equal(limit.reached(0, 0), 'Provisioned');
  assert.equal(limit.reached(0, 10), undefined);
});
