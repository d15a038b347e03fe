import { Readable } from 'node:stream';
import { assert } from '../base/assert.ts';
import type { World } from '../world/world.ts';
import { type BlobRow, blobLayout } from './blob-layout.ts';
import { FileVault } from './file-vault.ts';
import { MemoryVault } from './memory-vault.ts';
import type { Reader, Store, Transaction } from './store.ts';

/** Names bytes by their content. A row keeps the reference; the bytes stand elsewhere. */
export interface BlobRef {
  /** SHA-256 of the bytes, in hex. */
  readonly sha256: string;
  /** Length in bytes. */
  readonly size: number;
}

/**
 * Bytes too large for a row (over 64 KB). `put` returns only when they are on disk, so the row that names them may
 * be written next. A blob is kept while a row holds it: `retain` in the transaction that writes the row, `release`
 * in the one that deletes it; what nobody holds is collected later.
 */
export interface Blobs {
  put(content: Readable | Uint8Array): Promise<BlobRef>;
  /** The bytes from `start` (inclusive) to `end` (exclusive); all of them by default. */
  open(ref: BlobRef, range?: { readonly start: number; readonly end: number }): Readable;
  read(ref: BlobRef): Promise<Uint8Array>;
  /** At most an hour after `put`, or while another row holds the blob. */
  retain(tx: Transaction, ref: BlobRef): Promise<void>;
  release(tx: Transaction, ref: BlobRef): Promise<void>;
  held(reader: Reader, ref: BlobRef): Promise<boolean>;
}

/** What the composition root sees besides. */
export interface CollectedBlobs extends Blobs {
  /** Deletes what nobody has held for the grace time. Safe beside any other call, in any process. Returns how many. */
  collect(): Promise<number>;
  /** Deletes what a crash left behind: bytes older than the grace time that no row names. Returns how many. */
  sweep(): Promise<number>;
}

/** Bytes taken in, their place in the vault not yet decided. */
export interface Received {
  readonly ref: BlobRef;
}

/**
 * Where the bytes are. A place is never used twice, even for equal bytes: so what is removed after its row is gone
 * can not be what a new row names.
 */
export interface Vault<R extends Received = Received> {
  receive(content: Readable | Uint8Array): Promise<R>;
  /** Puts the bytes where they stay; they are on disk when it resolves. Returns the place. */
  keep(received: R): Promise<string>;
  discard(received: R): Promise<void>;
  read(place: string, start: number, end: number): Readable;
  remove(place: string): Promise<void>;
  /** The places of bytes taken in before a time, and what was never given a place. */
  olderThan(realMs: number): AsyncIterable<{ readonly sha256: string | undefined; readonly place: string }>;
}

export interface BlobsOptions {
  /** Counts who holds what. */
  readonly store: Store;
  readonly world: World;
  /** How long, in milliseconds of real time, what nobody holds is kept; an hour by default. */
  readonly graceMs?: number;
}

/** Blobs as files under `folder`. */
export async function fileBlobs(
  options: BlobsOptions & { readonly folder: string },
): Promise<CollectedBlobs> {
  return new StoredBlobs(await FileVault.open(options.folder, options.world), options);
}

/** Blobs in memory, for tests and simulation. */
export function memoryBlobs(options: BlobsOptions): CollectedBlobs {
  return new StoredBlobs(new MemoryVault(options.world), options);
}

const HOUR_MS = 3_600_000;
const COLLECT_PAGE = 100;
const { blobs, garbage } = blobLayout.global();

class StoredBlobs<R extends Received> implements CollectedBlobs {
  readonly #vault: Vault<R>;
  readonly #store: Store;
  readonly #world: World;
  readonly #graceMs: number;

  constructor(vault: Vault<R>, { store, world, graceMs = HOUR_MS }: BlobsOptions) {
    this.#vault = vault;
    this.#store = store;
    this.#world = world;
    this.#graceMs = graceMs;
  }

