import type { AttributeValueUpdate } from '../../model/gen/dynamodb.ts';
import {
  type AttributeValue,
  attributeOf,
  checkAttributeName,
  checkAttributeValue,
  emptyItem,
  type Item,
  typeOf,
} from './attribute-value.ts';
import { invalid, invalidParameter } from './fault.ts';
import { addNumbers } from './number.ts';
import { subtract, union } from './update.ts';

/**
 * `AttributeUpdates`, which update expressions replaced.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.AttributeUpdates.html
 */
type Updates = Readonly<Record<string, AttributeValueUpdate>>;

const DELETABLE = ['SS', 'NS', 'BS'];
const ADDABLE = ['N', 'L', ...DELETABLE];

/** Throws AWS's fault for a malformed update. */
export function checkLegacyUpdates(updates: Updates | undefined): void {
  for (const [name, { Action: action, Value: value }] of Object.entries(updates ?? {})) {
    checkAttributeName(name);
    if (value === undefined) {
      if (action === 'DELETE') continue;
      throw invalidParameter('Only DELETE action is allowed when no attribute value is specified');
    }
    checkAttributeValue(value);
    const type = typeOf(value);
    if (action === 'DELETE' && !DELETABLE.includes(type)) {
      throw invalidParameter(`DELETE action with value is not supported for the type ${type}`);
    }
    if (action === 'ADD' && !ADDABLE.includes(type)) {
      throw invalidParameter(`ADD action is not supported for the type ${type}`);
    }
  }
}

/** Whether an item that is not there comes to be: not by deletions alone. */
export function createsItem(updates: Updates): boolean {
  const actions = Object.values(updates);
  return actions.length === 0 || actions.some(({ Action: action }) => action !== 'DELETE');
}

/** The item after the updates; the item itself stays as it is. */
export function applyLegacyUpdates(item: Item, updates: Updates): Item {
  const draft = Object.assign(emptyItem(), item);
  for (const [name, { Action: action = 'PUT', Value: value }] of Object.entries(updates)) {
    const updated = applyOne(attributeOf(draft, name), action, value);
    if (updated === undefined) delete draft[name];
    else draft[name] = updated;
  }
  return draft;
}

function applyOne(
  old: AttributeValue | undefined,
  action: 'PUT' | 'ADD' | 'DELETE',
  value: AttributeValue | undefined,
): AttributeValue | undefined {
  if (value === undefined) return undefined;
  if (action === 'PUT') return value;
  if (old === undefined) {
    if (action === 'DELETE') return undefined;
    return value.N === undefined ? value : { N: addNumbers('0', value.N) };
  }
  if (typeOf(old) !== typeOf(value)) throw invalid('Type mismatch for attribute to update');
  if (action === 'DELETE') return subtract(old, value);
  if (value.N !== undefined) return { N: addNumbers(old.N ?? '0', value.N) };
  return value.L === undefined ? union(old, value) : { L: [...(old.L ?? []), ...value.L] };
}
