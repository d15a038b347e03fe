import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { cpuMs } from '../../test/support/cpu.ts';
import { ArnPattern, Glob, wildcards } from './match.ts';
import { inRange, parseInstant, parseIp, parseIpRange, parseNumber } from './operand.ts';

const glob = (pattern: string, text: string) => new Glob(wildcards(pattern)).matches(text);
const arn = (pattern: string, text: string) => new ArnPattern(wildcards(pattern)).matches(text);

test('a glob matches as written', () => {
  const cases: readonly (readonly [pattern: string, text: string, expected: boolean])[] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything/at:all', true],
    ['**', 'x', true],
    ['a', 'a', true],
    ['a', 'ab', false],
    ['?', 'a', true],
    ['?', '', false],
    ['?', 'ab', false],
    ['a*', 'a', true],
    ['*a', 'ba', true],
    ['*a', 'bab', false],
    ['a*b', 'ab', true],
    ['a*b', 'a', false],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['*ab*', 'xxabyy', true],
    ['*a?c*', 'zzabczz', true],
    ['*a?c', 'abcabd', false],
    ['a*b*c', 'aXbXbXc', true],
    ['a*b*c', 'acb', false],
    ['get*item', 'getbatchitem', true],
    ['a.c', 'abc', false],
    ['?*?', 'a', false],
    ['?*?', 'ab', true],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(glob(pattern, text), expected, `${pattern} against ${text}`);
  }
});

test('stars of an ARN stay within their part, save in the last', () => {
  const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Rides';
  const cases: readonly (readonly [pattern: string, text: string, expected: boolean])[] = [
    ['*', table, true],
    ['*', '*', true],
    [table, '*', false],
    [table, table, true],
    ['arn:aws:dynamodb:*:*:table/*', table, true],
    ['arn:aws:dynamodb:*:table/Rides', table, false],
    ['arn:aws:dynamodb:us-*-?:123456789012:table/R*s', table, true],
    ['arn:aws:dynamodb', table, true],
    ['arn:aws:s3', table, false],
    ['arn:aws:dynamodb:eu-*', table, false],
    ['arn:*:dynamodb:*:*:*', table, true],
    ['arn:aws:dynamodb:*:*:table/rides', table, false],
    ['arn:aws:logs:*:*:log-group:*', 'arn:aws:logs:us-east-1:1:log-group:a:log-stream:b', true],
    ['arn:aws:logs:*:*:*:log-stream:b', 'arn:aws:logs:us-east-1:1:log-group:a:log-stream:b', true],
    ['arn:aws:s3:::photos/*', 'arn:aws:s3:::photos/2024/cat.jpg', true],
    ['arn:aws:s3:::photos/*', 'arn:aws:s3:::photos', false],
    ['execute-api:/*', 'execute-api:/prod/GET/x', true],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(arn(pattern, text), expected, `${pattern} against ${text}`);
  }
});

test('hostile patterns take linear time', () => {
  const cost = (size: number): number => {
    const pattern = new Glob(wildcards(`${'*a'.repeat(size)}*b`));
    const text = 'a'.repeat(size * 4);
    return cpuMs(() => {
      for (let i = 0; i < 20; i++) assert.equal(pattern.matches(text), false);
    });
  };
  assert.ok(cost(20_000) < 1_000);
  const questions = new Glob(wildcards(`*${'?a'.repeat(500)}*c`));
  assert.ok(cpuMs(() => assert.equal(questions.matches('a'.repeat(4_000)), false)) < 1_000);
});

test('numbers, instants and addresses are read strictly', () => {
  assert.equal(parseNumber('12.5'), 12.5);
  assert.equal(parseNumber('-3'), -3);
  assert.equal(parseNumber('0x10'), undefined);
  assert.equal(parseNumber(''), undefined);
  assert.equal(parseInstant('2024-02-03T04:05:06Z'), Date.UTC(2024, 1, 3, 4, 5, 6));
  assert.equal(parseInstant('2024-02-03T04:05:06.789+02:00'), Date.UTC(2024, 1, 3, 2, 5, 6, 789));
  assert.equal(parseInstant('2024-02-03'), Date.UTC(2024, 1, 3));
  assert.equal(parseInstant('1700000000'), 1_700_000_000_000);
  assert.equal(parseInstant('tomorrow'), undefined);
  assert.equal(parseInstant('2024-13-03'), undefined);
  const within = (range: string, address: string) => {
    const parsed = parseIpRange(range);
    const bytes = parseIp(address);
    return parsed !== undefined && bytes !== undefined && inRange(parsed, bytes);
  };
  assert.ok(within('203.0.113.0/24', '203.0.113.77'));
  assert.ok(!within('203.0.113.0/25', '203.0.113.200'));
  assert.ok(within('0.0.0.0/0', '8.8.8.8'));
  assert.ok(!within('0.0.0.0/0', '::1'));
  assert.ok(within('127.0.0.1', '::ffff:127.0.0.1'));
  assert.ok(within('2001:db8::/33', '2001:db8:7fff::1'));
  assert.ok(!within('2001:db8::/33', '2001:db8:8000::1'));
  assert.equal(parseIpRange('10.0.0.0/33'), undefined);
  assert.equal(parseIp('1.2.3'), undefined);
  assert.equal(parseIp('1:2:3:4:5:6:7'), undefined);
  assert.equal(parseIp('1::2::3'), undefined);
});
