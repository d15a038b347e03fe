import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AttributeValue, Item } from './attribute-value.ts';
import { meets } from './condition.ts';
import { parseCondition } from './condition-parser.ts';
import { ExpressionAttributes } from './expression-attributes.ts';

const values: Readonly<Record<string, AttributeValue>> = {
  ':s': { S: 'b' },
  ':n': { N: '5' },
  ':big': { N: '9' },
  ':t': { BOOL: true },
  ':l': { L: [] },
  ':type': { S: 'N' },
  ':bad': { S: 'X' },
};
const names = { '#n': 'name with spaces', '#s': 'size' };

function parse(expression: string) {
  return parseCondition(expression, 'ConditionExpression', new ExpressionAttributes(names, values)).condition;
}

const item: Item = {
  a: { S: 'b' },
  n: { N: '5.0' },
  lst: { L: [{ S: 'x' }, { M: { k: { N: '1' } } }] },
  mp: { M: { nested: { S: 'deep' } } },
  set: { SS: ['b', 'c'] },
  t: { BOOL: true },
  'name with spaces': { S: 'b' },
};

test('conditions hold', () => {
  const holding = [
    'a = :s',
    ':s = a',
    '(a) = (:s)',
    'n = :n',
    'n < :big AND n >= :n',
    'NOT a <> :s',
    'not not a = :s',
    'a = :s OR gone = :s AND gone = :s',
    '(a = :s OR gone = :s) AND n = :n',
    'n BETWEEN :n AND :big',
    'a IN (:n, :s)',
    'gone <> :s',
    'attribute_exists(a)',
    'attribute_not_exists(gone)',
    'attribute_type(n, :type)',
    'begins_with(a, :s)',
    'contains(a, :s)',
    'contains(#n, :s)',
    'size(lst) < :n',
    'size(a)<:n',
    'attribute_exists(lst[1].k)',
    'attribute_not_exists(lst[2])',
    'attribute_exists(mp.nested)',
    '#n = a',
  ];
  for (const expression of holding) assert.ok(meets(item, parse(expression)), expression);
});

test('conditions do not hold', () => {
  const failing = [
    'gone = :s',
    'gone < :n',
    'a < :n',
    'NOT a = :s',
    'n BETWEEN :big AND :big',
    'gone IN (:s)',
    'size(n) = :n',
    'attribute_exists(toString)',
    'attribute_exists(mp.valueOf)',
    'begins_with(n, :s)',
    'contains(lst, :s)',
  ];
  for (const expression of failing) assert.ok(!meets(item, parse(expression)), expression);
});

test('mistakes are told in AWS words, the gravest first', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'The expression can not be empty;'],
    ['a', 'Syntax error; token: "<EOF>", near: "a"'],
    ['a AND b', 'Syntax error; token: "AND", near: "a AND b"'],
    ['a = ', 'Syntax error; token: "<EOF>", near: "="'],
    ['a ! b', 'Syntax error; token: "!", near: "a ! b"'],
    ['a = : b', 'Syntax error; token: ":", near: "= : b"'],
    ['((a = :s))', 'The expression has redundant parentheses;'],
    ['((a)) = :s', 'The expression has redundant parentheses;'],
    ['nope(a)', 'Invalid function name; function: nope'],
    ['size(a)', 'The function is not allowed to be used this way in an expression; function: size'],
    [
      'attribute_exists(a) = :t',
      'The function is not allowed to be used this way in an expression; function: attribute_exists',
    ],
    ['year = :s', 'Attribute name is a reserved keyword; reserved keyword: year'],
    ['#x = :s', 'An expression attribute name used in the document path is not defined; attribute name: #x'],
    ['a = :x', 'An expression attribute value used in expression is not defined; attribute value: :x'],
    [
      'attribute_exists(a, b)',
      'Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2',
    ],
    [
      'attribute_exists(:s)',
      'Operator or function requires a document path; operator or function: attribute_exists',
    ],
    [
      'a = a',
      'The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]',
    ],
    [
      'begins_with(a, :n)',
      'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
    ],
    [
      'attribute_type(a, :bad)',
      'Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
    ],
    [
      'size(:n) = :n',
      'Incorrect operand type for operator or function; operator or function: size, operand type: N',
    ],
    [
      'a BETWEEN :s AND :n',
      'The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {N:5}',
    ],
    [
      'a BETWEEN :big AND :n',
      'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:5}',
    ],
    [
      'a BETWEEN :l AND :l',
      'Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: L',
    ],
    [
      `a IN (${Array(101).fill(':s').join()})`,
      'The IN operator is provided with too many operands; number of operands: 101',
    ],
    [
      'if_not_exists(a, :s) = :s',
      'The function is not allowed in a condition expression; function: if_not_exists',
    ],
    ['nope(a) AND year = :x', 'Invalid function name; function: nope'],
  ];
  for (const [expression, reason] of cases) {
    assert.throws(() => parse(expression), { message: `Invalid ConditionExpression: ${reason}` }, expression);
  }
});

