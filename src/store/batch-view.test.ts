import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { b } from '../../test/support/stores.ts';
import { scaled } from '../../test/support/tier.ts';
import { BatchView } from './batch-view.ts';
import type { View } from './optimistic.ts';

/** A view of some entries, in order. */
function viewOf(rows: ReadonlyMap<string, string>): View {
  const sorted = [...rows].sort(([x], [y]) => Buffer.compare(b(x), b(y)));
  return {
    get: (key) => {
      const value = rows.get(`${Buffer.from(key)}`);
      return value === undefined ? undefined : b(value);
    },
    has: (key, value) => rows.get(`${Buffer.from(key)}`) === (value && `${Buffer.from(value)}`),
    scan: ({ start, end }, { limit }) => {
      const inside = sorted
        .map(([key, value]) => ({ key: b(key), value: b(value) }))
        .filter(({ key }) => Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0);
      return { entries: inside.slice(0, limit), more: inside.length > limit };
    },
  };
}

test('a batch seen over the latest state is as if it had been written', () => {
  const key = fc.integer({ min: 0, max: 25 }).map((n) => `k${String.fromCharCode(97 + n)}`);
  const value = fc.string({ maxLength: 2 });
  fc.assert(
    fc.property(
      fc.dictionary(key, value),
      fc.array(fc.tuple(key, fc.option(value, { nil: undefined })), { maxLength: 12 }),
      key,
      key,
      fc.integer({ min: 1, max: 15 }),
      (rows, writes, start, end, limit) => {
        const before = new Map(Object.entries(rows));
        const after = new Map(before);
        const view = new BatchView(viewOf(before));
        const keys = [b(start), b(end)];
        const values = ['', 'x', before.get(start), before.get(end)].map((it) =>
          it === undefined ? undefined : b(it),
        );
        for (const key of keys) for (const bytes of values) view.has(key, bytes);
        for (const [name, text] of writes) {
          if (text === undefined) after.delete(name);
          else after.set(name, text);
          view.add([[name, { key: b(name), value: text === undefined ? undefined : b(text) }]]);
        }
        const written = viewOf(after);
        const range = { start: b(start), end: b(end) };
        assert.deepEqual(view.scan(range, { limit }), written.scan(range, { limit }));
        for (const key of keys) {
          const name = `${Buffer.from(key)}`;
          assert.deepEqual(view.get(b(name)), written.get(b(name)));
          for (const other of ['', 'x', before.get(name), after.get(name)]) {
            const bytes = other === undefined ? undefined : b(other);
            assert.equal(view.has(key, bytes), written.has(b(name), bytes));
          }
        }
      },
    ),
    { numRuns: scaled(100_000, 2_000) },
  );
});
