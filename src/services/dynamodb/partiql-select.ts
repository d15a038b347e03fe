import type { Context } from '../../service/context.ts';
import type { KeyRange } from '../../store/store.ts';
import { type AttributeValue, emptyItem, type Item } from './attribute-value.ts';
import { readUnits } from './capacity.ts';
import { meets } from './condition.ts';
import type { Usage } from './consumed-capacity.ts';
import { valueAt } from './document-path.ts';
import type { Condition } from './expression.ts';
import { invalid } from './fault.ts';
import {
  checkProjected,
  checkStart,
  checkStartAttribute,
  fetchFor,
  indexFor,
  pageKey,
  startKey,
} from './index-read.ts';
import { itemOf, itemText } from './item-codec.ts';
import { after, segmentRange } from './item-key.ts';
import { PAGE_BYTES, readPage } from './item-page.ts';
import { type KeyConstraint, type KeyConstraints, queryRange } from './key-condition.ts';
import { conjuncts, listedValues, type SelectStatement } from './partiql-statement.ts';
import { projectionOf } from './projection.ts';
import type { StoredItem } from './stored-item.ts';
import type { Index, KeyAttribute, Table } from './table.ts';

export interface SelectOptions {
  readonly limit: number | undefined;
  readonly consistent: boolean;
  readonly nextToken: string | undefined;
}

export interface Selected {
  readonly items: readonly Item[];
  /** Of the last item evaluated, if there may be more after it. */
  readonly last: Item | undefined;
  readonly usage: Usage;
}

/** Reads a page of what a SELECT asks for: a query when it fixes the partition key, else a scan. */
export async function runSelect(
  ctx: Context,
  table: Table,
  statement: SelectStatement,
  { limit, consistent, nextToken }: SelectOptions,
): Promise<Selected> {
  const { where, paths } = statement;
  const input = { TableName: statement.table, IndexName: statement.index, ConsistentRead: consistent };
  const projection = paths && projectionOf(paths.map(([name]) => [name as string]));
  const index = indexFor(table, input);
  checkProjected(index, input, projection);
  const { ranges, reverse } = rangesOf(table, index, statement);
  const start = nextToken === undefined ? undefined : startAt(table, index, fromToken(nextToken));
  const items: Item[] = [];
  let units = 0;
  let fetchedUnits = 0;
  let scanned = 0;
  let bytes = 0;
  let last: StoredItem | undefined;
  for (const range of rangesFrom(ranges, start, reverse)) {
    const page = await readPage(ctx, {
      capacity: { table, index, consistent },
      range,
      reverse,
      limit: limit === undefined ? undefined : limit - scanned,
      bytesLeft: PAGE_BYTES - bytes,
      filter: where && ((item) => meets(item, where)),
      fetch: fetchFor(ctx, table, index, input, projection),
    });
    for (const { item } of page.items) items.push(selectPaths(item, paths));
    units += readUnits(page.bytes, consistent);
    for (const each of page.fetched) fetchedUnits += readUnits(each, consistent);
    scanned += page.scanned;
    bytes += page.bytes;
    last = page.last;
    if (last !== undefined) break;
  }
  return {
    items,
    last: last && pageKey(table, index, last),
    usage: {
      tableName: statement.table,
      table: index === undefined ? units : fetchedUnits,
      indexes: index === undefined ? [] : [{ index, units }],
    },
  };
}

/** The ranges that are left when a read goes on after a key. */
function rangesFrom(
  ranges: readonly KeyRange[],
  start: Uint8Array | undefined,
  reverse: boolean,
): readonly KeyRange[] {
  if (start === undefined) return ranges;
  const at = ranges.findIndex(
    (range) => Buffer.compare(start, range.start) >= 0 && Buffer.compare(start, range.end) < 0,
  );
  const range = ranges[at];
  if (range === undefined) throw invalid('NextToken does not match request');
  return [goOn(range, start, reverse), ...ranges.slice(at + 1)];
}

function startAt(table: Table, index: Index | undefined, start: Item): Uint8Array {
  checkStart(table, index, start, false);
  for (const attribute of index?.keys ?? table.keys) checkStartAttribute(table, index, start, attribute);
  return startKey(table, index, start);
}

/** Where a SELECT reads, and in which order: one range, or one for each partition that an IN lists. */
function rangesOf(
  table: Table,
  index: Index | undefined,
  { where, orderBy }: SelectStatement,
): { readonly ranges: readonly KeyRange[]; readonly reverse: boolean } {
  const key = index ?? {
    partition: [table.partition],
    sort: table.sort === undefined ? [] : [table.sort],
    prefix: table.prefix,
  };
  const queries = queriesIn(where, key.partition, key.sort);
  checkOrder(orderBy, [...key.partition, ...key.sort], queries.length > 0);
  const reverse = orderBy.some(
    ({ name, descending }) => descending && key.sort.some((sort) => sort.name === name),
  );
  if (queries.length === 0) return { ranges: [segmentRange(key.prefix, 0, 1)], reverse: false };
  return { ranges: queries.map((constraints) => queryRange(key, constraints).range), reverse };
}

