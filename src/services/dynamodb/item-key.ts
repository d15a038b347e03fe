import { createHash } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { KeyRange } from '../../store/store.ts';
import type { AttributeValue } from './attribute-value.ts';
import { encodeNumber } from './number.ts';

/**
 * The bytes that follow (table, index) in the key of an item or index entry:
 *
 *     01 · hash of the partition (4) · partition attributes · sort attributes [· partition and sort attribute of the item]
 *
 * Scans go by hash, and a segment of a parallel scan is a range of hashes. Partition attributes need no order: each
 * is its length and its bytes, or FF and its SHA-256 when long. Sort attributes keep their order: numbers in their
 * own form, strings and binaries with 00 as 00 FF and 00 00 at the end. The longest key, with every byte of every
 * sort attribute escaped, stays under 3,800 bytes.
 */
const MARK = 0x01;
const LONGEST_INLINE = 254;
const HASHED = 0xff;
/** Hashes are below this. */
export const HASHES = 2 ** 32;

/** Bytes of a key attribute, which {@link checkKeyValue} and its like have accepted. */
function keyBytes(value: AttributeValue): Uint8Array {
  if (value.S !== undefined) return Buffer.from(value.S, 'utf8');
  if (value.N !== undefined) return encodeNumber(value.N);
  assert(value.B !== undefined, 'a key attribute is a string, a number or a binary');
  return value.B;
}

/** The hash and partition attributes, behind a table's or index's prefix. */
export function partitionKey(prefix: Uint8Array, values: readonly AttributeValue[]): Uint8Array {
  const parts = values.map((value) => partitionPart(keyBytes(value)));
  const partition = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  const key = Buffer.allocUnsafe(prefix.length + 5 + partition.length);
  key.set(prefix, 0);
  key[prefix.length] = MARK;
  key.writeUInt32BE(hashOf(partition), prefix.length + 1);
  key.set(partition, prefix.length + 5);
  return key;
}

function partitionPart(bytes: Uint8Array): Uint8Array {
  if (bytes.length > LONGEST_INLINE) {
    return Buffer.concat([Uint8Array.of(HASHED), createHash('sha256').update(bytes).digest()]);
  }
  const part = Buffer.allocUnsafe(bytes.length + 1);
  part[0] = bytes.length;
  part.set(bytes, 1);
  return part;
}

/** A sort attribute, ready to be followed by another part. */
export function sortPart(value: AttributeValue): Uint8Array {
  return value.N === undefined
    ? Buffer.concat([sortPrefix(value), Uint8Array.of(0, 0)])
    : encodeNumber(value.N);
}

/** The start of the sort attributes that begin with a string or binary. */
export function sortPrefix(value: AttributeValue): Uint8Array {
  const bytes = keyBytes(value);
  if (!bytes.includes(0)) return bytes;
  const escaped: number[] = [];
  for (const byte of bytes) {
    escaped.push(byte);
    if (byte === 0) escaped.push(0xff);
  }
  return Uint8Array.from(escaped);
}

/** The partition and sort attributes of an item, at the end of its entries in indexes. */
export function itemPart(partition: AttributeValue, sort: AttributeValue | undefined): Uint8Array {
  const part = partitionPart(keyBytes(partition));
  return sort === undefined ? part : Buffer.concat([part, sortPart(sort)]);
}

export function joinKey(...parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}

/** The keys that begin with `prefix`. */
export function rangeUnder(prefix: Uint8Array): KeyRange {
  return { start: prefix, end: successor(prefix) };
}

/** The first key after all that begin with `prefix`. */
export function successor(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  assert(length > 0, 'a key does not consist of FF alone');
  const next = Buffer.from(prefix.subarray(0, length));
  next[length - 1] = (next[length - 1] as number) + 1;
  return next;
}

/** The first key after `key`. */
export function after(key: Uint8Array): Uint8Array {
  const next = Buffer.alloc(key.length + 1);
  next.set(key);
  return next;
}

/** One of `total` equal parts of all hashes under a table's or index's prefix. */
export function segmentRange(prefix: Uint8Array, segment: number, total: number): KeyRange {
  return {
    start: hashBound(prefix, Math.ceil((HASHES * segment) / total)),
    end: hashBound(prefix, Math.ceil((HASHES * (segment + 1)) / total)),
  };
}

function hashBound(prefix: Uint8Array, hash: number): Uint8Array {
  if (hash >= HASHES) return joinKey(prefix, Uint8Array.of(MARK + 1));
  const bound = Buffer.allocUnsafe(prefix.length + 5);
  bound.set(prefix, 0);
  bound[prefix.length] = MARK;
  bound.writeUInt32BE(hash, prefix.length + 1);
  return bound;
}

/** MurmurHash3 (x86, 32 bits): spreads partitions evenly; nothing depends on it being hard to invert. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0;
  const blocks = bytes.length & ~3;
  for (let at = 0; at < blocks; at += 4) {
    const block =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= blocks; at--) rest = (rest << 8) | (bytes[at] as number);
  hash ^= scramble(rest) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
