import type { DynamodbOperations } from '../../model/gen/dynamodb.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { KeyRange } from '../../store/store.ts';
import { checkAttributes, type Item } from './attribute-value.ts';
import { meets } from './condition.ts';
import { type ParsedCondition, parseCondition } from './condition-parser.ts';
import { ExpressionAttributes } from './expression-attributes.ts';
import { checkAttributesToGet, checkExpressionParameters } from './expression-parameters.ts';
import { invalid } from './fault.ts';
import {
  checkProjected,
  checkSelect,
  checkStart,
  checkStartAttribute,
  fetchFor,
  indexFor,
  pageAnswer,
  type ReadInput,
  startKey,
} from './index-read.ts';
import { after, segmentRange } from './item-key.ts';
import { readPage } from './item-page.ts';
import { checkKeyPaths } from './key-check.ts';
import {
  constraintsOf,
  type KeyConstraints,
  keyConditionOf,
  legacyConstraints,
  type QueryKey,
  queryRange,
} from './key-condition.ts';
import { checkLegacyConditions, legacyCondition } from './legacy-condition.ts';
import { type Projection, parseProjection, projectionOf } from './projection.ts';
import type { Index, Table } from './table.ts';
import { addressOf, tableFor } from './tables-cache.ts';

type Input<Name extends keyof DynamodbOperations> = DynamodbOperations[Name]['input'];

export const reads = {
  Query: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    if (input.Limit !== undefined && input.Limit < 1) {
      throw invalid(
        "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
      );
    }
    checkQueryParameters(input);
    checkLegacyConditions(input.QueryFilter);
    checkAttributesToGet(input.AttributesToGet);
    checkStartValues(input.ExclusiveStartKey);
    if (input.KeyConditions === undefined && input.KeyConditionExpression === undefined) {
      throw invalid(
        'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
      );
    }
    const keyed = keyConditionOf(input);
    const attributes =
      keyed?.attributes ??
      new ExpressionAttributes(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
    const filter = readFilter(input.FilterExpression, attributes);
    const projection = readProjection(input, attributes);
    attributes.checkAllUsed();
    checkLegacyConditions(input.KeyConditions);
    checkSelect(input);
    const constraints: KeyConstraints =
      keyed === undefined ? legacyConstraints(input.KeyConditions ?? {}) : constraintsOf(keyed.condition);
    if (constraints.size === 0 || (input.IndexName === undefined && constraints.size > 2)) {
      throw invalid('Conditions can be of length 1 or 2 only');
    }

    const table = await tableFor(ctx, address);
    const index = indexFor(table, input);
    const key = queryKeyOf(table, index);
    const from = input.ExclusiveStartKey;
    if (from !== undefined) checkStart(table, index, from, false);
    const { range } = queryRange(key, constraints, (attribute) => {
      if (from !== undefined) checkStartAttribute(table, index, from, attribute);
    });
    const start = from && startKey(table, index, from);
    if (start !== undefined) checkStartWithin(start, key, constraints, from ?? {}, range);
    if (projection !== undefined) checkKeyPaths(table, projection.paths);
    checkFilterNames(key, input.QueryFilter, filter);
    checkProjected(index, input, projection);
    if (filter !== undefined) checkKeyPaths(table, filter.paths);
    const reverse = input.ScanIndexForward === false;
    const page = await readPage(ctx, {
      capacity: { table, index, consistent: input.ConsistentRead === true },
      range: start === undefined ? range : goOn(range, start, reverse),
      reverse,
      limit: input.Limit,
      filter: filterOf(filter, input.QueryFilter, input.ConditionalOperator),
      fetch: fetchFor(ctx, table, index, input, projection),
    });
    return pageAnswer(ctx, table, index, input, projection, page);
  },

  Scan: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    checkExpressionParameters(
      input,
      ['ProjectionExpression', 'FilterExpression'],
      ['AttributesToGet', 'ScanFilter', 'ConditionalOperator'],
    );
    checkAttributesToGet(input.AttributesToGet);
    checkLegacyConditions(input.ScanFilter);
    checkStartValues(input.ExclusiveStartKey);
    checkSegment(input);
    const attributes = new ExpressionAttributes(
      input.ExpressionAttributeNames,
      input.ExpressionAttributeValues,
    );
    const filter = readFilter(input.FilterExpression, attributes);
    const projection = readProjection(input, attributes);
    attributes.checkAllUsed();
    checkSelect(input);

    const table = await tableFor(ctx, address);
    const index = indexFor(table, input);
    const { Segment: segment = 0, TotalSegments: total = 1 } = input;
    const range = segmentRange((index ?? table).prefix, segment, total);
    const from = input.ExclusiveStartKey;
    if (from !== undefined) {
      checkStart(table, index, from, true);
      for (const attribute of index?.keys ?? []) checkStartAttribute(table, index, from, attribute);
    }
    checkProjected(index, input, projection);
    const start = from && startKey(table, index, from);
    if (start !== undefined && !within(start, range)) {
      throw invalid(
        'The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. ' +
          `TotalSegments: ${total} Segment: ${segment}`,
      );
    }
    if (projection !== undefined) checkKeyPaths(table, projection.paths);
    if (filter !== undefined) checkKeyPaths(table, filter.paths);
    const page = await readPage(ctx, {
      capacity: { table, index, consistent: input.ConsistentRead === true },
      range: start === undefined ? range : goOn(range, start, false),
      reverse: false,
      limit: input.Limit,
      filter: filterOf(filter, input.ScanFilter, input.ConditionalOperator),
      fetch: fetchFor(ctx, table, index, input, projection),
    });
    return pageAnswer(ctx, table, index, input, projection, page);
  },
} satisfies Group<DynamodbOperations>;

