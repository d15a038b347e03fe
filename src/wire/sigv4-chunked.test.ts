import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import type { WireFault } from './protocol.ts';
import type { ChunkForm } from './sigv4.ts';
import { ChunkedDecoder, chunkedHeaders, HashedBody } from './sigv4-chunked.ts';
import { EMPTY_SHA256, signingKey } from './sigv4-key.ts';

const KEY = signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '20130524', 'us-east-1', 's3');
const CHAIN = {
  key: KEY,
  dateTime: '20130524T000000Z',
  scope: '20130524/us-east-1/s3/aws4_request',
  seed: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
};

function sign(algorithm: string, previous: string, hashes: string): string {
  return KEY.sign(`${algorithm}\n${CHAIN.dateTime}\n${CHAIN.scope}\n${previous}\n${hashes}`);
}

/** An encoded body: chunks, then trailers. */
function encode(
  form: ChunkForm,
  chunks: readonly Buffer[],
  trailers: Readonly<Record<string, string>> = {},
): Buffer {
  const parts: (string | Buffer)[] = [];
  let previous = CHAIN.seed;
  for (const chunk of [...chunks, Buffer.alloc(0)]) {
    const size = chunk.length.toString(16);
    if (form === 'unsigned-trailer') parts.push(`${size}\r\n`);
    else {
      previous = sign(
        'AWS4-HMAC-SHA256-PAYLOAD',
        previous,
        `${EMPTY_SHA256}\n${hash('sha256', chunk, 'hex')}`,
      );
      parts.push(`${size};chunk-signature=${previous}\r\n`);
    }
    if (chunk.length > 0) parts.push(chunk, '\r\n');
  }
  let text = '';
  for (const [name, value] of Object.entries(trailers)) {
    parts.push(`${name}:${value}\r\n`);
    text += `${name}:${value}\n`;
  }
  if (form === 'signed-trailer') {
    parts.push(
      `x-amz-trailer-signature:${sign('AWS4-HMAC-SHA256-TRAILER', previous, hash('sha256', text, 'hex'))}\r\n`,
    );
  }
  parts.push('\r\n');
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

interface Decoded {
  readonly bytes: Buffer;
  readonly trailers: Readonly<Record<string, string>>;
  readonly code: string | undefined;
}

/** Decodes in pieces of a size; what came out before an error is kept. */
async function decode(
  form: ChunkForm,
  encoded: Buffer,
  decodedLength: number,
  trailers: readonly string[] = [],
  piece = encoded.length,
): Promise<Decoded> {
  const decoder = new ChunkedDecoder({ form, chain: CHAIN, decodedLength, trailers });
  const pieces: Buffer[] = [];
  for (let at = 0; at < encoded.length; at += piece) pieces.push(encoded.subarray(at, at + piece));
  const out: Buffer[] = [];
  let code: string | undefined;
  // Not by iteration, which drops what is buffered when an error comes.
  decoder.on('data', (part: Buffer) => out.push(part));
  await pipeline(Readable.from(pieces), decoder).catch((error: WireFault) => {
    code = error.code;
  });
  return { bytes: Buffer.concat(out), trailers: decoder.trailers, code };
}

test("the example of S3's documentation", async () => {
  const body = Buffer.alloc(66_560, 'a');
  const encoded = Buffer.concat([
    Buffer.from('10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n'),
    body.subarray(0, 65_536),
    Buffer.from(
      '\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n',
    ),
    body.subarray(65_536),
    Buffer.from(
      '\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
    ),
  ]);
  const { bytes, code } = await decode('signed', encoded, 66_560, [], 1000);
  assert.equal(code, undefined);
  assert.deepEqual(bytes, body);
});

const CHUNKS = [Buffer.alloc(8192, 'x'), Buffer.alloc(9000, 'y'), Buffer.from('the\r\nend')];
const WHOLE = Buffer.concat(CHUNKS);
const CHECKSUM = { 'x-amz-checksum-crc32c': 'sOO8/Q==' };
const NAMES = Object.keys(CHECKSUM);

test('every form, cut anywhere', async () => {
  for (const form of ['signed', 'signed-trailer', 'unsigned-trailer'] as const) {
    const trailers = form === 'signed' ? {} : CHECKSUM;
    const encoded = encode(form, CHUNKS, trailers);
    for (const piece of [1, 2, 7, 85, 4096, encoded.length]) {
      const decoded = await decode(form, encoded, WHOLE.length, Object.keys(trailers), piece);
      assert.equal(decoded.code, undefined);
      assert.deepEqual(decoded.bytes, WHOLE);
      assert.deepEqual(decoded.trailers, trailers);
    }
    const empty = await decode(form, encode(form, [], trailers), 0, Object.keys(trailers));
    assert.deepEqual([empty.code, empty.bytes.length], [undefined, 0]);
  }
});

test('no byte of a chunk comes out before its signature was checked', async () => {
  const encoded = encode('signed', CHUNKS);
  const at = encoded.indexOf('y');
  encoded[at] = 'z'.charCodeAt(0);
  const { bytes, code } = await decode('signed', encoded, WHOLE.length, [], 100);
  assert.equal(code, 'SignatureDoesNotMatch');
  assert.deepEqual(bytes, CHUNKS[0]);
});

test('no bit of a signed body or its framing may change', async () => {
  for (const form of ['signed', 'signed-trailer'] as const) {
    const encoded = encode(form, [Buffer.from('small')], form === 'signed' ? {} : CHECKSUM);
    const names = form === 'signed' ? [] : NAMES;
    for (let at = 0; at < encoded.length; at += 1) {
      for (const bit of [1, 4, 64]) {
        const changed = Buffer.from(encoded);
        changed[at] = (changed[at] as number) ^ bit;
        const decoded = await decode(form, changed, 5, names);
        if (decoded.code === undefined) {
          // A header's name in other letters, or spaces about its value, is the same header.
          assert.deepEqual(decoded.trailers, names.length === 0 ? {} : CHECKSUM, `byte ${at} of ${form}`);
          assert.equal(decoded.bytes.toString(), 'small');
        }
      }
    }
  }
});

test('cut short, too long, or not as declared', async () => {
  const encoded = encode('unsigned-trailer', CHUNKS, CHECKSUM);
  for (const length of [0, 1, 100, 8200, encoded.length - 1, encoded.length - 2]) {
    assert.equal(
      (await decode('unsigned-trailer', encoded.subarray(0, length), WHOLE.length, NAMES)).code,
      'IncompleteBody',
    );
  }
  const codeOf = async (body: Buffer, length = WHOLE.length, names = NAMES) =>
    (await decode('unsigned-trailer', body, length, names)).code;
  assert.equal(await codeOf(encoded, WHOLE.length + 1), 'IncompleteBody');
  assert.equal(await codeOf(encoded, WHOLE.length - 1), 'IncompleteBody');
  assert.equal(await codeOf(Buffer.concat([encoded, Buffer.from('x')])), 'InvalidRequest');
  assert.equal(await codeOf(encoded, WHOLE.length, []), 'MalformedTrailerError');
  assert.equal(
    await codeOf(encoded, WHOLE.length, [...NAMES, 'x-amz-checksum-sha1']),
    'MalformedTrailerError',
  );
  const twice = encode('unsigned-trailer', CHUNKS, CHECKSUM)
    .toString('latin1')
    .replace(/(x-amz.*\r\n)/, '$1$1');
  assert.equal(await codeOf(Buffer.from(twice, 'latin1')), 'MalformedTrailerError');
});

test('framing that is none', async () => {
  const codeOf = async (text: string, form: ChunkForm = 'unsigned-trailer') =>
    (await decode(form, Buffer.from(text), 5, [])).code;
  assert.equal(await codeOf('5\r\nhello\r\n0\r\n\r\n'), undefined);
  assert.equal(await codeOf('5\nhello\r\n0\r\n\r\n'), 'InvalidRequest');
  assert.equal(await codeOf('5\r\nhelloX\r\n0\r\n\r\n'), 'InvalidRequest');
  assert.equal(await codeOf('+5\r\nhello\r\n0\r\n\r\n'), 'InvalidRequest');
  assert.equal(await codeOf('0x5\r\nhello\r\n0\r\n\r\n'), 'InvalidRequest');
  assert.equal(await codeOf(`${'0'.repeat(9000)}`), 'InvalidRequest');
  assert.equal(await codeOf('5;chunk-signature=00\r\nhello\r\n0\r\n\r\n'), 'InvalidRequest');
  assert.equal(await codeOf('5\r\nhello\r\n0\r\n\r\n', 'signed'), 'InvalidRequest');
  assert.equal(await codeOf('2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'), 'InvalidChunkSizeError');
  assert.equal(await codeOf('ffffffffffff\r\nhello'), 'IncompleteBody');
});

test('an unsigned body cannot pass for a signed one', async () => {
  const encoded = encode('unsigned-trailer', CHUNKS, CHECKSUM);
  assert.equal((await decode('signed-trailer', encoded, WHOLE.length, NAMES)).code, 'InvalidRequest');
  const bare = encode('signed-trailer', CHUNKS, CHECKSUM)
    .toString('latin1')
    .replace(/x-amz-trailer-signature:.*\r\n/, '');
  assert.equal(
    (await decode('signed-trailer', Buffer.from(bare, 'latin1'), WHOLE.length, NAMES)).code,
    'MalformedTrailerError',
  );
});

test('the headers of a chunked upload', () => {
  assert.deepEqual(
    chunkedHeaders({ 'x-amz-decoded-content-length': '12', 'x-amz-trailer': 'X-Amz-Checksum-CRC32, b' }),
    { decodedLength: 12, trailers: ['x-amz-checksum-crc32', 'b'] },
  );
  for (const length of ['', '-1', '1e3', '12.5']) {
    assert.throws(() => chunkedHeaders({ 'x-amz-decoded-content-length': length }), /Content-Length/);
  }
});

test('a stream whose hash was signed must have it', async () => {
  const run = async (sha256: string) => {
    const out: Buffer[] = [];
    for await (const part of Readable.from(CHUNKS).pipe(new HashedBody(sha256))) out.push(part as Buffer);
    return Buffer.concat(out);
  };
  assert.deepEqual(await run(hash('sha256', WHOLE, 'hex')), WHOLE);
  await assert.rejects(run(EMPTY_SHA256), { code: 'XAmzContentSHA256Mismatch' });
});
