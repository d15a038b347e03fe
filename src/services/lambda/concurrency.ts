import type { Reader } from '../../store/store.ts';
import type { FunctionVersion } from './layout.ts';
import type { Target } from './reading.ts';

/** AWS's account quota of concurrent executions in a region. */
export const ACCOUNT_CONCURRENCY = 1_000;
/** What reservations must leave to the functions that reserve nothing. */
export const LEAST_UNRESERVED = 100;

type Rows = Target['rows'];

/** What is provisioned for a function, all its versions and aliases together. */
export async function provisionedOf(reader: Reader, rows: Rows, name: string): Promise<number> {
  let provisioned = 0;
  for (const { value } of await rows.provisions.all(reader, [name])) provisioned += value.requested;
  return provisioned;
}

/** What is provisioned for one version, of itself or of an alias that points to it. */
export async function provisionedFor(
  reader: Reader,
  rows: Rows,
  { name, version }: FunctionVersion,
): Promise<number> {
  let provisioned = 0;
  for (const { key, value } of await rows.provisions.all(reader, [name])) {
    const [, qualifier] = key;
    const alias = qualifier === version ? undefined : await rows.aliases.get(reader, [name, qualifier]);
    if (qualifier === version || alias?.version === version) provisioned += value.requested;
  }
  return provisioned;
}

/**
 * What functions other than `but` have taken of the account's concurrency for themselves. What is provisioned for a
 * function comes out of what it has reserved, and out of the account's where it has reserved nothing.
 */
export async function takenConcurrency(reader: Reader, rows: Rows, but?: string): Promise<number> {
  let taken = 0;
  for (const { key, value } of await rows.functions.all(reader, [])) {
    const [name] = key;
    if (name !== but) taken += value.reservedConcurrency ?? (await provisionedOf(reader, rows, name));
  }
  return taken;
}
