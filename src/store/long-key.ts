import { createHash } from 'node:crypto';
import type { Bytes, Entry, KeyRange } from './store.ts';

/**
 * LMDB's keys are limited to 4,026 bytes (with pages of 8 KB). A longer key is stored under its first `CUT` bytes and
 * the SHA-256 of all of it, with the key itself in front of the value. Only such forms are longer than `CUT`, so
 * nothing marks them. They stand where their key belongs among all keys but those that share its first `CUT` bytes:
 * these form a cluster, whose order is only known when it is read whole.
 */
const CUT = 3990;
const HASH_BYTES = 32;
const LENGTH_BYTES = 4;
const ABOVE_EVERY_HASH = Buffer.alloc(HASH_BYTES + 1, 0xff);
/** Below it the engine keeps rows of its own. */
const LOWEST_KEY = Buffer.from([1]);

export function storedKey(key: Bytes): Bytes {
  if (key.length <= CUT) return key;
  return Buffer.concat([key.subarray(0, CUT), createHash('sha256').update(key).digest()]);
}

/** The value as it is stored under {@link storedKey}. */
export function storedValue(key: Bytes, value: Bytes): Bytes {
  if (key.length <= CUT) return value;
  const head = Buffer.allocUnsafe(LENGTH_BYTES);
  head.writeUInt32BE(key.length);
  return Buffer.concat([head, key, value]);
}

/** The value of `key`, out of what is stored for it. */
export function valueFrom(key: Bytes, stored: Bytes): Bytes {
  return key.length <= CUT ? stored : stored.subarray(LENGTH_BYTES + key.length);
}

/** Whether what is stored under this key is one of a cluster. */
export function isLong(stored: Bytes): boolean {
  return stored.length > CUT;
}

/** The entry of a long form. */
export function longEntry(stored: Bytes): Entry {
  const keyEnd = LENGTH_BYTES + Buffer.from(stored.buffer, stored.byteOffset).readUInt32BE(0);
  return { key: stored.subarray(LENGTH_BYTES, keyEnd), value: stored.subarray(keyEnd) };
}

export function sameCluster(a: Bytes, b: Bytes): boolean {
  return Buffer.compare(a.subarray(0, CUT), b.subarray(0, CUT)) === 0;
}

/**
 * The stored keys among which a range's are. Where a bound is itself long there may be others of its cluster, and the
 * key that is just the cluster's prefix: {@link within} tells.
 */
export function storedRange({ start, end }: KeyRange): KeyRange {
  return {
    start: start.length === 0 ? LOWEST_KEY : start.length <= CUT ? start : start.subarray(0, CUT),
    end: end.length <= CUT ? end : Buffer.concat([end.subarray(0, CUT), ABOVE_EVERY_HASH]),
  };
}

export function within(range: KeyRange, key: Bytes): boolean {
  return Buffer.compare(range.start, key) <= 0 && Buffer.compare(key, range.end) < 0;
}

/** Every bound of this length or less is exact in the stored order. */
export function exact(bound: Bytes): boolean {
  return bound.length <= CUT;
}
