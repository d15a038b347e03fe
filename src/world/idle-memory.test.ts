import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleWatch } from './idle-memory.ts';

test('a process is collected three times when it has become idle', () => {
  const watch = new IdleWatch();
  assert.equal(watch.look(1_500, 1_000), undefined, 'busy');
  assert.equal(watch.look(3_000, 2_000), undefined, 'still busy');
  assert.equal(watch.look(4_500, 2_010), 'beside', 'idle now');
  assert.equal(watch.look(6_000, 2_070), 'whole', 'still idle');
  assert.equal(watch.look(7_500, 2_130), 'whole', 'and still');
  assert.equal(watch.look(9_000, 2_190), undefined, 'collected already');
});

test('a little work leaves nothing worth collecting, until it adds up', () => {
  const watch = new IdleWatch();
  watch.look(1_500, 1_000);
  assert.equal(watch.look(3_000, 1_010), 'beside');
  assert.equal(watch.look(3_750, 1_010), 'whole');
  assert.equal(watch.look(4_500, 1_010), 'whole');
  for (let i = 1; i < 5; i++) assert.equal(watch.look(4_500 + i * 1_500, 1_010 + i * 60), undefined);
  assert.equal(watch.look(12_000, 1_310), 'beside');
});
