import type { ComparisonOperator, Condition as LegacyCondition } from '../../model/gen/dynamodb.ts';
import type { KeyRange } from '../../store/store.ts';
import type { AttributeValue } from './attribute-value.ts';
import { parseCondition } from './condition-parser.ts';
import type { Comparator, Condition, Operand } from './expression.ts';
import { ExpressionAttributes } from './expression-attributes.ts';
import { invalid, invalidParameter } from './fault.ts';
import { joinKey, partitionKey, rangeUnder, sortPart, sortPrefix, successor } from './item-key.ts';
import type { KeyAttribute } from './table.ts';

/** What a query asks of one key attribute. */
export interface KeyConstraint {
  readonly operator: ComparisonOperator;
  readonly values: readonly AttributeValue[];
}
export type KeyConstraints = ReadonlyMap<string, KeyConstraint>;

const OPERATORS: Readonly<Record<Exclude<Comparator, '<>'>, ComparisonOperator>> = {
  '=': 'EQ',
  '<': 'LT',
  '<=': 'LE',
  '>': 'GT',
  '>=': 'GE',
};
const FLIPPED: Readonly<Record<Exclude<Comparator, '<>'>, ComparisonOperator>> = {
  '=': 'EQ',
  '<': 'GT',
  '<=': 'GE',
  '>': 'LT',
  '>=': 'LE',
};

/** The constraints a parsed key condition means. Throws AWS's fault for what a key condition may not hold. */
export function constraintsOf(condition: Condition): KeyConstraints {
  const constraints = new Map<string, KeyConstraint>();
  collect(condition, constraints);
  return constraints;
}

interface KeyedExpression {
  readonly KeyConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
}

interface ParsedKeyCondition {
  readonly condition: Condition;
  /** With what the key condition took from them. */
  readonly attributes: ExpressionAttributes;
}

/** The key condition that was parsed last: who asks whether a query is allowed has parsed what the query then needs. */
let latest: { readonly input: KeyedExpression; readonly parsed: ParsedKeyCondition } | undefined;

/** The key condition of a query, if it has one. To be asked for by the query itself once: its other expressions take from the attributes too. */
export function keyConditionOf(input: KeyedExpression): ParsedKeyCondition | undefined {
  if (input.KeyConditionExpression === undefined) return undefined;
  if (latest?.input === input) return latest.parsed;
  const attributes = new ExpressionAttributes(
    input.ExpressionAttributeNames,
    input.ExpressionAttributeValues,
  );
  const { condition } = parseCondition(input.KeyConditionExpression, 'KeyConditionExpression', attributes);
  const parsed = { condition, attributes };
  latest = { input, parsed };
  return parsed;
}

export function legacyConstraints(conditions: Readonly<Record<string, LegacyCondition>>): KeyConstraints {
  return new Map(
    Object.entries(conditions).map(([name, { ComparisonOperator, AttributeValueList = [] }]) => [
      name,
      { operator: ComparisonOperator, values: AttributeValueList },
    ]),
  );
}

