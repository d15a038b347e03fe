import type { Context } from '../../service/context.ts';
import type { AnyOperation, AuthorisationRule } from '../../service/service.ts';
import { layout, type OrganizationRow } from './layout.ts';
import { arnOf } from './organization.ts';

/**
 * What the organization's resource policy may let members do in the management account's place.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html
 */
const DELEGABLE = new Set([
  'AttachPolicy',
  'CreatePolicy',
  'DeletePolicy',
  'DescribeAccount',
  'DescribeCreateAccountStatus',
  'DescribeEffectivePolicy',
  'DescribeOrganizationalUnit',
  'DescribePolicy',
  'DescribeResourcePolicy',
  'DetachPolicy',
  'DisablePolicyType',
  'EnablePolicyType',
  'ListAWSServiceAccessForOrganization',
  'ListAccounts',
  'ListAccountsForParent',
  'ListChildren',
  'ListCreateAccountStatus',
  'ListDelegatedAdministrators',
  'ListDelegatedServicesForAccount',
  'ListHandshakesForOrganization',
  'ListOrganizationalUnitsForParent',
  'ListParents',
  'ListPolicies',
  'ListPoliciesForTarget',
  'ListRoots',
  'ListTagsForResource',
  'ListTargetsForPolicy',
  'TagResource',
  'UntagResource',
  'UpdatePolicy',
]);

/** The management account whose place a call takes: its permission was asked across the two accounts. */
const delegated = new WeakMap<Context, string>();

async function organizationOf({ account, store }: Context): Promise<OrganizationRow | undefined> {
  const id = await layout.members.get(store, [account]);
  return id === undefined ? undefined : layout.organizations.get(store, [id]);
}

/** The organization's resource policy, for the pipeline. */
export async function resourcePolicy(_resourceArn: string, ctx: Context): Promise<string | undefined> {
  return (await organizationOf(ctx))?.resourcePolicy?.content;
}

/**
 * The rules, where a member's calls are the management account's to allow once there is a resource policy: then both
 * its own policies and that one must. Accounts that administer a service read as they are.
 */
export function withDelegation<Rules extends Readonly<Record<string, AuthorisationRule>>>(
  rules: Rules,
): Rules {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, DELEGABLE.has(name) ? delegable(name, rule) : rule]),
  ) as Rules;
}

function delegable(name: string, rule: AuthorisationRule): AuthorisationRule {
  return async (input, scope) => {
    const { account, ctx } = scope;
    const requests = await rule(input, scope);
    const organization = await organizationOf(ctx);
    if (organization?.resourcePolicy === undefined || requests === 'none') return requests;
    const { id, managementAccount, delegations } = organization;
    const reads = /^(?:Describe|List)/.test(name) && delegations?.[account] !== undefined;
    const own = name === 'DescribeEffectivePolicy' && (input.TargetId ?? account) === account;
    if (account === managementAccount || reads || own) return requests;
    delegated.set(ctx, managementAccount);
    return requests.map((request) => ({
      ...request,
      resource: request.resource === '*' ? arnOf(organization, id) : request.resource,
      resourceAccount: managementAccount,
    }));
  };
}

/** The operations, which take the management account's place where that was allowed. */
export function onBehalf(
  operations: Readonly<Record<string, AnyOperation>>,
): Readonly<Record<string, AnyOperation>> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      (input, ctx) => {
        const account = delegated.get(ctx);
        return operation(input, account === undefined ? ctx : ctx.as({ account }));
      },
    ]),
  );
}
