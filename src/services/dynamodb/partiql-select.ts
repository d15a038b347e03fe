import type { Context } from '../../service/context.ts';
import type { KeyRange } from '../../store/store.ts';
import { type AttributeValue, emptyItem, type Item } from './attribute-value.ts';
import { meets } from './condition.ts';
import { valueAt } from './document-path.ts';
import type { Condition } from './expression.ts';
import { invalid } from './fault.ts';
import {
  checkProjected,
  checkStart,
  checkStartAttribute,
  fetchFor,
  indexFor,
  startKey,
} from './index-read.ts';
import { itemOf, itemText } from './item-codec.ts';
import { after, segmentRange } from './item-key.ts';
import { type ItemPage, readPage } from './item-page.ts';
import { type KeyConstraint, type KeyConstraints, queryRange } from './key-condition.ts';
import { conjuncts, type SelectStatement } from './partiql-statement.ts';
import { projectionOf } from './projection.ts';
import type { Index, KeyAttribute, Table } from './table.ts';

export interface SelectOptions {
  readonly limit: number | undefined;
  readonly consistent: boolean;
  readonly nextToken: string | undefined;
}

export interface Selected {
  readonly page: ItemPage;
  readonly index: Index | undefined;
  readonly items: readonly Item[];
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
  const { range, reverse } = rangeOf(table, index, statement);
  const start = nextToken === undefined ? undefined : startAt(table, index, fromToken(nextToken));
  const page = await readPage(ctx, {
    capacity: { table, index, consistent },
    range: start === undefined ? range : goOn(range, start, reverse),
    reverse,
    limit,
    filter: where && ((item) => meets(item, where)),
    fetch: fetchFor(ctx, table, index, input, projection),
  });
  return { page, index, items: page.items.map(({ item }) => selectPaths(item, paths)) };
}

function startAt(table: Table, index: Index | undefined, start: Item): Uint8Array {
  checkStart(table, index, start, false);
  for (const attribute of index?.keys ?? table.keys) checkStartAttribute(table, index, start, attribute);
  return startKey(table, index, start);
}

/** Where a SELECT reads, and in which order. */
function rangeOf(
  table: Table,
  index: Index | undefined,
  { where, orderBy }: SelectStatement,
): { readonly range: KeyRange; readonly reverse: boolean } {
  const key = index ?? {
    partition: [table.partition],
    sort: table.sort === undefined ? [] : [table.sort],
    prefix: table.prefix,
  };
  const constraints = constraintsIn(where, key.partition, key.sort);
  checkOrder(orderBy, [...key.partition, ...key.sort], constraints !== undefined);
  const reverse = orderBy.some(
    ({ name, descending }) => descending && key.sort.some((sort) => sort.name === name),
  );
  if (constraints === undefined) return { range: segmentRange(key.prefix, 0, 1), reverse: false };
  return { range: queryRange(key, constraints).range, reverse };
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

/** The constraints a WHERE puts on a key, as far as a query can use them; undefined when it must scan. */
function constraintsIn(
  where: Condition | undefined,
  partition: readonly KeyAttribute[],
  sort: readonly KeyAttribute[],
): KeyConstraints | undefined {
  const found = new Map<string, KeyConstraint>();
  const all = conjuncts(where);
  for (const attribute of partition) {
    const constraint = constraintOn(all, attribute);
    if (constraint?.operator !== 'EQ') return undefined;
    found.set(attribute.name, constraint);
  }
  for (const attribute of sort) {
    const constraint = constraintOn(all, attribute);
    if (constraint === undefined) break;
    found.set(attribute.name, constraint);
    if (constraint.operator !== 'EQ') break;
  }
  return found;
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
