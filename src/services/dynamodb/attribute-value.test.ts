import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AttributeValue,
  checkAttributeValue,
  compareValues,
  equalValues,
  type Item,
} from './attribute-value.ts';
import { decodeItem, encodeItem, storedSize, storedText } from './item-codec.ts';
import { itemSize } from './item-size.ts';

const refused: readonly (readonly [AttributeValue, string])[] = [
  [{}, 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'],
  [
    { S: 'a', N: '1' },
    'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
  ],
  [{ N: 'x' }, 'The parameter cannot be converted to a numeric value: x'],
  [
    { NULL: false },
    'One or more parameter values were invalid: Null attribute value types must have the value of true',
  ],
  [{ SS: [] }, 'One or more parameter values were invalid: An string set  may not be empty'],
  [{ NS: [] }, 'One or more parameter values were invalid: An number set  may not be empty'],
  [{ BS: [] }, 'One or more parameter values were invalid: Binary sets should not be empty'],
  [
    { SS: ['a', 'a'] },
    'One or more parameter values were invalid: Input collection [a, a] contains duplicates.',
  ],
  [{ NS: ['1', '1.0'] }, 'Input collection contains duplicates'],
  [
    { BS: [Buffer.from('a'), Buffer.from('a')] },
    'One or more parameter values were invalid: Input collection [YQ==, YQ==]of type BS contains duplicates.',
  ],
  [
    { L: [{ M: { a: {} } }] },
    'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
  ],
];

test('values that are not exactly one well-formed value are refused in AWS words', () => {
  for (const [value, message] of refused) assert.throws(() => checkAttributeValue(value), { message });
});

test('values nest 32 levels deep and no deeper', () => {
  const nest = (levels: number): AttributeValue => {
    let value: AttributeValue = { S: 'leaf' };
    for (let level = 0; level < levels; level++)
      value = level % 2 === 0 ? { M: { n: value } } : { L: [value] };
    return value;
  };
  checkAttributeValue(nest(32));
  assert.throws(() => checkAttributeValue(nest(33)), /Nesting Levels have exceeded supported limits/);
});

test('strings are ordered by their UTF-8 bytes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 8 }),
      (a, b) => {
        const order = compareValues({ S: a }, { S: b }) ?? assert.fail('strings have an order');
        assert.equal(Math.sign(order), Buffer.compare(Buffer.from(a), Buffer.from(b)));
      },
    ),
  );
  assert.equal(compareValues({ S: '1' }, { N: '1' }), undefined);
  assert.equal(compareValues({ BOOL: true }, { BOOL: true }), undefined);
});

test('numbers are equal by value, sets without order', () => {
  assert.ok(equalValues({ N: '1' }, { N: '1.0' }));
  assert.ok(equalValues({ NS: ['1', '2'] }, { NS: ['2.0', '1'] }));
  assert.ok(equalValues({ M: { a: { L: [{ N: '1' }] } } }, { M: { a: { L: [{ N: '1e0' }] } } }));
  assert.ok(!equalValues({ S: '1' }, { N: '1' }));
  assert.ok(!equalValues({ M: { a: { S: 'x' } } }, { M: { toString: { S: 'x' } } }));
});

const values: fc.Arbitrary<AttributeValue> = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string().map((S) => ({ S })),
    fc.integer().map((N) => ({ N: String(N) })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true }),
    fc.uint8Array().map((B) => ({ B: Buffer.from(B) })),
    fc.uniqueArray(fc.string(), { minLength: 1 }).map((SS) => ({ SS })),
    fc.uniqueArray(fc.integer(), { minLength: 1 }).map((NS) => ({ NS: NS.map(String) })),
    fc.array(tie('value')).map((L) => ({ L })),
    fc.dictionary(fc.string({ minLength: 1 }), tie('value')).map((M) => ({ M })),
  ),
})).value;

test('an item survives storage, with its size in front', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), values), (item) => {
      const stored = encodeItem(item).bytes;
      const read = decodeItem(stored);
      assert.ok(equalValues({ M: read }, { M: item }));
      assert.equal(storedSize(stored), itemSize(item));
      assert.deepEqual(encodeItem(read).bytes, stored);
      assert.doesNotThrow(() => JSON.parse(storedText(stored)));
    }),
  );
});

test('stored text shows numbers normalised and binaries in base64', () => {
  const item: Item = {
    n: { N: '1.0' },
    l: { L: [{ N: '007' }] },
    s: { NS: ['1e1'] },
    b: { B: Buffer.from('hi') },
  };
  assert.equal(
    storedText(encodeItem(item).bytes),
    '{"n":{"N":"1"},"l":{"L":[{"N":"7"}]},"s":{"NS":["10"]},"b":{"B":"aGk="}}',
  );
});

test('sizes follow the developer guide', () => {
  assert.equal(itemSize({ pk: { S: 'é' } }), 4);
  assert.equal(itemSize({ a: { L: [] } }), 4);
  assert.equal(itemSize({ a: { M: { b: { NULL: true } } } }), 1 + 3 + 1 + 1 + 1);
  assert.equal(itemSize({ a: { SS: ['ab', 'c'] }, b: { BOOL: true } }), 4 + 2);
});
