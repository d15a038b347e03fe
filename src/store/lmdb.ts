import { open, type RootDatabase } from 'lmdb';
import type { World } from '../world/world.ts';
import { CommitQueue } from './commit-queue.ts';
import { Lifetime } from './lifetime.ts';
import { keyEncoder, valueEncoder } from './lmdb-codec.ts';
import { LmdbView, SnapshotView } from './lmdb-view.ts';
import { Attempt, ViewReader } from './optimistic.ts';
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

export interface LmdbOptions {
  /** Made when it is not there; holds `data.mdb` and `lock.mdb`. Several processes may open one folder. */
  readonly folder: string;
  readonly world: World;
}

/** How often watchers learn what other processes committed. */
const POLL_MS = 100;

/**
 * The embedded engine. A transaction runs on a snapshot and then joins a queue; while one batch of it is on its way to
 * disk the next gathers, so that many commits share one sync. Processes that share the file see each other's.
 *
 * Without `overlappingSync` LMDB syncs the data pages before it writes the page that makes them current, and that
 * one through; the commit is visible, and its promise resolves, only then. A read through the store itself may be
 * a turn of the event loop behind the commits of other processes, never behind those acknowledged in this one.
 */
export async function openLmdb({ folder, world }: LmdbOptions): Promise<Store> {
  const db = open<Uint8Array, Uint8Array>({
    path: folder,
    noSubdir: false,
    encoding: 'binary',
    encoder: valueEncoder,
    keyEncoder,
    pageSize: 8192,
    overlappingSync: false,
    // There is nothing to gather: our queue does. (And its promise would reject unheard when a commit fails.)
    eventTurnBatching: false,
    maxReaders: 1024,
    maxDbs: 1,
    cache: false,
  });
  return new LmdbStore(db, world);
}

class LmdbStore implements Store {
  readonly #db: RootDatabase<Uint8Array, Uint8Array>;
  readonly #world: World;
  readonly #latest: LmdbView;
  readonly #retries: Retries;
  readonly #watches = new Watches();
  readonly #commits: CommitQueue;
  #stopPolling: (() => void) | undefined;
  /** Bodies under way may hold snapshots, which must end before the file is unmapped. */
  readonly #lifetime = new Lifetime();

  constructor(db: RootDatabase<Uint8Array, Uint8Array>, world: World) {
    this.#db = db;
    this.#world = world;
    this.#latest = new LmdbView(db);
    this.#retries = new Retries(world);
    this.#commits = new CommitQueue(db, this.#latest, this.#watches, world);
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    this.#lifetime.assertOpen();
    return this.#latest.get(key);
  }

  async range(range: KeyRange, options: RangeOptions): Promise<readonly Entry[]> {
    this.#lifetime.assertOpen();
    return this.#latest.scan(range, options).entries;
  }

  snapshot<T>(body: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#lifetime.during(async () => {
      const view = new SnapshotView(this.#db);
      const reader = new ViewReader(view);
      try {
        return await body(reader);
      } finally {
        reader.end();
        view.done();
      }
    });
  }

  transact<T>(body: (tx: Transaction) => Promise<T>, options?: TransactOptions): Promise<T> {
    return this.#lifetime.during(() => this.#retries.run((insists) => this.#run(body, insists), options));
  }

  watch(range: KeyRange, callback: () => void): () => void {
    this.#lifetime.assertOpen();
    const cancel = this.#watches.add(range, callback);
    if (this.#stopPolling === undefined) {
      this.#commits.listen();
      this.#poll();
    }
    return cancel;
  }

  async close(): Promise<void> {
    if (!(await this.#lifetime.close())) return;
    this.#watches.clear();
    this.#stopPolling?.();
    await this.#db.close();
  }

  async #run<T>(body: (tx: Transaction) => Promise<T>, insists: boolean): Promise<Outcome<T>> {
    const view = new SnapshotView(this.#db);
    const attempt = new Attempt(view);
    let result: T;
    try {
      result = await body(attempt);
      if (attempt.readOnly) attempt.checkExpected();
    } catch (error) {
      attempt.checkExpected();
      throw error;
    } finally {
      attempt.end();
      view.done();
    }
    if (attempt.readOnly) return { result };
    return attempt.outcome(result, await this.#commits.commit(attempt, insists));
  }

  #poll(): void {
    this.#stopPolling = this.#world.timers.after(POLL_MS, () => {
      this.#commits.hearOthers();
      if (this.#watches.size > 0) this.#poll();
      else this.#stopPolling = undefined;
    });
  }
}
