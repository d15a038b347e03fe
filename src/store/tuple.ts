import { assert } from '../base/assert.ts';

/** A member of a key. Types sort in the order null, false, true, number, bigint, string, bytes. */
export type TuplePart = string | number | bigint | boolean | null | Uint8Array;

// Every part begins with a tag below FF, so that a packed tuple followed by FF bounds its extensions from above.
const NULL = 0x01;
const FALSE = 0x02;
const TRUE = 0x03;
const NUMBER = 0x04;
const BIGINT = 0x05;
const STRING = 0x06;
const BYTES = 0x07;
const END = 0x00;
const ESCAPED = 0xff;
const ABOVE_EVERY_TAG = 0xff;
/** The byte before a bigint's magnitude: this plus its length, or minus it when negative. */
const ZERO_LENGTH = 0x80;
const MOST_BIGINT_BYTES = 126;
/** Below this many UTF-16 units a loop beats the call that encodes UTF-8. */
const SHORT_TEXT = 48;

// Packing fills one buffer and copies out once; it grows to the longest key seen.
let scratch = Buffer.allocUnsafeSlow(4096);
const float = new DataView(new ArrayBuffer(8));

function room(at: number, bytes: number): void {
  if (at + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafeSlow(2 * (at + bytes));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}

/**
 * The bytes of a tuple. Unsigned byte order of packed tuples is the order of the tuples: part by part, a shorter
 * tuple before its extensions; strings by their UTF-8 bytes (a lone surrogate becomes U+FFFD), numbers by value
 * (-0 is 0; NaN and the infinities are refused), bigints up to 1,008 bits. `prefix`, itself packed, is put before.
 */
export function packTuple(parts: readonly TuplePart[], prefix?: Uint8Array): Uint8Array {
  const end = fill(parts, prefix);
  const packed = Buffer.allocUnsafe(end);
  scratch.copy(packed, 0, 0, end);
  return packed;
}

/** The keys that are `parts` or extend it: from the packed tuple (inclusive) to `end` (exclusive). */
export function tupleRange(
  parts: readonly TuplePart[],
  prefix?: Uint8Array,
): { readonly start: Uint8Array; readonly end: Uint8Array } {
  const length = fill(parts, prefix);
  room(length, 1);
  scratch[length] = ABOVE_EVERY_TAG;
  const both = Buffer.allocUnsafe(2 * length + 1);
  scratch.copy(both, 0, 0, length);
  scratch.copy(both, length, 0, length + 1);
  return { start: both.subarray(0, length), end: both.subarray(length) };
}

function fill(parts: readonly TuplePart[], prefix: Uint8Array | undefined): number {
  let at = 0;
  if (prefix !== undefined) {
    room(0, prefix.length);
    scratch.set(prefix);
    at = prefix.length;
  }
  for (let i = 0; i < parts.length; i++) at = put(parts[i] as TuplePart, at);
  return at;
}

function put(part: TuplePart, at: number): number {
  if (typeof part === 'string') return putText(part, at);
  room(at, 9);
  if (typeof part === 'number') return putNumber(part, at);
  if (part === null) scratch[at] = NULL;
  else if (typeof part === 'boolean') scratch[at] = part ? TRUE : FALSE;
  else if (typeof part === 'bigint') return putBigint(part, at);
  else return putBytes(part, at);
  return at + 1;
}

function putText(text: string, from: number): number {
  const length = text.length;
  // Three bytes a unit at most, each of which could be a zero.
  room(from, 6 * length + 2);
  let at = from;
  scratch[at++] = STRING;
  if (length < SHORT_TEXT) {
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === 0 || unit > 0x7f) break;
      scratch[at++] = unit;
    }
    if (i === length) {
      scratch[at++] = END;
      return at;
    }
  }
  const start = from + 1;
  return escaped(start, start + scratch.write(text, start, 'utf8'));
}

function putBytes(bytes: Uint8Array, from: number): number {
  room(from, 2 * bytes.length + 2);
  scratch[from] = BYTES;
  scratch.set(bytes, from + 1);
  return escaped(from + 1, from + 1 + bytes.length);
}

