import type {
  ComparisonOperator,
  ConditionalOperator,
  ExpectedAttributeValue,
  Condition as LegacyCondition,
} from '../../model/gen/dynamodb.ts';
import { type AttributeValue, checkAttributeValue, compareValues, typeOf } from './attribute-value.ts';
import type { Comparator, Condition, Operand } from './expression.ts';
import { invalid, invalidParameter } from './fault.ts';

/**
 * The conditions that expressions replaced: `Expected`, `QueryFilter`, `ScanFilter`, `KeyConditions`. Each becomes
 * the expression that means the same.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
 */
type Conditions = Readonly<Record<string, LegacyCondition>>;

const COMPARATORS: Readonly<Partial<Record<ComparisonOperator, Comparator>>> = {
  EQ: '=',
  NE: '<>',
  LT: '<',
  LE: '<=',
  GT: '>',
  GE: '>=',
};
const SCALARS = ['S', 'N', 'B'];
const TYPES: Readonly<Partial<Record<ComparisonOperator, readonly string[]>>> = {
  LE: SCALARS,
  LT: SCALARS,
  GE: SCALARS,
  GT: SCALARS,
  CONTAINS: SCALARS,
  NOT_CONTAINS: SCALARS,
  BEGINS_WITH: ['S', 'B'],
  IN: SCALARS,
  BETWEEN: SCALARS,
};

function takesCount(operator: ComparisonOperator, count: number): boolean {
  switch (operator) {
    case 'NULL':
    case 'NOT_NULL':
      return count === 0;
    case 'IN':
      return count > 0;
    case 'BETWEEN':
      return count === 2;
    default:
      return count === 1;
  }
}

function checkArguments(operator: ComparisonOperator, values: readonly AttributeValue[]): void {
  if (!takesCount(operator, values.length)) {
    throw invalidParameter(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  }
  const [first, second] = values;
  if (first === undefined) return;
  const type = typeOf(first);
  if (values.some((value) => typeOf(value) !== type)) {
    throw invalidParameter('AttributeValues inside AttributeValueList must be of same type');
  }
  const types = TYPES[operator];
  if (types !== undefined && !types.includes(type)) {
    throw invalidParameter(`ComparisonOperator ${operator} is not valid for ${type} AttributeValue type`);
  }
  if (operator === 'BETWEEN' && second !== undefined && (compareValues(first, second) ?? 0) > 0) {
    throw invalid(
      'The BETWEEN condition was provided a range where the lower bound is greater than the upper bound',
    );
  }
}

/** Throws AWS's fault for a malformed filter or key condition. */
export function checkLegacyConditions(conditions: Conditions | undefined): void {
  for (const { ComparisonOperator, AttributeValueList = [] } of Object.values(conditions ?? {})) {
    for (const value of AttributeValueList) checkAttributeValue(value);
    checkArguments(ComparisonOperator, AttributeValueList);
  }
}

/** Throws AWS's fault for a malformed expectation. */
export function checkExpected(expected: Readonly<Record<string, ExpectedAttributeValue>> | undefined): void {
  for (const [name, { Value, Exists, ComparisonOperator, AttributeValueList }] of Object.entries(
    expected ?? {},
  )) {
    if (AttributeValueList !== undefined && Value !== undefined) {
      throw invalidParameter(`Value and AttributeValueList cannot be used together for Attribute: ${name}`);
    }
    if (ComparisonOperator !== undefined) {
      if (Exists !== undefined) {
        throw invalidParameter(
          `Exists and ComparisonOperator cannot be used together for Attribute: ${name}`,
        );
      }
      const nullary = ComparisonOperator === 'NULL' || ComparisonOperator === 'NOT_NULL';
      if (!nullary && AttributeValueList === undefined && Value === undefined) {
        throw invalidParameter(
          `Value or AttributeValueList must be used with ComparisonOperator: ${ComparisonOperator} for Attribute: ${name}`,
        );
      }
      const values = AttributeValueList ?? (Value === undefined ? [] : [Value]);
      for (const value of values) checkAttributeValue(value);
      checkArguments(ComparisonOperator, values);
    } else if (AttributeValueList !== undefined) {
      throw invalidParameter(
        `AttributeValueList can only be used with a ComparisonOperator for Attribute: ${name}`,
      );
    } else {
      checkExistence(name, Exists, Value);
    }
  }
}

function checkExistence(name: string, exists: boolean | undefined, value: AttributeValue | undefined): void {
  if (exists !== false && value === undefined) {
    throw invalidParameter(`Value must be provided when Exists is ${exists ?? null} for Attribute: ${name}`);
  }
  if (exists === false && value !== undefined) {
    throw invalidParameter(`Value cannot be used when Exists is false for Attribute: ${name}`);
  }
  if (value !== undefined) checkAttributeValue(value);
}

/** The condition that `Expected` means, once checked. */
export function expectedCondition(
  expected: Readonly<Record<string, ExpectedAttributeValue>>,
  operator: ConditionalOperator | undefined,
): Condition | undefined {
  return join(
    Object.entries(expected).map(([name, { Value, Exists, ComparisonOperator, AttributeValueList }]) => {
      if (ComparisonOperator === undefined) {
        return condition(name, Exists === false ? 'NULL' : 'EQ', Value === undefined ? [] : [Value]);
      }
      return condition(name, ComparisonOperator, AttributeValueList ?? (Value === undefined ? [] : [Value]));
    }),
    operator,
  );
}

/** The condition that a filter means, once checked. */
export function legacyCondition(
  conditions: Conditions,
  operator: ConditionalOperator | undefined,
): Condition | undefined {
  return join(
    Object.entries(conditions).map(([name, { ComparisonOperator, AttributeValueList = [] }]) =>
      condition(name, ComparisonOperator, AttributeValueList),
    ),
    operator,
  );
}

/** A balanced tree: evaluation goes no deeper than the logarithm of the attributes. */
function join(
  conditions: readonly Condition[],
  operator: ConditionalOperator = 'AND',
): Condition | undefined {
  if (conditions.length <= 1) return conditions[0];
  const half = conditions.length >> 1;
  const left = join(conditions.slice(0, half), operator);
  const right = join(conditions.slice(half), operator);
  if (left === undefined || right === undefined) return left ?? right;
  return { kind: operator === 'OR' ? 'or' : 'and', left, right };
}

function condition(name: string, operator: ComparisonOperator, values: readonly AttributeValue[]): Condition {
  const path: Operand = { kind: 'path', path: [name] };
  const operands = values.map((value): Operand => ({ kind: 'value', value }));
  const [first = path, second = path] = operands;
  const comparator = COMPARATORS[operator];
  if (comparator !== undefined) return { kind: 'compare', comparator, left: path, right: first };
  const call = (called: string, rest = operands): Condition => ({
    kind: 'call',
    name: called,
    operands: [path, ...rest],
  });
  switch (operator) {
    case 'NULL':
      return call('attribute_not_exists');
    case 'NOT_NULL':
      return call('attribute_exists');
    case 'CONTAINS':
      return call('contains');
    case 'NOT_CONTAINS':
      // An attribute that is not there neither contains nor lacks anything.
      return {
        kind: 'and',
        left: call('attribute_exists', []),
        right: { kind: 'not', condition: call('contains') },
      };
    case 'BEGINS_WITH':
      return call('begins_with');
    case 'BETWEEN':
      return { kind: 'between', operand: path, low: first, high: second };
    default:
      return { kind: 'in', operand: path, list: operands };
  }
}
