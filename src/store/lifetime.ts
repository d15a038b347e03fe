import { assert } from '../base/assert.ts';

/** A store's time between opening and closing: it closes when the bodies under way have ended. */
export class Lifetime {
  #running = 0;
  #closing = false;
  #idle: (() => void) | undefined;

  /** Ours to keep: nobody uses a store that is closed. */
  assertOpen(): void {
    assert(!this.#closing, 'the store is closed');
  }

  async during<T>(body: () => Promise<T>): Promise<T> {
    this.assertOpen();
    this.#running++;
    try {
      return await body();
    } finally {
      this.#running--;
      if (this.#running === 0) this.#idle?.();
    }
  }

  /** False when it was closed before. Resolves when nothing runs any more. */
  async close(): Promise<boolean> {
    if (this.#closing) return false;
    this.#closing = true;
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    return true;
  }
}
