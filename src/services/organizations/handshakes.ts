import type {
  Handshake,
  HandshakeFilter,
  HandshakeState,
  OrganizationsOperations,
} from '../../model/gen/organizations.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';
import { approveAllFeatures, cancelApprovals, checkNoMigration, finishAllFeatures } from './all-features.ts';
import { fault, invalidInput } from './fault.ts';
import { handshakesOf, shownHandshake as shown, stateOf } from './handshake.ts';
import { type HandshakeRow, layout } from './layout.ts';
import { readManaged } from './membership.ts';
import { withFullAccess } from './organization.ts';
import { pageOf } from './page.ts';
import { taggedWith } from './tags.ts';

/** An invitation can be answered this long; virtual time. */
const VALID_MS = 15 * 24 * 60 * 60 * 1000;

/** How accounts that exist come into an organization. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_invites.html */
export const handshakes = {
  async InviteAccountToOrganization({ Target, Notes, Tags = [] }, ctx) {
    const { world, account } = ctx;
    // Accounts here have no addresses of their own that an invitation could be sent to.
    if (Target.Type !== 'ACCOUNT')
      throw invalidInput('INVALID_PARTY_TYPE_TARGET', 'You specified an invalid party type: use ACCOUNT.');
    if (!/^\d{12}$/.test(Target.Id))
      throw invalidInput('INVALID_PATTERN_TARGET_ID', 'You provided an account id that is not 12 digits.');
    const id = `h-${world.random.id(10, ALPHANUMERIC_LOWER)}`;
    const nowMs = world.clock.now();
    const row = await ctx.transact(async (tx) => {
      const organization = await readManaged(tx, account);
      await checkNoMigration(tx, organization.id, nowMs);
      if ((await layout.members.get(tx, [Target.Id])) === organization.id)
        throw fault(
          'HandshakeConstraintViolationException',
          'The account is already a member of the organization.',
          { Reason: 'ALREADY_IN_AN_ORGANIZATION' },
        );
      const others = await handshakesOf(tx, 'account', Target.Id);
      if (
        others.some((other) => other.organizationId === organization.id && stateOf(other, nowMs) === 'OPEN')
      )
        throw fault(
          'DuplicateHandshakeException',
          'A handshake with the same action and target already exists.',
        );
      const made: HandshakeRow = {
        id,
        organizationId: organization.id,
        managementAccount: organization.managementAccount,
        managementEmail: organization.managementEmail,
        target: Target.Id,
        ...(Notes === undefined ? {} : { notes: Notes }),
        tags: Tags,
        state: 'OPEN',
        requestedAtMs: nowMs,
        expiresAtMs: nowMs + VALID_MS,
      };
      layout.handshakes.set(tx, [id], made);
      layout.handshakesOf.set(tx, ['account', Target.Id, id], true);
      layout.handshakesOf.set(tx, ['organization', organization.id, id], true);
      return made;
    });
    return { Handshake: shown(row, nowMs) };
  },

  AcceptHandshake: ({ HandshakeId }, ctx) =>
    answer(ctx, HandshakeId, 'ACCEPTED', async (tx, row, nowMs) => {
      checkParty(row.target, ctx.account);
      if (stateOf(row, nowMs) !== 'OPEN') return;
      if (row.action === 'ENABLE_ALL_FEATURES') await finishAllFeatures(tx, row);
      else if (row.action === 'APPROVE_ALL_FEATURES') await approveAllFeatures(tx, row);
      else await join(tx, row, nowMs);
    }),

  DeclineHandshake: ({ HandshakeId }, ctx) =>
    answer(ctx, HandshakeId, 'DECLINED', async (_tx, row) => checkParty(row.target, ctx.account)),

  CancelHandshake: ({ HandshakeId }, ctx) =>
    answer(ctx, HandshakeId, 'CANCELED', async (tx, row) => {
      checkParty(row.managementAccount, ctx.account);
      if (row.action === 'ENABLE_ALL_FEATURES') await cancelApprovals(tx, row);
    }),

  async DescribeHandshake({ HandshakeId }, { account, store, world }) {
    const row = await layout.handshakes.get(store, [HandshakeId]);
    if (row === undefined) throw unknown();
    if (row.target !== account) checkParty(row.managementAccount, account);
    return { Handshake: shown(row, world.clock.now()) };
  },

  async ListHandshakesForAccount({ Filter, ...page }, { account, store, world }) {
    const rows = wanted(await handshakesOf(store, 'account', account), Filter);
    const { items, NextToken } = pageOf(rows, page);
    return { Handshakes: items.map((row) => shown(row, world.clock.now())), NextToken };
  },

  async ListHandshakesForOrganization({ Filter, ...page }, { account, store, world }) {
    const { id } = await readManaged(store, account);
    const rows = wanted(await handshakesOf(store, 'organization', id), Filter);
    const { items, NextToken } = pageOf(rows, page);
    return { Handshakes: items.map((row) => shown(row, world.clock.now())), NextToken };
  },
} satisfies Group<OrganizationsOperations>;

