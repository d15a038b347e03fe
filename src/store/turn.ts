import type { World } from '../world/world.ts';
import type { ByteDatabase } from './lmdb-view.ts';
import type { Bytes } from './store.ts';

/** Sorts before every packed tuple. */
const KEY = Buffer.from([0]);
/** Whoever holds the turn longer has died. */
const LONGEST_MS = 250;
const ID_BYTES = 16;

/**
 * Processes that fight over a key meet only in LMDB's write lock, which is not fair. One whose transaction keeps
 * failing takes the turn: a row, seen under that lock, that makes every other process's commits fail as conflicts
 * until the transaction is through. Used inside the write transaction only.
 */
export class Turn {
  readonly #db: ByteDatabase;
  readonly #world: World;
  readonly #self: Buffer;

  constructor(db: ByteDatabase, world: World) {
    this.#db = db;
    this.#world = world;
    this.#self = Buffer.from(world.random.bytes(ID_BYTES));
  }

  static get key(): Bytes {
    return KEY;
  }

  /** Whose turn it is. */
  holder(): 'nobody' | 'self' | 'other' {
    const row = this.#db.get(KEY);
    if (row === undefined) return 'nobody';
    const bytes = Buffer.from(row);
    const leftMs = bytes.readDoubleBE(ID_BYTES) - this.#world.clock.realNow();
    // A clock that was set back must not make a turn last.
    if (leftMs <= 0 || leftMs > LONGEST_MS) return 'nobody';
    return bytes.subarray(0, ID_BYTES).equals(this.#self) ? 'self' : 'other';
  }

  take(): void {
    const row = Buffer.alloc(ID_BYTES + 8);
    row.set(this.#self);
    row.writeDoubleBE(this.#world.clock.realNow() + LONGEST_MS, ID_BYTES);
    this.#db.put(KEY, row);
  }

  giveUp(): void {
    this.#db.remove(KEY);
  }
}
