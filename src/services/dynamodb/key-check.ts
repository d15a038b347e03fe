import type { AttributeValue, Item } from './attribute-value.ts';
import { attributeOf, typeOf } from './attribute-value.ts';
import type { DocumentPath } from './document-path.ts';
import { invalid, invalidParameter } from './fault.ts';
import type { Index, KeyAttribute, Table } from './table.ts';
import { utf8Length } from './utf8.ts';

/** Bytes of all partition, and of all sort attributes of one key. */
const LONGEST_PARTITION = 2048;
const LONGEST_SORT = 1024;

const MISMATCH = 'The provided key element does not match the schema';

/** Throws unless `key` has exactly the table's key attributes, of their types. */
export function checkKey(table: Table, key: Item): void {
  if (Object.keys(key).length !== table.keys.length) throw invalid(MISMATCH);
  for (const attribute of table.keys) {
    checkKeyAttribute(attribute, attributeOf(key, attribute.name), attribute === table.partition);
  }
}

/** Throws unless `value` can be a key's attribute. */
export function checkKeyAttribute(
  { name, type }: KeyAttribute,
  value: AttributeValue | undefined,
  isPartition: boolean,
): void {
  if (value?.[type] === undefined) throw invalid(MISMATCH);
  checkNotEmpty(name, value);
  checkLength(value, isPartition);
}

function emptyKind(value: AttributeValue): 'string' | 'binary' | undefined {
  if (value.S === '') return 'string';
  return value.B?.length === 0 ? 'binary' : undefined;
}

function checkNotEmpty(name: string, value: AttributeValue): void {
  const empty = emptyKind(value);
  if (empty === undefined) return;
  throw invalid(
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${empty} value. Key: ${name}`,
  );
}

function keyLength(value: AttributeValue): number {
  if (value.S !== undefined) return value.S.length > LONGEST_PARTITION ? value.S.length : utf8Length(value.S);
  return value.B?.length ?? 0;
}

function checkLength(value: AttributeValue, isPartition: boolean): void {
  const length = keyLength(value);
  if (isPartition && length > LONGEST_PARTITION) {
    throw invalidParameter('Size of hashkey has exceeded the maximum size limit of2048 bytes');
  }
  if (!isPartition && length > LONGEST_SORT) {
    throw invalidParameter('Aggregated size of all range keys has exceeded the size limit of 1024 bytes');
  }
}

/** Throws unless the item has the table's key, in the words of a batch. */
export function checkBatchItemKeys(table: Table, item: Item): void {
  for (const attribute of table.keys) {
    checkKeyAttribute(attribute, attributeOf(item, attribute.name), attribute === table.partition);
  }
}

/** Throws unless the item has the table's key, and what it has of the indexes' keys is of their types. */
export function checkItemKeys(table: Table, item: Item): void {
  for (const attribute of table.keys) {
    const { name, type } = attribute;
    const value = attributeOf(item, name);
    if (value === undefined) throw invalidParameter(`Missing the key ${name} in the item`);
    if (value[type] === undefined) {
      throw invalidParameter(`Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`);
    }
    checkNotEmpty(name, value);
    checkLength(value, attribute === table.partition);
  }
  for (const index of table.indexes) {
    for (const attribute of index.keys) {
      const value = attributeOf(item, attribute.name);
      if (value === undefined) continue;
      checkIndexType(index, attribute, typeOf(value));
      const empty = emptyKind(value);
      if (empty !== undefined) {
        throw invalid(
          'One or more parameter values are not valid. A value specified for a secondary index key is not supported. ' +
            `The AttributeValue for a key attribute cannot contain an empty ${empty} value. ` +
            `IndexName: ${index.row.name}, IndexKey: ${attribute.name}`,
        );
      }
    }
    checkIndexLength(index, item);
  }
}

function checkIndexType(index: Index, { name, type }: KeyAttribute, actual: string): void {
  if (actual === type) return;
  throw invalidParameter(
    `Type mismatch for Index Key ${name} Expected: ${type} Actual: ${actual} IndexName: ${index.row.name}`,
  );
}

/** Whether an item's attributes make a key of an index: those there before the index was may be of any kind. */
export function fitsIndex(index: Index, item: Item): boolean {
  return fits(index.partition, item, LONGEST_PARTITION) && fits(index.sort, item, LONGEST_SORT);
}

function fits(keys: readonly KeyAttribute[], item: Item, most: number): boolean {
  let length = 0;
  for (const { name, type } of keys) {
    const value = attributeOf(item, name);
    if (value?.[type] === undefined || emptyKind(value) !== undefined) return false;
    length += keyLength(value);
  }
  return length <= most;
}

function checkIndexLength(index: Index, item: Item): void {
  for (const [keys, most] of [
    [index.partition, LONGEST_PARTITION],
    [index.sort, LONGEST_SORT],
  ] as const) {
    let length = 0;
    for (const { name } of keys) {
      const value = attributeOf(item, name);
      if (value !== undefined) length += keyLength(value);
    }
    if (length <= most) continue;
    throw invalidParameter(
      most === LONGEST_PARTITION
        ? 'Size of hashkey has exceeded the maximum size limit of2048 bytes'
        : 'Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
    );
  }
}

/** What an update sets one attribute to, as far as it is known before the item is seen. */
export interface UpdateTarget {
  readonly path: DocumentPath;
  readonly type: string | undefined;
}

/** Throws if an update would change the item's key or give an index's key a value of the wrong type. */
export function checkUpdateTargets(table: Table, targets: readonly UpdateTarget[]): void {
  for (const { name } of table.keys) {
    if (targets.some(({ path }) => path[0] === name)) {
      throw invalidParameter(`Cannot update attribute ${name}. This attribute is part of the key`);
    }
  }
  for (const index of table.indexes) {
    for (const attribute of index.keys) {
      const target = targets.find(({ path }) => path.length === 1 && path[0] === attribute.name);
      if (target?.type !== undefined) checkIndexType(index, attribute, target.type);
    }
  }
}

/** Throws if an updated item has an index's key of the wrong type or empty. */
export function checkUpdatedIndexKeys(table: Table, before: Item, item: Item): void {
  for (const index of table.indexes) {
    let changed = false;
    for (const { name, type } of index.keys) {
      const value = attributeOf(item, name);
      if (value === undefined || value === attributeOf(before, name)) continue;
      changed = true;
      if (value[type] === undefined) {
        throw invalid(
          'The update expression attempted to update the secondary index key to unsupported type',
        );
      }
      const empty = emptyKind(value);
      if (empty !== undefined) {
        throw invalid(
          'One or more parameter values are not valid. The update expression attempted to update a secondary index key ' +
            `to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty ${empty} value.`,
        );
      }
    }
    if (changed) checkIndexLength(index, item);
  }
}

/** Throws if a path looks inside an attribute of the table's or an index's key. */
export function checkKeyPaths(table: Table, paths: readonly DocumentPath[]): void {
  const nested = new Set(paths.filter((path) => path.length > 1).map(([name]) => name));
  if (nested.size === 0) return;
  const rule = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed:";
  for (const { name } of table.keys) if (nested.has(name)) throw invalid(`${rule} Key: ${name}`);
  for (const index of table.indexes) {
    for (const { name } of index.keys) if (nested.has(name)) throw invalid(`${rule} IndexKey: ${name}`);
  }
}
