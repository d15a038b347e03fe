import type { World } from '../world/world.ts';
import { Lifetime } from './lifetime.ts';
import { Attempt, type Scan, type View, ViewReader } from './optimistic.ts';
import { OrderedMap } from './ordered-map.ts';
import { type Outcome, Retries } from './retries.ts';
import type {
  Bytes,
  Entry,
  KeyRange,
  RangeOptions,
  Reader,
  Store,
  Transaction,
  TransactOptions,
} from './store.ts';
import { Watches } from './watches.ts';

/** What survives a crash of the memory engine: the last state it synced. */
export interface MemoryDisk {
  image: OrderedMap;
}

export function memoryDisk(): MemoryDisk {
  return { image: OrderedMap.empty };
}

/**
 * Where a simulator takes hold. Between `commit` and `sync` the transaction is checked but nothing is durable;
 * between `sync` and `acknowledge` it is durable and nobody knows. A promise that never resolves is a crash.
 */
export type MemoryPoint = 'begin' | 'read' | 'commit' | 'sync' | 'acknowledge';
export interface MemoryFaults {
  /** Awaited at every point. */
  reach(point: MemoryPoint): Promise<void>;
  /** True makes a commit fail as if another had come between. */
  conflict(): boolean;
}

export interface MemoryOptions {
  readonly world: World;
  /** Starts from its image and writes to it; a disk of its own by default. */
  readonly disk?: MemoryDisk;
  readonly faults?: MemoryFaults;
}

/** The engine for tests and simulation: serialisable like the others, durable as far as its {@link MemoryDisk} is. */
export function openMemory(options: MemoryOptions): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly #disk: MemoryDisk;
  readonly #faults: MemoryFaults | undefined;
  readonly #retries: Retries;
  readonly #watches = new Watches();
  readonly #lifetime = new Lifetime();
  /** What is read: the last acknowledged state. */
  #root: OrderedMap;
  /** With faults a commit takes several turns; they run one after the other. */
  #committing: Promise<unknown> = Promise.resolve();

  constructor({ world, disk = memoryDisk(), faults }: MemoryOptions) {
    this.#disk = disk;
    this.#faults = faults;
    this.#retries = new Retries(world);
    this.#root = disk.image;
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    this.#lifetime.assertOpen();
    await this.#faults?.reach('read');
    return this.#view().get(key);
  }

  async range(range: KeyRange, options: RangeOptions): Promise<readonly Entry[]> {
    this.#lifetime.assertOpen();
    await this.#faults?.reach('read');
    return this.#view().scan(range, options).entries;
  }

  snapshot<T>(body: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#lifetime.during(async () => {
      const reader = new ViewReader(this.#view());
      try {
        return await body(this.#faults === undefined ? reader : new SlowReader(reader, this.#faults));
      } finally {
        reader.end();
      }
    });
  }

  transact<T>(body: (tx: Transaction) => Promise<T>, options?: TransactOptions): Promise<T> {
    return this.#lifetime.during(() => this.#retries.run(() => this.#run(body), options));
  }

  watch(range: KeyRange, callback: () => void): () => void {
    return this.#watches.add(range, callback);
  }

  async close(): Promise<void> {
    await this.#lifetime.close();
    this.#watches.clear();
  }

  #view(): MapView {
    return new MapView(this.#root);
  }

  async #run<T>(body: (tx: Transaction) => Promise<T>): Promise<Outcome<T>> {
    await this.#faults?.reach('begin');
    const attempt = new Attempt(this.#view());
    let result: T;
    try {
      result = await body(this.#faults === undefined ? attempt : new SlowTransaction(attempt, this.#faults));
      if (attempt.readOnly) attempt.checkExpected();
    } catch (error) {
      attempt.checkExpected();
      throw error;
    } finally {
      attempt.end();
    }
    if (attempt.readOnly) return { result };
    let conflict: Bytes | undefined;
    if (this.#faults === undefined) conflict = this.#commit(attempt);
    else {
      const faults = this.#faults;
      const commit = this.#committing.then(() => this.#commitInTurns(attempt, faults));
      this.#committing = commit;
      conflict = await commit;
    }
    return attempt.outcome(result, conflict);
  }

  #commit(attempt: Attempt): Bytes | undefined {
    const conflict = attempt.conflict(this.#view());
    if (conflict === undefined) {
      this.#disk.image = this.#root = applied(this.#root, attempt);
      this.#watches.changed(keys(attempt));
    }
    return conflict;
  }

  async #commitInTurns(attempt: Attempt, faults: MemoryFaults): Promise<Bytes | undefined> {
    await faults.reach('commit');
    if (faults.conflict()) return INJECTED;
    const conflict = attempt.conflict(new MapView(this.#root));
    if (conflict !== undefined) return conflict;
    const next = applied(this.#root, attempt);
    await faults.reach('sync');
    this.#disk.image = next;
    await faults.reach('acknowledge');
    this.#root = next;
    this.#watches.changed(keys(attempt));
    return undefined;
  }
}

const INJECTED = Buffer.from('injected');

function applied(root: OrderedMap, attempt: Attempt): OrderedMap {
  let next = root;
  for (const { key, value } of attempt.writes) {
    next = value === undefined ? next.delete(key) : next.set(key, value);
  }
  return next;
}

function* keys(attempt: Attempt): Generator<Bytes> {
  for (const { key } of attempt.writes) yield key;
}

class MapView implements View {
  readonly #map: OrderedMap;

  constructor(map: OrderedMap) {
    this.#map = map;
  }

  get(key: Bytes): Bytes | undefined {
    return this.#map.get(key);
  }

  has(key: Bytes, value: Bytes | undefined): boolean {
    const now = this.#map.get(key);
    return now === value || (now !== undefined && value !== undefined && Buffer.compare(now, value) === 0);
  }

  scan(range: KeyRange, { limit, reverse = false, maxBytes = Number.POSITIVE_INFINITY }: RangeOptions): Scan {
    const entries: Entry[] = [];
    if (limit <= 0) return { entries, more: true };
    let bytes = 0;
    let more = false;
    this.#map.scan(range, reverse, (key, value) => {
      entries.push({ key, value });
      bytes += key.length + value.length;
      more = entries.length >= limit || bytes > maxBytes;
      return !more;
    });
    return { entries, more };
  }
}

/** Lets the simulator in before every read. */
class SlowReader implements Reader {
  readonly #reader: Reader;
  readonly #faults: MemoryFaults;

  constructor(reader: Reader, faults: MemoryFaults) {
    this.#reader = reader;
    this.#faults = faults;
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    await this.#faults.reach('read');
    return this.#reader.get(key);
  }

  async range(range: KeyRange, options: RangeOptions): Promise<readonly Entry[]> {
    await this.#faults.reach('read');
    return this.#reader.range(range, options);
  }
}

class SlowTransaction extends SlowReader implements Transaction {
  readonly #tx: Transaction;

  constructor(tx: Transaction, faults: MemoryFaults) {
    super(tx, faults);
    this.#tx = tx;
  }

  set(key: Bytes, value: Bytes): void {
    this.#tx.set(key, value);
  }

  delete(key: Bytes): void {
    this.#tx.delete(key);
  }

  expect(key: Bytes, value: Bytes): void {
    this.#tx.expect(key, value);
  }
}
