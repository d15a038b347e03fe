import { strict as assert } from 'node:assert';
import { createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { simulatedWorld } from '../../world/simulated.ts';
import { makeSigningPair } from './certificate.ts';
import {
  effectivePolicy,
  HTTP_RETRIES,
  MANAGED_RETRIES,
  parseSubscriptionPolicy,
  retryDelay,
} from './delivery-policy.ts';
import { passes } from './filter.ts';
import { parseFilterPolicy } from './filter-policy.ts';
import { checkMessage } from './message.ts';

const string = (value: string) => ({ type: 'String', value });
const number = (value: number) => ({ type: 'Number', value: String(value) });

function byAttributes(policy: unknown, attributes: Record<string, { type: string; value: string }>): boolean {
  const scope = 'MessageAttributes';
  return passes(parseFilterPolicy(JSON.stringify(policy), scope), scope, { body: '', attributes });
}

function byBody(policy: unknown, body: unknown): boolean {
  const scope = 'MessageBody';
  const compiled = parseFilterPolicy(JSON.stringify(policy), scope);
  return passes(compiled, scope, { body: JSON.stringify(body), attributes: undefined });
}

test('each kind of condition matches what AWS says it does', () => {
  const cases: readonly (readonly [rule: unknown, value: string | number, passes: boolean])[] = [
    ['rugby', 'rugby', true],
    ['rugby', 'Rugby', false],
    [100, 100, true],
    ['100', 100, false],
    [{ prefix: 'bas' }, 'baseball', true],
    [{ suffix: 'ball' }, 'baseball', true],
    [{ suffix: 'ball' }, 'rugby', false],
    [{ 'equals-ignore-case': 'tennis' }, 'TENNIS', true],
    [{ 'anything-but': ['rugby', 'tennis'] }, 'baseball', true],
    [{ 'anything-but': ['rugby'] }, 'rugby', false],
    [{ 'anything-but': [100] }, 100, false],
    [{ 'anything-but': { prefix: 'bas' } }, 'baseball', false],
    [{ 'anything-but': { suffix: 'ball' } }, 'rugby', true],
    [{ wildcard: '*.example.*' }, 'www.example.com', true],
    [{ wildcard: 'a*b*c' }, 'abc', true],
    [{ wildcard: 'a*bb*b' }, 'abb', false],
    [{ numeric: ['=', 301.5] }, 301.5, true],
    [{ numeric: ['>', 0, '<=', 150] }, 150, true],
    [{ numeric: ['>', 0, '<', 150] }, 150, false],
    [{ cidr: '10.0.0.0/24' }, '10.0.0.255', true],
    [{ cidr: '10.0.0.0/24' }, '10.0.1.0', false],
    [{ cidr: '2001:db8::/32' }, '2001:db8::1', true],
    [{ exists: true }, 'x', true],
    [{ exists: false }, 'x', false],
  ];
  for (const [rule, value, expected] of cases) {
    const attribute = typeof value === 'number' ? number(value) : string(value);
    assert.equal(byAttributes({ key: [rule] }, { key: attribute }), expected, JSON.stringify([rule, value]));
    assert.equal(byBody({ key: [rule] }, { key: value }), expected, `body ${JSON.stringify([rule, value])}`);
  }
});

test('keys are all of them, values any of them, and $or any of its policies', () => {
  const policy = { a: ['1', '2'], $or: [{ b: ['x'] }, { c: [{ exists: true }] }] };
  assert.equal(byAttributes(policy, { a: string('2'), b: string('x') }), true);
  assert.equal(byAttributes(policy, { a: string('2'), c: string('?') }), true);
  assert.equal(byAttributes(policy, { a: string('2'), b: string('y') }), false);
  assert.equal(byAttributes(policy, { a: string('3'), b: string('x') }), false);
  assert.equal(byAttributes({ a: [{ exists: false }] }, {}), true);
  assert.equal(byAttributes({ a: [{ 'anything-but': ['x'] }] }, {}), false);
  const list = { type: 'String.Array', value: '["soccer", "tennis", true, 7]' };
  assert.equal(byAttributes({ a: ['tennis'] }, { a: list }), true);
  assert.equal(byAttributes({ a: [7] }, { a: list }), true);
  assert.equal(byAttributes({ a: ['rugby'] }, { a: list }), false);
});

test('a body is looked into, arrays and all', () => {
  const policy = { person: { pets: { kind: ['cat'] } } };
  assert.equal(byBody(policy, { person: { pets: [{ kind: 'dog' }, { kind: 'cat' }] } }), true);
  assert.equal(byBody(policy, { person: { pets: [{ kind: 'dog' }] } }), false);
  assert.equal(byBody(policy, { person: 'cat' }), false);
  assert.equal(byBody({ a: [null, true] }, { a: null }), true);
  assert.equal(byBody({ a: ['x'] }, { a: ['y', 'x'] }), true);
});

test('filter policies that cannot be kept are refused with a reason', () => {
  const refused = (
    policy: unknown,
    reason: RegExp,
    scope: 'MessageAttributes' | 'MessageBody' = 'MessageBody',
  ) => assert.throws(() => parseFilterPolicy(JSON.stringify(policy), scope), reason);
  refused([], /must be a JSON object/);
  refused({ a: 'x' }, /"a" must be an object or an array/);
  refused({ a: [] }, /Empty arrays/);
  refused({ a: [{ near: 1 }] }, /Unrecognized match type near/);
  for (const [numeric, reason] of [
    [[], 'Invalid member in numeric match: ]'],
    [['operator'], 'Unrecognized numeric range operator: operator'],
    [[1, '<='], 'Invalid member in numeric match: 1'],
    [['=', '000'], 'Value of equals must be numeric'],
    [['>='], 'Value of >= must be numeric'],
    [['<', 100, '>', 10], 'Too many elements in numeric expression'],
    [['>=', 1, '>', 2], 'Bad numeric range operator: >'],
    [['>', 20, '<='], 'Value of <= must be numeric'],
    [['>', 20, 30], 'Bad value in numeric range: 30'],
    [['>', 20, '<', 30, '<', 50], 'Too many terms in numeric range expression'],
  ] as const) {
    refused({ a: [{ numeric }] }, new RegExp(`${reason.replace(/[\]]/g, '\\$&')}$`));
  }
  for (const [block, reason] of [
    [['x'], 'prefix match pattern must be a string'],
    ['bad-/64filter', 'Malformed CIDR, mask bits must be an integer'],
    ['xx.11.xx/8', 'Nonstandard IP address: xx.11.xx'],
  ] as const) {
    refused({ a: [{ cidr: block }] }, new RegExp(`${reason}$`));
  }
  refused({ a: [{ numeric: ['>', 5, '<', 1] }] }, /Bottom must be less than top/);
  refused({ a: [{ cidr: '10.0.0.0' }] }, /Malformed CIDR/);
  refused({ a: { b: ['x'] } }, /does not support nested/, 'MessageAttributes');
  refused({ a: ['1'], b: ['1'], c: ['1'], d: ['1'], e: ['1'], f: ['1'] }, /more than 5 keys/);
  const values = Array.from({ length: 13 }, (_, i) => i);
  refused({ a: values, b: values }, /too complex/);
});

test('alternatives add to what a filter policy costs, the rest multiplies it', () => {
  const values = (count: number) => Array.from({ length: count }, (_, n) => n);
  const policy = (source: number, space: number) => ({
    source: values(source),
    $or: [
      { metricName: values(6) },
      { metricType: values(4), $or: [{ metricId: values(4) }, { spaceId: values(space) }] },
    ],
  });
  // As AWS counts: 3 · (6 + 4 · (4 + 7)) = 150, and 4 · (6 + 4 · (4 + 4)) = 152.
  parseFilterPolicy(JSON.stringify(policy(3, 7)), 'MessageAttributes');
  assert.throws(() => parseFilterPolicy(JSON.stringify(policy(4, 4)), 'MessageAttributes'), /too complex/);
});

test('a body matches by its levels and its dots alike, an array by one of its items', () => {
  const matches = (policy: unknown, body: unknown) =>
    passes(parseFilterPolicy(JSON.stringify(policy), 'MessageBody'), 'MessageBody', {
      body: JSON.stringify(body),
      attributes: undefined,
    });
  const deep = { 'object.nested.test': ['value'] };
  for (const body of [
    { object: { nested: { test: 'value' } } },
    { 'object.nested.test': 'value' },
    { 'object.nested': { test: 'value' } },
    { object: { 'nested.test': 'value' } },
  ]) {
    assert.equal(matches(deep, body), true, JSON.stringify(body));
    assert.equal(matches({ object: { nested: { test: ['value'] } } }, body), true, JSON.stringify(body));
  }
  assert.equal(matches(deep, { object: { nested: { test: 'other' } } }), false);
  const created = {
    Records: { s3: { object: { key: [{ prefix: 'auto-' }] } }, eventName: [{ prefix: 'ObjectCreated:' }] },
  };
  const record = (eventName: string, object: unknown) => ({ eventName, s3: { object } });
  const [put, removed] = ['ObjectCreated:Put', 'ObjectRemoved:Delete'];
  const [auto, home] = [{ key: 'auto-1' }, { key: 'home-1' }];
  assert.equal(matches(created, { Records: [record(put, [[auto]]), record(removed, home)] }), true);
  assert.equal(matches(created, { Records: [record(put, home), record(removed, auto)] }), false);
  assert.equal(matches({ a: { b: [{ exists: false }] } }, { c: 1 }), true);
  assert.equal(matches({ a: [{ exists: false }] }, { a: [] }), true);
  assert.equal(matches({ a: { b: [{ 'anything-but': 'x' }] } }, { a: [{ b: 'x' }, { b: 'y' }] }), true);
});

test('retries come in phases', () => {
  const delays = (policy: Parameters<typeof retryDelay>[0], count: number) =>
    Array.from({ length: count }, (_, i) => retryDelay(policy, i + 1));
  assert.deepEqual(delays(HTTP_RETRIES, 4), [20, 20, 20, undefined]);
  const managed = delays(MANAGED_RETRIES, 16);
  assert.deepEqual(managed.slice(0, 6), [0, 0, 0, 1, 1, 1]);
  assert.deepEqual(managed.slice(14), [20, 20]);
  assert.equal(retryDelay(MANAGED_RETRIES, 100_016), undefined);
  const policy = {
    ...HTTP_RETRIES,
    minDelayTarget: 10,
    maxDelayTarget: 50,
    numRetries: 8,
    numNoDelayRetries: 1,
    numMinDelayRetries: 1,
    numMaxDelayRetries: 1,
  };
  assert.deepEqual(delays(policy, 8), [0, 10, 10, 20, 30, 40, 50, 50]);
  assert.throws(() => parseSubscriptionPolicy('{"healthyRetryPolicy":{"numRetries":101}}'), /numRetries/);
  const final = '{"http":{"defaultHealthyRetryPolicy":{"numRetries":1},"disableSubscriptionOverrides":true}}';
  assert.equal(effectivePolicy(final, '{"healthyRetryPolicy":{"numRetries":9}}').retries.numRetries, 1);
});

test('the certificate is one that others read, and its key signs', async () => {
  const world = simulatedWorld(1);
  const pair = await makeSigningPair('sns.amazonaws.com', world.clock.realNow(), world.random);
  const certificate = new X509Certificate(pair.certificate);
  assert.equal(certificate.subject, 'CN=sns.amazonaws.com');
  assert.equal(certificate.verify(certificate.publicKey), true);
  assert.ok(new Date(certificate.validTo).getTime() > world.clock.realNow());
  const signature = sign('sha256', Buffer.from('x'), createPrivateKey(pair.privateKey));
  assert.equal(verify('sha256', Buffer.from('x'), certificate.publicKey, signature), true);
});

test('a structured message has a text for each protocol', () => {
  const message = checkMessage({
    Message: '{"default":"d","sqs":"s","n":1}',
    MessageStructure: 'json',
  });
  assert.deepEqual(['sqs', 'http', 'n'].map(message.textFor), ['s', 'd', 'd']);
  assert.throws(() => checkMessage({ Message: 'x', MessageStructure: 'json' }), /failed to parse/);
  assert.throws(() => checkMessage({ Message: 'x', Subject: 'two\nlines' }), /Subject/);
});
