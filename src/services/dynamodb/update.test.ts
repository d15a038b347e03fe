import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { AttributeValue, Item } from './attribute-value.ts';
import { ExpressionAttributes } from './expression-attributes.ts';
import { parseProjection, project } from './projection.ts';
import { applyUpdate } from './update.ts';
import { parseUpdate } from './update-parser.ts';

const values: Readonly<Record<string, AttributeValue>> = {
  ':one': { N: '1' },
  ':s': { S: 'new' },
  ':l': { L: [{ S: 'z' }] },
  ':e': { L: [] },
  ':ss': { SS: ['b', 'c'] },
  ':ns': { NS: ['1.0', '3'] },
  ':m': { M: { x: { N: '1' } } },
};
const item: Item = {
  n: { N: '41' },
  s: { S: 'old' },
  lst: { L: [{ S: 'a' }, { S: 'b' }, { S: 'c' }] },
  mp: { M: { k: { N: '1' }, deep: { M: { lst: { L: [{ N: '1' }, { N: '2' }] } } } } },
  ss: { SS: ['a', 'b'] },
  ns: { NS: ['1', '2'] },
};

function update(expression: string): Record<string, AttributeValue> {
  const { actions } = parseUpdate(expression, new ExpressionAttributes({ '#p': '__proto__' }, values));
  return JSON.parse(JSON.stringify(applyUpdate(item, actions)));
}

test('updates change what they name and nothing else', () => {
  const before = JSON.stringify(item);
  const cases: readonly (readonly [string, Readonly<Record<string, AttributeValue | undefined>>])[] = [
    ['SET n = n + :one', { n: { N: '42' } }],
    ['SET n = n - :one', { n: { N: '40' } }],
    ['SET n = (n) + (:one)', { n: { N: '42' } }],
    ['SET fresh = if_not_exists(fresh, :one)', { fresh: { N: '1' } }],
    ['SET n = if_not_exists(n, :one) + :one', { n: { N: '42' } }],
    ['SET s = n, n = :one', { s: { N: '41' }, n: { N: '1' } }],
    ['SET lst = list_append(lst, :l)', { lst: { L: [{ S: 'a' }, { S: 'b' }, { S: 'c' }, { S: 'z' }] } }],
    ['SET rest = list_append(if_not_exists(rest, :e), :l)', { rest: { L: [{ S: 'z' }] } }],
    ['SET lst[1] = :s', { lst: { L: [{ S: 'a' }, { S: 'new' }, { S: 'c' }] } }],
    [
      'SET lst[9] = :s, lst[7] = :one',
      {
        lst: { L: [{ S: 'a' }, { S: 'b' }, { S: 'c' }, { N: '1' }, { S: 'new' }] },
      },
    ],
    ['REMOVE lst[0], lst[2]', { lst: { L: [{ S: 'b' }] } }],
    ['REMOVE lst[0] SET lst[1] = :s', { lst: { L: [{ S: 'new' }, { S: 'c' }] } }],
    ['REMOVE lst[8]', {}],
    ['REMOVE s, gone', { s: undefined }],
    ['remove s set n = :one', { s: undefined, n: { N: '1' } }],
    [
      'SET mp.k = :s, mp.deep.lst[0] = :one',
      {
        mp: { M: { k: { S: 'new' }, deep: { M: { lst: { L: [{ N: '1' }, { N: '2' }] } } } } },
      },
    ],
    ['ADD n :one', { n: { N: '42' } }],
    ['ADD fresh :one', { fresh: { N: '1' } }],
    ['ADD ss :ss', { ss: { SS: ['a', 'b', 'c'] } }],
    ['ADD ns :ns', { ns: { NS: ['1', '2', '3'] } }],
    ['ADD freshset :ss', { freshset: { SS: ['b', 'c'] } }],
    ['DELETE ss :ss', { ss: { SS: ['a'] } }],
    ['DELETE gone :ss', {}],
    [
      'ADD mp.k :one DELETE ss :ss',
      {
        mp: { M: { k: { N: '2' }, deep: { M: { lst: { L: [{ N: '1' }, { N: '2' }] } } } } },
        ss: { SS: ['a'] },
      },
    ],
  ];
  for (const [expression, changed] of cases) {
    const expected: Record<string, AttributeValue | undefined> = { ...item, ...changed };
    for (const [name, value] of Object.entries(changed)) if (value === undefined) delete expected[name];
    assert.deepEqual(update(expression), expected, expression);
  }
  assert.equal(JSON.stringify(item), before);
});

