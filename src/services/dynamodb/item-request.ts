import type {
  ConditionalOperator,
  ExpectedAttributeValue,
  ReturnValuesOnConditionCheckFailure,
} from '../../model/gen/dynamodb.ts';
import {
  type AttributeValue,
  checkAttributeName,
  checkAttributeValue,
  emptyItem,
  type Item,
  typeOf,
} from './attribute-value.ts';
import { meets } from './condition.ts';
import { type ParsedCondition, parseCondition } from './condition-parser.ts';
import type { DocumentPath } from './document-path.ts';
import { isArithmetic, type UpdateAction, type UpdateValue } from './expression.ts';
import { ExpressionAttributes } from './expression-attributes.ts';
import { invalid } from './fault.ts';
import { itemSize, LARGEST_ITEM } from './item-size.ts';
import type { ItemWrite } from './item-write.ts';
import {
  checkItemKeys,
  checkKey,
  checkKeyPaths,
  checkUpdatedIndexKeys,
  checkUpdateTargets,
  type UpdateTarget,
} from './key-check.ts';
import { checkExpected, expectedCondition } from './legacy-condition.ts';
import { StoredItem } from './stored-item.ts';
import { itemKey, type Table } from './table.ts';
import { applyUpdate } from './update.ts';
import { parseUpdate } from './update-parser.ts';

/** What the conditional parts of a write look like in every operation that has them. */
export interface ConditionalInput {
  readonly Expected?: Readonly<Record<string, ExpectedAttributeValue>> | undefined;
  readonly ConditionalOperator?: ConditionalOperator | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: ReturnValuesOnConditionCheckFailure | undefined;
}

/**
 * A write whose parameters have been checked; what is left needs the table. The checks come in DynamoDB's order:
 * parameters, expressions, table, keys, condition.
 */
export interface CheckedWrite {
  /** Checks against the table's schema, then the write. An update reads the image before in any case. */
  readonly on: (table: Table, wantsBefore: boolean) => ItemWrite;
  /** What UPDATED_OLD and UPDATED_NEW show. */
  readonly updatedPaths: readonly DocumentPath[];
}

interface CheckedCondition {
  readonly parsed: ParsedCondition | undefined;
  readonly holds: ((item: Item) => boolean) | undefined;
}

function checkCondition(input: ConditionalInput, attributes: ExpressionAttributes): CheckedCondition {
  if (input.ConditionExpression !== undefined) {
    const parsed = parseCondition(input.ConditionExpression, 'ConditionExpression', attributes);
    return { parsed, holds: (item) => meets(item, parsed.condition) };
  }
  const condition = input.Expected && expectedCondition(input.Expected, input.ConditionalOperator);
  return { parsed: undefined, holds: condition && ((item) => meets(item, condition)) };
}

