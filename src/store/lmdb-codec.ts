import type { Bytes } from './store.ts';

/**
 * What crosses from LMDB are copies: its own buffers are overwritten by the next read. Small ones share chunks, since
 * an allocation each is what a page of small rows would spend most of its time on.
 */
const CHUNK = 16_384;
const LARGEST_SHARED = 2048;

let chunk = Buffer.allocUnsafeSlow(CHUNK);
let used = 0;

/** A copy that nobody else writes to. */
function copied(source: Uint8Array, start: number, length: number): Bytes {
  const bytes = new Uint8Array(source.buffer, source.byteOffset + start, length);
  if (length > LARGEST_SHARED) return bytes.slice();
  if (used + length > CHUNK) {
    chunk = Buffer.allocUnsafeSlow(CHUNK);
    used = 0;
  }
  const at = used;
  used += length;
  chunk.set(bytes, at);
  return new Uint8Array(chunk.buffer, at, length);
}

/** Keys are their bytes. */
export const keyEncoder = {
  writeKey(key: Bytes, target: Uint8Array, start: number): number {
    target.set(key, start);
    return start + key.length;
  },
  readKey: (source: Uint8Array, start: number, end: number): Bytes => copied(source, start, end - start),
};

/**
 * Values are their bytes. lmdb-js sets the `length` of the buffer it shows to the value's, and in a range also passes
 * it, which is read faster.
 */
export const valueEncoder = {
  encode: (value: Bytes): Bytes => value,
  decode: (source: Uint8Array, length?: unknown): Bytes =>
    copied(source, 0, typeof length === 'number' ? length : source.length),
};
