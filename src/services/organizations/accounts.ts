import type { OrganizationsOperations } from '../../model/gen/organizations.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group, JobHandler } from '../../service/service.ts';
import { constraint, fault } from './fault.ts';
import { type CreationRow, layout, type OrganizationRow } from './layout.ts';
import { changeManaged, readAdministered, readManaged } from './membership.ts';
import { checkParent, targetType, withFullAccess, withoutTarget } from './organization.ts';
import { pageOf } from './page.ts';
import { taggedWith } from './tags.ts';
import { childrenOf } from './units.ts';
import { shownAccount, shownCreation } from './view.ts';

const DEFAULT_ROLE = 'OrganizationAccountAccessRole';

const CLOSED_MS = 90 * 24 * 60 * 60 * 1000;

interface ClosurePayload {
  readonly organizationId: string;
  readonly account: string;
  readonly closedAtMs: number;
}

interface CreationPayload {
  readonly organizationId: string;
  readonly creationId: string;
  readonly account: string;
  readonly email: string;
  readonly roleName: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
}

/** https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts.html */
export const accounts = {
  async CreateAccount({ Email, AccountName, RoleName = DEFAULT_ROLE, Tags = [] }, ctx) {
    const { random, clock } = ctx.world;
    const creationId = `car-${random.id(32, '0123456789abcdef')}`;
    const creation: CreationRow = {
      accountName: AccountName,
      state: 'IN_PROGRESS',
      requestedAtMs: clock.now(),
    };
    const account = `${1 + random.below(9)}${random.id(11, '0123456789')}`;
    await changeManaged(ctx, (row, tx) => {
      const payload: CreationPayload = {
        organizationId: row.id,
        creationId,
        account,
        email: Email,
        roleName: RoleName,
        tags: Tags,
      };
      ctx.enqueue(tx, { kind: 'createAccount', payload });
      return { ...row, creations: { ...row.creations, [creationId]: creation } };
    });
    return { CreateAccountStatus: shownCreation(creationId, creation) };
  },

  async DescribeCreateAccountStatus({ CreateAccountRequestId: id }, { account, store }) {
    const creation = (await readManaged(store, account)).creations[id];
    if (creation === undefined)
      throw fault(
        'CreateAccountStatusNotFoundException',
        "We can't find an create account request with the CreateAccountRequestId that you specified.",
      );
    return { CreateAccountStatus: shownCreation(id, creation) };
  },

  async ListCreateAccountStatus({ States = [], ...page }, { account, store }) {
    const { creations } = await readManaged(store, account);
    const wanted = Object.entries(creations).filter(
      ([, { state }]) => States.length === 0 || States.includes(state),
    );
    const { items, NextToken } = pageOf(wanted, page);
    return { CreateAccountStatuses: items.map(([id, row]) => shownCreation(id, row)), NextToken };
  },

  async DescribeAccount({ AccountId }, { account, store }) {
    const row = await readAdministered(store, account);
    checkAccount(row, AccountId);
    return { Account: shownAccount(row, AccountId) };
  },

  async ListAccounts(page, { account, store }) {
    const row = await readAdministered(store, account);
    const { items, NextToken } = pageOf(Object.keys(row.accounts), page);
    return { Accounts: items.map((id) => shownAccount(row, id)), NextToken };
  },

  async ListAccountsForParent({ ParentId, ...page }, { account, store }) {
    const row = await readAdministered(store, account);
    checkParent(row, ParentId);
    const { items, NextToken } = pageOf(childrenOf(row, ParentId, 'ACCOUNT'), page);
    return { Accounts: items.map((id) => shownAccount(row, id)), NextToken };
  },

  async MoveAccount({ AccountId, SourceParentId, DestinationParentId }, ctx) {
    await changeManaged(ctx, (row) => {
      const moved = checkAccount(row, AccountId);
      if (targetType(row, SourceParentId) === undefined || moved.parentId !== SourceParentId)
        throw fault(
          'SourceParentNotFoundException',
          "We can't find a source root or OU with the ParentId that you specified.",
        );
      const destination = targetType(row, DestinationParentId);
      if (destination === undefined || destination === 'ACCOUNT')
        throw fault(
          'DestinationParentNotFoundException',
          "We can't find the destination container (a root or OU) with the ParentId that you specified.",
        );
      if (SourceParentId === DestinationParentId)
        throw fault(
          'DuplicateAccountException',
          'That account is already present in the specified destination.',
        );
      const accountRow = { ...moved, parentId: DestinationParentId };
      return { ...row, accounts: { ...row.accounts, [AccountId]: accountRow } };
    });
    return {};
  },

  /** What is closed is gone after 90 days. */
  async CloseAccount({ AccountId }, ctx) {
    const nowMs = ctx.world.clock.now();
    await changeManaged(ctx, (row, tx) => {
      const closing = checkAccount(row, AccountId);
      if (AccountId === row.managementAccount)
        throw constraint('CANNOT_CLOSE_MANAGEMENT_ACCOUNT', 'You cannot close the management account.');
      if (closing.closedAtMs !== undefined)
        throw fault(
          'AccountAlreadyClosedException',
          'You attempted to close an account that is already closed.',
        );
      checkNoAdministrator(row, AccountId);
      const payload: ClosurePayload = { organizationId: row.id, account: AccountId, closedAtMs: nowMs };
      ctx.enqueue(tx, { kind: 'removeClosedAccount', payload, dueAtMs: nowMs + CLOSED_MS });
      return { ...row, accounts: { ...row.accounts, [AccountId]: { ...closing, closedAtMs: nowMs } } };
    });
    return {};
  },

  async RemoveAccountFromOrganization({ AccountId }, ctx) {
    await changeManaged(ctx, (row, tx) => {
      checkAccount(row, AccountId);
      checkNoAdministrator(row, AccountId);
      if (AccountId === row.managementAccount)
        throw fault(
          'MasterCannotLeaveOrganizationException',
          'You can’t remove a management account from an organization.',
        );
      layout.members.delete(tx, [AccountId]);
      return withoutTarget(row, AccountId);
    });
    return {};
  },
} satisfies Group<OrganizationsOperations>;