test('deep, long and hostile expressions are refused at once', () => {
  const hostile = [
    '('.repeat(4000),
    `${'('.repeat(2000)}a = :s${')'.repeat(2000)}`,
    `${'NOT '.repeat(1000)}a=:s`,
    Array(400).fill('a=:s').join(' OR '),
    'size('.repeat(800),
    `a = :s ${' '.repeat(5000)}`,
  ];
  for (const expression of hostile) assert.throws(() => parse(expression), { code: 'ValidationException' });
});

test('what is not used is told', () => {
  const attributes = new ExpressionAttributes(
    { '#a': 'a', '#b': 'b' },
    { ':v': { S: 'v' }, ':w': { S: 'w' } },
  );
  parseCondition('#a = :v', 'ConditionExpression', attributes);
  assert.throws(() => attributes.checkAllUsed(), {
    message: 'Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}',
  });
});

/** A random condition with a model of what it means. */
interface Modelled {
  readonly text: string;
  readonly holds: (record: Readonly<Record<string, number>>) => boolean;
}

const comparison: fc.Arbitrary<Modelled> = fc
  .tuple(
    fc.constantFrom('p', 'q', 'r'),
    fc.constantFrom('=', '<>', '<', '<=', '>', '>='),
    fc.constantFrom(0, 1, 2),
  )
  .map(([name, comparator, number]) => ({
    text: `${name} ${comparator} :${number}`,
    holds: (record) => {
      const value = record[name];
      if (value === undefined) return comparator === '<>';
      switch (comparator) {
        case '=':
          return value === number;
        case '<>':
          return value !== number;
        case '<':
          return value < number;
        case '<=':
          return value <= number;
        case '>':
          return value > number;
        default:
          return value >= number;
      }
    },
  }));

type Holds = Modelled['holds'];

const conditions = fc.letrec<{ condition: Modelled }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    comparison,
    comparison.map(({ text, holds }) => {
      const negated: Holds = (record) => !holds(record);
      return { text: `NOT ${text}`, holds: negated };
    }),
    fc.tuple(comparison, comparison, comparison).map(([a, b, c]) => {
      const holds: Holds = (record) => a.holds(record) || (b.holds(record) && c.holds(record));
      return { text: `${a.text} OR ${b.text} and ${c.text}`, holds };
    }),
    fc.tuple(tie('condition'), tie('condition'), fc.boolean()).map(([a, b, and]) => {
      const holds: Holds = (record) =>
        and ? !a.holds(record) && b.holds(record) : !a.holds(record) || b.holds(record);
      return { text: `NOT (${a.text}) ${and ? 'AND' : 'OR'} (${b.text})`, holds };
    }),
  ),
})).condition;

test('the engine agrees with a model', () => {
  const records = fc.dictionary(fc.constantFrom('p', 'q', 'r'), fc.integer({ min: 0, max: 2 }));
  const numbers = { ':0': { N: '0' }, ':1': { N: '1.0' }, ':2': { N: '2' } };
  fc.assert(
    fc.property(conditions, records, ({ text, holds }, record) => {
      const { condition } = parseCondition(
        text,
        'FilterExpression',
        new ExpressionAttributes(undefined, numbers),
      );
      const stored = Object.fromEntries(Object.entries(record).map(([name, n]) => [name, { N: String(n) }]));
      assert.equal(meets(stored, condition), holds(record), text);
    }),
    { numRuns: 500 },
  );
});