  async put(content: Readable | Uint8Array): Promise<BlobRef> {
    const received = await this.#vault.receive(content);
    const { ref } = received;
    if (await this.#store.transact((tx) => this.#refreshed(tx, ref))) {
      await this.#vault.discard(received);
      return ref;
    }
    const place = await this.#vault.keep(received);
    const sinceMs = this.#world.clock.realNow();
    const twin = await this.#store.transact(async (tx) => {
      if (await this.#refreshed(tx, ref)) return true;
      this.#unheld(tx, ref.sha256, { size: ref.size, place, holders: 0 }, sinceMs);
      return false;
    });
    if (twin) await this.#vault.remove(place);
    return ref;
  }

  open(ref: BlobRef, range = { start: 0, end: ref.size }): Readable {
    return Readable.from(this.#bytes(ref, range), { objectMode: false });
  }

  async read(ref: BlobRef): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.open(ref)) chunks.push(chunk as Uint8Array);
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  }

  async retain(tx: Transaction, ref: BlobRef): Promise<void> {
    const row = await blobs.get(tx, [ref.sha256]);
    assert(row !== undefined, `a blob is put before it is retained: ${ref.sha256}`);
    if (row.unheldSinceMs !== undefined) garbage.delete(tx, [row.unheldSinceMs, ref.sha256]);
    blobs.set(tx, [ref.sha256], { size: row.size, place: row.place, holders: row.holders + 1 });
  }

  async release(tx: Transaction, ref: BlobRef): Promise<void> {
    const row = await blobs.get(tx, [ref.sha256]);
    assert(row !== undefined && row.holders > 0, `a blob is released once for each time held: ${ref.sha256}`);
    const next = { size: row.size, place: row.place, holders: row.holders - 1 };
    if (next.holders > 0) blobs.set(tx, [ref.sha256], next);
    else this.#unheld(tx, ref.sha256, next, this.#world.clock.realNow());
  }

  async held(reader: Reader, ref: BlobRef): Promise<boolean> {
    const row = await blobs.get(reader, [ref.sha256]);
    return row !== undefined && row.holders > 0;
  }

  async collect(): Promise<number> {
    const before = this.#world.clock.realNow() - this.#graceMs;
    let collected = 0;
    for (;;) {
      const { rows } = await garbage.page(this.#store, [], { limit: COLLECT_PAGE });
      const due = rows.filter(({ key }) => key[0] <= before);
      for (const { key } of due) if (await this.#collect(key)) collected++;
      if (due.length < COLLECT_PAGE) return collected;
    }
  }

  async sweep(): Promise<number> {
    const before = this.#world.clock.realNow() - this.#graceMs;
    let swept = 0;
    for await (const { sha256, place } of this.#vault.olderThan(before)) {
      const row = sha256 === undefined ? undefined : await blobs.get(this.#store, [sha256]);
      if (row?.place === place) continue;
      await this.#vault.remove(place);
      swept++;
    }
    return swept;
  }

  async *#bytes(ref: BlobRef, range: { readonly start: number; readonly end: number }) {
    const row = await blobs.get(this.#store, [ref.sha256]);
    assert(row !== undefined, `no blob ${ref.sha256}`);
    yield* this.#vault.read(row.place, range.start, Math.min(range.end, row.size));
  }

  /** Whether there is such a blob; if nobody holds it, its grace begins anew. */
  async #refreshed(tx: Transaction, { sha256 }: BlobRef): Promise<boolean> {
    const row = await blobs.get(tx, [sha256]);
    if (row?.unheldSinceMs !== undefined) {
      garbage.delete(tx, [row.unheldSinceMs, sha256]);
      this.#unheld(tx, sha256, row, this.#world.clock.realNow());
    }
    return row !== undefined;
  }

  #unheld(tx: Transaction, sha256: string, row: BlobRow, sinceMs: number): void {
    blobs.set(tx, [sha256], { ...row, unheldSinceMs: sinceMs });
    garbage.set(tx, [sinceMs, sha256], {});
  }

  /** The row goes first: what comes for the same bytes from now on gets a place of its own. */
  async #collect(key: readonly [unheldSinceMs: number, sha256: string]): Promise<boolean> {
    const [sinceMs, sha256] = key;
    const place = await this.#store.transact(async (tx) => {
      const row = await blobs.get(tx, [sha256]);
      // Retained or put again since the page was read.
      if (row?.unheldSinceMs !== sinceMs) return undefined;
      garbage.delete(tx, [sinceMs, sha256]);
      blobs.delete(tx, [sha256]);
      return row.place;
    });
    if (place === undefined) return false;
    await this.#vault.remove(place);
    return true;
  }
}
