import type { OrganizationsOperations } from '../../model/gen/organizations.ts';
import type { ContextValues } from '../../policy/request.ts';
import type { ActionRequest, Authorisation, AuthorisationScope } from '../../service/service.ts';
import { withDelegation } from './delegation.ts';
import { handshakeArn } from './handshake.ts';
import { layout, type OrganizationRow } from './layout.ts';
import { AWS_POLICIES, arnOf } from './organization.ts';

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html */
async function on(
  action: string,
  { account, ctx }: AuthorisationScope,
  ids: readonly string[],
  context?: ContextValues,
): Promise<readonly ActionRequest[]> {
  const organization = await organizationOf(account, ctx.store);
  const policies = ids.map((id) => AWS_POLICIES[id] ?? organization?.policies[id]);
  const type = policies.find((policy) => policy !== undefined)?.type;
  return ids.map((id) => ({
    action: `organizations:${action}`,
    resource: organization === undefined ? '*' : arnOf(organization, id),
    // AWS's own policies are in nobody's account; who may use them is the caller's to say.
    resourceAccount: account,
    context: { ...(type === undefined ? {} : policyType(type)), ...context },
  }));
}

async function organizationOf(
  account: string,
  store: AuthorisationScope['ctx']['store'],
): Promise<OrganizationRow | undefined> {
  const id = await layout.members.get(store, [account]);
  return id === undefined ? undefined : layout.organizations.get(store, [id]);
}

/** An invitation is the invited account's to answer as much as the inviting one's. */
async function onHandshake(
  action: string,
  { account, ctx }: AuthorisationScope,
  id: string,
): Promise<readonly ActionRequest[]> {
  const row = await layout.handshakes.get(ctx.store, [id]);
  const resource = row === undefined ? '*' : handshakeArn(row);
  return [{ action: `organizations:${action}`, resource, resourceAccount: account }];
}

function everything(action: string) {
  return () => [{ action: `organizations:${action}`, resource: '*' }];
}

interface Tagged {
  readonly Key: string;
  readonly Value: string;
}

function requestTags(tags: readonly Tagged[] = []): ContextValues {
  if (tags.length === 0) return {};
  return {
    'aws:TagKeys': tags.map(({ Key }) => Key),
    ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
  };
}

/** To make something with tags takes the permission to tag it. */
function tagging(tags: readonly Tagged[] = []): readonly ActionRequest[] {
  if (tags.length === 0) return [];
  return [{ action: 'organizations:TagResource', resource: '*', context: requestTags(tags) }];
}

function policyType(type: string): ContextValues {
  return { 'organizations:PolicyType': type };
}

function servicePrincipal(service: string): ContextValues {
  return { 'organizations:ServicePrincipal': service };
}

