import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { scaled } from '../../test/support/tier.ts';
import { OrderedMap } from './ordered-map.ts';

const key = fc.nat(400).map((n) => Buffer.from(`${n}`));
const change = fc.record({ key, value: fc.option(fc.nat(9), { freq: 1 }) });

function listed(map: OrderedMap, start: Buffer, end: Buffer, reverse: boolean): string[] {
  const found: string[] = [];
  map.scan({ start, end }, reverse, (at, value) => found.push(`${at}=${value}`) > 0);
  return found;
}

test('any changes leave what a sorted list would hold, and older maps as they were', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 1500 }), key, key, (changes, start, end) => {
      let map = OrderedMap.empty;
      const model = new Map<string, string>();
      let older: { map: OrderedMap; entries: string[] } | undefined;
      const expected = (from: Buffer, to: Buffer) =>
        [...model]
          .map(([name, value]) => ({ name: Buffer.from(name), value }))
          .filter(({ name }) => Buffer.compare(name, from) >= 0 && Buffer.compare(name, to) < 0)
          .sort((a, b) => Buffer.compare(a.name, b.name))
          .map(({ name, value }) => `${name}=${value}`);
      for (const [i, { key: name, value }] of changes.entries()) {
        if (value === null) {
          map = map.delete(name);
          model.delete(`${name}`);
        } else {
          map = map.set(name, Buffer.from(`${value}`));
          model.set(`${name}`, `${value}`);
        }
        assert.equal(map.get(name)?.toString(), model.get(`${name}`));
        if (i === changes.length >> 1) {
          older = { map, entries: expected(Buffer.alloc(0), Buffer.from('~')) };
        }
      }
      assert.deepEqual(listed(map, start, end, false), expected(start, end));
      assert.deepEqual(listed(map, start, end, true), expected(start, end).reverse());
      assert.deepEqual(
        listed(map, Buffer.alloc(0), Buffer.from('~'), false),
        expected(Buffer.alloc(0), Buffer.from('~')),
      );
      if (older !== undefined) {
        assert.deepEqual(listed(older.map, Buffer.alloc(0), Buffer.from('~'), false), older.entries);
      }
    }),
    { numRuns: scaled(2_000, 60) },
  );
});

test('a map filled and emptied holds nothing', () => {
  const names = Array.from({ length: 5000 }, (_, i) => Buffer.from(`${(i * 7919) % 5000}`));
  let map = OrderedMap.empty;
  for (const name of names) map = map.set(name, name);
  assert.equal(listed(map, Buffer.alloc(0), Buffer.from('~'), false).length, 5000);
  for (const name of names) map = map.delete(name);
  assert.deepEqual(listed(map, Buffer.alloc(0), Buffer.from('~'), true), []);
  assert.equal(map.set(Buffer.from('a'), Buffer.from('b')).get(Buffer.from('a'))?.toString(), 'b');
});
