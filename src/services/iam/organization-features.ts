import type { FeatureType, IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { OrganizationFacts } from '../../service/organizations.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { layout } from './layout.ts';

const IAM = 'iam.amazonaws.com';

/**
 * Whether an organization manages its members' roots in one place.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management
 */
export const organizationFeatures = {
  EnableOrganizationsRootCredentialsManagement: (_input, ctx) => turn(ctx, 'RootCredentialsManagement', true),
  DisableOrganizationsRootCredentialsManagement: (_input, ctx) =>
    turn(ctx, 'RootCredentialsManagement', false),
  EnableOrganizationsRootSessions: (_input, ctx) => turn(ctx, 'RootSessions', true),
  DisableOrganizationsRootSessions: (_input, ctx) => turn(ctx, 'RootSessions', false),

  async ListOrganizationsFeatures(_input, ctx) {
    const organization = await readOrganization(ctx);
    const { id, managementAccount, services } = organization;
    if (ctx.account !== managementAccount && services.get(IAM)?.has(ctx.account) !== true)
      throw fault(
        'AccountNotManagementOrDelegatedAdministratorException',
        'The request was rejected because the account making the request is not the management account or delegated administrator account for centralized root access.',
      );
    const features = await layout.global().organizationFeatures.get(ctx.store, [id]);
    return { OrganizationId: id, EnabledFeatures: features ?? [] };
  },
} satisfies Group<IamOperations>;

async function turn(ctx: Context, feature: FeatureType, on: boolean) {
  const { id, managementAccount } = await readOrganization(ctx);
  if (ctx.account !== managementAccount)
    throw fault(
      'CallerIsNotManagementAccountException',
      'The request was rejected because the account making the request is not the management account for the organization.',
    );
  const { organizationFeatures: rows } = layout.global();
  const features = await ctx.transact(async (tx) => {
    const others = ((await rows.get(tx, [id])) ?? []).filter((name) => name !== feature);
    const now = on ? [...others, feature].sort() : others;
    rows.set(tx, [id], now);
    return now;
  });
  return { OrganizationId: id, EnabledFeatures: features };
}

async function readOrganization(ctx: Context): Promise<OrganizationFacts> {
  const organization = await ctx.ports.organizations.organization(ctx.account);
  if (organization === undefined)
    throw fault(
      'OrganizationNotFoundException',
      'The request was rejected because no organization is associated with your account.',
    );
  if (!organization.allFeatures)
    throw fault(
      'OrganizationNotInAllFeaturesModeException',
      'The request was rejected because your organization does not have All features enabled.',
    );
  if (!organization.services.has(IAM))
    throw fault(
      'ServiceAccessNotEnabledException',
      'The request was rejected because trusted access is not enabled for IAM in AWS Organizations.',
    );
  return organization;
}
