import { assert } from '../base/assert.ts';
import type { Outcome } from './retries.ts';
import {
  type Bytes,
  type Entry,
  ExpectationError,
  type KeyRange,
  type RangeOptions,
  type Reader,
  type Transaction,
} from './store.ts';

/** Some entries of a range, in the order asked for. */
export interface Scan {
  readonly entries: readonly Entry[];
  /** A limit ended the scan: the range may hold more. */
  readonly more: boolean;
}

/** One state of an engine, read without waiting. Entries are stable copies. */
export interface View {
  get(key: Bytes): Bytes | undefined;
  scan(range: KeyRange, options: RangeOptions): Scan;
  /** Whether the key has this value now. */
  has(key: Bytes, value: Bytes | undefined): boolean;
}

export interface Write {
  readonly key: Bytes;
  /** Undefined deletes. */
  readonly value: Bytes | undefined;
}

interface PointRead {
  readonly key: Bytes;
  readonly value: Bytes | undefined;
}

interface RangeRead {
  /** What was really seen of the range: up to the last entry when a limit ended it. */
  readonly range: KeyRange;
  readonly entries: readonly Entry[];
}

const NO_WRITES: readonly Write[] = [];

/** The reader of a view, until it ends. */
export class ViewReader implements Reader {
  readonly #view: View;
  #over = false;

