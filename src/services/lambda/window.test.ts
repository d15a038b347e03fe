import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { failedItems } from './batch-answer.ts';
import { afterBatch, windowMembers, windowStart } from './window.ts';

test('windows stand side by side and say when they begin and end', () => {
  const startMs = windowStart(Date.UTC(2026, 0, 1, 10, 7, 31), 300);
  assert.equal(startMs, Date.UTC(2026, 0, 1, 10, 5));
  const place = { shard: 's', sourceArn: 'arn', final: true };
  assert.deepEqual(windowMembers({ startMs, state: { n: 1 }, early: true }, 300, place), {
    window: { start: '2026-01-01T10:05:00Z', end: '2026-01-01T10:10:00Z' },
    state: { n: 1 },
    shardId: 's',
    eventSourceARN: 'arn',
    isFinalInvokeForWindow: true,
    isWindowTerminatedEarly: true,
  });
});

test('a state is what the answer says; none is a failure, one that is too long ends the window', () => {
  const window = { startMs: 0, state: { n: 1 } };
  assert.deepEqual(afterBatch(window, { state: { n: 2 } }), { startMs: 0, state: { n: 2 } });
  for (const answer of [undefined, null, {}, 'x', { state: null }])
    assert.equal(afterBatch(window, answer), undefined);
  assert.deepEqual(afterBatch(window, { state: 'x'.repeat(1024 * 1024) }), { ...window, early: true });
});

test('an answer names what failed; what cannot be understood fails all', () => {
  const known = new Set(['a', 'b']);
  const items = (...ids: unknown[]) => ({
    batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
  });
  for (const none of [null, undefined, {}, items(), { batchItemFailures: null }]) {
    assert.deepEqual(failedItems(none, known), new Set());
  }
  assert.deepEqual(failedItems(items('b'), known), new Set(['b']));
  for (const all of [
    'text',
    items(''),
    items('c'),
    items(undefined),
    { batchItemFailures: 'a' },
    items('a', 3),
  ]) {
    assert.equal(failedItems(all, known), undefined);
  }
});
