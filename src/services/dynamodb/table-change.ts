import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { fault } from './fault.ts';
import { layout } from './layout.ts';
import type { TableRow } from './table-row.ts';
import { forgetTables, type TableAddress } from './tables-cache.ts';

/** The fault of an operation on a table that is not there. */
export function noTable(name: string) {
  return fault('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
}

/** Writes a table's row and its version, so that every write under way on the old one begins again. */
export function setTable(tx: Transaction, { account, region }: TableAddress, row: TableRow): void {
  const { tables, versions } = layout.at(account, region);
  tables.set(tx, [row.name], row);
  versions.set(tx, [row.number], row.version);
}

/**
 * Changes a table's row in one transaction; `change` returns undefined to leave it as it is. Throws
 * ResourceNotFoundException when there is no such table.
 */
export async function changeTable(
  ctx: Context,
  address: TableAddress,
  change: (row: TableRow, tx: Transaction) => TableRow | undefined | Promise<TableRow | undefined>,
): Promise<TableRow> {
  const changed = await ctx.transact(async (tx) => {
    const row = await layout.at(address.account, address.region).tables.get(tx, [address.name]);
    if (row === undefined) throw noTable(address.name);
    const next = await change(row, tx);
    if (next === undefined) return row;
    const versioned: TableRow = { ...next, version: row.version + 1 };
    setTable(tx, address, versioned);
    return versioned;
  });
  forgetTables(ctx, address);
  return changed;
}
