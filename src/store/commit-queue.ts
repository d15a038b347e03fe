import { IF_EXISTS, type RootDatabase } from 'lmdb';
import type { World } from '../world/world.ts';
import { BatchView } from './batch-view.ts';
import { CommitMark, isSameMark } from './commit-mark.ts';
import { type LmdbView, write } from './lmdb-view.ts';
import type { Attempt } from './optimistic.ts';
import type { Bytes } from './store.ts';
import { Turn } from './turn.ts';
import type { Watches } from './watches.ts';

/** So many commits are not kept waiting for more. Less than many clients bring, so that some wait while others run. */
const ENOUGH = 16;

const NOTHING = Buffer.alloc(0);

interface Pending {
  readonly attempt: Attempt;
  /** It has failed so often that it may take the turn. */
  readonly insists: boolean;
  /** With the key of the read that no longer holds, or nothing once it is on disk. */
  readonly resolve: (conflict: Bytes | undefined) => void;
  readonly reject: (error: unknown) => void;
  conflict: Bytes | undefined;
}

/**
 * Transactions on their way to disk, many to a sync. What each read is checked once more before its writes go. As long
 * as no other process commits to the file that happens while LMDB's lock is free, and the writer thread only asks
 * whether the last mark still stands; when it does not, the batch is checked again under the lock.
 */
export class CommitQueue {
  readonly #db: RootDatabase<Uint8Array, Uint8Array>;
  readonly #latest: LmdbView;
  readonly #watches: Watches;
  readonly #turn: Turn;
  readonly #mark: CommitMark;
  #queue: Pending[] = [];
  #committing = false;
  #gathering = false;
  /** The mark of the last commit we know of. */
  #known: Bytes | undefined;
  /** No process has the turn, as far as we know. */
  #turnIsFree = true;
  /** The last mark of another process that the watchers were told of. */
  #told: Bytes | undefined;

  constructor(db: RootDatabase<Uint8Array, Uint8Array>, latest: LmdbView, watches: Watches, world: World) {
    this.#db = db;
    this.#latest = latest;
    this.#watches = watches;
    this.#turn = new Turn(db, world);
    this.#mark = new CommitMark(world);
  }

  /**
   * Resolves once it is on disk, or with the key of a read that no longer holds. `insists`: it has failed so often that
   * it may take the turn.
   */
  commit(attempt: Attempt, insists: boolean): Promise<Bytes | undefined> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ attempt, insists, resolve, reject, conflict: undefined });
      if (this.#committing) return;
      if (this.#queue.length >= ENOUGH) this.#flush();
      else if (!this.#gathering) this.#gather();
    });
  }

  /** From now on the watchers want to hear of others' commits. */
  listen(): void {
    this.#told = CommitMark.in(this.#db);
  }

  /** Tells the watchers if others committed last; what they did before a commit of ours is told with that one. */
  hearOthers(): void {
    const last = CommitMark.in(this.#db);
    if (last === undefined || this.#mark.isOurs(last) || isSameMark(last, this.#told)) return;
    this.#told = last;
    this.#watches.all();
  }

  /**
   * Lets commits that come in the same moment share: as long as each turn of the event loop brings more, what a
   * commit costs is better spent once for all of them. A lone commit waits for two turns, which is nothing.
   */
  #gather(): void {
    this.#gathering = true;
    let seen = 0;
    const look = (): void => {
      const { length } = this.#queue;
      if (!this.#committing && length > seen) {
        seen = length;
        setImmediate(look);
        return;
      }
      this.#gathering = false;
      if (!this.#committing && length > 0) this.#flush();
    };
    setImmediate(look);
  }

  /** Commits the queue; what comes meanwhile goes next. */
  #flush(): void {
    this.#committing = true;
    const batch = this.#queue;
    this.#queue = [];
    const insists = batch.some((pending) => pending.insists);
    try {
      if (this.#known === undefined || insists || !this.#turnIsFree) this.#commitUnderLock(batch);
      else this.#commitUnlessMoved(batch, this.#known);
    } catch (error) {
      void this.#fail(batch, error);
    }
  }

  #done(): void {
    this.#committing = false;
    if (this.#queue.length >= ENOUGH / 2) this.#flush();
    else if (this.#queue.length > 0 && !this.#gathering) this.#gather();
  }

  /**
   * Checks the batch against the latest state, then has LMDB's writer thread write all of it if nobody has committed
   * since: the event loop is free from then on.
   */
  #commitUnlessMoved(batch: readonly Pending[], known: Bytes): void {
    const view = new BatchView(this.#latest);
    for (const pending of batch) {
      pending.conflict = pending.attempt.conflict(view);
      if (pending.conflict === undefined) view.add(pending.attempt.namedWrites);
    }
    if (view.isEmpty) {
      this.#acknowledge(batch);
      this.#done();
      return;
    }
    const next = this.#mark.after(known);
    const written = this.#db.ifVersion(known, IF_EXISTS, () => {
      this.#db.remove(known);
      this.#db.put(next, NOTHING);
      for (const change of view.writes) write(this.#db, change);
    });
    // Removes nothing. It is one instruction more than lmdb-js lets wait for the end of the event loop's turn.
    this.#db.remove(known).catch(() => {});
    written.then(
      (unmoved) => {
        if (!unmoved) return this.#commitUnderLock(batch);
        this.#known = next;
        this.#acknowledge(batch);
        this.#done();
      },
      (error: unknown) => this.#fail(batch, error),
    );
  }

  /** Asks for the write lock and checks under it: for when other processes commit too. */
  #commitUnderLock(batch: readonly Pending[]): void {
    let next: Bytes | undefined;
    let moved = false;
    const committed = this.#db.transaction(() => {
      const last = CommitMark.in(this.#db);
      moved = !isSameMark(last, this.#known);
      const wrote = this.#apply(batch);
      next = wrote ? this.#mark.after(last) : last;
      if (!wrote) return;
      if (last !== undefined) this.#db.remove(last);
      this.#db.put(next as Bytes, NOTHING);
    });
    committed.then(
      () => {
        this.#known = next;
        if (moved) this.#watches.all();
        this.#acknowledge(batch);
        this.#done();
      },
      (error: unknown) => this.#fail(batch, error),
    );
  }

  /** Inside the write transaction. Each sees the writes of those before it. Whether anything was written. */
  #apply(batch: readonly Pending[]): boolean {
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
    const takes = holder === 'nobody' && starved;
    const givesUp = holder === 'self' && served && !starved;
    if (takes) this.#turn.take();
    if (givesUp) this.#turn.giveUp();
    this.#turnIsFree = givesUp || (holder === 'nobody' && !takes);
    return wrote || takes || givesUp;
  }

  #acknowledge(batch: readonly Pending[]): void {
    for (const { conflict, resolve } of batch) resolve(conflict);
    this.#watches.changed(keys(batch));
  }

  async #fail(batch: readonly Pending[], error: unknown): Promise<void> {
    // lmdb-js tells the reason by a promise that rejects.
    const told = error instanceof Error && 'commitError' in error ? error.commitError : undefined;
    const cause = await Promise.resolve(told).then(
      () => error,
      (reason: unknown) => reason,
    );
    this.#known = undefined;
    const failure = new Error('the store could not commit', { cause });
    for (const { reject } of batch) reject(failure);
    this.#done();
  }
}

/** What a batch has changed. */
function* keys(batch: readonly Pending[]): Generator<Bytes> {
  for (const { attempt, conflict } of batch) {
    if (conflict === undefined) for (const { key } of attempt.writes) yield key;
  }
}
