import type { Capacity, ConsumedCapacity, ReturnConsumedCapacity } from '../../model/gen/dynamodb.ts';
import type { Index } from './table.ts';

/** What a request took of one table and its indexes. */
export interface Usage {
  /** The table as the request named it. */
  readonly tableName: string;
  readonly table: number;
  readonly indexes: readonly { readonly index: Index; readonly units: number }[];
}

/** Whether a request wants to know what it took. */
export function asksUsage(mode: ReturnConsumedCapacity | undefined): mode is 'TOTAL' | 'INDEXES' {
  return mode === 'TOTAL' || mode === 'INDEXES';
}

/** `ConsumedCapacity` as the request wants it shown. `kind` adds the transactions' member of that name. */
export function showUsage(
  mode: ReturnConsumedCapacity | undefined,
  { tableName, table, indexes }: Usage,
  kind?: 'ReadCapacityUnits' | 'WriteCapacityUnits',
): ConsumedCapacity | undefined {
  if (!asksUsage(mode)) return undefined;
  const capacity = (units: number): Capacity =>
    kind === undefined ? { CapacityUnits: units } : { CapacityUnits: units, [kind]: units };
  const total = indexes.reduce((sum, { units }) => sum + units, table);
  const shown: ConsumedCapacity = { TableName: tableName, ...capacity(total) };
  if (mode === 'TOTAL') return shown;
  const of = (wanted: 'local' | 'global') => {
    const used = indexes.filter(({ index, units }) => index.row.kind === wanted && units > 0);
    return used.length === 0
      ? undefined
      : Object.fromEntries(used.map(({ index, units }) => [index.row.name, capacity(units)]));
  };
  return {
    ...shown,
    Table: capacity(table),
    LocalSecondaryIndexes: of('local'),
    GlobalSecondaryIndexes: of('global'),
  };
}

/** Adds up what several writes or reads took of one table. */
export class UsageSum {
  readonly #tables = new Map<string, { table: number; indexes: Map<Index, number> }>();

  add({ tableName, table, indexes }: Usage): void {
    let sum = this.#tables.get(tableName);
    if (sum === undefined) this.#tables.set(tableName, (sum = { table: 0, indexes: new Map() }));
    sum.table += table;
    for (const { index, units } of indexes) sum.indexes.set(index, (sum.indexes.get(index) ?? 0) + units);
  }

  show(
    mode: ReturnConsumedCapacity | undefined,
    kind?: 'ReadCapacityUnits' | 'WriteCapacityUnits',
  ): readonly ConsumedCapacity[] | undefined {
    if (!asksUsage(mode)) return undefined;
    return [...this.#tables].flatMap(([tableName, { table, indexes }]) => {
      const used = [...indexes].map(([index, units]) => ({ index, units }));
      return showUsage(mode, { tableName, table, indexes: used }, kind) ?? [];
    });
  }
}
