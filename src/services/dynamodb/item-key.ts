import { hash } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { KeyRange } from '../../store/store.ts';
import type { AttributeValue } from './attribute-value.ts';
import { encodeNumber, placedNumber } from './number.ts';

/**
 * The bytes that follow (table, index) in the key of an item or index entry:
 *
 *     01 · hash of the partition (4) · partition attributes · sort attributes
 *        [· hash of the item's key (4) · its partition and sort attribute]
 *
 * Scans go by hash, and a segment of a parallel scan is a range of hashes. The hash is DynamoDB's own, so that scans,
 * and entries of an index that are equal, come in the order users know from it. Partition attributes need no order: each
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

/** Texts of this length or less are short whatever their letters: three bytes a unit at most. */
const SHORT_TEXT = LONGEST_INLINE / 3;
const SALT = Buffer.from('Outliers');
/** Where the key of an item is put together. */
const salted = Buffer.concat([SALT, Buffer.alloc(LONGEST_INLINE)]);
const sorted = Buffer.alloc(LONGEST_INLINE);

/** The key of an item behind its table's prefix: {@link partitionKey} and {@link sortPart}. */
export function placedKey(
  prefix: Uint8Array,
  partition: AttributeValue,
  sort: AttributeValue | undefined,
): Uint8Array {
  return (
    textKey(prefix, partition.S, sort === undefined ? '' : sort.S, sort !== undefined) ??
    joinKey(partitionKey(prefix, [partition]), ...(sort === undefined ? [] : [sortPart(sort)]))
  );
}

/** {@link placedKey} of short texts, which most keys are, in one piece; undefined where it takes more. */
function textKey(
  prefix: Uint8Array,
  partition: string | undefined,
  sort: string | undefined,
  isSorted: boolean,
): Uint8Array | undefined {
  if (partition === undefined || partition.length > SHORT_TEXT) return undefined;
  if (sort === undefined || sort.length > SHORT_TEXT || sort.includes('\0')) return undefined;
  const length = salted.write(partition, SALT.length, 'utf8');
  const sortLength = isSorted ? sorted.write(sort, 0, 'utf8') + 2 : 0;
  const key = Buffer.allocUnsafe(prefix.length + 6 + length + sortLength);
  key.set(prefix, 0);
  let at = prefix.length;
  key[at] = MARK;
  key.writeUInt32BE(placeOf(salted.subarray(0, SALT.length + length)), at + 1);
  key[at + 5] = length;
  at += 6;
  for (let from = SALT.length; from < SALT.length + length; from++) key[at++] = salted[from] as number;
  if (!isSorted) return key;
  for (let from = 0; from < sortLength - 2; from++) key[at++] = sorted[from] as number;
  key[at] = 0;
  key[at + 1] = 0;
  return key;
}

/** The hash and partition attributes, behind a table's or index's prefix. */
export function partitionKey(prefix: Uint8Array, values: readonly AttributeValue[]): Uint8Array {
  const short = values.length === 1 ? textKey(prefix, values[0]?.S, '', false) : undefined;
  if (short !== undefined) return short;
  const parts = values.map((value) => partitionPart(keyBytes(value)));
  const partition = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  const key = Buffer.allocUnsafe(prefix.length + 5 + partition.length);
  key.set(prefix, 0);
  key[prefix.length] = MARK;
  key.writeUInt32BE(hashOf(values), prefix.length + 1);
  key.set(partition, prefix.length + 5);
  return key;
}

function partitionPart(bytes: Uint8Array): Uint8Array {
  if (bytes.length > LONGEST_INLINE) {
    return Buffer.concat([Uint8Array.of(HASHED), hash('sha256', bytes, 'buffer')]);
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

/** The hash, partition and sort attribute of an item, at the end of its entries in indexes. */
export function itemPart(partition: AttributeValue, sort: AttributeValue | undefined): Uint8Array {
  const place = Buffer.allocUnsafe(4);
  place.writeUInt32BE(hashOf(sort === undefined ? [partition] : [partition, sort]));
  const part = partitionPart(keyBytes(partition));
  return Buffer.concat(sort === undefined ? [place, part] : [place, part, sortPart(sort)]);
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
  const next = Buffer.allocUnsafe(length);
  next.set(length === prefix.length ? prefix : prefix.subarray(0, length));
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

/** The hash in a key that has this many bytes before its mark. */
export function hashIn(key: Uint8Array, prefix: number): number {
  const at = prefix + 1;
  const high = ((key[at] ?? 0) << 8) | (key[at + 1] ?? 0);
  const low = ((key[at + 2] ?? 0) << 8) | (key[at + 3] ?? 0);
  return high * 0x10000 + low;
}

/** The start of an MD5 of the attributes behind a word of DynamoDB's. */
function hashOf(values: readonly AttributeValue[]): number {
  return placeOf(Buffer.concat([SALT, ...values.map(placedBytes)]));
}

function placeOf(bytes: Uint8Array): number {
  return Number.parseInt(hash('md5', bytes).slice(0, 8), 16);
}

function placedBytes(value: AttributeValue): Uint8Array {
  return value.N === undefined ? keyBytes(value) : placedNumber(value.N);
}