  constructor(view: View) {
    this.#view = view;
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    assert(!this.#over, 'a snapshot is used after its body has ended');
    return this.#view.get(key);
  }

  async range(range: KeyRange, options: RangeOptions): Promise<readonly Entry[]> {
    assert(!this.#over, 'a snapshot is used after its body has ended');
    return this.#view.scan(range, options).entries;
  }

  end(): void {
    this.#over = true;
  }
}

/**
 * One run of a transaction's body: it reads a view, keeps its writes to itself and remembers what it read, so that
 * the engine can check at commit that all of it still holds.
 */
export class Attempt implements Transaction {
  readonly #view: View;
  readonly #points: PointRead[] = [];
  #expected: PointRead[] | undefined;
  readonly #ranges: RangeRead[] = [];
  /** By the key's bytes as Latin-1 text. */
  #writes: Map<string, Write> | undefined;
  /** The writes in key order; dropped at the next write. */
  #sorted: readonly Write[] | undefined;
  #over = false;

  constructor(view: View) {
    this.#view = view;
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    this.#open();
    const own = this.#writes?.get(text(key));
    if (own !== undefined) return own.value;
    const value = this.#view.get(key);
    this.#points.push({ key, value });
    return value;
  }

  async range(range: KeyRange, options: RangeOptions): Promise<readonly Entry[]> {
    this.#open();
    if (options.limit <= 0) return [];
    const own = this.#within(range);
    if (own.length === 0) return this.#read(range, options).entries;
    return this.#merged(range, options, options.reverse === true ? own.toReversed() : own);
  }

  set(key: Bytes, value: Bytes): void {
    assert(key.length > 0, 'a key has at least one byte');
    this.#write({ key, value });
  }

  delete(key: Bytes): void {
    this.#write({ key, value: undefined });
  }

  expect(key: Bytes, value: Bytes): void {
    this.#open();
    this.#expected ??= [];
    this.#expected.push({ key, value });
  }

  /** The body has ended: what it left running may not read or write any more. */
  end(): void {
    this.#over = true;
  }

  get readOnly(): boolean {
    return this.#writes === undefined;
  }

  get writes(): Iterable<Write> {
    return this.#writes?.values() ?? NO_WRITES;
  }

  /** The same, each with its key's bytes as Latin-1 text. */
  get namedWrites(): Iterable<readonly [string, Write]> {
    return this.#writes ?? [];
  }

  /** The key of a read that no longer holds in `current`; undefined when all do. */
  conflict(current: View): Bytes | undefined {
    for (const { key, value } of this.#expected ?? []) if (!current.has(key, value)) return key;
    for (const { key, value } of this.#points) if (!current.has(key, value)) return key;
    for (const { range, entries } of this.#ranges) {
      const now = current.scan(range, { limit: entries.length + 1 }).entries;
      for (let i = 0; i < Math.max(now.length, entries.length); i++) {
        const was = entries[i];
        const is = now[i];
        if (was === undefined || is === undefined || !equal(was.key, is.key) || !equal(was.value, is.value)) {
          return (was ?? is)?.key;
        }
      }
    }
    return undefined;
  }

  /** Throws when an expectation does not hold in the run's own view: for runs that come to no commit. */
  checkExpected(): void {
    for (const { key, value } of this.#expected ?? []) if (!this.#view.has(key, value)) throw unexpected();
  }

  /** What the run came to, when its commit came to `conflict`. Throws when that is something it had expected. */
  outcome<T>(result: T, conflict: Bytes | undefined): Outcome<T> {
    if (conflict === undefined) return { result };
    if (this.#expected?.some(({ key }) => key === conflict) === true) throw unexpected();
    return { conflict };
  }

  #open(): void {
    assert(!this.#over, 'a transaction is used after its body has ended');
  }

  #write(write: Write): void {
    this.#open();
    this.#writes ??= new Map();
    this.#writes.set(text(write.key), write);
    this.#sorted = undefined;
  }

  #within(range: KeyRange): readonly Write[] {
    if (this.#writes === undefined) return NO_WRITES;
    this.#sorted ??= [...this.#writes.values()].sort((a, b) => Buffer.compare(a.key, b.key));
    return this.#sorted.filter(
      ({ key }) => Buffer.compare(key, range.start) >= 0 && Buffer.compare(key, range.end) < 0,
    );
  }

  /** Reads the view and remembers in forward order what was seen. */
  #read(range: KeyRange, options: RangeOptions): Scan {
    const scan = this.#view.scan(range, options);
    const reverse = options.reverse === true;
    const last = scan.entries.at(-1);
    this.#ranges.push({
      range: scan.more && last !== undefined ? seen(range, last.key, reverse) : range,
      entries: reverse ? scan.entries.toReversed() : scan.entries,
    });
    return scan;
  }

  /** The view's entries with the own writes of the range, which come in the order of the scan, laid over them. */
  #merged(range: KeyRange, options: RangeOptions, own: readonly Write[]): readonly Entry[] {
    const { limit, maxBytes = Number.POSITIVE_INFINITY } = options;
    const reverse = options.reverse === true;
    const merged: Entry[] = [];
    let bytes = 0;
    let next = 0;
    const full = () => merged.length >= limit || bytes > maxBytes;
    const emit = ({ key, value }: Write) => {
      if (value === undefined) return;
      merged.push({ key, value });
      bytes += key.length + value.length;
    };
    for (let rest = range; !full(); ) {
      const scan = this.#read(rest, { ...options, limit: limit - merged.length + own.length - next });
      for (const entry of scan.entries) {
        for (; next < own.length && !full(); next++) {
          const order = Buffer.compare((own[next] as Write).key, entry.key) * (reverse ? -1 : 1);
          if (order >= 0) break;
          emit(own[next] as Write);
        }
        if (full()) return merged;
        const write = own[next];
        if (write !== undefined && equal(write.key, entry.key)) {
          emit(write);
          next++;
        } else emit(entry);
        if (full()) return merged;
      }
      const last = scan.entries.at(-1);
      if (!scan.more || last === undefined) break;
      rest = reverse ? { start: rest.start, end: last.key } : { start: successor(last.key), end: rest.end };
    }
    for (; next < own.length && !full(); next++) emit(own[next] as Write);
    return merged;
  }
}

function unexpected(): ExpectationError {
  return new ExpectationError('a key has not the value that was expected');
}

/** The smallest key after `key`. */
export function successor(key: Bytes): Bytes {
  const next = Buffer.allocUnsafe(key.length + 1);
  next.set(key);
  next[key.length] = 0;
  return next;
}

function seen(range: KeyRange, last: Bytes, reverse: boolean): KeyRange {
  return reverse ? { start: last, end: range.end } : { start: range.start, end: successor(last) };
}

function equal(a: Bytes, b: Bytes): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}

function text(key: Bytes): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
