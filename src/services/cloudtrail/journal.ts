import type { Store, Transaction } from '../../store/store.ts';
import type { World } from '../../world/world.ts';

/** Writes its rows; may run again. */
export type Entry = (tx: Transaction) => void | Promise<void>;

/** Real time that what nobody waits for may wait in memory. */
const DELAY_MS = 200;

/**
 * Gathers what is to be written while a commit is under way and writes it in the next one: many records cost one
 * commit. Entries are written in the order they came.
 */
export class Journal {
  readonly #store: Store;
  readonly #world: World;
  readonly #onError: (error: unknown, lost: number) => void;
  #waiting: Entry[] = [];
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #scheduled = false;

  constructor(store: Store, world: World, onError: (error: unknown, lost: number) => void) {
    this.#store = store;
    this.#world = world;
    this.#onError = onError;
  }

  /** Resolves when the entry is durable, or when it could not be made so and that was reported. */
  write(entry: Entry): Promise<void> {
    this.#waiting.push(entry);
    return this.flush();
  }

  /** Written within {@link DELAY_MS}, or with the next entry that cannot wait. */
  writeSoon(entry: Entry): void {
    this.#waiting.push(entry);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#world.timers.after(DELAY_MS, () => {
      this.#scheduled = false;
      void this.flush();
    });
  }

  /** Resolves when all that waits is written. */
  flush(): Promise<void> {
    if (this.#writing === undefined) {
      if (this.#waiting.length === 0) return Promise.resolve();
      this.#writing = this.#commit().finally(() => {
        this.#writing = undefined;
      });
      return this.#writing;
    }
    if (this.#waiting.length === 0) return this.#writing;
    // One follow-up serves all who come while this commit is under way.
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      return this.flush();
    });
    return this.#next;
  }

  async #commit(): Promise<void> {
    const entries = this.#waiting;
    this.#waiting = [];
    try {
      await this.#store.transact(async (tx) => {
        for (const entry of entries) {
          const pending = entry(tx);
          if (pending !== undefined) await pending;
        }
      });
    } catch (error) {
      this.#onError(error, entries.length);
    }
  }
}