test('names are only names', () => {
  const { actions } = parseUpdate('SET #p = :s', new ExpressionAttributes({ '#p': '__proto__' }, values));
  const updated = applyUpdate(item, actions);
  assert.deepEqual(Object.keys(updated), [...Object.keys(item), '__proto__']);
});

test('updates that cannot be applied', () => {
  const path = 'The document path provided in the update expression is invalid for update';
  const type = 'An operand in the update expression has an incorrect data type';
  const cases: readonly (readonly [string, string])[] = [
    ['SET gone.x = :s', path],
    ['SET s.x = :s', path],
    ['SET mp[0] = :s', path],
    ['REMOVE gone.x', path],
    ['SET n = s + :one', type],
    ['SET lst = list_append(s, :l)', type],
    ['ADD s :one', type],
    ['ADD ss :ns', type],
    ['DELETE ns :ss', type],
    ['SET n = gone', 'The provided expression refers to an attribute that does not exist in the item'],
    ['SET n = gone + :one', 'The provided expression refers to an attribute that does not exist in the item'],
  ];
  for (const [expression, message] of cases) assert.throws(() => update(expression), { message }, expression);
});

test('mistakes in update expressions are told in AWS words', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'The expression can not be empty;'],
    ['INVALID SYNTAX HERE', 'Syntax error; token: "INVALID", near: "INVALID SYNTAX"'],
    ['ADD hits : incr', 'Syntax error; token: ":", near: "hits : incr"'],
    ['SET a = :s,', 'Syntax error; token: "<EOF>", near: ","'],
    ['SET a', 'Syntax error; token: "<EOF>", near: "a"'],
    ['ADD a b', 'Syntax error; token: "b", near: "a b"'],
    ['SET year = :s', 'Attribute name is a reserved keyword; reserved keyword: year'],
    ['SET a = nope(b)', 'Invalid function name; function: nope'],
    ['SET a = :s SET b = :s', 'The "SET" section can only be used once in an update expression;'],
    [
      'SET #x = :s',
      'An expression attribute name used in the document path is not defined; attribute name: #x',
    ],
    ['SET a = :x', 'An expression attribute value used in expression is not defined; attribute value: :x'],
    [
      'SET a = :s, a.b = :s',
      'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]',
    ],
    [
      'SET a[1] = :s REMOVE a.b',
      'Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, [1]], path two: [a, b]',
    ],
    [
      'ADD a :s',
      'Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND',
    ],
    [
      'DELETE a :one',
      'Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND',
    ],
    ['SET a = size(b)', 'The function is not allowed in an update expression; function: size'],
    ['SET _a = :s', 'Syntax error; token: "_", near: "SET _a"'],
    [`SET a${'.b'.repeat(32)} = :s`, 'The document path has too many nesting levels; nesting levels: 33'],
    [
      'SET a = :s + :one',
      'Incorrect operand type for operator or function; operator or function: +, operand type: S',
    ],
    [
      'SET a = list_append(:s, a)',
      'Incorrect operand type for operator or function; operator or function: list_append, operand type: S',
    ],
    [
      'SET a = if_not_exists(:s, :s)',
      'Operator or function requires a document path; operator or function: if_not_exists',
    ],
    [
      'SET a = if_not_exists(a)',
      'Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1',
    ],
  ];
  for (const [expression, reason] of cases) {
    assert.throws(() => update(expression), { message: `Invalid UpdateExpression: ${reason}` }, expression);
  }
});

test('projections show what they name', () => {
  const show = (expression: string) =>
    JSON.parse(
      JSON.stringify(
        project(item, parseProjection(expression, new ExpressionAttributes(undefined, undefined))),
      ),
    );
  assert.deepEqual(show('n, gone'), { n: item['n'] });
  assert.deepEqual(show('lst[2], lst[0], lst[7]'), { lst: { L: [{ S: 'a' }, { S: 'c' }] } });
  assert.deepEqual(show('mp.deep.lst[1], mp.k'), {
    mp: { M: { deep: { M: { lst: { L: [{ N: '2' }] } } }, k: { N: '1' } } },
  });
  assert.deepEqual(show('mp.nothing, s.x, lst.x'), {});
  assert.throws(() => show('a, a.b'), {
    message:
      'Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]',
  });
  assert.throws(() => show('lst[99999999999]'), {
    message:
      'Invalid ProjectionExpression: List index is not within the allowable range; index: [99999999999]',
  });
  assert.throws(() => show('!!!'), {
    message: 'Invalid ProjectionExpression: Syntax error; token: "!", near: "!!"',
  });
});
