import { AssertionError, assert } from '../base/assert.ts';

const CLOSED = 'the store is closed';

/** A store's time between opening and closing: it closes when the bodies under way have ended. */
export class Lifetime {
  #running = 0;
  #closing = false;
  #idle: (() => void) | undefined;

  /** Ours to keep: nobody uses a store that is closed. */
  assertOpen(): void {
    assert(!this.#closing, CLOSED);
  }

  /** Not a function that waits, which would cost every transaction a promise and a turn of its own. */
  during<T>(body: () => Promise<T>): Promise<T> {
    if (this.#closing) return Promise.reject(new AssertionError(CLOSED));
    this.#running++;
    const running = body();
    running.then(this.#ended, this.#ended);
    return running;
  }

  readonly #ended = (): void => {
    this.#running--;
    if (this.#running === 0) this.#idle?.();
  };

  /** False when it was closed before. Resolves when nothing runs any more. */
  async close(): Promise<boolean> {
    if (this.#closing) return false;
    this.#closing = true;
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    return true;
  }
}
