import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { scaled } from '../../../test/support/tier.ts';
import {
  addNumbers,
  compareNumbers,
  encodeNumber,
  isNormalisedNumber,
  normaliseNumber,
  numberSize,
  subtractNumbers,
} from './number.ts';

/** A value as units of 10^-130, the finest DynamoDB knows: exact, and a different arithmetic than the one tested. */
function units(text: string): bigint {
  const [, sign, integer = '', fraction = '', power = '0'] =
    /^(-?)(\d*)\.?(\d*)(?:e(-?\d+))?$/.exec(text) ?? assert.fail(text);
  const magnitude = BigInt(integer + fraction) * 10n ** BigInt(300 + Number(power) - fraction.length);
  return sign === '-' ? -magnitude : magnitude;
}

const numbers = fc
  .tuple(fc.boolean(), fc.stringMatching(/^[0-9]{1,38}$/), fc.integer({ min: -130, max: 125 }))
  .map(([negative, digits, exponent]) => {
    const significant = digits.replace(/^0+/, '') || '0';
    const highest = significant.length - 1;
    return `${negative ? '-' : ''}${significant}e${exponent - highest}`;
  });
const closeNumbers = fc
  .tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -2, max: 2 }))
  .map(([a, e]) => `${a}e${e}`);
const anyNumber = fc.oneof(numbers, closeNumbers);
const options = { numRuns: scaled(20_000, 500) };

test('numbers are printed plainly, without zeros that say nothing', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['0', '0'],
    ['-0', '0'],
    ['00', '0'],
    ['0.000', '0'],
    ['1.0', '1'],
    ['+1', '1'],
    ['007', '7'],
    ['1e3', '1000'],
    ['1E-3', '0.001'],
    ['-1.50', '-1.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1e125', `1${'0'.repeat(125)}`],
    ['1e-130', `0.${'0'.repeat(129)}1`],
    ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
  ];
  for (const [text, printed] of cases) assert.equal(normaliseNumber(text), printed, text);
});

test('what is no number, or does not fit, is refused in AWS words', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'The parameter cannot be converted to a numeric value'],
    ['b', 'The parameter cannot be converted to a numeric value: b'],
    ['-', 'The parameter cannot be converted to a numeric value: -'],
    ['1 ', 'The parameter cannot be converted to a numeric value: 1 '],
    ['1e126', 'Number overflow. Attempting to store a number with magnitude larger than supported range'],
    ['-1e126', 'Number overflow. Attempting to store a number with magnitude larger than supported range'],
    ['1e-131', 'Number underflow. Attempting to store a number with magnitude smaller than supported range'],
    ['1'.repeat(39), 'Attempting to store more than 38 significant digits in a Number'],
  ];
  for (const [text, message] of cases) assert.throws(() => normaliseNumber(text), { message }, text);
});

test('normalising keeps the value and settles at once', () => {
  fc.assert(
    fc.property(anyNumber, (text) => {
      const printed = normaliseNumber(text);
      assert.equal(units(printed), units(text));
      assert.equal(normaliseNumber(printed), printed);
      assert.equal(isNormalisedNumber(printed) ? printed : normaliseNumber(printed), printed);
    }),
    options,
  );
});

test('comparison and encoded order are the order of the values', () => {
  fc.assert(
    fc.property(anyNumber, anyNumber, (a, b) => {
      const order = units(a) < units(b) ? -1 : units(a) > units(b) ? 1 : 0;
      assert.equal(Math.sign(compareNumbers(a, b)), order);
      assert.equal(Math.sign(compareNumbers(normaliseNumber(a), normaliseNumber(b))), order);
      assert.equal(Buffer.compare(encodeNumber(a), encodeNumber(b)), order);
      assert.ok(encodeNumber(a).length <= 22);
    }),
    options,
  );
});

test('sums and differences are exact or refused', () => {
  fc.assert(
    fc.property(anyNumber, anyNumber, (a, b) => {
      for (const [combine, expected] of [
        [addNumbers, units(a) + units(b)],
        [subtractNumbers, units(a) - units(b)],
      ] as const) {
        let result: string | undefined;
        try {
          result = combine(a, b);
        } catch (error) {
          assert.match(String(error), /38 significant digits|Number overflow/);
        }
        if (result !== undefined) assert.equal(units(result), expected);
      }
    }),
    options,
  );
  assert.equal(addNumbers('0.1', '0.2'), '0.3');
  assert.equal(subtractNumbers('1', '1'), '0');
  assert.throws(() => addNumbers('1e50', '1'), {
    message: 'Number overflow. Attempting to store a number with magnitude larger than supported range',
  });
});

test('sizes count pairs of digits', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0', 1],
    ['1', 2],
    ['12', 2],
    ['100', 2],
    ['120', 3],
    ['-1', 3],
    ['0.0012', 2],
    ['12.3', 3],
    ['1.23', 3],
    ['12345678901234567890123456789012345678', 20],
  ];
  for (const [text, size] of cases) assert.equal(numberSize(text), size, text);
});
