/**
 * The ordered, transactional key-value store every service is a layer over. Keys and values are bytes; keys sort
 * by unsigned byte order. `keyspace.ts` gives services typed rows on top; only the composition root names an engine.
 */
export type Bytes = Uint8Array;

export interface Entry {
  readonly key: Bytes;
  readonly value: Bytes;
}

/** Keys from `start` (inclusive) to `end` (exclusive), in byte order. */
export interface KeyRange {
  readonly start: Bytes;
  readonly end: Bytes;
}

export interface RangeOptions {
  /** At most this many entries. */
  readonly limit: number;
  /** From the end backwards. */
  readonly reverse?: boolean;
  /** Stop after the page's keys and values together pass this many bytes (at least one entry is returned). */
  readonly maxBytes?: number;
}

/** Reads of one snapshot. */
export interface Reader {
  get(key: Bytes): Promise<Bytes | undefined>;
  /** One page; the caller goes on from its last key. */
  range(range: KeyRange, options: RangeOptions): Promise<readonly Entry[]>;
}

/** A serialisable write transaction: it sees its own writes, and everything it read still holds when it commits. */
export interface Transaction extends Reader {
  set(key: Bytes, value: Bytes): void;
  delete(key: Bytes): void;
  /**
   * What is written commits only if the key has this value then; else the transaction rejects with
   * {@link ExpectationError} and does not run again. A body that writes nothing, or throws, is held to the value in its
   * snapshot. It spares the others the read of what their caller knows already.
   */
  expect(key: Bytes, value: Bytes): void;
}

/** A key had not the value that a transaction expected: what its caller knew is out of date. */
export class ExpectationError extends Error {
  override readonly name = 'ExpectationError';
}

/** The write did not commit although it was retried: the caller may try again. Services map it to their own throttle. */
export class ContentionError extends Error {
  override readonly name = 'ContentionError';
}

export interface TransactOptions {
  /**
   * Names what is contended (an item's key, say): transactions with an equal queue key run one after the other
   * in this process instead of conflicting.
   */
  readonly queueKey?: string;
}

/** Reading through the store itself is a snapshot of one read. */
export interface Store extends Reader {
  /** Runs `body` on one snapshot. Keep it short: an engine may not reuse the pages of an old snapshot. */
  snapshot<T>(body: (reader: Reader) => Promise<T>): Promise<T>;
  /**
   * Runs `body` and commits what it wrote; durable when the promise resolves. The body may run again after a
   * conflict, so it touches only `tx`. Retries are bounded, then queued; {@link ContentionError} when that fails too.
   * A body that throws commits nothing and is not retried.
   */
  transact<T>(body: (tx: Transaction) => Promise<T>, options?: TransactOptions): Promise<T>;
  /** Calls back after every commit, of any process, that changed a key in the range; returns the cancellation. */
  watch(range: KeyRange, callback: () => void): () => void;
  close(): Promise<void>;
}
