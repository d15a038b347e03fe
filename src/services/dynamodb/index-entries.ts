import type { Transaction } from '../../store/store.ts';
import { attributeOf, emptyItem } from './attribute-value.ts';
import { writeUnits } from './capacity.ts';
import { fitsIndex } from './key-check.ts';
import { StoredItem } from './stored-item.ts';
import { type Index, indexKey, type Table } from './table.ts';

/** An item's entry in one index. */
export interface IndexEntry {
  readonly key: Uint8Array;
  readonly value: StoredItem;
}

/**
 * The entry an item has in an index, if its attributes make a key there: those written before the index was made may
 * be of any type and length.
 */
export function entryOf(table: Table, index: Index, stored: StoredItem): IndexEntry | undefined {
  if (!fitsIndex(index, stored.item)) return undefined;
  const key = indexKey(table, index, stored.item);
  if (key === undefined) return undefined;
  return {
    key,
    value: index.projected === undefined ? stored : StoredItem.of(projected(index.projected, stored)),
  };
}

function projected(names: readonly string[], { item }: StoredItem) {
  const kept = emptyItem();
  for (const name of names) {
    const value = attributeOf(item, name);
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** Write units an index took. */
export interface IndexUnits {
  readonly index: Index;
  readonly units: number;
  /** Of the entry; undefined when there is none. */
  readonly key?: Uint8Array | undefined;
}

/** Brings a table's indexes from an item's image before to the one after, in the item's own transaction. */
export function updateIndexes(
  tx: Transaction,
  table: Table,
  before: StoredItem | undefined,
  after: StoredItem | undefined,
): readonly IndexUnits[] {
  return table.indexes.map((index) => {
    const old = before && entryOf(table, index, before);
    const fresh = after && entryOf(table, index, after);
    const moved = old !== undefined && (fresh === undefined || Buffer.compare(old.key, fresh.key) !== 0);
    let units = 0;
    if (moved) {
      tx.delete(old.key);
      units += writeUnits(old.value.size, 0);
    }
    if (fresh !== undefined) {
      const inPlace = moved ? undefined : old;
      if (inPlace === undefined || Buffer.compare(inPlace.value.bytes, fresh.value.bytes) !== 0) {
        tx.set(fresh.key, fresh.value.bytes);
        units += writeUnits(inPlace?.value.size ?? 0, fresh.value.size);
      }
    }
    return { index, units, key: (fresh ?? old)?.key };
  });
}
