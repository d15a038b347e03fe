import type { World } from '../world/world.ts';
import type { ByteDatabase } from './lmdb-view.ts';
import type { Bytes } from './store.ts';

/** Before every packed tuple, after the row of the turn. */
const PREFIX = Buffer.from([0, 1]);
const END = Buffer.from([0, 2]);
const COUNT_BYTES = 6;
const ID_BYTES = 16;

/**
 * The row that every commit replaces: its key names the commit by a count and by the process that made it. While it
 * is there nobody has committed since, so a write transaction that begins by asking for it needs no other look at
 * what was checked before it.
 */
export class CommitMark {
  readonly #self: Buffer;

  constructor(world: World) {
    this.#self = Buffer.from(world.random.bytes(ID_BYTES));
  }

  /** The one there is, in the latest state or in the write transaction; undefined before the first commit. */
  static in(db: ByteDatabase): Bytes | undefined {
    for (const key of db.getKeys({ start: PREFIX, end: END, limit: 1 })) return Buffer.from(key);
    return undefined;
  }

  isOurs(mark: Bytes): boolean {
    return Buffer.compare(mark.subarray(PREFIX.length + COUNT_BYTES), this.#self) === 0;
  }

  /** The one of our commit that follows. */
  after(mark: Bytes | undefined): Bytes {
    const next = Buffer.concat([PREFIX, Buffer.alloc(COUNT_BYTES), this.#self]);
    const count = mark === undefined ? 0 : Buffer.from(mark).readUIntBE(PREFIX.length, COUNT_BYTES);
    next.writeUIntBE(count + 1, PREFIX.length, COUNT_BYTES);
    return next;
  }
}

export function isSameMark(a: Bytes | undefined, b: Bytes | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}