function checkNoAdministrator(row: OrganizationRow, id: string): void {
  if (row.delegations?.[id] !== undefined)
    throw constraint(
      'CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG',
      'You cannot remove or close an account that is a delegated administrator of a service.',
    );
}

export function checkAccount(row: OrganizationRow, id: string) {
  const account = row.accounts[id];
  if (account === undefined)
    throw fault('AccountNotFoundException', "You specified an account that doesn't exist.");
  return account;
}

/** A closed account leaves when its time is over; one that came back since stays. */
export const removeClosedAccount: JobHandler<ClosurePayload> = async (payload, ctx) => {
  const { organizationId, account, closedAtMs } = payload;
  await ctx.transact(async (tx) => {
    const row = await layout.organizations.get(tx, [organizationId]);
    if (row?.accounts[account]?.closedAtMs !== closedAtMs) return;
    layout.members.delete(tx, [account]);
    layout.organizations.set(tx, [row.id], withoutTarget(row, account));
  });
};

/** Makes the account a member, with the role by which the management account gets in. */
export const createAccount: JobHandler<CreationPayload> = async (payload, ctx) => {
  const { organizationId, creationId, account, email, roleName, tags } = payload;
  await makeRole(account, roleName, ctx);
  const nowMs = ctx.world.clock.now();
  await ctx.transact(async (tx) => {
    const row = await layout.organizations.get(tx, [organizationId]);
    const creation = row?.creations[creationId];
    if (row === undefined || creation === undefined || creation.state !== 'IN_PROGRESS') return;
    const taken = Object.values(row.accounts).some((other) => other.email === email);
    const done: CreationRow = taken
      ? { ...creation, state: 'FAILED', completedAtMs: nowMs, failure: 'EMAIL_ALREADY_EXISTS' }
      : { ...creation, state: 'SUCCEEDED', completedAtMs: nowMs, account };
    const ended = { ...row, creations: { ...row.creations, [creationId]: done } };
    if (taken) {
      layout.organizations.set(tx, [row.id], ended);
      return;
    }
    const member = {
      name: creation.accountName,
      email,
      parentId: row.rootId,
      joined: 'CREATED' as const,
      joinedAtMs: nowMs,
    };
    const grown = { ...ended, accounts: { ...ended.accounts, [account]: member } };
    layout.members.set(tx, [account], row.id);
    layout.organizations.set(tx, [row.id], taggedWith(withFullAccess(grown, account), account, tags));
  });
};

/** May run again: a role that is there already is the one of the run before. */
async function makeRole(account: string, RoleName: string, ctx: Context): Promise<void> {
  const arn = `arn:aws:iam::${account}:root`;
  const options = { as: { principal: { kind: 'root', account, arn, userId: account } as const }, account };
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${ctx.account}:root` },
        Action: 'sts:AssumeRole',
      },
    ],
  };
  const input = { RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) };
  try {
    await ctx.call('iam', 'CreateRole', input, options);
  } catch (error) {
    if (!Fault.is(error) || error.code !== 'EntityAlreadyExists') throw error;
  }
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await ctx.call('iam', 'AttachRolePolicy', { RoleName, PolicyArn }, options);
}
