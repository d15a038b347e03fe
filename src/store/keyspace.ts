import type { Reader, Transaction } from './store.ts';
import type { TuplePart } from './tuple.ts';

/**
 * Typed rows over the byte store. A service declares its whole layout in one file:
 *
 *     export const layout = keyspace('sqs', {
 *       queues: rows<[name: string], QueueRow>('queues'),
 *       messages: rows<[queue: string, visibleAtMs: number, id: string], MessageRow>('messages'),
 *     });
 *     const { queues } = layout.at(ctx.account, ctx.region);
 *     await queues.get(tx, ['orders']);
 *
 * The key of a row is the tuple (cloud, account, region, service, rows' name, ...key).
 */
export interface Rows<K extends readonly TuplePart[], V> {
  get(reader: Reader, key: K): Promise<V | undefined>;
  set(tx: Transaction, key: K, value: V): void;
  delete(tx: Transaction, key: K): void;
  /** Rows whose key starts with `prefix`, in key order, one page. */
  page(reader: Reader, prefix: Prefix<K>, options?: PageOptions<K>): Promise<Page<K, V>>;
  /** Every row whose key starts with `prefix`, read page by page. Only for sets known to be small. */
  all(reader: Reader, prefix: Prefix<K>): Promise<readonly Row<K, V>[]>;
  /** The byte range of the rows under `prefix`, for `Store.watch` and for reading by hand. */
  rangeOf(prefix: Prefix<K>): { readonly start: Uint8Array; readonly end: Uint8Array };
  keyOf(key: K): Uint8Array;
}

export interface Row<K, V> {
  readonly key: K;
  readonly value: V;
}

export interface PageOptions<K> {
  /** At most this many rows; 1,000 by default. */
  readonly limit?: number;
  readonly reverse?: boolean;
  /** Go on after this key (before it when `reverse`). */
  readonly after?: K;
  readonly maxBytes?: number;
}

export interface Page<K, V> {
  readonly rows: readonly Row<K, V>[];
  /** Pass as `after` to go on; absent on the last page. */
  readonly next?: K;
}

/** The leading parts of a key. */
export type Prefix<K extends readonly unknown[]> = K extends readonly [...infer Head, unknown]
  ? K | Prefix<Head>
  : K;
