import { open, type RootDatabase } from 'lmdb';
import type { World } from '../world/world.ts';
import { Lifetime } from './lifetime.ts';
import { keyEncoder, valueEncoder } from './lmdb-codec.ts';
import { LmdbView, SnapshotView, write } from './lmdb-view.ts';
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
import { Turn } from './turn.ts';
import { Watches } from './watches.ts';

export interface LmdbOptions {
  /** Made when it is not there; holds `data.mdb` and `lock.mdb`. Several processes may open one folder. */
  readonly folder: string;
  readonly world: World;
}

/** How often watchers learn what other processes committed. */
const POLL_MS = 100;

/**
 * The embedded engine. A transaction runs on a snapshot and then joins a queue; whenever LMDB's write lock is free,
 * one write transaction takes the whole queue, checks in turn that what each read still holds, writes, commits and
 * syncs: so many commits share one sync, and processes that share the file see each other's.
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

/** So many commits are not kept waiting for more. */
const ENOUGH = 16;

interface Pending {
  readonly attempt: Attempt;
  /** It has failed so often that it may take the turn. */
  readonly insists: boolean;
  /** With the key of the read that no longer holds, or nothing once it is on disk. */
  readonly resolve: (conflict: Bytes | undefined) => void;
  readonly reject: (error: unknown) => void;
  conflict: Bytes | undefined;
}

class LmdbStore implements Store {
  readonly #db: RootDatabase<Uint8Array, Uint8Array>;
  readonly #world: World;
  readonly #latest: LmdbView;
  readonly #retries: Retries;
  readonly #watches = new Watches();
  readonly #others: OtherCommits;
  readonly #turn: Turn;
  #queue: Pending[] = [];
  #flushAsked = false;
  #stopPolling: (() => void) | undefined;
  /** Bodies under way may hold snapshots, which must end before the file is unmapped. */
  readonly #lifetime = new Lifetime();

  constructor(db: RootDatabase<Uint8Array, Uint8Array>, world: World) {
    this.#db = db;
    this.#world = world;
    this.#latest = new LmdbView(db);
    this.#retries = new Retries(world);
    this.#others = new OtherCommits(db);
    this.#turn = new Turn(db, world);
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
      this.#others.fromNow();
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
    } finally {
      attempt.end();
      view.done();
    }
    if (attempt.readOnly) return { result };
    const conflict = await this.#commit(attempt, insists);
    return conflict === undefined ? { result } : { conflict };
  }

  #commit(attempt: Attempt, insists: boolean): Promise<Bytes | undefined> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ attempt, insists, resolve, reject, conflict: undefined });
      if (!this.#flushAsked) this.#gather();
    });
  }

  /**
   * Lets commits that come in the same moment share: as long as each turn of the event loop brings more, what asking
   * for the lock costs is better spent once for all of them. A lone commit waits for two turns, which is nothing.
   */
  #gather(): void {
    this.#flushAsked = true;
    let seen = 0;
    const look = (): void => {
      const { length } = this.#queue;
      if (length === seen || length >= ENOUGH) this.#flush();
      else {
        seen = length;
        setImmediate(look);
      }
    };
    setImmediate(look);
  }

  /** Asks for the write lock. Until LMDB grants it, which is after the commit before, the queue grows. */
  #flush(): void {
    let batch: Pending[] = [];
    const committed = this.#db.transaction(() => {
      this.#flushAsked = false;
      batch = this.#queue;
      this.#queue = [];
      this.#apply(batch);
    });
    committed.then(
      () => this.#acknowledge(batch),
      (error: unknown) => this.#fail(batch, error),
    );
  }

  /** Inside the write transaction. Each sees the writes of those before it. */
  #apply(batch: readonly Pending[]): void {
    const holder = this.#turn.holder();
    let wrote = false;
    let starved = false;
    let served = false;
    for (const pending of batch) {
      pending.conflict = holder === 'other' ? Turn.key : pending.attempt.conflict(this.#latest);
      if (pending.conflict === undefined) {
        // An error here (the disk is full) marks LMDB's transaction: it cannot commit any more.
        for (const change of pending.attempt.writes) write(this.#db, change);
        wrote = true;
        if (pending.insists) served = true;
      } else if (pending.insists) starved = true;
    }
    if (holder === 'nobody' && starved) this.#turn.take();
    else if (holder === 'self' && served && !starved) this.#turn.giveUp();
    else if (!wrote) return;
    if (this.#stopPolling !== undefined) this.#others.mine(this.#db.getWriteTxnId());
  }

  #acknowledge(batch: readonly Pending[]): void {
    for (const { attempt, conflict, resolve } of batch) {
      resolve(conflict);
      if (conflict === undefined) this.#watches.changed(keys(attempt));
    }
  }

  async #fail(batch: readonly Pending[], error: unknown): Promise<void> {
    // lmdb-js tells the reason by a promise that rejects.
    const told = error instanceof Error && 'commitError' in error ? error.commitError : undefined;
    const cause = await Promise.resolve(told).then(
      () => error,
      (reason: unknown) => reason,
    );
    this.#others.forget();
    const failure = new Error('the store could not commit', { cause });
    for (const { reject } of batch) reject(failure);
  }

  #poll(): void {
    this.#stopPolling = this.#world.timers.after(POLL_MS, () => {
      if (this.#others.happened()) this.#watches.all();
      if (this.#watches.size > 0) this.#poll();
      else this.#stopPolling = undefined;
    });
  }
}

function* keys(attempt: Attempt): Generator<Bytes> {
  for (const { key } of attempt.writes) yield key;
}

/** lmdb-js's own handle on the environment; `getStats()` would count the free pages besides. */
interface Environment {
  readonly env: { info(): { readonly lastTxnId: number } };
}

/** Tells the commits of other processes from ours by LMDB's transaction ids, which have no gaps. */
class OtherCommits {
  readonly #environment: Environment['env'];
  readonly #mine = new Set<number>();
  #seen = 0;

  constructor(db: RootDatabase<Uint8Array, Uint8Array>) {
    this.#environment = (db as unknown as Environment).env;
  }

  fromNow(): void {
    this.forget();
    this.#seen = this.#environment.info().lastTxnId;
  }

  /** Our write transaction will commit under this id. */
  mine(id: number): void {
    this.#mine.add(id);
  }

  /** What was said to be ours may not be: rather tell of a commit too many. */
  forget(): void {
    this.#mine.clear();
  }

  /** Whether another process has committed since this was asked last. */
  happened(): boolean {
    const last = this.#environment.info().lastTxnId;
    let other = false;
    for (let id = this.#seen + 1; id <= last; id++) if (!this.#mine.delete(id)) other = true;
    this.#seen = last;
    return other;
  }
}
