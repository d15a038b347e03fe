import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { cpuMs } from '../../test/support/cpu.ts';
import { compileCondition } from './condition.ts';
import { type ContextValues, contextOf } from './request.ts';

function holds(
  operator: string,
  key: string,
  values: string | readonly string[],
  context: ContextValues,
  variables = true,
): boolean {
  const condition = compileCondition(operator, key, [values].flat(), variables);
  assert.ok(typeof condition === 'object', `${operator}: ${condition}`);
  return condition.holds(contextOf(context));
}

test('every operator, with its value, with another and without the key', () => {
  const cases: readonly (readonly [
    operator: string,
    values: string | readonly string[],
    meeting: ContextValues[string],
    other: ContextValues[string],
    absent: boolean,
  ])[] = [
    ['StringEquals', 'a', 'a', 'A', false],
    ['StringEquals', ['x', 'a'], 'a', 'b', false],
    ['StringNotEquals', 'a', 'b', 'a', true],
    ['StringEqualsIgnoreCase', 'AbC', 'aBc', 'abd', false],
    ['StringNotEqualsIgnoreCase', 'AbC', 'abd', 'aBc', true],
    ['StringLike', 'a*c', 'abbc', 'abb', false],
    ['StringNotLike', 'a?c', 'abbc', 'abc', true],
    ['NumericEquals', '10', '10.0', '11', false],
    ['NumericEquals', '10', 10, 'ten', false],
    ['NumericNotEquals', '10', 11, 10, true],
    ['NumericLessThan', '10', 9, 10, false],
    ['NumericLessThanEquals', '10', 10, 11, false],
    ['NumericGreaterThan', '10', 11, 10, false],
    ['NumericGreaterThanEquals', '10', 10, 9, false],
    ['DateEquals', '2024-01-01T00:00:00Z', '1704067200', '1704067201', false],
    ['DateNotEquals', '2024-01-01T00:00:00Z', '1704067201', '1704067200', true],
    ['DateLessThan', '2024-01-01T00:00:00Z', '2023-12-31T23:59:59Z', '2024-01-01T00:00:00Z', false],
    ['DateLessThanEquals', '2024-01-01', '2024-01-01T00:00:00Z', '2024-01-01T00:00:01Z', false],
    ['DateGreaterThan', '2024-01-01T00:00:00Z', '2024-01-01T00:00:01Z', '2024-01-01T00:00:00Z', false],
    ['DateGreaterThanEquals', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z', '2023-01-01', false],
    ['Bool', 'true', true, false, false],
    ['Bool', 'TRUE', 'true', 'yes', false],
    ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', 'QmluYXJz', false],
    ['IpAddress', ['10.0.0.0/8', '2001:db8::/32'], '2001:db8::5', '11.0.0.1', false],
    ['NotIpAddress', '10.0.0.0/8', '11.0.0.1', '10.1.2.3', true],
    ['ArnEquals', 'arn:aws:s3:::b*', 'arn:aws:s3:::bucket', 'arn:aws:s3:::other', false],
    ['ArnLike', 'arn:aws:sns:*:1:t', 'arn:aws:sns:eu:1:t', 'arn:aws:sns:eu:2:t', false],
    ['ArnNotEquals', 'arn:aws:s3:::b', 'arn:aws:s3:::c', 'arn:aws:s3:::b', true],
    ['ArnNotLike', 'arn:aws:s3:::b*', 'arn:aws:s3:::c', 'arn:aws:s3:::bb', true],
  ];
  for (const [operator, values, meeting, other, absent] of cases) {
    assert.equal(holds(operator, 'k', values, { k: meeting }), true, `${operator} ${values} ${meeting}`);
    assert.equal(holds(operator, 'k', values, { k: other }), false, `${operator} ${values} ${other}`);
    assert.equal(holds(operator, 'k', values, {}), absent, `${operator} without the key`);
    assert.equal(holds(`${operator}IfExists`, 'k', values, {}), true, `${operator}IfExists without the key`);
    assert.equal(holds(`${operator}IfExists`, 'k', values, { k: other }), false, `${operator}IfExists`);
    assert.equal(holds(`ForAllValues:${operator}`, 'k', values, {}), true, `ForAllValues:${operator}`);
    assert.equal(holds(`ForAnyValue:${operator}`, 'k', values, {}), false, `ForAnyValue:${operator}`);
  }
});

test('quantifiers go over the request’s values', () => {
  const some = { k: ['a', 'b'] };
  assert.equal(holds('ForAllValues:StringEquals', 'k', ['a', 'b', 'c'], some), true);
  assert.equal(holds('ForAllValues:StringEquals', 'k', ['a'], some), false);
  assert.equal(holds('ForAllValues:StringEquals', 'k', ['a'], { k: [] }), true);
  assert.equal(holds('ForAnyValue:StringEquals', 'k', ['b'], some), true);
  assert.equal(holds('ForAnyValue:StringEquals', 'k', ['c'], some), false);
  assert.equal(holds('ForAnyValue:StringNotEquals', 'k', ['a'], some), true);
  assert.equal(holds('ForAllValues:StringNotEquals', 'k', ['a'], some), false);
  assert.equal(holds('StringEquals', 'k', ['b'], some), true);
  assert.equal(holds('StringNotEquals', 'k', ['b'], some), false);
});

test('Null asks about the key', () => {
  assert.equal(holds('Null', 'k', 'true', {}), true);
  assert.equal(holds('Null', 'k', 'true', { k: 'x' }), false);
  assert.equal(holds('Null', 'k', 'false', { k: 'x' }), true);
  assert.equal(holds('Null', 'k', 'false', { k: [] }), false);
});

test('keys compare without case; variables are put in as literal text', () => {
  const context = { 'aws:PrincipalTag/Team': 'blue', 'aws:username': 'a*', 's3:prefix': 'home/a*/x' };
  assert.equal(holds('StringEquals', 'AWS:principaltag/team', 'blue', context), true);
  assert.equal(holds('StringLike', 's3:prefix', 'home/${aws:username}/*', context), true);
  assert.equal(
    holds('StringLike', 's3:prefix', 'home/${aws:username}/*', { ...context, 's3:prefix': 'home/abc/x' }),
    false,
  );
  assert.equal(holds('StringEquals', 'k', '${aws:username}', { k: '${aws:username}' }), false);
  assert.equal(holds('StringEquals', 'k', '${aws:username}', { k: '${aws:username}' }, false), true);
  assert.equal(holds('StringEquals', 'k', "${aws:PrincipalTag/x, 'none'}", { k: 'none' }), true);
  assert.equal(holds('StringEquals', 'k', '${aws:PrincipalTag/x}', { k: '' }), false);
  assert.equal(holds('StringLike', 'k', 'a${*}?', { k: 'a*b' }), true);
  assert.equal(holds('StringLike', 'k', 'a${*}?', { k: 'axb' }), false);
  assert.equal(holds('StringEquals', 'k', '${$}{x}', { k: '${x}' }), true);
});

test('a variable’s value stays in its part of an ARN', () => {
  const pattern = 'arn:aws:sns:*:${aws:PrincipalTag/account}:topic';
  const value = (tag: string) => ({ 'aws:PrincipalTag/account': tag, k: 'arn:aws:sns:eu:1:topic' });
  assert.equal(holds('ArnLike', 'k', pattern, value('1')), true);
  assert.equal(holds('ArnLike', 'k', pattern, value('*')), false);
  assert.equal(
    holds('ArnLike', 'k', pattern, { ...value('1:topic'), k: 'arn:aws:sns:eu:1:topic:topic' }),
    false,
  );
  assert.equal(holds('ArnNotLike', 'k', pattern, { k: 'arn:aws:sns:eu:1:topic' }), true);
});

test('hostile variables take linear time', () => {
  const cost = cpuMs(() => {
    for (const text of ['${', '${a,', "${a,'", '${ ', '${a    ', "',${"]) {
      const values = text.repeat(100_000 / text.length);
      assert.equal(holds('StringEquals', 'k', values, { k: 'x' }), false);
    }
    assert.equal(holds('StringEquals', 'k', `\${a${' '.repeat(100_000)}`, { k: 'x' }), false);
  });
  assert.ok(cost < 1_000, `${cost} ms`);
});

test('what cannot be read is refused', () => {
  assert.equal(compileCondition('constructor', 'k', ['a'], true), 'unknown-operator');
  assert.equal(compileCondition('StringMatches', 'k', ['a'], true), 'unknown-operator');
  assert.equal(compileCondition('NullIfExists', 'k', ['true'], true), 'unknown-operator');
  assert.equal(compileCondition('NumericEquals', 'k', ['a'], true), 'invalid-value');
  assert.equal(compileCondition('DateEquals', 'k', ['sometime'], true), 'invalid-value');
  assert.equal(compileCondition('IpAddress', 'k', ['10.0.0.0/40'], true), 'invalid-value');
});
