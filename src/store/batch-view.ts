import { assert } from '../base/assert.ts';
import { within } from './long-key.ts';
import type { Scan, View, Write } from './optimistic.ts';
import type { Bytes, Entry, KeyRange, RangeOptions } from './store.ts';

/** The latest state with the writes of a batch's transactions over it, for those after them in the batch. */
export class BatchView implements View {
  readonly #latest: View;
  /** By the key's bytes as Latin-1 text. */
  readonly #writes = new Map<string, Write>();
  /** Values that were as a transaction had seen them, by the key's very object: many check the version of one table. */
  readonly #held = new Map<Bytes, Bytes>();

  constructor(latest: View) {
    this.#latest = latest;
  }

  get writes(): Iterable<Write> {
    return this.#writes.values();
  }

  get isEmpty(): boolean {
    return this.#writes.size === 0;
  }

  add(writes: Iterable<readonly [string, Write]>): void {
    for (const [text, write] of writes) this.#writes.set(text, write);
  }

  get(key: Bytes): Bytes | undefined {
    const own = this.#own(key);
    return own === undefined ? this.#latest.get(key) : own.value;
  }

  has(key: Bytes, value: Bytes | undefined): boolean {
    const own = this.#own(key);
    if (own === undefined) return this.#stillHas(key, value);
    if (own.value === undefined || value === undefined) return own.value === value;
    return Buffer.compare(own.value, value) === 0;
  }

  /** Forwards only, and without regard to bytes: as a check of what was read asks. */
  scan(range: KeyRange, options: RangeOptions): Scan {
    assert(options.reverse !== true && options.maxBytes === undefined, 'a check reads forwards');
    const own = [...this.#writes.values()].filter(({ key }) => within(range, key)).sort(byKey);
    if (own.length === 0) return this.#latest.scan(range, options);
    // Each own write hides one entry at most.
    const under = this.#latest.scan(range, { limit: options.limit + own.length });
    const entries: Entry[] = [];
    let next = 0;
    const take = (from: Write | undefined): void => {
      if (from?.value !== undefined) entries.push({ key: from.key, value: from.value });
    };
    for (const entry of under.entries) {
      let order = -1;
      for (; next < own.length; next++) {
        order = Buffer.compare((own[next] as Write).key, entry.key);
        if (order >= 0) break;
        take(own[next]);
      }
      if (next < own.length && order === 0) take(own[next++]);
      else entries.push(entry);
    }
    if (!under.more) for (; next < own.length; next++) take(own[next]);
    return { entries: entries.slice(0, options.limit), more: under.more || entries.length > options.limit };
  }

  #stillHas(key: Bytes, value: Bytes | undefined): boolean {
    if (value === undefined) return this.#latest.has(key, value);
    const held = this.#held.get(key);
    if (held !== undefined) return Buffer.compare(held, value) === 0;
    const has = this.#latest.has(key, value);
    if (has) this.#held.set(key, value);
    return has;
  }

  #own(key: Bytes): Write | undefined {
    if (this.#writes.size === 0) return undefined;
    return this.#writes.get(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1'));
  }
}

function byKey(a: Write, b: Write): number {
  return Buffer.compare(a.key, b.key);
}
