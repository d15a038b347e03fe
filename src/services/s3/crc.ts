import { crc32 as zlibCrc32 } from 'node:zlib';

/**
 * The cyclic redundancy checks S3 takes: CRC-32 (ISO-HDLC), CRC-32C (Castagnoli) and CRC-64/NVME, all reflected,
 * begun and ended with all ones.
 */
export interface Crc {
  readonly bytes: 4 | 8;
  /** The check of what `before` is the check of, followed by `data`; nothing's check is 0. */
  update(before: bigint, data: Uint8Array): bigint;
  /** The check of two runs of bytes one after the other, from their checks and the second's length. */
  combine(first: bigint, second: bigint, secondLength: number): bigint;
}

const LANES = 8;

/**
 * Tables that take in eight bytes at a time: table `k` holds what a byte does that `k` others follow. Values of 64
 * bits are split in two halves; of 32 bits, the high halves are zero.
 */
function tablesOf(polynomial: bigint): { readonly low: Uint32Array[]; readonly high: Uint32Array[] } {
  const low: Uint32Array[] = [];
  const high: Uint32Array[] = [];
  let values = Array.from({ length: 256 }, (_, byte) => {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    return value;
  });
  const first = values;
  for (let lane = 0; lane < LANES; lane++) {
    low.push(Uint32Array.from(values, (value) => Number(value & 0xffffffffn)));
    high.push(Uint32Array.from(values, (value) => Number(value >> 32n)));
    values = values.map((value) => (value >> 8n) ^ first[Number(value & 255n)]!);
  }
  return { low, high };
}

function updater32(polynomial: bigint): Crc['update'] {
  let tables: Uint32Array[] | undefined;
  return (before, b) => {
    tables ??= tablesOf(polynomial).low;
    const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
    let crc = Number(before) ^ -1;
    let at = 0;
    for (; at + 8 <= b.length; at += 8) {
      crc ^= b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
      crc =
        t7![crc & 255]! ^
        t6![(crc >>> 8) & 255]! ^
        t5![(crc >>> 16) & 255]! ^
        t4![crc >>> 24]! ^
        t3![b[at + 4]!]! ^
        t2![b[at + 5]!]! ^
        t1![b[at + 6]!]! ^
        t0![b[at + 7]!]!;
    }
    for (; at < b.length; at++) crc = (crc >>> 8) ^ t0![(crc ^ b[at]!) & 255]!;
    return BigInt((crc ^ -1) >>> 0);
  };
}

function updater64(polynomial: bigint): Crc['update'] {
  let tables: ReturnType<typeof tablesOf> | undefined;
  return (before, b) => {
    tables ??= tablesOf(polynomial);
    const [l0, l1, l2, l3, l4, l5, l6, l7] = tables.low;
    const [h0, h1, h2, h3, h4, h5, h6, h7] = tables.high;
    let low = Number(before & 0xffffffffn) ^ -1;
    let high = Number(before >> 32n) ^ -1;
    let at = 0;
    for (; at + 8 <= b.length; at += 8) {
      const x = low ^ (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24));
      const y = high ^ (b[at + 4]! | (b[at + 5]! << 8) | (b[at + 6]! << 16) | (b[at + 7]! << 24));
      const [i0, i1, i2, i3] = [x & 255, (x >>> 8) & 255, (x >>> 16) & 255, x >>> 24];
      const [i4, i5, i6, i7] = [y & 255, (y >>> 8) & 255, (y >>> 16) & 255, y >>> 24];
      low = l7![i0]! ^ l6![i1]! ^ l5![i2]! ^ l4![i3]! ^ l3![i4]! ^ l2![i5]! ^ l1![i6]! ^ l0![i7]!;
      high = h7![i0]! ^ h6![i1]! ^ h5![i2]! ^ h4![i3]! ^ h3![i4]! ^ h2![i5]! ^ h1![i6]! ^ h0![i7]!;
    }
    for (; at < b.length; at++) {
      const index = (low ^ b[at]!) & 255;
      low = ((low >>> 8) | (high << 24)) ^ l0![index]!;
      high = (high >>> 8) ^ h0![index]!;
    }
    return (BigInt((high ^ -1) >>> 0) << 32n) | BigInt((low ^ -1) >>> 0);
  };
}

/** Multiplies two polynomials modulo the check's own; the highest bit stands for 1. */
function multiply(left: bigint, right: bigint, polynomial: bigint, one: bigint): bigint {
  let product = 0n;
  let factor = right;
  for (let bit = one; bit > 0n; bit >>= 1n) {
    if (left & bit) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
  }
  return product;
}

/** Appending n bytes multiplies the first check by x^8n. https://github.com/madler/zlib/blob/develop/crc32.c */
function combiner(polynomial: bigint, bytes: 4 | 8): Crc['combine'] {
  const one = 1n << BigInt(bytes * 8 - 1);
  /** The parts of an upload are mostly of one length. */
  let last = { length: 0, factor: one };
  const factorOf = (length: number): bigint => {
    if (last.length === length) return last.factor;
    let factor = one;
    let square = one >> 8n;
    for (let left = length; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) factor = multiply(factor, square, polynomial, one);
      square = multiply(square, square, polynomial, one);
    }
    last = { length, factor };
    return factor;
  };
  return (first, second, length) => multiply(factorOf(length), first, polynomial, one) ^ second;
}

const ISO_HDLC = 0xedb88320n;
const CASTAGNOLI = 0x82f63b78n;
const NVME = 0x9a6c9329ac4bc9b5n;

export const crc32: Crc = {
  bytes: 4,
  update: (before, data) => BigInt(zlibCrc32(data, Number(before))),
  combine: combiner(ISO_HDLC, 4),
};
export const crc32c: Crc = { bytes: 4, update: updater32(CASTAGNOLI), combine: combiner(CASTAGNOLI, 4) };
export const crc64nvme: Crc = { bytes: 8, update: updater64(NVME), combine: combiner(NVME, 8) };
