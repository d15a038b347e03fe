import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLaneRequest } from './lane-request.ts';

const TARGET = 'x-amz-target: DynamoDB_20120810.GetItem';
const HEAD = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: \t DynamoDB_20120810.GetItem \r\nContent-Length: 5\r\n\r\n`;

const read = (text: string) => readLaneRequest(Buffer.from(text, 'latin1'));
const withLines = (...lines: string[]) =>
  read(`POST / HTTP/1.1\r\nhost: a\r\n${TARGET}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n{}`);

test('a plain call is read with its names in lower case and its values trimmed', () => {
  const request = read(`${HEAD}helloPOST`);
  assert.ok(request);
  assert.deepEqual(request.headers, {
    host: '127.0.0.1',
    'x-amz-target': 'DynamoDB_20120810.GetItem',
    'content-length': '5',
  });
  assert.equal(request.path, '/');
  assert.equal(request.body.toString(), 'hello');
  assert.equal(request.length, HEAD.length + 5);
});

test('every beginning of a call waits for the rest', () => {
  const whole = `${HEAD}hello`;
  for (let length = 0; length < whole.length; length++) {
    assert.equal(read(whole.slice(0, length)), undefined, `${length} bytes`);
  }
});

test('what another call said at the same place is not what this one says', () => {
  const pool = [
    'a: 1',
    'a: 12',
    'A: 1',
    'a:1',
    'a: 1 ',
    'b: 1',
    'bb: 1',
    'a: ',
    'c: \t2',
    'host: h',
    'host: hh',
  ];
  for (let run = 0; run < 3_000; run++) {
    const lines = Array.from(
      { length: 1 + (run % 5) },
      (_, at) => pool[(run * 7 + at * (1 + (run % 3))) % pool.length] ?? '',
    );
    const expected: Record<string, string> = { 'content-length': '2' };
    let twice = false;
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      twice ||= name in expected;
      expected[name] = line.slice(colon + 1).trim();
    }
    const request = read(`POST / HTTP/1.1\r\n${[...lines, 'content-length: 2'].join('\r\n')}\r\n\r\n{}`);
    if (twice || !('host' in expected)) {
      assert.equal(request, false, lines.join());
      continue;
    }
    assert.ok(request);
    assert.deepEqual(request.headers, expected, lines.join());
  }
});

test('what is no plain call is left to the other server', () => {
  assert.ok(withLines('content-length: 2'));
  assert.ok(withLines('content-length: 2', 'Connection: Keep-Alive'));
  const others: readonly string[][] = [
    ['content-length: 2', 'transfer-encoding: chunked'],
    ['content-length: 2', 'content-length: 2'],
    ['content-length: 2', `${TARGET}`],
    ['content-length: 2', 'expect: 100-continue'],
    ['content-length: 2', 'Connection: close'],
    ['content-length: 2', 'Connection: keep-alive, upgrade'],
    ['content-length: 2', 'Origin: http://127.0.0.1'],
    ['content-length: 2', 'upgrade: h2c'],
    ['content-length: 2', '__proto__: x'],
    ['content-length: 2', 'bad name: x'],
    ['content-length: 2', 'name : x'],
    ['content-length: 2', ': x'],
    ['content-length: 2', 'no colon'],
    ['content-length: 2', ' folded: x'],
    ['content-length: 2', 'x: a\rb'],
    ['content-length: 2', 'x: a\nb: c'],
    ['content-length: 2', 'x: a\0b'],
    ['content-length: 2', 'x: \xe9'],
    ['content-length: +2'],
    ['content-length: 2, 2'],
    ['content-length: 0x2'],
    ['content-length: 70000'],
    [],
  ];
  for (const lines of others) assert.equal(withLines(...lines), false, JSON.stringify(lines));
});

test('other methods are seen in their first bytes, odd paths and versions in the first line', () => {
  for (const text of ['G', 'PUT /', 'POST *', 'POST  /', 'post / HTTP/1.1', '\r\nPOST / HTTP/1.1']) {
    assert.equal(read(text), false, text);
  }
  const rest = `host: a\r\ncontent-length: 0\r\n\r\n`;
  assert.ok(read(`POST /2015-03-31/functions/a:b%20c/invocations HTTP/1.1\r\n${rest}`));
  for (const line of [
    '/?a=b HTTP/1.1',
    '/#a HTTP/1.1',
    '/ HTTP/1.0',
    '/',
    '/ a HTTP/1.1',
    '/\\ HTTP/1.1',
    '/ HTTP/1.1 ',
  ]) {
    assert.equal(read(`POST ${line}\r\n${rest}`), false, line);
  }
});

test('a call needs a host', () => {
  assert.equal(read(`POST / HTTP/1.1\r\n${TARGET}\r\ncontent-length: 0\r\n\r\n`), false);
});

test('a head longer than Node takes is left to Node', () => {
  assert.equal(read(`POST / HTTP/1.1\r\nx: ${'y'.repeat(17_000)}`), false);
  assert.equal(read(`POST / HTTP/1.1\r\n${TARGET}\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`), false);
});
