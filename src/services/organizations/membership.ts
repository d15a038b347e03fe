import type { Context } from '../../service/context.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { fault } from './fault.ts';
import { layout, type OrganizationRow } from './layout.ts';

/** The organization an account belongs to; throws for an account of none. */
export async function readOrganization(reader: Reader, account: string): Promise<OrganizationRow> {
  const id = await layout.members.get(reader, [account]);
  const row = id === undefined ? undefined : await layout.organizations.get(reader, [id]);
  if (row !== undefined) return row;
  throw fault('AWSOrganizationsNotInUseException', 'Your account is not a member of an organization.');
}

/** The same, for what only the management account may do. */
export async function readManaged(reader: Reader, account: string): Promise<OrganizationRow> {
  const row = await readOrganization(reader, account);
  if (row.managementAccount === account) return row;
  throw fault('AccessDeniedException', "You don't have permissions to access this resource.");
}

/** The same, for what accounts that administer a service may read too. */
export async function readAdministered(reader: Reader, account: string): Promise<OrganizationRow> {
  const row = await readOrganization(reader, account);
  return row.delegations?.[account] === undefined ? readManaged(reader, account) : row;
}

/** Changes the organization that the caller manages; resolves with what it became. */
export function changeManaged(
  ctx: Context,
  body: (row: OrganizationRow, tx: Transaction) => OrganizationRow | Promise<OrganizationRow>,
): Promise<OrganizationRow> {
  return ctx.transact(async (tx) => {
    const row = await body(await readManaged(tx, ctx.account), tx);
    layout.organizations.set(tx, [row.id], row);
    return row;
  });
}