function wrongOperator(operator: string) {
  return invalid(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

function collect(condition: Condition, constraints: Map<string, KeyConstraint>): void {
  switch (condition.kind) {
    case 'and':
      collect(condition.left, constraints);
      collect(condition.right, constraints);
      return;
    case 'or':
    case 'not':
    case 'in':
      throw wrongOperator(condition.kind.toUpperCase());
    case 'compare': {
      const { comparator, left, right } = condition;
      if (comparator === '<>') throw wrongOperator('<>');
      const { name, values, first } = operandsOf([left, right]);
      add(constraints, name, { operator: (first ? OPERATORS : FLIPPED)[comparator], values });
      return;
    }
    case 'between': {
      const { operand, low, high } = condition;
      if (operand.kind !== 'path') throw notFirst('BETWEEN');
      const { name, values } = operandsOf([operand, low, high]);
      add(constraints, name, { operator: 'BETWEEN', values });
      return;
    }
    case 'call': {
      if (condition.name !== 'begins_with') throw wrongOperator(condition.name);
      if (condition.operands[0]?.kind !== 'path') throw notFirst('begins_with');
      const { name, values } = operandsOf(condition.operands);
      add(constraints, name, { operator: 'BEGINS_WITH', values });
    }
  }
}

function notFirst(operator: string) {
  return invalid(
    `Invalid condition in KeyConditionExpression: ${operator} operator must have the key attribute as its first operand`,
  );
}

/** The one attribute of a condition and the values beside it. */
function operandsOf(operands: readonly Operand[]): {
  readonly name: string;
  readonly values: readonly AttributeValue[];
  /** The attribute stands first. */
  readonly first: boolean;
} {
  let name: string | undefined;
  const values: AttributeValue[] = [];
  for (const operand of operands) {
    if (operand.kind === 'call') {
      throw invalid('KeyConditionExpressions cannot contain nested operations');
    }
    if (operand.kind === 'value') {
      values.push(operand.value);
      continue;
    }
    if (name !== undefined) {
      throw invalid(
        'Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition',
      );
    }
    if (operand.path.length > 1) {
      throw invalid('KeyConditionExpressions cannot have conditions on nested attributes');
    }
    name = operand.path[0] as string;
  }
  if (name === undefined) {
    throw invalid('Invalid condition in KeyConditionExpression: No key attribute specified');
  }
  return { name, values, first: operands[0]?.kind === 'path' };
}

function add(constraints: Map<string, KeyConstraint>, name: string, constraint: KeyConstraint): void {
  if (constraints.has(name)) {
    throw invalid('KeyConditionExpressions must only contain one condition per key');
  }
  constraints.set(name, constraint);
}

/** A key whose partition and sort attributes a query can constrain: a table's or an index's. */
export interface QueryKey {
  readonly partition: readonly KeyAttribute[];
  readonly sort: readonly KeyAttribute[];
  readonly prefix: Uint8Array;
}

/** Where a query reads: its partition, and the range in it. */
export interface QueryRange {
  readonly partition: Uint8Array;
  readonly range: KeyRange;
}

/**
 * The range of keys that meet the constraints. Throws AWS's fault when the constraints do not fit the key; `each`
 * is called with every attribute before its constraint is looked at.
 */
export function queryRange(
  { partition, sort, prefix }: QueryKey,
  constraints: KeyConstraints,
  each: (attribute: KeyAttribute) => void = () => {},
): QueryRange {
  const count = constraints.size;
  const values = partition.map((attribute) => {
    each(attribute);
    if (partition.length + sort.length === 1 && count > 1) throw invalid('Query key condition not supported');
    const constraint = constraints.get(attribute.name);
    if (constraint === undefined) throw missed(attribute);
    checkConstraint(attribute, constraint);
    if (constraint.operator !== 'EQ') throw invalid('Query key condition not supported');
    return constraint.values[0] as AttributeValue;
  });
  const key = partitionKey(prefix, values);
  let range = rangeUnder(key);
  let isOpen = true;
  let left = count - partition.length;
  for (const attribute of sort) {
    each(attribute);
    if (left === 0) continue;
    const constraint = constraints.get(attribute.name);
    if (constraint === undefined) throw missed(attribute);
    checkConstraint(attribute, constraint);
    if (!isOpen) throw invalid('Query key condition not supported');
    left--;
    isOpen = constraint.operator === 'EQ';
    range = isOpen
      ? rangeUnder(joinKey(range.start, sortPart(constraint.values[0] as AttributeValue)))
      : sortRange(range.start, constraint);
  }
  if (left > 0) throw invalid('Conditions can be of length 1 or 2 only');
  return { partition: key, range };
}

function missed({ name }: KeyAttribute) {
  return invalid(`Query condition missed key schema element: ${name}`);
}

const INDEXABLE: ReadonlySet<ComparisonOperator> = new Set([
  'EQ',
  'LT',
  'LE',
  'GT',
  'GE',
  'BETWEEN',
  'BEGINS_WITH',
]);

function checkConstraint({ name, type }: KeyAttribute, { operator, values }: KeyConstraint): void {
  if (!INDEXABLE.has(operator)) {
    throw invalid('Attempted conditional constraint is not an indexable operation');
  }
  for (const value of values) {
    if (value[type] === undefined) {
      throw invalidParameter('Condition parameter type does not match schema type');
    }
    const empty = value.S === '' ? 'string' : value.B?.length === 0 ? 'binary' : undefined;
    if (empty !== undefined && operator !== 'BEGINS_WITH') {
      throw invalid(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${empty} value. Key: ${name}`,
      );
    }
  }
}

function sortRange(partition: Uint8Array, { operator, values }: KeyConstraint): KeyRange {
  const [first, second] = values as readonly [AttributeValue, AttributeValue];
  const at = (value: AttributeValue) => joinKey(partition, sortPart(value));
  switch (operator) {
    case 'LT':
      return { start: partition, end: at(first) };
    case 'LE':
      return { start: partition, end: successor(at(first)) };
    case 'GT':
      return { start: successor(at(first)), end: successor(partition) };
    case 'GE':
      return { start: at(first), end: successor(partition) };
    case 'BETWEEN':
      return { start: at(first), end: successor(at(second)) };
    default:
      return rangeUnder(joinKey(partition, sortPrefix(first)));
  }
}
