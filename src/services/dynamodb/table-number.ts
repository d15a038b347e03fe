import type { Transaction } from '../../store/store.ts';
import { layout } from './layout.ts';

/** A number that names a table, or a backup, in keys. */
export async function nextNumber(
  tx: Transaction,
  { account, region }: { readonly account: string; readonly region: string },
): Promise<number> {
  const { counters } = layout.at(account, region);
  const number = ((await counters.get(tx, ['table'])) ?? 0) + 1;
  counters.set(tx, ['table'], number);
  return number;
}