/** Escapes the zeros in [start, end) in place, from the back, and ends the part. */
function escaped(start: number, end: number): number {
  let zeros = 0;
  for (let i = scratch.indexOf(0, start); i !== -1 && i < end; i = scratch.indexOf(0, i + 1)) zeros++;
  let to = end + zeros;
  scratch[to] = END;
  for (let from = end - 1, left = zeros; left > 0; from--) {
    const byte = scratch[from] as number;
    if (byte === 0) {
      scratch[--to] = ESCAPED;
      left--;
    }
    scratch[--to] = byte;
  }
  return end + zeros + 1;
}

function putNumber(value: number, at: number): number {
  assert(Number.isFinite(value), `a number in a key is finite, not ${value}`);
  float.setFloat64(0, value === 0 ? 0 : value);
  const high = float.getUint32(0);
  // Positive: above all negatives. Negative: the larger magnitude first.
  const negative = high >= 0x80000000;
  scratch[at] = NUMBER;
  scratch.writeUInt32BE((negative ? ~high : high ^ 0x80000000) >>> 0, at + 1);
  scratch.writeUInt32BE((negative ? ~float.getUint32(4) : float.getUint32(4)) >>> 0, at + 5);
  return at + 9;
}

function putBigint(value: bigint, at: number): number {
  const negative = value < 0n;
  let hex = (negative ? -value : value).toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const length = value === 0n ? 0 : hex.length / 2;
  assert(length <= MOST_BIGINT_BYTES, 'a bigint in a key has at most 1,008 bits');
  room(at, 2 + length);
  scratch[at] = BIGINT;
  scratch[at + 1] = negative ? ZERO_LENGTH - length : ZERO_LENGTH + length;
  const start = at + 2;
  if (length > 0) scratch.write(hex, start, 'hex');
  if (negative) for (let i = start; i < start + length; i++) scratch[i] = ~(scratch[i] as number);
  return start + length;
}

/** The parts of a packed tuple, from `offset` on. Byte parts are copies. */
export function unpackTuple(packed: Uint8Array, offset = 0): TuplePart[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const parts: TuplePart[] = [];
  let at = offset;
  while (at < bytes.length) {
    const tag = bytes[at++];
    switch (tag) {
      case NULL:
        parts.push(null);
        break;
      case FALSE:
      case TRUE:
        parts.push(tag === TRUE);
        break;
      case NUMBER:
        parts.push(numberAt(bytes, at));
        at += 8;
        break;
      case BIGINT: {
        const length = (bytes[at++] as number) - ZERO_LENGTH;
        const size = Math.abs(length);
        parts.push(bigintOf(bytes.subarray(at, at + size), length < 0));
        at += size;
        break;
      }
      case STRING:
      case BYTES: {
        const end = endOf(bytes, at);
        const content = unescaped(bytes.subarray(at, end));
        parts.push(tag === STRING ? content.toString('utf8') : Uint8Array.from(content));
        at = end + 1;
        break;
      }
      default:
        assert(false, `a packed tuple has the tag ${tag} at byte ${at - 1}`);
    }
  }
  return parts;
}

function numberAt(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32BE(at);
  const low = bytes.readUInt32BE(at + 4);
  const positive = high >= 0x80000000;
  float.setUint32(0, (positive ? high ^ 0x80000000 : ~high) >>> 0);
  float.setUint32(4, (positive ? low : ~low) >>> 0);
  return float.getFloat64(0);
}

function bigintOf(magnitude: Buffer, negative: boolean): bigint {
  if (magnitude.length === 0) return 0n;
  if (!negative) return BigInt(`0x${magnitude.toString('hex')}`);
  return -BigInt(`0x${Buffer.from(magnitude.map((byte) => ~byte)).toString('hex')}`);
}

function endOf(bytes: Buffer, from: number): number {
  let end = bytes.indexOf(END, from);
  while (end !== -1 && bytes[end + 1] === ESCAPED) end = bytes.indexOf(END, end + 2);
  assert(end !== -1, 'a packed tuple ends inside a part');
  return end;
}

function unescaped(content: Buffer): Buffer {
  let zero = content.indexOf(0);
  if (zero === -1) return content;
  const plain = Buffer.allocUnsafe(content.length);
  let length = 0;
  let from = 0;
  while (zero !== -1) {
    length += content.copy(plain, length, from, zero + 1);
    from = zero + 2;
    zero = content.indexOf(0, from);
  }
  length += content.copy(plain, length, from);
  return plain.subarray(0, length);
}