/** Ends an open invitation, if `body` lets it. */
async function answer(
  ctx: Context,
  id: string,
  state: Extract<HandshakeState, 'ACCEPTED' | 'DECLINED' | 'CANCELED'>,
  body: (tx: Transaction, row: HandshakeRow, nowMs: number) => Promise<void>,
): Promise<{ readonly Handshake: Handshake }> {
  const nowMs = ctx.world.clock.now();
  const ended = await ctx.transact(async (tx) => {
    const row = await layout.handshakes.get(tx, [id]);
    if (row === undefined) throw unknown();
    const current = stateOf(row, nowMs);
    await body(tx, row, nowMs);
    if (current === state)
      throw fault(
        'HandshakeAlreadyInStateException',
        'The specified handshake is already in the requested state.',
      );
    if (current !== 'OPEN' && !(current === 'REQUESTED' && state === 'CANCELED'))
      throw fault(
        'InvalidHandshakeTransitionException',
        `You can't perform the operation on the handshake in its current state: ${current}.`,
      );
    const changed: HandshakeRow = { ...row, state };
    layout.handshakes.set(tx, [id], changed);
    return changed;
  });
  return { Handshake: shown(ended, nowMs) };
}

function wanted(
  rows: readonly HandshakeRow[],
  { ActionType: action, ParentHandshakeId: parentId }: HandshakeFilter = {},
): readonly HandshakeRow[] {
  return rows.filter(
    (row) =>
      (action === undefined || action === (row.action ?? 'INVITE')) &&
      (parentId === undefined || parentId === row.parentId),
  );
}

/** Makes the invited account a member. */
async function join(tx: Transaction, row: HandshakeRow, nowMs: number): Promise<void> {
  const { target: account } = row;
  if ((await layout.members.get(tx, [account])) !== undefined)
    throw fault(
      'HandshakeConstraintViolationException',
      'The account is already a member of an organization.',
      { Reason: 'ALREADY_IN_AN_ORGANIZATION' },
    );
  const organization = await layout.organizations.get(tx, [row.organizationId]);
  if (organization === undefined) throw unknown();
  const member = {
    name: `account ${account}`,
    email: `root+${account}@lambent.localhost`,
    parentId: organization.rootId,
    joined: 'INVITED' as const,
    joinedAtMs: nowMs,
  };
  const grown = { ...organization, accounts: { ...organization.accounts, [account]: member } };
  layout.members.set(tx, [account], organization.id);
  layout.organizations.set(
    tx,
    [organization.id],
    taggedWith(withFullAccess(grown, account), account, row.tags),
  );
}

function checkParty(party: string, account: string): void {
  if (party !== account)
    throw fault('AccessDeniedException', "You don't have permissions to access this resource.");
}

function unknown() {
  return fault(
    'HandshakeNotFoundException',
    "We can't find a handshake with the HandshakeId that you specified.",
  );
}
