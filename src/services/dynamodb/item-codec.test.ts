import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Item } from './attribute-value.ts';
import { encodeItem, joinedTexts, storedText } from './item-codec.ts';

const attribute = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }).map((S) => ({ S: Buffer.from(S).toString() })),
  fc.integer().map((N) => ({ N: String(N) })),
  fc.uint8Array({ maxLength: 4 }).map((bytes) => ({ B: Buffer.from(bytes) })),
);
const item = fc.dictionary(fc.string({ maxLength: 4 }), attribute, { maxKeys: 3 }) as fc.Arbitrary<Item>;

test('stored items are joined to the very text that each has alone', () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 5 }), fc.string(), (items, rest) => {
      const after = Buffer.from(rest).toString();
      const stored = items.map((each) => ({ bytes: Uint8Array.from(encodeItem(each).bytes) }));
      const before = stored.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
      const joined = joinedTexts(stored, '{"Items":[', after);
      assert.equal(
        joined.toString(),
        `{"Items":[${stored.map(({ bytes }) => storedText(bytes)).join(',')}${after}`,
      );
      assert.deepEqual(
        stored.map(({ bytes }) => Buffer.from(bytes).toString('hex')),
        before,
        'what is stored stays as it is',
      );
    }),
    { numRuns: 2000 },
  );
});
