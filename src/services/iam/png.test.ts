import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { png, qrCodePng } from './png.ts';

test('a code is a square of its version, with a light border', () => {
  const picture = Buffer.from(
    qrCodePng(`otpauth://totp/x@000000000000?secret=${'ABCDEFGH234567'.repeat(4)}`),
  );
  const side = picture.readUInt32BE(16);
  assert.equal(picture.readUInt32BE(20), side);
  // Every version has four modules a side more than the one before; the first has 21.
  assert.equal((side / 4 - 8 - 21) % 4, 0);
  assert.ok(side / 4 - 8 > 21);
});

test('a picture has a light border and a pixel for each part of a square', () => {
  const picture = Buffer.from(png([[true]], { scale: 2, border: 1 }));
  assert.equal(picture.toString('latin1', 1, 4), 'PNG');
  assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [6, 6]);
  const length = picture.readUInt32BE(33);
  const lines = inflateSync(picture.subarray(41, 41 + length));
  assert.deepEqual([...lines], [0, 0xfc, 0, 0xfc, 0, 0xcc, 0, 0xcc, 0, 0xfc, 0, 0xfc]);
});
