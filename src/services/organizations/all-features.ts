import type { OrganizationsOperations } from '../../model/gen/organizations.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';
import { fault } from './fault.ts';
import { handshakesOf, shownHandshake, stateOf } from './handshake.ts';
import { type HandshakeRow, layout } from './layout.ts';
import { readManaged } from './membership.ts';

/** What was asked for lapses after this long; virtual time. */
const VALID_MS = 90 * 24 * 60 * 60 * 1000;

/**
 * From consolidated billing to all features: accounts that were invited have to agree, then the management account
 * makes it so. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html
 */
export const allFeatures = {
  async EnableAllFeatures(_input, ctx) {
    const { world, account } = ctx;
    const nowMs = world.clock.now();
    const id = `h-${world.random.id(10, ALPHANUMERIC_LOWER)}`;
    const approvals = new Map<string, string>();
    const approvalOf = (member: string) => {
      const known = approvals.get(member) ?? `h-${world.random.id(10, ALPHANUMERIC_LOWER)}`;
      approvals.set(member, known);
      return known;
    };
    const row = await ctx.transact(async (tx) => {
      const organization = await readManaged(tx, account);
      if (organization.featureSet === 'ALL')
        throw fault(
          'HandshakeConstraintViolationException',
          'The organization already has all features enabled.',
          { Reason: 'ORGANIZATION_ALREADY_HAS_ALL_FEATURES' },
        );
      await checkNoMigration(
        tx,
        organization.id,
        nowMs,
        'ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION',
      );
      const common = {
        organizationId: organization.id,
        managementAccount: account,
        managementEmail: organization.managementEmail,
        tags: [],
        requestedAtMs: nowMs,
        expiresAtMs: nowMs + VALID_MS,
      };
      const invited = Object.entries(organization.accounts)
        .filter(([member, { joined }]) => joined === 'INVITED' && member !== account)
        .map(([member]) => member);
      for (const target of invited)
        write(tx, {
          ...common,
          id: approvalOf(target),
          action: 'APPROVE_ALL_FEATURES',
          parentId: id,
          target,
          state: 'OPEN',
        });
      const made: HandshakeRow = {
        ...common,
        id,
        action: 'ENABLE_ALL_FEATURES',
        target: account,
        state: invited.length === 0 ? 'OPEN' : 'REQUESTED',
      };
      write(tx, made);
      return made;
    });
    return { Handshake: shownHandshake(row, nowMs) };
  },
} satisfies Group<OrganizationsOperations>;

function write(tx: Transaction, row: HandshakeRow): void {
  layout.handshakes.set(tx, [row.id], row);
  layout.handshakesOf.set(tx, ['account', row.target, row.id], true);
  layout.handshakesOf.set(tx, ['organization', row.organizationId, row.id], true);
}

/** While an organization is on its way to all features, nobody new comes in. */
export async function checkNoMigration(
  tx: Transaction,
  organizationId: string,
  nowMs: number,
  reason:
    | 'INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES'
    | 'ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION' = 'INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES',
): Promise<void> {
  const pending = (await handshakesOf(tx, 'organization', organizationId)).some(
    (row) => row.action === 'ENABLE_ALL_FEATURES' && /^(OPEN|REQUESTED)$/.test(stateOf(row, nowMs)),
  );
  if (pending)
    throw fault(
      'HandshakeConstraintViolationException',
      'The organization is in the process of enabling all features.',
      { Reason: reason },
    );
}

/** The last approval opens the request for the management account to finish. */
export async function approveAllFeatures(tx: Transaction, approval: HandshakeRow): Promise<void> {
  const parent = await layout.handshakes.get(tx, [approval.parentId ?? '']);
  if (parent?.state !== 'REQUESTED') return;
  const others = (await approvalsOf(tx, parent)).filter(({ id }) => id !== approval.id);
  if (others.every(({ state }) => state === 'ACCEPTED'))
    layout.handshakes.set(tx, [parent.id], { ...parent, state: 'OPEN' });
}

export async function finishAllFeatures(tx: Transaction, row: HandshakeRow): Promise<void> {
  const organization = await layout.organizations.get(tx, [row.organizationId]);
  if (organization !== undefined)
    layout.organizations.set(tx, [organization.id], { ...organization, featureSet: 'ALL' });
}

/** Nobody is asked any more. */
export async function cancelApprovals(tx: Transaction, parent: HandshakeRow): Promise<void> {
  for (const row of await approvalsOf(tx, parent))
    if (row.state === 'OPEN') layout.handshakes.set(tx, [row.id], { ...row, state: 'CANCELED' });
}

async function approvalsOf(tx: Transaction, parent: HandshakeRow): Promise<readonly HandshakeRow[]> {
  const rows = await handshakesOf(tx, 'organization', parent.organizationId);
  return rows.filter(({ parentId }) => parentId === parent.id);
}
