import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { fromBase32, matchingStep, oneTimePassword, stepAt, toBase32 } from './totp.ts';

/** RFC 6238, appendix B: the secret, and the last six of the eight digits it lists. */
const SECRET = toBase32(Buffer.from('12345678901234567890'));

test('passwords are those of RFC 6238', () => {
  for (const [seconds, password] of [
    [59, '287082'],
    [1111111109, '081804'],
    [1234567890, '005924'],
    [20000000000, '353130'],
  ] as const) {
    assert.equal(oneTimePassword(SECRET, stepAt(seconds * 1000)), password);
  }
});

test('base32 is that of RFC 4648', () => {
  assert.equal(toBase32(Buffer.from('foobar')), 'MZXW6YTBOI');
  assert.equal(fromBase32('MZXW6YTBOI').toString(), 'foobar');
});

test('a password works one step early or late, and once', () => {
  const now = 59_000;
  const step = stepAt(now);
  assert.equal(matchingStep(SECRET, '287082', now, 0), step);
  assert.equal(matchingStep(SECRET, '287082', now + 30_000, 0), step);
  assert.equal(matchingStep(SECRET, '287082', now + 60_000, 0), undefined);
  assert.equal(matchingStep(SECRET, '287082', now, step), undefined);
  assert.equal(matchingStep(SECRET, '28708', now, 0), undefined);
});
