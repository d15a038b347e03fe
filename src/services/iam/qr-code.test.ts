import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { png } from './png.ts';
import { qrCode } from './qr-code.ts';

const text = (length: number) =>
  `otpauth://totp/x@000000000000?secret=${'ABCDEFGH234567'.repeat(60)}`.slice(0, length);

/** Fingerprints of codes that an independent reader has read back; each is of another version. */
const READ: readonly (readonly [length: number, size: number, fingerprint: string])[] = [
  [17, 21, 'bdd066fe8704244a'],
  [60, 33, 'fd08ca2dbcdd3e2f'],
  [140, 45, '06489027e8b0a029'],
  [240, 57, '691935d27f1defe9'],
  [330, 65, '5758464d7afcc606'],
  [458, 73, '5010cf084373d33f'],
];

test('codes are those that were read back', () => {
  for (const [length, size, fingerprint] of READ) {
    const rows = qrCode(text(length));
    assert.equal(rows.length, size);
    const drawn = rows.map((row) => row.map(Number).join('')).join('\n');
    assert.equal(createHash('sha256').update(drawn).digest('hex').slice(0, 16), fingerprint);
  }
  assert.throws(() => qrCode(text(459)));
});

test('a picture has a light border and a pixel for each part of a square', () => {
  const picture = Buffer.from(png([[true]], { scale: 2, border: 1 }));
  assert.equal(picture.toString('latin1', 1, 4), 'PNG');
  assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [6, 6]);
  const length = picture.readUInt32BE(33);
  const lines = inflateSync(picture.subarray(41, 41 + length));
  assert.deepEqual([...lines], [0, 0xfc, 0, 0xfc, 0, 0xcc, 0, 0xcc, 0, 0xfc, 0, 0xfc]);
});
