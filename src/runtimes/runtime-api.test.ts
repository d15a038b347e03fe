import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { LineReader, RecordReader } from './output.ts';
import { ApiProtocolError, RequestReader } from './runtime-api.ts';

const NEXT = 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n';
const ANSWER = 'POST /r/1/response HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'POST /r/2/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\nT: 1\r\n\r\n';

test('requests come whole, however they are cut', () => {
  const all = Buffer.from(NEXT + ANSWER + CHUNKED + NEXT);
  for (const size of [1, 2, 7, 64, all.length]) {
    const reader = new RequestReader();
    const found = [];
    for (let at = 0; at < all.length; at += size) found.push(...reader.push(all.subarray(at, at + size)));
    assert.deepEqual(
      found.map(({ method, path, body }) => [method, path, String(body)]),
      [
        ['GET', '/2018-06-01/runtime/invocation/next', ''],
        ['POST', '/r/1/response', 'hello'],
        ['POST', '/r/2/response', 'abcde'],
        ['GET', '/2018-06-01/runtime/invocation/next', ''],
      ],
      `cut in ${size}`,
    );
  }
});

const STREAMED =
  'POST /r/3/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\nT: 1\r\n\r\n';

test('a streamed body is handed on as it comes, however it is cut', () => {
  const all = Buffer.from(STREAMED + NEXT + STREAMED + NEXT);
  for (const size of [1, 2, 7, 64, all.length]) {
    const reader = new RequestReader();
    const seen: string[] = [];
    let text = '';
    for (let at = 0; at < all.length; at += size) {
      for (const { path, stream } of reader.push(all.subarray(at, at + size))) {
        seen.push(path);
        stream?.listen(
          (chunk) => {
            text += chunk.toString();
          },
          ({ t }) => {
            seen.push(`${text} ${t}`);
            text = '';
          },
        );
      }
    }
    const next = '/2018-06-01/runtime/invocation/next';
    // Where all is there at once, both requests of a pair are found before the stream's listener hears of its end.
    assert.deepEqual(
      seen.sort(),
      [next, next, '/r/3/response', '/r/3/response', 'abc0123456789 1', 'abc0123456789 1'],
      `cut in ${size}`,
    );
  }
});

test('a body may wait for its 100', () => {
  const reader = new RequestReader();
  assert.deepEqual(
    reader.push(Buffer.from('POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')),
    [],
  );
  assert.equal(reader.expectsContinue, true);
  assert.equal(String(reader.push(Buffer.from('ok'))[0]?.body), 'ok');
});

test('what is not HTTP is refused', () => {
  for (const text of [
    'hello there\r\n\r\n',
    'POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
    'POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    `${STREAMED.slice(0, STREAMED.indexOf('A;x'))}yy\r\n`,
    'x'.repeat(70_000),
  ]) {
    assert.throws(() => new RequestReader().push(Buffer.from(text)), ApiProtocolError);
  }
});

test('lines and records come whole', () => {
  const lines: string[] = [];
  const reader = new LineReader((line) => lines.push(line));
  const bytes = Buffer.from('one\ntwö\n\nrest');
  for (const byte of bytes) reader.push(Uint8Array.of(byte));
  reader.end();
  assert.deepEqual(lines, ['one\n', 'twö\n', '\n', 'rest']);

  const records: string[] = [];
  const framed = new RecordReader((record) => records.push(record));
  const frame = (text: string) => {
    const body = Buffer.from(text);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    return Buffer.concat([head, body]);
  };
  const all = Buffer.concat([frame('a\nb'), frame(''), frame('ü')]);
  for (const byte of all) framed.push(Buffer.of(byte));
  assert.deepEqual(records, ['a\nb', '', 'ü']);
});
