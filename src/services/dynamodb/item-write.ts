import { AssertionError } from '../../base/assert.ts';
import type { Context } from '../../service/context.ts';
import type { Fault } from '../../service/faults.ts';
import { ContentionError, ExpectationError, type Transaction } from '../../store/store.ts';
import { emptyItem, type Item } from './attribute-value.ts';
import { writeUnits } from './capacity.ts';
import { updateExpiry } from './expiry.ts';
import { fault } from './fault.ts';
import { keepImage } from './history.ts';
import { type IndexUnits, updateIndexes } from './index-entries.ts';
import { StoredItem } from './stored-item.ts';
import { appendRecord } from './stream-write.ts';
import type { Table } from './table.ts';
import { forgetTables, type TableAddress, tableFor } from './tables-cache.ts';
import { limitsOf, type TableLimits } from './throughput-limits.ts';

/** One write of one item, checked as far as it can be without the item. */
export interface ItemWrite {
  readonly table: Table;
  readonly key: Uint8Array;
  /** Whether it may go ahead, given the item (empty when there is none). */
  readonly condition?: ((item: Item) => boolean) | undefined;
  /** The image after; undefined deletes. It may throw a fault; it may run again. */
  readonly apply: (before: StoredItem | undefined) => StoredItem | undefined;
  /** The image before is wanted for the answer. */
  readonly wantsBefore: boolean;
  /** A failed condition shows the item. */
  readonly showsOnFailure: boolean;
  /** The condition is that there is no item, and its failure has a name of its own. */
  readonly isInsert?: boolean;
}

/** What PartiQL says of an INSERT on top of an item. */
export const DUPLICATE = 'Duplicate primary key exists in table';

export interface WriteOutcome {
  /** Undefined also when nobody needed it. */
  readonly before: StoredItem | undefined;
  readonly after: StoredItem | undefined;
  readonly indexUnits: readonly IndexUnits[];
}

/** A condition that did not hold, with the item as it was found. */
export class ConditionFailed extends Error {
  readonly item: StoredItem | undefined;

  constructor(item: StoredItem | undefined) {
    super('The conditional request failed');
    this.item = item;
  }
}

export const NO_ITEM: Item = Object.freeze(emptyItem());

/** Nothing is written unless the table is still what the cache says; {@link withTable} begins again, else. */
export function holdTable(tx: Transaction, table: Table): void {
  tx.expect(table.version.key, table.version.value);
}

/** Whether a write can do without the image before: a plain put or delete on a table without indexes. */
function isBlind({ table, condition, wantsBefore }: ItemWrite): boolean {
  return (
    !wantsBefore &&
    condition === undefined &&
    table.indexes.length === 0 &&
    !table.isLimited &&
    !table.keepsHistory &&
    table.row.expiryAttribute === undefined &&
    table.row.stream === undefined
  );
}

/**
 * Carries a write out in a transaction that holds the table; `atMs` is the time of all of that transaction. Throws
 * {@link ConditionFailed}.
 */
export async function writeItem(
  ctx: Context,
  tx: Transaction,
  write: ItemWrite,
  atMs: number,
): Promise<WriteOutcome> {
  const { table, key, condition } = write;
  const blind = isBlind(write);
  const bytes = blind ? undefined : await tx.get(key);
  const before = bytes === undefined ? undefined : new StoredItem(bytes);
  if (condition !== undefined && !condition(before?.item ?? NO_ITEM)) throw new ConditionFailed(before);
  const after = write.apply(before);
  if (after === before && !blind) return { before, after, indexUnits: [] };
  if (table.keepsHistory) await keepImage(tx, table, key, before, atMs);
  if (after === undefined) tx.delete(key);
  else tx.set(key, after.bytes);
  const indexUnits = table.indexes.length === 0 ? [] : updateIndexes(tx, table, before, after);
  if (table.row.expiryAttribute !== undefined) await updateExpiry(ctx, tx, table, key, before, after);
  if (table.row.stream !== undefined) await appendRecord(ctx, tx, table, before, after);
  return { before, after, indexUnits };
}

/** A table that keeps changing this often under one write is a defect. */
const MOST_ATTEMPTS = 100;

/** Looks a table up and works with it; again if the work found it changed meanwhile. */
export async function withTable<T>(
  ctx: Context,
  address: TableAddress,
  work: (table: Table) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const table = await tableFor(ctx, address);
    try {
      return await work(table);
    } catch (error) {
      if (!isStale(error)) throw error;
      forgetTables(ctx, address);
    }
  }
  throw new AssertionError(`${address.name} changes faster than it can be written`);
}

/** The table changed since it was cached: look it up and begin again. */
export function isStale(error: unknown): boolean {
  return error instanceof ExpectationError;
}

/** What writes of an item contend for: the item, or the end of the stream it all goes to. */
export function queueKeyOf(table: Table, key: Uint8Array): string {
  return table.streamEnd ?? Buffer.from(key).toString('latin1');
}

/** Takes what a write took from its table's limits; `factor` is 2 in transactions, whose items are written twice. */
export function countWrite(
  limits: TableLimits | undefined,
  { key }: ItemWrite,
  { before, after, indexUnits }: WriteOutcome,
  factor = 1,
): void {
  limits?.takeWrite(key, factor * writeUnits(before?.size ?? 0, after?.size ?? 0), indexUnits);
}

function contended(): Fault {
  return fault('ThrottlingException', 'The item is written by too many requests at once');
}

/**
 * Writes of one table in one transaction, which spares each a transaction of its own; undefined when one of them
 * looks at its item, for then another's writer could hold up all.
 */
export async function performTogether(
  ctx: Context,
  table: Table,
  writes: readonly ItemWrite[],
): Promise<readonly WriteOutcome[] | undefined> {
  if (!writes.every(isBlind)) return undefined;
  try {
    return await ctx.transact(async (tx) => {
      holdTable(tx, table);
      return Promise.all(writes.map((write) => writeItem(ctx, tx, write, ctx.world.clock.now())));
    });
  } catch (error) {
    throw error instanceof ContentionError ? contended() : error;
  }
}

/** One write in a transaction of its own. */
export async function performWrite(ctx: Context, write: ItemWrite): Promise<WriteOutcome> {
  const { table, key } = write;
  const limits = limitsOf(ctx, table);
  limits?.admitWrite(key, ctx.world.clock.now());
  try {
    const outcome = await ctx.transact(
      async (tx) => {
        holdTable(tx, table);
        const written = await writeItem(ctx, tx, write, ctx.world.clock.now());
        limits?.admitIndexWrites(written.indexUnits, ctx.world.clock.now());
        return written;
      },
      isBlind(write) ? {} : { queueKey: queueKeyOf(table, key) },
    );
    countWrite(limits, write, outcome);
    return outcome;
  } catch (error) {
    if (error instanceof ContentionError) throw contended();
    if (!(error instanceof ConditionFailed)) throw error;
    limits?.takeWrite(key, writeUnits(error.item?.size ?? 0, 0), []);
    if (write.isInsert === true) throw fault('DuplicateItemException', DUPLICATE);
    throw fault(
      'ConditionalCheckFailedException',
      error.message,
      write.showsOnFailure && error.item !== undefined ? { Item: error.item.item } : {},
    );
  }
}