const rules = {
  CreateOrganization: everything('CreateOrganization'),
  DescribeOrganization: everything('DescribeOrganization'),
  DeleteOrganization: everything('DeleteOrganization'),
  LeaveOrganization: everything('LeaveOrganization'),
  EnableAllFeatures: everything('EnableAllFeatures'),
  ListRoots: everything('ListRoots'),
  EnableAWSServiceAccess: ({ ServicePrincipal }) => [
    {
      action: 'organizations:EnableAWSServiceAccess',
      resource: '*',
      context: { 'organizations:ServicePrincipal': ServicePrincipal },
    },
  ],
  DisableAWSServiceAccess: ({ ServicePrincipal }) => [
    {
      action: 'organizations:DisableAWSServiceAccess',
      resource: '*',
      context: { 'organizations:ServicePrincipal': ServicePrincipal },
    },
  ],
  ListAWSServiceAccessForOrganization: everything('ListAWSServiceAccessForOrganization'),

  CreateAccount: ({ Tags }) => [
    { action: 'organizations:CreateAccount', resource: '*', context: requestTags(Tags) },
    ...tagging(Tags),
  ],
  DescribeCreateAccountStatus: everything('DescribeCreateAccountStatus'),
  ListCreateAccountStatus: everything('ListCreateAccountStatus'),
  DescribeAccount: ({ AccountId }, scope) => on('DescribeAccount', scope, [AccountId]),
  ListAccounts: everything('ListAccounts'),
  ListAccountsForParent: ({ ParentId }, scope) => on('ListAccountsForParent', scope, [ParentId]),
  MoveAccount: ({ AccountId, SourceParentId, DestinationParentId }, scope) =>
    on('MoveAccount', scope, [AccountId, SourceParentId, DestinationParentId]),
  RemoveAccountFromOrganization: ({ AccountId }, scope) =>
    on('RemoveAccountFromOrganization', scope, [AccountId]),
  CloseAccount: ({ AccountId }, scope) => on('CloseAccount', scope, [AccountId]),

  RegisterDelegatedAdministrator: ({ AccountId, ServicePrincipal }, scope) =>
    on('RegisterDelegatedAdministrator', scope, [AccountId], servicePrincipal(ServicePrincipal)),
  DeregisterDelegatedAdministrator: ({ AccountId, ServicePrincipal }, scope) =>
    on('DeregisterDelegatedAdministrator', scope, [AccountId], servicePrincipal(ServicePrincipal)),
  ListDelegatedAdministrators: ({ ServicePrincipal }) => [
    {
      action: 'organizations:ListDelegatedAdministrators',
      resource: '*',
      context: ServicePrincipal === undefined ? {} : servicePrincipal(ServicePrincipal),
    },
  ],
  ListDelegatedServicesForAccount: ({ AccountId }, scope) =>
    on('ListDelegatedServicesForAccount', scope, [AccountId]),

  InviteAccountToOrganization: async ({ Target, Tags }, scope) => [
    ...(await on('InviteAccountToOrganization', scope, [Target.Id], requestTags(Tags))),
    ...tagging(Tags),
  ],
  AcceptHandshake: ({ HandshakeId }, scope) => onHandshake('AcceptHandshake', scope, HandshakeId),
  DeclineHandshake: ({ HandshakeId }, scope) => onHandshake('DeclineHandshake', scope, HandshakeId),
  CancelHandshake: ({ HandshakeId }, scope) => onHandshake('CancelHandshake', scope, HandshakeId),
  DescribeHandshake: ({ HandshakeId }, scope) => onHandshake('DescribeHandshake', scope, HandshakeId),
  ListHandshakesForAccount: everything('ListHandshakesForAccount'),
  ListHandshakesForOrganization: everything('ListHandshakesForOrganization'),

  CreateOrganizationalUnit: async ({ ParentId, Tags }, scope) => [
    ...(await on('CreateOrganizationalUnit', scope, [ParentId], requestTags(Tags))),
    ...tagging(Tags),
  ],
  UpdateOrganizationalUnit: ({ OrganizationalUnitId: id }, scope) =>
    on('UpdateOrganizationalUnit', scope, [id]),
  DeleteOrganizationalUnit: ({ OrganizationalUnitId: id }, scope) =>
    on('DeleteOrganizationalUnit', scope, [id]),
  DescribeOrganizationalUnit: ({ OrganizationalUnitId: id }, scope) =>
    on('DescribeOrganizationalUnit', scope, [id]),
  ListOrganizationalUnitsForParent: ({ ParentId }, scope) =>
    on('ListOrganizationalUnitsForParent', scope, [ParentId]),
  ListChildren: ({ ParentId }, scope) => on('ListChildren', scope, [ParentId]),
  ListParents: ({ ChildId }, scope) => on('ListParents', scope, [ChildId]),

  CreatePolicy: ({ Type, Tags }) => [
    {
      action: 'organizations:CreatePolicy',
      resource: '*',
      context: { ...policyType(Type), ...requestTags(Tags) },
    },
    ...tagging(Tags),
  ],
  UpdatePolicy: ({ PolicyId }, scope) => on('UpdatePolicy', scope, [PolicyId]),
  DeletePolicy: ({ PolicyId }, scope) => on('DeletePolicy', scope, [PolicyId]),
  DescribePolicy: ({ PolicyId }, scope) => on('DescribePolicy', scope, [PolicyId]),
  ListPolicies: ({ Filter }) => [
    { action: 'organizations:ListPolicies', resource: '*', context: policyType(Filter) },
  ],

  EnablePolicyType: ({ RootId, PolicyType }, scope) =>
    on('EnablePolicyType', scope, [RootId], policyType(PolicyType)),
  DisablePolicyType: ({ RootId, PolicyType }, scope) =>
    on('DisablePolicyType', scope, [RootId], policyType(PolicyType)),
  AttachPolicy: ({ PolicyId, TargetId }, scope) => on('AttachPolicy', scope, [PolicyId, TargetId]),
  DetachPolicy: ({ PolicyId, TargetId }, scope) => on('DetachPolicy', scope, [PolicyId, TargetId]),
  ListPoliciesForTarget: ({ TargetId, Filter }, scope) =>
    on('ListPoliciesForTarget', scope, [TargetId], policyType(Filter)),
  ListTargetsForPolicy: ({ PolicyId }, scope) => on('ListTargetsForPolicy', scope, [PolicyId]),

  TagResource: ({ ResourceId, Tags }, scope) => on('TagResource', scope, [ResourceId], requestTags(Tags)),
  UntagResource: ({ ResourceId, TagKeys }, scope) =>
    on('UntagResource', scope, [ResourceId], { 'aws:TagKeys': TagKeys }),
  ListTagsForResource: ({ ResourceId }, scope) => on('ListTagsForResource', scope, [ResourceId]),
  PutResourcePolicy: async ({ Tags }, scope) => [
    ...(await on('PutResourcePolicy', scope, ['resourcepolicy'], requestTags(Tags))),
    ...tagging(Tags),
  ],
  DescribeResourcePolicy: (_input, scope) => on('DescribeResourcePolicy', scope, ['resourcepolicy']),
  DeleteResourcePolicy: (_input, scope) => on('DeleteResourcePolicy', scope, ['resourcepolicy']),
  DescribeEffectivePolicy: ({ PolicyType, TargetId }, scope) =>
    on('DescribeEffectivePolicy', scope, [TargetId ?? scope.account], policyType(PolicyType)),
} satisfies Authorisation<OrganizationsOperations>;

export const authorisation = withDelegation(rules);
