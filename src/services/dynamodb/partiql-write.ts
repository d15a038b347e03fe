import { type AttributeValue, attributeOf, type Item } from './attribute-value.ts';
import { meets } from './condition.ts';
import type { Condition } from './expression.ts';
import { invalid } from './fault.ts';
import { checkItemSize, targetOf, updating } from './item-request.ts';
import type { ItemWrite } from './item-write.ts';
import { checkItemKeys, checkKey, checkUpdateTargets } from './key-check.ts';
import {
  conjuncts,
  type DeleteStatement,
  type ExistsStatement,
  type InsertStatement,
  type UpdateStatement,
} from './partiql-statement.ts';
import { StoredItem } from './stored-item.ts';
import { itemKey, type Table } from './table.ts';
import { applyUpdate } from './update.ts';

export type WriteStatement = InsertStatement | UpdateStatement | DeleteStatement | ExistsStatement;

/** The value a WHERE fixes an attribute to, and the condition that does. */
export function equalityOn(
  where: Condition | undefined,
  name: string,
): { readonly value: AttributeValue; readonly condition: Condition } | undefined {
  for (const condition of conjuncts(where)) {
    if (condition.kind !== 'compare' || condition.comparator !== '=') continue;
    for (const [path, value] of [
      [condition.left, condition.right],
      [condition.right, condition.left],
    ] as const) {
      if (path.kind !== 'path' || value.kind !== 'value') continue;
      if (path.path.length === 1 && path.path[0] === name) return { value: value.value, condition };
    }
  }
  return undefined;
}

/** The key of the one item a WHERE is about, and whether it asks for more than the key. */
export function keyIn(
  table: Table,
  where: Condition | undefined,
): { readonly key: Item; readonly isConditional: boolean } | undefined {
  const key: Record<string, AttributeValue> = {};
  for (const { name } of table.keys) {
    const equality = equalityOn(where, name);
    if (equality === undefined) return undefined;
    key[name] = equality.value;
  }
  return { key, isConditional: conjuncts(where).length > table.keys.length };
}

/** The write a statement means on its table. Throws faults. */
export function writeOf(table: Table, statement: WriteStatement, showsOnFailure: boolean): ItemWrite {
  if (statement.kind === 'insert') return insertOf(table, statement);
  const found = keyIn(table, statement.where);
  if (found === undefined) {
    throw invalid('Where clause does not contain a mandatory equality on all key attributes');
  }
  const { key, isConditional } = found;
  checkKey(table, key);
  const holds = (item: Item) => meets(item, statement.where);
  const write = { table, key: itemKey(table, key), wantsBefore: true, showsOnFailure };
  switch (statement.kind) {
    case 'exists':
      return { ...write, condition: holds, apply: (before) => before };
    case 'delete': {
      // A delete of what is not there succeeds, whatever else was asked of it.
      const condition = (item: Item) => attributeOf(item, table.partition.name) === undefined || holds(item);
      return { ...write, condition: isConditional ? condition : undefined, apply: () => undefined };
    }
    case 'update': {
      const { actions } = statement;
      checkUpdateTargets(table, actions.map(targetOf));
      const apply = updating(table, key, (item) => applyUpdate(item, actions), false);
      return { ...write, condition: holds, apply };
    }
  }
}

function insertOf(table: Table, { item }: InsertStatement): ItemWrite {
  checkItemSize(item);
  checkItemKeys(table, item);
  const stored = StoredItem.of(item);
  return {
    table,
    key: itemKey(table, item),
    condition: (found) => attributeOf(found, table.partition.name) === undefined,
    apply: () => stored,
    wantsBefore: true,
    showsOnFailure: false,
    isInsert: true,
  };
}
