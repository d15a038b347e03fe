import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type Crc, crc32, crc32c, crc64nvme } from './crc.ts';

const DIGITS = Buffer.from('123456789');

/** The check values of the catalogue of CRC algorithms. https://reveng.sourceforge.io/crc-catalogue/all.htm */
const CHECKS: readonly (readonly [string, Crc, bigint])[] = [
  ['CRC-32/ISO-HDLC', crc32, 0xcbf43926n],
  ['CRC-32C', crc32c, 0xe3069283n],
  ['CRC-64/NVME', crc64nvme, 0xae8b14860a799888n],
];

for (const [name, crc, check] of CHECKS) {
  test(`${name} is the catalogue's`, () => assert.equal(crc.update(0n, DIGITS), check));

  test(`${name} continues, and combines`, () => {
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * 131 + (at >> 3)) & 255));
    const whole = crc.update(0n, bytes);
    for (const cut of [0, 1, 7, 8, 9, 500, 999, 1000]) {
      const first = crc.update(0n, bytes.subarray(0, cut));
      assert.equal(crc.update(first, bytes.subarray(cut)), whole);
      const second = crc.update(0n, bytes.subarray(cut));
      assert.equal(crc.combine(first, second, 1000 - cut), whole);
    }
  });
}
