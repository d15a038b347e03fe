import type { Database, Transaction as ReadTransaction } from 'lmdb';
import {
  exact,
  isLong,
  longEntry,
  sameCluster,
  storedKey,
  storedRange,
  storedValue,
  valueFrom,
  within,
} from './long-key.ts';
import type { Scan, View, Write } from './optimistic.ts';
import type { Bytes, Entry, KeyRange, RangeOptions } from './store.ts';

export type ByteDatabase = Database<Uint8Array, Uint8Array>;

interface Reading {
  readonly transaction: ReadTransaction;
}

/** What a read at this moment sees: the latest commit, or, inside the write transaction, that transaction. */
export class LmdbView implements View {
  protected readonly db: ByteDatabase;

  constructor(db: ByteDatabase) {
    this.db = db;
  }

  protected get reading(): Reading | undefined {
    return undefined;
  }

  get(key: Bytes): Bytes | undefined {
    if (key.length === 0) return undefined;
    const stored = this.db.get(storedKey(key), this.reading);
    return stored === undefined ? undefined : valueFrom(key, stored);
  }

  has(key: Bytes, value: Bytes | undefined): boolean {
    const now = this.get(key);
    if (now === undefined || value === undefined) return now === value;
    return Buffer.compare(now, value) === 0;
  }

  scan(range: KeyRange, options: RangeOptions): Scan {
    const page = new ScanPage(options);
    if (options.limit <= 0 || Buffer.compare(range.start, range.end) >= 0) return page;
    const { start, end } = storedRange(range);
    const bounds = options.reverse
      ? { start: end, exclusiveStart: true, end: start, inclusiveEnd: true, reverse: true }
      : { start, end };
    const certain = exact(range.start) && exact(range.end);
    let cluster: Bytes[] = [];
    let clusterKey: Bytes | undefined;
    for (const entry of this.db.getRange({ ...bounds, ...this.reading })) {
      const { key } = entry;
      if (clusterKey !== undefined && !(isLong(key) && sameCluster(clusterKey, key))) {
        page.addCluster(cluster, range);
        cluster = [];
        clusterKey = undefined;
        if (page.more) return page;
      }
      if (isLong(key)) {
        clusterKey = key;
        cluster.push(entry.value);
      } else if (certain || within(range, key)) {
        page.add(entry);
        if (page.more) return page;
      }
    }
    page.addCluster(cluster, range);
    return page;
  }
}

/** The state of one moment. It pins the pages of that state until {@link done}. */
export class SnapshotView extends LmdbView {
  #reading: Reading | undefined;

  protected override get reading(): Reading {
    this.#reading ??= { transaction: this.db.useReadTransaction() };
    return this.#reading;
  }

  done(): void {
    this.#reading?.transaction.done();
    this.#reading = undefined;
  }
}

/** Inside LMDB's write transaction only. */
export function write(db: ByteDatabase, { key, value }: Write): void {
  if (value === undefined) db.remove(storedKey(key));
  else db.put(storedKey(key), storedValue(key, value));
}

class ScanPage implements Scan {
  readonly entries: Entry[] = [];
  more: boolean;
  readonly #limit: number;
  readonly #maxBytes: number;
  readonly #reverse: boolean;
  #bytes = 0;

  constructor({ limit, maxBytes = Number.POSITIVE_INFINITY, reverse = false }: RangeOptions) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
    this.#reverse = reverse;
    this.more = limit <= 0;
  }

  add(entry: Entry): void {
    this.entries.push(entry);
    this.#bytes += entry.key.length + entry.value.length;
    this.more = this.entries.length >= this.#limit || this.#bytes > this.#maxBytes;
  }

  addCluster(stored: readonly Bytes[], range: KeyRange): void {
    if (stored.length === 0) return;
    const sorted = stored.map(longEntry).filter(({ key }) => within(range, key));
    sorted.sort((a, b) => (this.#reverse ? Buffer.compare(b.key, a.key) : Buffer.compare(a.key, b.key)));
    for (const entry of sorted) {
      this.add(entry);
      if (this.more) return;
    }
  }
}
