import type { Timers } from '../world/world.ts';

/** Longest that the end waits for processes the kernel does not let go. */
const MOST_MS = 5_000;

/** Has an end, after which nothing of it is on the disk. */
export interface Mortal {
  readonly gone: Promise<void>;
}

/** What has been started and has not gone, or is about to be. */
export class Living {
  readonly #all = new Set<Promise<void>>();

  /** Follows what comes of a start until it has gone; a start that fails has no more to say. */
  follow<T extends Mortal | undefined>(start: Promise<T>): Promise<T> {
    const gone: Promise<void> = start
      .then(
        (born) => born?.gone,
        () => undefined,
      )
      .finally(() => this.#all.delete(gone));
    this.#all.add(gone);
    return start;
  }

  /** Resolves when all have gone, those included that are on their way now. */
  async gone(timers: Timers): Promise<void> {
    const enough = new AbortController();
    await Promise.race([Promise.all(this.#all), timers.sleep(MOST_MS, enough.signal)]);
    enough.abort();
  }
}
