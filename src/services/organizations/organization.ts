import type { PolicyType } from '../../model/gen/organizations.ts';
import { fault } from './fault.ts';
import type { OrganizationRow, PolicyRow } from './layout.ts';

/** Rules of an organization as one value: nothing here reads or writes. */

const ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
const ALLOW_ALL_RESOURCES =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}';

/** The policies AWS makes, which every organization has. */
export const AWS_POLICIES: Readonly<Record<string, PolicyRow>> = {
  'p-FullAWSAccess': {
    type: 'SERVICE_CONTROL_POLICY',
    name: 'FullAWSAccess',
    description: 'Allows access to every operation',
    content: ALLOW_ALL,
  },
  'p-RCPFullAWSAccess': {
    type: 'RESOURCE_CONTROL_POLICY',
    name: 'RCPFullAWSAccess',
    description: 'Allows access to every resource',
    content: ALLOW_ALL_RESOURCES,
  },
};

/** Policies of one type that one target may have. */
export const MOST_ATTACHED = 5;

/** Undefined for types of which nothing has to be attached. */
export function fullAccessOf(type: PolicyType): string | undefined {
  if (type === 'SERVICE_CONTROL_POLICY') return 'p-FullAWSAccess';
  return type === 'RESOURCE_CONTROL_POLICY' ? 'p-RCPFullAWSAccess' : undefined;
}

export function policyOf(organization: OrganizationRow, id: string): PolicyRow {
  const policy = AWS_POLICIES[id] ?? organization.policies[id];
  if (policy === undefined)
    throw fault('PolicyNotFoundException', "You specified a policy that doesn't exist.");
  return policy;
}

export type TargetType = 'ROOT' | 'ORGANIZATIONAL_UNIT' | 'ACCOUNT';

/** Undefined for what is not of the organization. */
export function targetType(organization: OrganizationRow, id: string): TargetType | undefined {
  if (id === organization.rootId) return 'ROOT';
  if (Object.hasOwn(organization.units, id)) return 'ORGANIZATIONAL_UNIT';
  return Object.hasOwn(organization.accounts, id) ? 'ACCOUNT' : undefined;
}

export function targetsOf(organization: OrganizationRow): readonly string[] {
  return [organization.rootId, ...Object.keys(organization.units), ...Object.keys(organization.accounts)];
}

/** From the root down to the unit, account or root itself. */
export function lineOf(organization: OrganizationRow, id: string): readonly string[] {
  const parent = organization.units[id]?.parentId ?? organization.accounts[id]?.parentId;
  return parent === undefined ? [id] : [...lineOf(organization, parent), id];
}

/** The policies of one type attached to one target. */
export function attachedOf(
  organization: OrganizationRow,
  target: string,
  type: PolicyType,
): readonly string[] {
  return (organization.attachments[target] ?? []).filter((id) => policyOf(organization, id).type === type);
}

export function attach(
  organization: OrganizationRow,
  target: string,
  policyId: string | undefined,
): OrganizationRow {
  if (policyId === undefined) return organization;
  const before = organization.attachments[target] ?? [];
  if (before.includes(policyId)) return organization;
  return { ...organization, attachments: { ...organization.attachments, [target]: [...before, policyId] } };
}

export function detach(organization: OrganizationRow, target: string, policyId: string): OrganizationRow {
  const kept = (organization.attachments[target] ?? []).filter((id) => id !== policyId);
  return { ...organization, attachments: { ...organization.attachments, [target]: kept } };
}

/** A new unit or account begins with full access of every type that is on. */
export function withFullAccess(organization: OrganizationRow, target: string): OrganizationRow {
  return organization.enabledTypes.reduce(
    (grown, type) => attach(grown, target, fullAccessOf(type)),
    organization,
  );
}

/** Without a target that is gone: its attachments and tags go too. */
export function withoutTarget(organization: OrganizationRow, id: string): OrganizationRow {
  const { [id]: _attached, ...attachments } = organization.attachments;
  const { [id]: _tags, ...tags } = organization.tags;
  const { [id]: _unit, ...units } = organization.units;
  const { [id]: _account, ...accounts } = organization.accounts;
  const { [id]: _delegated, ...delegations } = organization.delegations ?? {};
  return { ...organization, attachments, tags, units, accounts, delegations };
}

/** Root or unit; throws for what is neither. */
export function checkParent(organization: OrganizationRow, id: string): void {
  const type = targetType(organization, id);
  if (type === undefined || type === 'ACCOUNT')
    throw fault('ParentNotFoundException', "You specified parent that doesn't exist.");
}

export function arnOf(organization: OrganizationRow, id: string): string {
  const { id: org, managementAccount, rootId } = organization;
  const start = `arn:aws:organizations::${managementAccount}`;
  if (id === org) return `${start}:organization/${org}`;
  if (id === 'resourcepolicy' || id.startsWith('rp-'))
    return `${start}:resourcepolicy/${org}/${organization.resourcePolicy?.id ?? '*'}`;
  if (id === rootId) return `${start}:root/${org}/${id}`;
  if (id.startsWith('ou-')) return `${start}:ou/${org}/${id}`;
  if (id.startsWith('p-')) {
    const aws = AWS_POLICIES[id];
    const type = (aws ?? organization.policies[id])?.type.toLowerCase() ?? 'service_control_policy';
    return aws === undefined
      ? `${start}:policy/${org}/${type}/${id}`
      : `arn:aws:organizations::aws:policy/${type}/${id}`;
  }
  return `${start}:account/${org}/${id}`;
}

/** `o-…/r-…/ou-…/` of what is directly under it. */
export function pathOf(organization: OrganizationRow, parentId: string): string {
  return `${[organization.id, ...lineOf(organization, parentId)].join('/')}/`;
}
