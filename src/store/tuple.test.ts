import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { scaled } from '../../test/support/tier.ts';
import { packTuple, type TuplePart, tupleRange, unpackTuple } from './tuple.ts';

const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE, -Number.MAX_VALUE, 2 ** 53, 0.1),
);
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: fc.constantFrom('\0', '\u0001', 'ÿ', 'a', '\uffff', '😀'), maxLength: 6 }),
);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.array(fc.constantFrom(0, 1, 254, 255), { maxLength: 4 }).map((list) => Uint8Array.from(list)),
);
const part: fc.Arbitrary<TuplePart> = fc.oneof(
  text,
  number,
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.bigInt({ min: -300n, max: 300n }),
  fc.boolean(),
  fc.constant(null),
  bytes,
);
const tuple = fc.array(part, { maxLength: 4 });
const numRuns = scaled(50_000, 2_000);

function rank(value: TuplePart): number {
  if (value === null) return 0;
  if (typeof value === 'boolean') return value ? 2 : 1;
  return typeof value === 'number' ? 3 : typeof value === 'bigint' ? 4 : typeof value === 'string' ? 5 : 6;
}

function compareParts(a: TuplePart, b: TuplePart): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (typeof a === 'number' || typeof a === 'bigint') {
    const other = b as number | bigint;
    return a < other ? -1 : a > other ? 1 : 0;
  }
  return 0;
}

function compareTuples(a: readonly TuplePart[], b: readonly TuplePart[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareParts(a[i] as TuplePart, b[i] as TuplePart);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

test('the order of packed tuples is the order of the tuples', () => {
  fc.assert(
    fc.property(tuple, tuple, (a, b) => {
      assert.equal(Buffer.compare(packTuple(a), packTuple(b)), Math.sign(compareTuples(a, b)));
    }),
    { numRuns },
  );
});

test('parts of one type that lie close together keep their order', () => {
  for (const one of [number, text, bytes, fc.bigInt({ min: -70_000n, max: 70_000n })]) {
    fc.assert(
      fc.property(one, one, tuple, tuple, (a: TuplePart, b: TuplePart, x, y) => {
        assert.equal(
          Buffer.compare(packTuple([a, ...x]), packTuple([b, ...y])),
          Math.sign(compareTuples([a, ...x], [b, ...y])),
        );
      }),
      { numRuns: numRuns / 4 },
    );
  }
});

test('unpacking gives the parts back', () => {
  fc.assert(
    fc.property(tuple, bytes, (parts, prefix) => {
      const expected = parts.map((value) => (Object.is(value, -0) ? 0 : value));
      assert.deepEqual(unpackTuple(packTuple(parts)), expected);
      assert.deepEqual(unpackTuple(packTuple(parts, prefix), prefix.length), expected);
    }),
    { numRuns },
  );
});

test('a range holds the tuple and its extensions, and nothing else', () => {
  const extends_ = (prefix: readonly TuplePart[], whole: readonly TuplePart[]) =>
    prefix.length <= whole.length &&
    prefix.every((value, i) => compareParts(value, whole[i] as TuplePart) === 0);
  const within = (prefix: readonly TuplePart[], whole: readonly TuplePart[]) => {
    const { start, end } = tupleRange(prefix);
    const key = packTuple(whole);
    return Buffer.compare(start, key) <= 0 && Buffer.compare(key, end) < 0;
  };
  fc.assert(
    fc.property(tuple, tuple, fc.nat(4), (prefix, other, cut) => {
      assert.ok(within(prefix, [...prefix, ...other]));
      assert.equal(within(prefix, other), extends_(prefix, other));
      const head = other.slice(0, cut);
      assert.ok(within(head, other));
    }),
    { numRuns },
  );
});

test('text and bytes much longer than the first buffer pack', () => {
  const long = '\0é'.repeat(20_000);
  const blob = new Uint8Array(70_000);
  assert.deepEqual(unpackTuple(packTuple(['a', long, blob, 'z'])), ['a', long, blob, 'z']);
});

test('what has no place in the order is refused', () => {
  assert.throws(() => packTuple([Number.NaN]), /finite/);
  assert.throws(() => packTuple([Number.POSITIVE_INFINITY]), /finite/);
  assert.throws(() => packTuple([1n << 1008n]), /1,008 bits/);
  assert.doesNotThrow(() => packTuple([(1n << 1008n) - 1n]));
  assert.throws(() => unpackTuple(Uint8Array.of(9)), /tag 9/);
});
