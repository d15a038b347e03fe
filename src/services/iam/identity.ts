import type { Rows } from '../../store/keyspace.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { fault } from './fault.ts';
import { iamArn } from './identifier.ts';
import {
  type GroupRow,
  type IdentityKind,
  type IdentityRow,
  layout,
  type RoleRow,
  type UserRow,
} from './layout.ts';

/** The row of each kind of identity. */
export type RowOf<K extends IdentityKind> = K extends 'user'
  ? UserRow
  : K extends 'role'
    ? RoleRow
    : GroupRow;

export function identityRows<K extends IdentityKind>(account: string, kind: K): Rows<[string], RowOf<K>> {
  const { users, groups, roles } = layout.at(account, '');
  const rows = { user: users, group: groups, role: roles }[kind];
  return rows as unknown as Rows<[string], RowOf<K>>;
}

export async function findIdentity<K extends IdentityKind>(
  reader: Reader,
  account: string,
  kind: K,
  name: string,
): Promise<RowOf<K> | undefined> {
  const row = await identityRows(account, kind).get(reader, [name.toLowerCase()]);
  return row?.name === name ? row : undefined;
}

/** The row, or NoSuchEntity. */
export async function readIdentity<K extends IdentityKind>(
  reader: Reader,
  account: string,
  kind: K,
  name: string,
): Promise<RowOf<K>> {
  const row = await findIdentity(reader, account, kind, name);
  if (row === undefined) throw fault('NoSuchEntity', `The ${kind} with name ${name} cannot be found.`);
  return row;
}

export function writeIdentity<K extends IdentityKind>(
  tx: Transaction,
  account: string,
  kind: K,
  row: RowOf<K>,
): void {
  identityRows(account, kind).set(tx, [row.name.toLowerCase()], row);
}

/** Reads a row and writes what `body` makes of it. */
export async function updateIdentity<K extends IdentityKind>(
  tx: Transaction,
  account: string,
  kind: K,
  name: string,
  body: (row: RowOf<K>) => RowOf<K> | Promise<RowOf<K>>,
): Promise<RowOf<K>> {
  const row = await body(await readIdentity(tx, account, kind, name));
  writeIdentity(tx, account, kind, row);
  return row;
}

const TITLES = { user: 'User', group: 'Group', role: 'Role' } as const;

/** Names are unique without regard to case. */
export async function checkNameFree(
  tx: Transaction,
  account: string,
  kind: IdentityKind,
  name: string,
): Promise<void> {
  if ((await identityRows(account, kind).get(tx, [name.toLowerCase()])) !== undefined)
    throw fault('EntityAlreadyExists', `${TITLES[kind]} with name ${name} already exists.`);
}

export function identityArn(account: string, kind: IdentityKind, { path, name }: IdentityRow): string {
  return iamArn(account, kind, path, name);
}

/** A service-linked role is its service's to change. */
export function checkUnlinked(row: RoleRow): RoleRow {
  if (row.linkedService !== undefined)
    throw fault(
      'UnmodifiableEntity',
      `Cannot perform the operation on the protected role '${row.name}' - this role is only modifiable by AWS`,
    );
  return row;
}

/** What has to go before the identity can. */
export function checkBare(row: IdentityRow): void {
  if (row.attached.length > 0)
    throw fault('DeleteConflict', 'Cannot delete entity, must detach all policies first.');
  if (Object.keys(row.inline).length > 0)
    throw fault('DeleteConflict', 'Cannot delete entity, must delete policies first.');
}
