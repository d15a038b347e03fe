import { formatArn } from '../../base/arn.ts';
import { assert } from '../../base/assert.ts';
import type { ScalarAttributeType } from '../../model/gen/dynamodb.ts';
import type { AttributeValue, Item } from './attribute-value.ts';
import { attributeOf } from './attribute-value.ts';
import { itemPart, joinKey, partitionKey, placedKey, sortPart } from './item-key.ts';
import { layout } from './layout.ts';
import { type IndexRow, keepsHistory, type TableRow } from './table-row.ts';
import { isLimited } from './throughput.ts';

export interface KeyAttribute {
  readonly name: string;
  readonly type: ScalarAttributeType;
}

/** A table as its operations use it: the row, decoded once. */
export interface Table {
  readonly row: TableRow;
  readonly account: string;
  readonly region: string;
  readonly arn: string;
  readonly partition: KeyAttribute;
  readonly sort: KeyAttribute | undefined;
  /** Partition and sort attribute. */
  readonly keys: readonly KeyAttribute[];
  /** All that writes keep up: those being deleted are not. */
  readonly indexes: readonly Index[];
  readonly prefix: Uint8Array;
  /** Something of its throughput is limited. */
  readonly isLimited: boolean;
  /** Writes keep the images from before them. */
  readonly keepsHistory: boolean;
  /** Names the end of the table's stream, if it has one, for writers to queue at. */
  readonly streamEnd: string | undefined;
  /** The row of `layout.versions`, key and value, that every write checks. */
  readonly version: { readonly key: Uint8Array; readonly value: Uint8Array };
}

export interface Index {
  readonly row: IndexRow;
  readonly partition: readonly KeyAttribute[];
  readonly sort: readonly KeyAttribute[];
  /** Partition and sort attributes. */
  readonly keys: readonly KeyAttribute[];
  /** The attributes an entry has; undefined for all. */
  readonly projected: readonly string[] | undefined;
  readonly prefix: Uint8Array;
}

export function tableArn(account: string, region: string, name: string): string {
  return formatArn('dynamodb', region, account, `table/${name}`);
}

export function tableOf(row: TableRow, account: string, region: string): Table {
  const types = new Map(
    row.attributes.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  );
  const keysOf = (schema: TableRow['keySchema'], keyType: 'HASH' | 'RANGE'): readonly KeyAttribute[] =>
    schema
      .filter(({ KeyType }) => KeyType === keyType)
      .map(({ AttributeName: name }) => {
        const type = types.get(name);
        assert(type !== undefined, 'a key attribute is defined');
        return { name, type };
      });
  const [partition] = keysOf(row.keySchema, 'HASH');
  const [sort] = keysOf(row.keySchema, 'RANGE');
  assert(partition !== undefined, 'a table has a partition key');
  const keys = sort === undefined ? [partition] : [partition, sort];
  const { items, versions, streamEnds } = layout.at(account, region);
  const indexes = row.indexes
    .filter(({ status }) => status !== 'DELETING')
    .map((index): Index => {
      const hash = keysOf(index.keySchema, 'HASH');
      const range = keysOf(index.keySchema, 'RANGE');
      const own = [...hash, ...range];
      return {
        row: index,
        partition: hash,
        sort: range,
        keys: own,
        projected:
          index.projection === 'ALL'
            ? undefined
            : [...new Set([...[...own, ...keys].map(({ name }) => name), ...(index.nonKeyAttributes ?? [])])],
        prefix: items.keyOf([row.number, index.number]),
      };
    });
  return {
    row,
    account,
    region,
    arn: tableArn(account, region, row.name),
    partition,
    sort,
    keys,
    indexes,
    prefix: items.keyOf([row.number, 0]),
    isLimited: isLimited(row),
    keepsHistory: keepsHistory(row),
    streamEnd: row.stream && Buffer.from(streamEnds.keyOf([row.number, row.stream.label])).toString('latin1'),
    version: {
      key: versions.keyOf([row.number]),
      value: Buffer.from(JSON.stringify(row.version)),
    },
  };
}

/** The key of an item whose key attributes have been checked. */
export function itemKey(table: Table, item: Item): Uint8Array {
  const sort = table.sort === undefined ? undefined : (item[table.sort.name] as AttributeValue);
  return placedKey(table.prefix, item[table.partition.name] as AttributeValue, sort);
}

/** The key of an item's entry in an index; undefined when it lacks an attribute of the index's key. */
export function indexKey(table: Table, index: Index, item: Item): Uint8Array | undefined {
  const partition: AttributeValue[] = [];
  for (const { name } of index.partition) {
    const value = attributeOf(item, name);
    if (value === undefined) return undefined;
    partition.push(value);
  }
  const parts: Uint8Array[] = [];
  for (const { name } of index.sort) {
    const value = attributeOf(item, name);
    if (value === undefined) return undefined;
    parts.push(sortPart(value));
  }
  const sort = table.sort === undefined ? undefined : item[table.sort.name];
  return joinKey(
    partitionKey(index.prefix, partition),
    ...parts,
    itemPart(item[table.partition.name] as AttributeValue, sort),
  );
}
