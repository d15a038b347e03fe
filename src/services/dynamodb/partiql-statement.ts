import { type AttributeValue, equalValues, type Item } from './attribute-value.ts';
import type { DocumentPath } from './document-path.ts';
import { type Condition, isArithmetic, type Operand, type UpdateAction } from './expression.ts';

/**
 * PartiQL statements, parsed, parameters put in.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
 */
export type Statement =
  | SelectStatement
  | InsertStatement
  | UpdateStatement
  | DeleteStatement
  | ExistsStatement;

export interface SelectStatement {
  readonly kind: 'select';
  readonly table: string;
  readonly index: string | undefined;
  /** Undefined for `*`. */
  readonly paths: readonly DocumentPath[] | undefined;
  readonly where: Condition | undefined;
  readonly orderBy: readonly { readonly name: string; readonly descending: boolean }[];
}

export interface InsertStatement {
  readonly kind: 'insert';
  readonly table: string;
  readonly item: Item;
}

export interface UpdateStatement {
  readonly kind: 'update';
  readonly table: string;
  readonly actions: readonly UpdateAction[];
  readonly where: Condition;
  readonly returning: Returning | undefined;
}

export interface DeleteStatement {
  readonly kind: 'delete';
  readonly table: string;
  readonly where: Condition;
  readonly returning: Returning | undefined;
}

/** `EXISTS (SELECT …)`: a condition on an item, in a transaction. */
export interface ExistsStatement {
  readonly kind: 'exists';
  readonly table: string;
  readonly where: Condition;
}

export type Returning = 'ALL_OLD' | 'ALL_NEW' | 'UPDATED_OLD' | 'UPDATED_NEW';

/** The conditions that all must hold for a WHERE to hold. */
export function conjuncts(where: Condition | undefined): readonly Condition[] {
  if (where === undefined) return [];
  if (where.kind !== 'and') return [where];
  return [...conjuncts(where.left), ...conjuncts(where.right)];
}

/** The different values a WHERE lists for an attribute: `name IN [1, 2]`; undefined when it does not. */
export function listedValues(
  where: Condition | undefined,
  name: string,
): readonly AttributeValue[] | undefined {
  for (const condition of conjuncts(where)) {
    if (condition.kind !== 'in') continue;
    const { operand, list } = condition;
    if (operand.kind !== 'path' || operand.path.length !== 1 || operand.path[0] !== name) continue;
    const values: AttributeValue[] = [];
    for (const each of list) {
      if (each.kind !== 'value') return undefined;
      const { value } = each;
      if (!values.some((other) => equalValues(other, value))) values.push(value);
    }
    return values;
  }
  return undefined;
}

/** The top-level attributes a statement names. */
export function attributesNamed(statement: Statement): readonly string[] {
  const names = new Set<string>();
  if (statement.kind === 'insert') for (const name in statement.item) names.add(name);
  else addConditionNames(names, statement.where);
  if (statement.kind === 'select') for (const [name] of statement.paths ?? []) names.add(String(name));
  if (statement.kind === 'update') {
    for (const action of statement.actions) {
      names.add(String(action.path[0]));
      if (action.kind !== 'set') continue;
      const { value } = action;
      const operands = isArithmetic(value) ? [value.left, value.right] : [value];
      for (const operand of operands) addOperandNames(names, operand);
    }
  }
  return [...names];
}

function addConditionNames(names: Set<string>, condition: Condition | undefined): void {
  switch (condition?.kind) {
    case 'and':
    case 'or':
    case 'compare':
      for (const side of [condition.left, condition.right]) {
        if (condition.kind === 'compare') addOperandNames(names, side as Operand);
        else addConditionNames(names, side as Condition);
      }
      return;
    case 'not':
      addConditionNames(names, condition.condition);
      return;
    case 'between':
      for (const operand of [condition.operand, condition.low, condition.high])
        addOperandNames(names, operand);
      return;
    case 'in':
      for (const operand of [condition.operand, ...condition.list]) addOperandNames(names, operand);
      return;
    case 'call':
      for (const operand of condition.operands) addOperandNames(names, operand);
  }
}

function addOperandNames(names: Set<string>, operand: Operand): void {
  if (operand.kind === 'path') names.add(String(operand.path[0]));
  if (operand.kind === 'call') for (const inner of operand.operands) addOperandNames(names, inner);
}
