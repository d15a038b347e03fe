import type {
  AttributeMap,
  ConsumedCapacity,
  ReturnConsumedCapacity,
  Select,
} from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import { answerOf } from './answer.ts';
import { attributeOf, emptyItem, type Item } from './attribute-value.ts';
import { readUnits } from './capacity.ts';
import { showUsage } from './consumed-capacity.ts';
import { invalid, invalidParameter } from './fault.ts';
import type { ItemPage } from './item-page.ts';
import { checkKey, checkKeyAttribute } from './key-check.ts';
import { type Projection, project } from './projection.ts';
import { StoredItem } from './stored-item.ts';
import { type Index, indexKey, itemKey, type KeyAttribute, type Table } from './table.ts';

/** What Query and Scan have in common besides conditions. */
export interface ReadInput {
  readonly TableName: string;
  readonly IndexName?: string | undefined;
  readonly Select?: Select | undefined;
  readonly AttributesToGet?: readonly string[] | undefined;
  readonly ProjectionExpression?: string | undefined;
  readonly ConsistentRead?: boolean | undefined;
  readonly ExclusiveStartKey?: Item | undefined;
  readonly ReturnConsumedCapacity?: ReturnConsumedCapacity | undefined;
}

/** Throws when `Select` does not go with the other parameters. */
export function checkSelect(input: ReadInput): void {
  const { Select: select, IndexName: indexName } = input;
  const projecting =
    input.ProjectionExpression !== undefined
      ? 'ProjectionExpression'
      : input.AttributesToGet !== undefined
        ? 'AttributesToGet'
        : undefined;
  if (select === undefined) return;
  if (select === 'SPECIFIC_ATTRIBUTES') {
    if (projecting !== undefined) return;
    throw invalid(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  }
  if (projecting !== undefined) {
    throw invalid(
      `Cannot specify the ${projecting} when choosing to get ${select === 'COUNT' ? 'only the Count' : select}`,
    );
  }
  if (select === 'ALL_PROJECTED_ATTRIBUTES' && indexName === undefined) {
    throw invalid('ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName');
  }
}

/** The index a read names; undefined for the table itself. */
export function indexFor(
  table: Table,
  { IndexName: name, ConsistentRead: consistent }: ReadInput,
): Index | undefined {
  if (name === undefined) return undefined;
  const index = table.indexes.find(({ row }) => row.name === name);
  if (index === undefined) throw invalid(`The table does not have the specified index: ${name}`);
  if (index.row.kind === 'local') return index;
  if (index.row.status === 'CREATING') {
    throw invalid(`Cannot read from backfilling global secondary index: ${name}`);
  }
  if (consistent === true) {
    throw invalid('Consistent reads are not supported on global secondary indexes');
  }
  return index;
}

/** Throws when a global index has too little of its items: nothing is fetched for those. */
export function checkProjected(
  index: Index | undefined,
  input: ReadInput,
  projection: Projection | undefined,
): void {
  if (index?.projected === undefined || index.row.kind === 'local') return;
  const { name } = index.row;
  if (input.Select === 'ALL_ATTRIBUTES') {
    throw invalidParameter(
      `Select type ALL_ATTRIBUTES is not supported for global secondary index ${name} because its projection type is not ALL`,
    );
  }
  const missing = unprojected(index, projection);
  if (missing.length > 0) {
    throw invalidParameter(`Global secondary index ${name} does not project [${missing.join(', ')}]`);
  }
}

function unprojected(index: Index, projection: Projection | undefined): readonly string[] {
  const { projected } = index;
  if (projected === undefined || projection === undefined) return [];
  return projection.paths.map(([name]) => name as string).filter((name) => !projected.includes(name));
}

/** Reads the table's items for entries of a local index that lack what the read wants. */
export function fetchFor(
  ctx: Context,
  table: Table,
  index: Index | undefined,
  input: ReadInput,
  projection: Projection | undefined,
): ((entry: StoredItem) => Promise<StoredItem | undefined>) | undefined {
  if (index?.projected === undefined) return undefined;
  const wantsAll = input.Select === 'ALL_ATTRIBUTES';
  if (!wantsAll && unprojected(index, projection).length === 0) return undefined;
  return async (entry) => {
    const bytes = await ctx.store.get(itemKey(table, entry.item));
    return bytes === undefined ? undefined : new StoredItem(bytes);
  };
}

function startAttributes(table: Table, index: Index | undefined): readonly KeyAttribute[] {
  if (index === undefined) return table.keys;
  return [...table.keys, ...index.keys.filter(({ name }) => !table.keys.some((key) => key.name === name))];
}

/** Throws unless a starting key has as many attributes as it must. */
export function checkStart(table: Table, index: Index | undefined, start: Item, isScan: boolean): void {
  if (Object.keys(start).length === startAttributes(table, index).length) return;
  throw invalid(
    isScan && index === undefined
      ? 'The provided starting key is invalid: The provided key element does not match the schema'
      : 'The provided starting key is invalid',
  );
}

/** Throws unless a starting key has an attribute of the key that is read. */
export function checkStartAttribute(
  table: Table,
  index: Index | undefined,
  start: Item,
  attribute: KeyAttribute,
): void {
  const value = attributeOf(start, attribute.name);
  if (value === undefined) throw invalid('The provided starting key is invalid');
  const isPartition =
    index === undefined ? attribute === table.partition : index.partition.includes(attribute);
  checkKeyAttribute(attribute, value, isPartition);
}

/** The key a read goes on after; a fault when it is not one of this table or index. */
export function startKey(table: Table, index: Index | undefined, start: Item): Uint8Array {
  try {
    checkKey(table, pick(start, table.keys));
  } catch (error) {
    if (!Fault.is(error)) throw error;
    throw invalid(`The provided starting key is invalid: ${error.message}`);
  }
  const key = index === undefined ? itemKey(table, start) : indexKey(table, index, start);
  if (key === undefined) throw invalid('The provided starting key is invalid');
  return key;
}

function pick(item: Item, attributes: readonly KeyAttribute[]): Item {
  const picked = emptyItem();
  for (const { name } of attributes) {
    const value = item[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** The key after which the next page begins. */
export function pageKey(table: Table, index: Index | undefined, last: StoredItem): Item {
  return pick(last.item, startAttributes(table, index));
}

/** What Query and Scan answer. */
export interface PageAnswer {
  readonly Items: readonly AttributeMap[] | undefined;
  readonly Count: number;
  readonly ScannedCount: number;
  readonly LastEvaluatedKey: Item | undefined;
  readonly ConsumedCapacity: ConsumedCapacity | undefined;
}

/** The answer a page makes. */
export function pageAnswer(
  ctx: Context,
  table: Table,
  index: Index | undefined,
  input: ReadInput,
  projection: Projection | undefined,
  page: ItemPage,
): PageAnswer {
  const consistent = input.ConsistentRead === true;
  const units = readUnits(page.bytes, consistent);
  const fetchUnits = page.fetched.reduce((sum, bytes) => sum + readUnits(bytes, consistent), 0);
  const rest = {
    Count: page.items.length,
    ScannedCount: page.scanned,
    LastEvaluatedKey: page.last && pageKey(table, index, page.last),
    ConsumedCapacity: showUsage(input.ReturnConsumedCapacity, {
      tableName: input.TableName,
      table: index === undefined ? units : fetchUnits,
      indexes: index === undefined ? [] : [{ index, units }],
    }),
  };
  if (input.Select === 'COUNT') return { Items: undefined, ...rest };
  if (projection !== undefined) {
    return { Items: page.items.map(({ item }) => project(item, projection)), ...rest };
  }
  if (ctx.inside === true) return { Items: page.items.map(({ item }) => item), ...rest };
  return answerOf(page.items, rest) as unknown as PageAnswer;
}
