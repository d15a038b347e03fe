import type { OrganizationsOperations } from '../../model/gen/organizations.ts';
import type { Group } from '../../service/service.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';
import { fault } from './fault.ts';
import { layout, type OrganizationRow } from './layout.ts';
import { changeManaged, readAdministered, readManaged, readOrganization } from './membership.ts';
import { withoutTarget } from './organization.ts';
import { pageOf } from './page.ts';
import { shownOrganization, shownRoot } from './view.ts';

/** https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org.html */
export const organizations = {
  async CreateOrganization({ FeatureSet = 'ALL' }, ctx) {
    const { account, world } = ctx;
    const { random } = world;
    const rootId = `r-${random.id(4, ALPHANUMERIC_LOWER)}`;
    // Accounts of ours have no address of their own; it has to look like one and to be unique.
    const email = `root+${account}@lambent.localhost`;
    const row: OrganizationRow = {
      id: `o-${random.id(10, ALPHANUMERIC_LOWER)}`,
      rootId,
      managementAccount: account,
      managementEmail: email,
      featureSet: FeatureSet,
      enabledTypes: [],
      units: {},
      accounts: {
        [account]: {
          name: `account ${account}`,
          email,
          parentId: rootId,
          joined: 'INVITED',
          joinedAtMs: world.clock.now(),
        },
      },
      policies: {},
      attachments: {},
      tags: {},
      serviceAccess: {},
      creations: {},
    };
    await ctx.transact(async (tx) => {
      if ((await layout.members.get(tx, [account])) !== undefined)
        throw fault(
          'AlreadyInOrganizationException',
          'The provided account is already a member of an organization.',
        );
      layout.members.set(tx, [account], row.id);
      layout.organizations.set(tx, [row.id], row);
    });
    return { Organization: shownOrganization(row) };
  },

  async DescribeOrganization(_input, { account, store }) {
    return { Organization: shownOrganization(await readOrganization(store, account)) };
  },

  async DeleteOrganization(_input, ctx) {
    const { account } = ctx;
    await ctx.transact(async (tx) => {
      const row = await readManaged(tx, account);
      if (Object.keys(row.accounts).length > 1 || Object.keys(row.units).length > 0)
        throw fault(
          'OrganizationNotEmptyException',
          'To delete an organization you must first remove all member accounts (except the master).',
        );
      layout.organizations.delete(tx, [row.id]);
      layout.members.delete(tx, [account]);
    });
    return {};
  },

  async ListRoots(input, { account, store }) {
    const row = await readAdministered(store, account);
    const { items, NextToken } = pageOf([shownRoot(row)], input);
    return { Roots: items, NextToken };
  },

  async LeaveOrganization(_input, ctx) {
    const { account } = ctx;
    await ctx.transact(async (tx) => {
      const row = await readOrganization(tx, account);
      if (row.managementAccount === account)
        throw fault(
          'MasterCannotLeaveOrganizationException',
          'You can’t remove a management account from an organization.',
        );
      layout.organizations.set(tx, [row.id], withoutTarget(row, account));
      layout.members.delete(tx, [account]);
    });
    return {};
  },

  async EnableAWSServiceAccess({ ServicePrincipal }, ctx) {
    const nowMs = ctx.world.clock.now();
    await changeManaged(ctx, (row) => ({
      ...row,
      serviceAccess: { [ServicePrincipal]: nowMs, ...row.serviceAccess },
    }));
    return {};
  },

  async DisableAWSServiceAccess({ ServicePrincipal }, ctx) {
    await changeManaged(ctx, (row) => {
      const { [ServicePrincipal]: _gone, ...serviceAccess } = row.serviceAccess;
      return { ...row, serviceAccess };
    });
    return {};
  },

  async ListAWSServiceAccessForOrganization(input, { account, store }) {
    const { serviceAccess } = await readAdministered(store, account);
    const { items, NextToken } = pageOf(Object.entries(serviceAccess), input);
    return {
      EnabledServicePrincipals: items.map(([ServicePrincipal, sinceMs]) => ({
        ServicePrincipal,
        DateEnabled: new Date(sinceMs),
      })),
      NextToken,
    };
  },
} satisfies Group<OrganizationsOperations>;
