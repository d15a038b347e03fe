import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AttributeValue, compareValues } from './attribute-value.ts';
import {
  joinKey,
  partitionKey,
  placedKey,
  segmentRange,
  sortPart,
  sortPrefix,
  successor,
} from './item-key.ts';

const PREFIX = Uint8Array.of(6, 7);
const scalar = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }).map((S): AttributeValue => ({ S: Buffer.from(S).toString() })),
  fc.uint8Array({ minLength: 1 }).map((bytes): AttributeValue => ({ B: Buffer.from(bytes) })),
  fc.integer().map((N): AttributeValue => ({ N: String(N) })),
);
const binary = fc.array(fc.constantFrom(0, 1, 254, 255), { minLength: 1, maxLength: 4 });

test('sort attributes keep their order, also before another part', () => {
  fc.assert(
    fc.property(scalar, scalar, fc.uint8Array(), fc.uint8Array(), (a, b, restA, restB) => {
      const order = compareValues(a, b);
      fc.pre(order !== undefined && order !== 0);
      const left = Buffer.concat([sortPart(a), restA]);
      const right = Buffer.concat([sortPart(b), restB]);
      assert.equal(Math.sign(Buffer.compare(left, right)), Math.sign(order as number));
    }),
    { numRuns: 2000 },
  );
});

test('a prefix bounds what begins with it, and only that', () => {
  fc.assert(
    fc.property(binary, binary, (a, b) => {
      const start = sortPrefix({ B: Uint8Array.from(a) });
      const part = sortPart({ B: Uint8Array.from(b) });
      const key = Buffer.concat([PREFIX, start]);
      const candidate = Buffer.concat([PREFIX, part]);
      const inside = Buffer.compare(candidate, key) >= 0 && Buffer.compare(candidate, successor(key)) < 0;
      assert.equal(inside, Buffer.from(b).subarray(0, a.length).equals(Buffer.from(a)));
    }),
    { numRuns: 2000 },
  );
});

test('the key of an item is that of its partition and its sort attribute, however it is put together', () => {
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 120 })
    .map((S): AttributeValue => ({ S: Buffer.from(S).toString() }));
  const attribute = fc.oneof(
    scalar,
    text,
    fc.constantFrom({ S: 'a\0b' }, { S: '\u20ac'.repeat(84) }, { S: 'é'.repeat(85) }),
  );
  fc.assert(
    fc.property(attribute, fc.option(attribute, { nil: undefined }), (partition, sort) => {
      const whole = partitionKey(PREFIX, [partition]);
      const expected = sort === undefined ? whole : joinKey(whole, sortPart(sort));
      assert.deepEqual(Buffer.from(placedKey(PREFIX, partition, sort)), Buffer.from(expected));
    }),
    { numRuns: 5000 },
  );
});

test('partitions are told apart whatever their lengths', () => {
  const keys = new Set<string>();
  const values = [
    '',
    'a',
    'ab',
    'b',
    'x'.repeat(254),
    'x'.repeat(255),
    'x'.repeat(2048),
    `${'x'.repeat(2047)}y`,
  ];
  for (const S of values) keys.add(Buffer.from(partitionKey(PREFIX, [{ S }])).toString('hex'));
  keys.add(Buffer.from(partitionKey(PREFIX, [{ S: 'a' }, { S: 'b' }])).toString('hex'));
  keys.add(Buffer.from(partitionKey(PREFIX, [{ S: 'ab' }, { S: '' }])).toString('hex'));
  assert.equal(keys.size, values.length + 2);
});

test('segments part all hashes evenly among them', () => {
  const counts = [0, 0, 0, 0, 0, 0, 0];
  for (let index = 0; index < 7000; index++) {
    const key = partitionKey(PREFIX, [{ S: `item-${index}` }]);
    const holding = counts.flatMap((_, segment) => {
      const { start, end } = segmentRange(PREFIX, segment, counts.length);
      return Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0 ? [segment] : [];
    });
    assert.equal(holding.length, 1);
    counts[holding[0] as number] = (counts[holding[0] as number] as number) + 1;
  }
  for (const count of counts) assert.ok(count > 850 && count < 1150, String(count));
});

test('partitions come in the order of scans of real tables', () => {
  const inOrder = (values: readonly AttributeValue[]) =>
    [...values].sort((a, b) => Buffer.compare(partitionKey(PREFIX, [a]), partitionKey(PREFIX, [b])));
  const texts = '2 8 9 1 6 hello 0 5 4 äáöü aardman 7 3 zapf'.split(' ').map((S) => ({ S }));
  assert.deepEqual(inOrder([...texts].reverse()), texts);
  const numbers = '7 999.9 8 3 2 -999.9 9 4 -0.09 6 1 0 0.012345 5'.split(' ').map((N) => ({ N }));
  assert.deepEqual(inOrder([...numbers].reverse()), numbers);
});
