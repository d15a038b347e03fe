import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { HASHES } from './item-key.ts';
import { newEnd, type Placed, placeRecord, SHARD_LIFE_MS, type StreamEnd } from './shard.ts';

const HALF = HASHES / 2;

function place(end: StreamEnd, hash: number, units: number, nowMs: number, partitions = 1): Placed {
  return placeRecord(end, { hash: () => hash, units, nowMs, partitions });
}

test('a shard is followed by another after four hours, with the number of the record that came then', () => {
  const first = place(newEnd(1, 0), 5, 1, 1000);
  assert.deepEqual([first.shard, first.sequence, first.closed, first.opened], [1, 1, undefined, []]);
  const late = place(first.end, 5, 1, SHARD_LIFE_MS);
  assert.deepEqual(late.opened, [
    { number: 2, parent: { number: 1, openedAtMs: 0 }, openedAtMs: SHARD_LIFE_MS, first: 2 },
  ]);
  assert.deepEqual([late.shard, late.sequence, late.closed, late.end.last], [2, 2, 1, 2]);
});

test('a shard that takes more than a partition can splits in the middle; its halves take what is theirs', () => {
  let end = newEnd(1, 0);
  for (let write = 0; write < 10; write++) end = place(end, 7, 1000, write * 900).end;
  const split = place(end, HALF + 1, 1, 9_000);
  assert.equal(split.closed, 1);
  assert.deepEqual(
    split.opened.map(({ number, parent }) => [number, parent?.number]),
    [
      [2, 1],
      [3, 1],
    ],
  );
  assert.equal(split.shard, 3);
  assert.equal(place(split.end, HALF - 1, 1, 9_001).shard, 2);
  assert.equal(place(split.end, HALF, 1, 9_001).shard, 3);
});

test('what is spread over time does not split', () => {
  let end = newEnd(1, 0);
  for (let write = 0; write < 100; write++) end = place(end, 7, 1000, write * 1001).end;
  assert.equal(end.shards.length, 1);
});

test('every hash has one shard, whatever splits there were', () => {
  let end = newEnd(3, 0);
  for (let write = 0; write < 5000; write++) {
    end = place(end, (write * 2_654_435_761) % HASHES, 2000, write * 10).end;
  }
  assert.ok(end.shards.length > 10);
  const sorted = [...end.shards].sort((a, b) => a.from - b.from);
  assert.equal(sorted[0]?.from, 0);
  assert.equal(sorted.at(-1)?.to, HASHES);
  for (const [index, shard] of sorted.entries()) {
    if (index > 0) assert.equal(shard.from, sorted[index - 1]?.to);
  }
  assert.equal(new Set(end.shards.map(({ number }) => number)).size, end.shards.length);
  assert.equal(end.last, 5000);
});

test('a table that was given more partitions has as many shards, as they are written to', () => {
  let end = newEnd(1, 0);
  for (let write = 0; write < 64; write++) end = place(end, (write * HASHES) / 64, 1, write, 4).end;
  assert.equal(end.shards.length, 4);
});
