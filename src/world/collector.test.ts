import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleWatch } from './collector.ts';

/** A process that was busy for a second after it started, looked at each second since. */
function busyForASecond(): { readonly watch: IdleWatch; readonly idle: (seconds: number) => unknown[] } {
  const watch = new IdleWatch();
  assert.equal(watch.look(1_000, 1_000), undefined);
  let nowMs = 1_000;
  return {
    watch,
    idle: (seconds) =>
      Array.from({ length: seconds }, () => watch.look((nowMs += 1_000), 1_000)).filter(
        (it) => it !== undefined,
      ),
  };
}

test('a process is collected three times when it has been idle for a while', () => {
  const { idle } = busyForASecond();
  assert.deepEqual(idle(14), [], 'it may have paused');
  assert.deepEqual(idle(1), ['beside']);
  assert.deepEqual(idle(1), ['whole']);
  assert.deepEqual(idle(1), ['whole']);
  assert.deepEqual(idle(60), [], 'collected already');
});

test('what is busy between short pauses is left alone', () => {
  const watch = new IdleWatch();
  for (let second = 1; second < 100; second++) {
    const worked = 500 * Math.ceil(second / 10);
    assert.equal(watch.look(second * 1_000, worked), undefined);
  }
});

test('a little work leaves nothing worth collecting, until it adds up', () => {
  const { watch, idle } = busyForASecond();
  assert.equal(idle(20).length, 3);
  for (let i = 1; i < 5; i++) assert.equal(watch.look(21_000 + i * 1_500, 1_000 + i * 60), undefined);
  assert.equal(watch.look(28_500, 1_300), 'beside');
});
