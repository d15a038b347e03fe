import type { Bytes, KeyRange } from './store.ts';

interface Watch {
  readonly range: KeyRange;
  readonly callback: () => void;
}

/** The watchers of one store. Callbacks run after the code that commits, so they cannot fail it. */
export class Watches {
  readonly #watches = new Set<Watch>();

  add(range: KeyRange, callback: () => void): () => void {
    const watch = { range, callback };
    this.#watches.add(watch);
    return () => {
      this.#watches.delete(watch);
    };
  }

  get size(): number {
    return this.#watches.size;
  }

  /** Tells those whose range holds one of the keys. */
  changed(keys: Iterable<Bytes>): void {
    if (this.#watches.size === 0) return;
    const list = [...keys];
    let [least] = list;
    if (least === undefined) return;
    let most = least;
    for (const key of list) {
      if (Buffer.compare(key, least) < 0) least = key;
      else if (Buffer.compare(key, most) > 0) most = key;
    }
    for (const watch of this.#watches) {
      // Most watch something else altogether.
      if (Buffer.compare(watch.range.end, least) <= 0 || Buffer.compare(watch.range.start, most) > 0)
        continue;
      if (list.some((key) => within(watch.range, key))) this.#tell(watch);
    }
  }

  /** Tells everyone: it is not known what changed. */
  all(): void {
    for (const watch of this.#watches) this.#tell(watch);
  }

  clear(): void {
    this.#watches.clear();
  }

  #tell(watch: Watch): void {
    queueMicrotask(() => {
      if (this.#watches.has(watch)) watch.callback();
    });
  }
}

function within(range: KeyRange, key: Bytes): boolean {
  return Buffer.compare(key, range.start) >= 0 && Buffer.compare(key, range.end) < 0;
}
