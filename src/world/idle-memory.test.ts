import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleWatch } from './idle-memory.ts';

test('a process is collected twice when it has become idle', () => {
  const watch = new IdleWatch();
  assert.equal(watch.look(1_500, 1_000), false, 'busy');
  assert.equal(watch.look(3_000, 2_000), false, 'still busy');
  assert.equal(watch.look(4_500, 2_010), true, 'idle now');
  assert.equal(watch.look(6_000, 2_070), true, 'what the first has found');
  assert.equal(watch.look(7_500, 2_130), false, 'collected already');
});

test('a little work leaves nothing worth collecting, until it adds up', () => {
  const watch = new IdleWatch();
  watch.look(1_500, 1_000);
  assert.equal(watch.look(3_000, 1_010), true);
  assert.equal(watch.look(4_500, 1_010), true);
  for (let i = 1; i < 5; i++) assert.equal(watch.look(4_500 + i * 1_500, 1_010 + i * 60), false);
  assert.equal(watch.look(12_000, 1_310), true);
});
