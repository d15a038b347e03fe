import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { matchesPattern, readPattern } from './event-pattern.ts';

function matches(pattern: unknown, event: unknown): boolean {
  const read = readPattern(JSON.stringify(pattern));
  assert.ok(read);
  return matchesPattern(read, event);
}

test('patterns match by field, rule and operator', () => {
  const event = { a: 'red', n: 5, list: ['x', 'y'], deep: { b: null, c: true } };
  assert.equal(matches({}, event), true);
  assert.equal(matches({ a: ['red', 'blue'] }, event), true);
  assert.equal(matches({ a: ['blue'] }, event), false);
  assert.equal(matches({ list: ['y'] }, event), true);
  assert.equal(matches({ deep: { b: [null], c: [true] } }, event), true);
  assert.equal(matches({ a: [{ prefix: 're' }] }, event), true);
  assert.equal(matches({ a: [{ suffix: 'x' }] }, event), false);
  assert.equal(matches({ a: [{ 'equals-ignore-case': 'RED' }] }, event), true);
  assert.equal(matches({ a: [{ 'anything-but': ['blue'] }] }, event), true);
  assert.equal(matches({ a: [{ 'anything-but': { prefix: 're' } }] }, event), false);
  assert.equal(matches({ n: [{ numeric: ['>', 1, '<=', 5] }] }, event), true);
  assert.equal(matches({ n: [{ numeric: ['=', 6] }] }, event), false);
  assert.equal(matches({ gone: [{ exists: false }] }, event), true);
  assert.equal(matches({ a: [{ exists: true }] }, event), true);
  assert.equal(matches({ $or: [{ a: ['blue'] }, { n: [5] }] }, event), true);
  assert.equal(matches({ deep: { gone: ['x'] } }, event), false);
});

test('what is no pattern is not read', () => {
  for (const text of [
    '',
    '[]',
    '{"a":1}',
    '{"a":[]}',
    '"x"',
    '{"a":{"b":"c"}}',
    '{"a":[{"near":1}]}',
    '{"a":[{"exists":"no"}]}',
    '{"a":[{"prefix":"a","suffix":"b"}]}',
    '{"a":[["b"]]}',
  ]) {
    assert.equal(readPattern(text), undefined, text);
  }
});
