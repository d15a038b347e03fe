import type { Readable } from 'node:stream';
import type { Reader, Transaction } from './store.ts';

/** Names bytes by their content. A row keeps the reference; the bytes stand elsewhere. */
export interface BlobRef {
  /** SHA-256 of the bytes, in hex. */
  readonly sha256: string;
  /** Length in bytes. */
  readonly size: number;
}

/**
 * Bytes too large for a row (over 64 KB). `put` returns only when they are on disk, so the row that names them may
 * be written next. A blob is kept while a row holds it: `retain` in the transaction that writes the row, `release`
 * in the one that deletes it; what nobody holds is collected later.
 */
export interface Blobs {
  put(content: Readable | Uint8Array): Promise<BlobRef>;
  /** The bytes from `start` (inclusive) to `end` (exclusive); all of them by default. */
  open(ref: BlobRef, range?: { readonly start: number; readonly end: number }): Readable;
  read(ref: BlobRef): Promise<Uint8Array>;
  retain(tx: Transaction, ref: BlobRef): Promise<void>;
  release(tx: Transaction, ref: BlobRef): Promise<void>;
  held(reader: Reader, ref: BlobRef): Promise<boolean>;
}