function attributesOf(input: ConditionalInput): ExpressionAttributes {
  return new ExpressionAttributes(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
}

function writeOn(
  table: Table,
  key: Item,
  input: ConditionalInput,
  condition: CheckedCondition,
  apply: ItemWrite['apply'],
  wantsBefore: boolean,
): ItemWrite {
  if (condition.parsed !== undefined) checkKeyPaths(table, condition.parsed.paths);
  return {
    table,
    key: itemKey(table, key),
    condition: condition.holds,
    apply,
    wantsBefore,
    showsOnFailure: input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD',
  };
}

/** Throws for an item that is too large. */
export function checkItemSize(item: Item): void {
  if (itemSize(item) > LARGEST_ITEM) throw invalid('Item size has exceeded the maximum allowed size');
}

/** The condition of a write that has no other expression. */
function checkedCondition(input: ConditionalInput): CheckedCondition {
  checkExpected(input.Expected);
  const attributes = attributesOf(input);
  const condition = checkCondition(input, attributes);
  attributes.checkAllUsed();
  return condition;
}

/** A put of an item whose attributes and size have been checked. */
export function checkedPut(input: ConditionalInput, item: Item): CheckedWrite {
  const condition = checkedCondition(input);
  return {
    updatedPaths: [],
    on: (table, wantsBefore) => {
      checkItemKeys(table, item);
      const stored = StoredItem.of(item);
      return writeOn(table, item, input, condition, () => stored, wantsBefore);
    },
  };
}

/** A delete of the item under a key whose attributes have been checked. */
export function checkedDelete(input: ConditionalInput, key: Item): CheckedWrite {
  const condition = checkedCondition(input);
  return {
    updatedPaths: [],
    on: (table, wantsBefore) => {
      checkKey(table, key);
      return writeOn(table, key, input, condition, () => undefined, wantsBefore);
    },
  };
}

/** A condition on the item under a key, which stays as it is. */
export function checkedCheck(input: ConditionalInput, key: Item): CheckedWrite {
  const attributes = attributesOf(input);
  const condition = checkCondition(input, attributes);
  attributes.checkAllUsed();
  return {
    updatedPaths: [],
    on: (table) => {
      checkKey(table, key);
      return writeOn(table, key, input, condition, (before) => before, true);
    },
  };
}

/** What the older parameters of an update mean. */
export interface LegacyUpdate {
  readonly targets: readonly UpdateTarget[];
  readonly creates: boolean;
  readonly apply: (item: Item) => Item;
}

/** An update of the item under a key, which is created when there is none, unless all it does is remove. */
export function checkedUpdate(
  input: ConditionalInput & { readonly UpdateExpression?: string | undefined },
  key: Item,
  legacy?: LegacyUpdate,
): CheckedWrite {
  checkExpected(input.Expected);
  const attributes = attributesOf(input);
  const update =
    input.UpdateExpression === undefined ? undefined : parseUpdate(input.UpdateExpression, attributes);
  const condition = checkCondition(input, attributes);
  attributes.checkAllUsed();
  const actions = update?.actions ?? [];
  const targets = legacy?.targets ?? actions.map(targetOf);
  const change = legacy?.apply ?? ((item: Item) => applyUpdate(item, actions));
  const creates =
    legacy?.creates ?? (actions.length === 0 || actions.some(({ kind }) => kind === 'set' || kind === 'add'));
  return {
    updatedPaths: targets.map(({ path }) => path),
    on: (table) => {
      checkKey(table, key);
      checkUpdateTargets(table, targets);
      checkKeyPaths(table, [...targets.map(({ path }) => path), ...(update?.reads ?? [])]);
      return writeOn(table, key, input, condition, updating(table, key, change, creates), true);
    },
  };
}

/** The image after an update of the item under `key`; `creates` says whether one that is not there comes to be. */
export function updating(
  table: Table,
  key: Item,
  change: (item: Item) => Item,
  creates: boolean,
): ItemWrite['apply'] {
  return (before) => {
    if (before === undefined && !creates) return undefined;
    const old = before?.item ?? Object.assign(emptyItem(), key);
    const item = change(old);
    checkUpdatedIndexKeys(table, old, item);
    checkChanges(old, item);
    const stored = StoredItem.of(item);
    if (stored.size > LARGEST_ITEM) {
      throw invalid('Item size to update has exceeded the maximum allowed size');
    }
    return stored;
  };
}

/** Checks what an update has made; what it left alone is the very value that was there. */
function checkChanges(before: Item, after: Item): void {
  for (const name in after) {
    const value = after[name] as AttributeValue;
    if (value === before[name]) continue;
    checkAttributeName(name);
    checkAttributeValue(value);
  }
}

/** What an action sets, as far as the expression alone says. */
export function targetOf(action: UpdateAction): UpdateTarget {
  const { path } = action;
  switch (action.kind) {
    case 'set':
      return { path, type: typeOfUpdate(action.value) };
    case 'add':
    case 'delete':
      return { path, type: typeOf(action.value) };
    case 'remove':
      return { path, type: undefined };
  }
}

/** The type a SET will give, where the expression alone says so. */
function typeOfUpdate(value: UpdateValue): string | undefined {
  if (isArithmetic(value)) return 'N';
  if (value.kind === 'value') return typeOf(value.value);
  if (value.kind === 'path') return undefined;
  if (value.name === 'list_append') return 'L';
  const [, fallback] = value.operands;
  return fallback?.kind === 'value' ? typeOf(fallback.value) : undefined;
}
