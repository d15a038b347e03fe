import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { b, engines, everything, from, list, read, textOf, write } from '../../test/support/stores.ts';
import { scaled } from '../../test/support/tier.ts';
import type { KeyRange, RangeOptions, Reader, Transaction } from './store.ts';

for (const [name, make] of Object.entries(engines)) {
  describe(name, () => {
    test('keys longer than any engine takes as they are keep their order', async () => {
      const store = await make();
      const long = (length: number, end: string) => 'k'.repeat(length - end.length) + end;
      const names = [
        ...[10, 3989, 3990, 3991, 4026, 4027, 5000, 9000].map((length) => 'k'.repeat(length)),
        ...['a', 'b', 'z', '\0'].flatMap((end) => [long(3990, end), long(3991, end), long(8000, end)]),
        'k'.repeat(3990) + 'a'.repeat(5000),
      ].sort((x, y) => Buffer.compare(b(x), b(y)));
      await write(store, ...names.map((key, i) => [key, `${i}`] as const));
      const expected = names.map((_, i) => i);
      const indexes = async (reader: Reader, range: KeyRange, options: Partial<RangeOptions> = {}) =>
        (await reader.range(range, { limit: 100, ...options })).map(({ value }) => Number(textOf(value)));
      assert.deepEqual(await indexes(store, everything), expected);
      assert.deepEqual(await indexes(store, everything, { reverse: true }), expected.toReversed());
      for (const [i, start] of names.entries()) {
        assert.equal(await read(store, start), `${i}`);
        for (const [j, end] of names.entries()) {
          const slice = expected.slice(i, Math.max(i, j));
          const range = { start: b(start), end: b(end) };
          assert.deepEqual(await indexes(store, range), slice);
          assert.deepEqual(await indexes(store, range, { reverse: true }), slice.toReversed());
          assert.deepEqual(await indexes(store, range, { limit: 2 }), slice.slice(0, 2));
        }
      }
      const some = names[names.length - 2] as string;
      await write(store, [some, 'changed']);
      assert.equal(await read(store, some), 'changed');
      await write(store, [some, undefined]);
      assert.equal(await read(store, some), undefined);
      assert.equal((await indexes(store, everything)).length, names.length - 1);
      await store.close();
    });

    test('random operations do what a model does', async () => {
      const key = fc.oneof(
        fc.nat(30).map((n) => `k${n}`),
        fc.constantFrom('k', 'k1\0', 'l'.repeat(4100), `${'l'.repeat(4100)}m`, `${'l'.repeat(4000)}a`),
      );
      const operation = fc.oneof(
        fc.record({ kind: fc.constant('set' as const), key, value: fc.string({ maxLength: 5 }) }),
        fc.record({ kind: fc.constant('delete' as const), key }),
        fc.record({ kind: fc.constant('get' as const), key }),
        fc.record({
          kind: fc.constant('range' as const),
          start: key,
          end: key,
          limit: fc.integer({ min: 1, max: 12 }),
          reverse: fc.boolean(),
        }),
      );
      const transaction = fc.record({
        operations: fc.array(operation, { maxLength: 20 }),
        abort: fc.boolean(),
      });
      const store = await make();
      await fc.assert(
        fc.asyncProperty(fc.array(transaction, { minLength: 1, maxLength: 10 }), async (transactions) => {
          const old = await store.range(everything, { limit: 1000 });
          await store.transact(async (tx) => {
            for (const entry of old) tx.delete(entry.key);
          });
          let model = new Map<string, string>();
          for (const { operations, abort } of transactions) {
            const next = new Map(model);
            const run = store.transact(async (tx) => {
              next.clear();
              for (const [at, value] of model) next.set(at, value);
              for (const op of operations) await step(tx, next, op);
              if (abort) throw new Error('abort');
            });
            if (abort) await assert.rejects(run, /abort/);
            else {
              await run;
              model = next;
            }
            assert.deepEqual(await list(store), modelRange(model, { start: '', end: '\xff' }));
          }
        }),
        { numRuns: scaled(500, 80) },
      );
      await store.close();
    });
  });
}
type Operation =
  | { kind: 'set'; key: string; value: string }
  | { kind: 'delete'; key: string }
  | { kind: 'get'; key: string }
  | { kind: 'range'; start: string; end: string; limit: number; reverse: boolean };

function modelRange(model: ReadonlyMap<string, string>, range: { start: string; end: string }): string[] {
  return [...model]
    .filter(([key]) => key >= range.start && key < range.end)
    .sort(([x], [y]) => (x < y ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
}

async function step(tx: Transaction, model: Map<string, string>, operation: Operation): Promise<void> {
  if (operation.kind === 'set') {
    tx.set(b(operation.key), b(operation.value));
    model.set(operation.key, Buffer.from(operation.value).toString());
  } else if (operation.kind === 'delete') {
    tx.delete(b(operation.key));
    model.delete(operation.key);
  } else if (operation.kind === 'get') {
    assert.equal(await read(tx, operation.key), model.get(operation.key));
  } else {
    const { start, end, limit, reverse } = operation;
    const all = modelRange(model, { start, end });
    const expected = (reverse ? all.toReversed() : all).slice(0, limit);
    assert.deepEqual(await list(tx, from(start, end), { limit, reverse }), expected);
  }
}
