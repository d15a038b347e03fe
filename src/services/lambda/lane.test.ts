import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { inLane, laneKey, lanesOf, shardOfKey, slowest } from './lane.ts';

const record = (id: string) => ({
  sequence: '1',
  createdAtMs: 0,
  bytes: 1,
  event: { dynamodb: { Keys: { id: { S: id }, sort: { N: '1' } } } },
});

test('each item is in one lane of many, always the same', () => {
  const lanes = lanesOf('shard', 5);
  const used = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const mine = lanes.filter((lane) => inLane(lane, record(String(i))));
    assert.equal(mine.length, 1);
    for (const lane of mine) used.add(laneKey(lane));
  }
  assert.equal(used.size, 5);
  assert.deepEqual(lanesOf('shard', 1).map(laneKey), ['shard']);
  assert.deepEqual([...used].map(shardOfKey), Array(5).fill('shard'));
});

test('lanes are joined where the slowest is', () => {
  const at = (sequence?: string) => ({ sequence, failures: 2 });
  assert.deepEqual(slowest([at('20'), at('3'), at('100')]), { sequence: '3', failures: 0 });
  assert.deepEqual(slowest([at('20'), at()]), { failures: 0 });
});
