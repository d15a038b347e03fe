import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parsePattern } from './filter-pattern.ts';

function check(pattern: string, cases: Readonly<Record<string, boolean>>): void {
  const matches = parsePattern(pattern);
  for (const [message, expected] of Object.entries(cases)) {
    assert.equal(matches(message), expected, `${pattern} on ${message}`);
  }
}

test('terms: all, none, any, phrases and expressions', () => {
  check('', { anything: true });
  check('ERROR', { 'an ERROR here': true, 'an error here': false });
  check('ERROR ARGUMENTS', { 'ERROR bad ARGUMENTS': true, ERROR: false });
  check('"bad request"', { 'a bad request': true, 'request bad': false });
  check('ERROR -retry', { 'ERROR now': true, 'ERROR retry': false });
  check('?ERROR ?WARN', { 'WARN x': true, 'ERROR x': true, 'INFO x': false });
  check('%4\\d\\d%', { 'status 404': true, 'status 500': false });
  check('"say \\"hi\\""', { 'they say "hi"': true });
});

test('JSON selectors', () => {
  check('{ $.status = 404 }', { '{"status":404}': true, '{"status":500}': false, 'no json': false });
  check('{ $.path = "/pay*" }', { '{"path":"/pay/1"}': true, '{"path":"/x"}': false });
  check('{ ($.a >= 5 || $.b = x) && $.c IS TRUE }', {
    '{"a":5,"c":true}': true,
    '{"a":4,"b":"x","c":true}': true,
    '{"a":5,"c":false}': false,
  });
  check('{ $.user.id NOT EXISTS }', { '{"user":{}}': true, '{"user":{"id":1}}': false });
  check('{ $.list[1] != 2 }', { '{"list":[1,3]}': true, '{"list":[1,2]}': false });
  check('{ $.list[*] = "b" }', { '{"list":["a","b"]}': true, '{"list":["a"]}': false });
  check('{ $.e IS NULL }', { '{"e":null}': true, '{}': false });
  check('{ $.m = %^x+$% }', { '{"m":"xx"}': true, '{"m":"xy"}': false });
});

test('space-delimited patterns', () => {
  check('[ip, user, status = 4*, size > 1000]', {
    '127.0.0.1 frank 404 2326': true,
    '127.0.0.1 frank 200 2326': false,
    '127.0.0.1 frank 404 10': false,
    '127.0.0.1 frank 404': false,
  });
  check('[..., status = 404 || status = 410, size]', {
    'a b [10/Oct/2000 13:25] "GET /x" 404 12': true,
    'a 410 1': true,
    'a 500 1': false,
  });
});

test('what is not a pattern is refused', () => {
  for (const pattern of ['{ $.a = }', '{ $.a = 1', '[a, b', '"open', '{ a = 1 }']) {
    assert.throws(() => parsePattern(pattern), /Invalid filter pattern/, pattern);
  }
});