function checkOrder(
  orderBy: SelectStatement['orderBy'],
  keys: readonly KeyAttribute[],
  isQuery: boolean,
): void {
  for (const { name } of orderBy) {
    if (!keys.some((key) => key.name === name)) {
      throw invalid(`Variable reference ${name} in ORDER BY clause must be part of the primary key`);
    }
  }
  if (orderBy.length > 0 && !isQuery) {
    throw invalid(
      'Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.',
    );
  }
}

/** Partitions that one SELECT reads. */
const MOST_PARTITIONS = 50;

/**
 * The constraints a WHERE puts on a key, as far as queries can use them, for each partition it is about; none when it
 * must scan.
 */
function queriesIn(
  where: Condition | undefined,
  partition: readonly KeyAttribute[],
  sort: readonly KeyAttribute[],
): readonly KeyConstraints[] {
  const all = conjuncts(where);
  const inPartition = new Map<string, KeyConstraint>();
  let listed: { readonly name: string; readonly values: readonly AttributeValue[] } | undefined;
  for (const attribute of partition) {
    const { name, type } = attribute;
    const constraint = constraintOn(all, attribute);
    const values = constraint === undefined && listed === undefined ? listedValues(where, name) : undefined;
    if (constraint?.operator === 'EQ') inPartition.set(name, constraint);
    else if (values?.every((value) => value[type] !== undefined)) listed = { name, values };
    else return [];
  }
  const inSort: [string, KeyConstraint][] = [];
  for (const attribute of sort) {
    const constraint = constraintOn(all, attribute);
    if (constraint === undefined) break;
    inSort.push([attribute.name, constraint]);
    if (constraint.operator !== 'EQ') break;
  }
  if (listed === undefined) return [new Map([...inPartition, ...inSort])];
  const { name, values } = listed;
  if (values.length > MOST_PARTITIONS) {
    throw invalid('Too many decomposed read operations for a given query.');
  }
  return values.map(
    (value) => new Map([...inPartition, [name, { operator: 'EQ', values: [value] }], ...inSort]),
  );
}

const OPERATORS = { '=': 'EQ', '<': 'LT', '<=': 'LE', '>': 'GT', '>=': 'GE' } as const;

function constraintOn(all: readonly Condition[], { name, type }: KeyAttribute): KeyConstraint | undefined {
  let range: KeyConstraint | undefined;
  for (const condition of all) {
    const constraint = asConstraint(condition, name);
    if (constraint === undefined || constraint.values.some((value) => value[type] === undefined)) continue;
    if (constraint.operator === 'EQ') return constraint;
    range ??= constraint;
  }
  return range;
}

function asConstraint(condition: Condition, name: string): KeyConstraint | undefined {
  const isName = (operand: { readonly kind: string; readonly path?: readonly unknown[] }) =>
    operand.kind === 'path' && operand.path?.length === 1 && operand.path[0] === name;
  const values: AttributeValue[] = [];
  const take = (operand: { readonly kind: string; readonly value?: AttributeValue } | undefined): boolean => {
    if (operand?.kind !== 'value' || operand.value === undefined) return false;
    values.push(operand.value);
    return true;
  };
  switch (condition.kind) {
    case 'compare':
      if (condition.comparator === '<>' || !isName(condition.left) || !take(condition.right))
        return undefined;
      return { operator: OPERATORS[condition.comparator], values };
    case 'between':
      if (!isName(condition.operand) || !take(condition.low) || !take(condition.high)) return undefined;
      return { operator: 'BETWEEN', values };
    case 'call': {
      const [first, second] = condition.operands;
      if (condition.name !== 'begins_with' || first === undefined || !isName(first)) return undefined;
      return take(second) ? { operator: 'BEGINS_WITH', values } : undefined;
    }
    default:
      return undefined;
  }
}

/** What a SELECT lists of an item: each path under the name of its last part. */
export function selectPaths(item: Item, paths: SelectStatement['paths']): Item {
  if (paths === undefined) return item;
  const selected = emptyItem();
  for (const path of paths) {
    const value = valueAt(item, path);
    const last = path.at(-1);
    if (value === undefined || last === undefined) continue;
    selected[typeof last === 'number' ? `${path.at(-2)}[${last}]` : last] = value;
  }
  return selected;
}

function goOn(range: KeyRange, start: Uint8Array, reverse: boolean): KeyRange {
  return reverse ? { start: range.start, end: start } : { start: after(start), end: range.end };
}

/** The token of a page's last item's key. */
export function toToken(key: Item): string {
  return Buffer.from(itemText(key)).toString('base64url');
}

function fromToken(token: string): Item {
  try {
    return itemOf(Buffer.from(token, 'base64url').toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError)
      throw invalid('NextToken does not match request');
    throw error;
  }
}
