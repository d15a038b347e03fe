import type { KeyRange, Reader, Transaction } from './store.ts';
import { packTuple, type TuplePart, tupleRange, unpackTuple } from './tuple.ts';

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
  rangeOf(prefix: Prefix<K>): KeyRange;
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
  /** Go on after this key (before it when `reverse`). It need not exist. */
  readonly after?: K;
  /** Stop after the rows' keys and values together pass this many bytes (at least one row is returned). */
  readonly maxBytes?: number;
}

export interface Page<K, V> {
  readonly rows: readonly Row<K, V>[];
  /** Pass as `after` to go on; absent on the last page. After a page cut by `maxBytes` there may be none left. */
  readonly next?: K;
}

/** The leading parts of a key. */
export type Prefix<K extends readonly unknown[]> = K extends readonly [...infer Head, unknown]
  ? K | Prefix<Head>
  : K;

/** How a row's value is written; what `decode` gets is a copy it may keep. */
export interface Codec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
}

/** Values as JSON: what it has no form for (undefined members, bigints, bytes) has no place in such a row. */
export function jsonCodec<V>(): Codec<V> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) =>
      JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as V,
  };
}

/** The value is the bytes. */
export const bytesCodec: Codec<Uint8Array> = { encode: (value) => value, decode: (bytes) => bytes };

/** A declaration of rows; {@link keyspace} gives it a place. */
export interface RowsDeclaration<K extends readonly TuplePart[], V> {
  readonly name: string;
  readonly codec: Codec<V>;
  /** The rows under a packed prefix. Names the key type for the compiler. */
  under(prefix: Uint8Array): Rows<K, V>;
}

/** Declares rows of a keyspace. `name` is part of every key on disk: it never changes. */
export function rows<K extends readonly TuplePart[], V>(
  name: string,
  codec: Codec<V> = jsonCodec<V>(),
): RowsDeclaration<K, V> {
  return { name, codec, under: (prefix) => new PlacedRows<K, V>(packTuple([name], prefix), codec) };
}

// biome-ignore lint/suspicious/noExplicitAny: a layout mixes key and value types; each member keeps its own
type Layout = Readonly<Record<string, RowsDeclaration<any, any>>>;
type Placed<L extends Layout> = {
  readonly [Name in keyof L]: L[Name] extends RowsDeclaration<infer K, infer V> ? Rows<K, V> : never;
};

export interface Keyspace<L extends Layout> {
  /** The rows of one account in one region. */
  at(account: string, region: string): Placed<L>;
  /** The rows that belong to no account: directories of what is named across the whole cloud. */
  global(): Placed<L>;
}

const CLOUD = 'lambent';
const DEFAULT_LIMIT = 1000;
/** `all` reads pages of this many bytes, so that one read does not hold a snapshot for long. */
const ALL_PAGE_BYTES = 4 << 20;

/** The layout of a service. `service` and the rows' names are part of every key on disk. */
export function keyspace<const L extends Layout>(service: string, layout: L): Keyspace<L> {
  const regions = new Map<string, Map<string, Placed<L>>>();
  const place = (account: string, region: string): Placed<L> => {
    const prefix = packTuple([CLOUD, account, region, service]);
    return Object.fromEntries(
      Object.entries(layout).map(([name, declaration]) => [name, declaration.under(prefix)]),
    ) as Placed<L>;
  };
  const at = (account: string, region: string): Placed<L> => {
    let accounts = regions.get(region);
    if (accounts === undefined) regions.set(region, (accounts = new Map()));
    let placed = accounts.get(account);
    if (placed === undefined) accounts.set(account, (placed = place(account, region)));
    return placed;
  };
  return { at, global: () => at('', '') };
}

class PlacedRows<K extends readonly TuplePart[], V> implements Rows<K, V> {
  readonly #prefix: Uint8Array;
  readonly #codec: Codec<V>;

  constructor(prefix: Uint8Array, codec: Codec<V>) {
    this.#prefix = prefix;
    this.#codec = codec;
  }

  async get(reader: Reader, key: K): Promise<V | undefined> {
    const bytes = await reader.get(packTuple(key, this.#prefix));
    return bytes === undefined ? undefined : this.#codec.decode(bytes);
  }

  set(tx: Transaction, key: K, value: V): void {
    tx.set(packTuple(key, this.#prefix), this.#codec.encode(value));
  }

  delete(tx: Transaction, key: K): void {
    tx.delete(packTuple(key, this.#prefix));
  }

  async page(reader: Reader, prefix: Prefix<K>, options: PageOptions<K> = {}): Promise<Page<K, V>> {
    const { limit = DEFAULT_LIMIT, reverse = false, after, maxBytes } = options;
    if (limit <= 0) return { rows: [] };
    // One row more tells whether there is a next page.
    const entries = await reader.range(this.#pageRange(prefix, reverse, after), {
      limit: limit + 1,
      reverse,
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });
    const found: Row<K, V>[] = [];
    let bytes = 0;
    for (let i = 0; i < entries.length && i < limit; i++) {
      const { key, value } = entries[i] as (typeof entries)[number];
      bytes += key.length + value.length;
      found.push({ key: this.#unpack(key), value: this.#codec.decode(value) });
    }
    const last = found.at(-1);
    const cut = entries.length > limit || (maxBytes !== undefined && bytes > maxBytes);
    return cut && last !== undefined ? { rows: found, next: last.key } : { rows: found };
  }

  async all(reader: Reader, prefix: Prefix<K>): Promise<readonly Row<K, V>[]> {
    const found: Row<K, V>[] = [];
    let after: K | undefined;
    do {
      const page: Page<K, V> = await this.page(reader, prefix, {
        maxBytes: ALL_PAGE_BYTES,
        ...(after === undefined ? {} : { after }),
      });
      found.push(...page.rows);
      after = page.next;
    } while (after !== undefined);
    return found;
  }

  rangeOf(prefix: Prefix<K>): KeyRange {
    return tupleRange(prefix as readonly TuplePart[], this.#prefix);
  }

  keyOf(key: K): Uint8Array {
    return packTuple(key, this.#prefix);
  }

  #pageRange(prefix: Prefix<K>, reverse: boolean, after: K | undefined): KeyRange {
    const range = this.rangeOf(prefix);
    if (after === undefined) return range;
    const key = this.keyOf(after);
    if (reverse) return Buffer.compare(key, range.end) < 0 ? { start: range.start, end: key } : range;
    const start = Buffer.concat([key, Uint8Array.of(0)]);
    return Buffer.compare(start, range.start) > 0 ? { start, end: range.end } : range;
  }

  #unpack(key: Uint8Array): K {
    return unpackTuple(key, this.#prefix.length) as readonly TuplePart[] as K;
  }
}