function checkQueryParameters(input: Input<'Query'>): void {
  const mixesKeyConditions = input.KeyConditions !== undefined && input.KeyConditionExpression === undefined;
  checkExpressionParameters(
    input,
    ['ProjectionExpression', 'FilterExpression', 'KeyConditionExpression'],
    [
      'AttributesToGet',
      'QueryFilter',
      'ConditionalOperator',
      ...(mixesKeyConditions ? [] : ['KeyConditions']),
    ],
  );
}

/** Faults that DynamoDB words the same wherever the value stands. */
const BARE = /contains duplicates|number set|numeric value|significant digits|number with magnitude/;

function checkStartValues(start: Item | undefined): void {
  if (start === undefined) return;
  try {
    checkAttributes(start);
  } catch (error) {
    if (!Fault.is(error) || BARE.test(error.message)) throw error;
    throw invalid(`The provided starting key is invalid: ${error.message}`);
  }
}

function checkSegment({ Segment: segment, TotalSegments: total }: Input<'Scan'>): void {
  if (segment !== undefined && total === undefined) {
    throw invalid(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    );
  }
  if (total === undefined) return;
  if (segment === undefined) {
    throw invalid(
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    );
  }
  if (segment >= total) {
    throw invalid(
      'The Segment parameter is zero-based and must be less than parameter TotalSegments: ' +
        `Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
}

function readFilter(
  expression: string | undefined,
  attributes: ExpressionAttributes,
): ParsedCondition | undefined {
  return expression === undefined ? undefined : parseCondition(expression, 'FilterExpression', attributes);
}

function readProjection(
  { ProjectionExpression: expression, AttributesToGet: names }: ReadInput,
  attributes: ExpressionAttributes,
): Projection | undefined {
  if (expression !== undefined) return parseProjection(expression, attributes);
  return names && projectionOf(names.map((name) => [name]));
}

function queryKeyOf(table: Table, index: Index | undefined): QueryKey {
  if (index !== undefined) return index;
  return {
    partition: [table.partition],
    sort: table.sort === undefined ? [] : [table.sort],
    prefix: table.prefix,
  };
}

function within(key: Uint8Array, { start, end }: KeyRange): boolean {
  return Buffer.compare(key, start) >= 0 && Buffer.compare(key, end) < 0;
}

function goOn(range: KeyRange, start: Uint8Array, reverse: boolean): KeyRange {
  return reverse ? { start: range.start, end: start } : { start: after(start), end: range.end };
}

/** Throws for a starting key the query would never have answered with. */
function checkStartWithin(
  start: Uint8Array,
  key: QueryKey,
  constraints: KeyConstraints,
  from: Item,
  range: KeyRange,
): void {
  if (within(start, range)) return;
  if (constraints.size === key.partition.length) {
    throw invalid('The provided starting key is outside query boundaries based on provided conditions');
  }
  // The same conditions in the starting key's own partition tell which of them it breaks.
  const own = new Map(constraints);
  for (const { name } of key.partition) {
    const value = from[name];
    if (value !== undefined) own.set(name, { operator: 'EQ', values: [value] });
  }
  throw invalid(
    within(start, queryRange(key, own).range)
      ? 'The query can return at most one row and cannot be restarted'
      : 'The provided starting key does not match the range key predicate',
  );
}

function checkFilterNames(
  { partition, sort }: QueryKey,
  legacy: Readonly<Record<string, unknown>> | undefined,
  filter: ParsedCondition | undefined,
): void {
  const named =
    legacy === undefined ? new Set(filter?.paths.map(([name]) => name)) : new Set(Object.keys(legacy));
  for (const { name } of [...partition, ...sort]) {
    if (!named.has(name)) continue;
    throw invalid(
      `${legacy === undefined ? 'Filter Expression' : 'QueryFilter'} can only contain non-primary key attributes: ` +
        `Primary key attribute: ${name}`,
    );
  }
}

function filterOf(
  filter: ParsedCondition | undefined,
  legacy: Input<'Scan'>['ScanFilter'],
  operator: Input<'Scan'>['ConditionalOperator'],
): ((item: Item) => boolean) | undefined {
  const condition = filter?.condition ?? (legacy && legacyCondition(legacy, operator));
  return condition && ((item) => meets(item, condition));
}
