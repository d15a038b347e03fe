import type {
  Account,
  CreateAccountStatus,
  Organization,
  OrganizationalUnit,
  PolicySummary,
  Root,
} from '../../model/gen/organizations.ts';
import type { CreationRow, OrganizationRow } from './layout.ts';
import { AWS_POLICIES, arnOf, lineOf, pathOf, policyOf } from './organization.ts';

/** Things of an organization as answers show them. */
export function shownOrganization(row: OrganizationRow): Organization {
  return {
    Id: row.id,
    Arn: arnOf(row, row.id),
    FeatureSet: row.featureSet,
    MasterAccountArn: arnOf(row, row.managementAccount),
    MasterAccountId: row.managementAccount,
    MasterAccountEmail: row.managementEmail,
    AvailablePolicyTypes:
      row.featureSet === 'ALL' ? [{ Type: 'SERVICE_CONTROL_POLICY', Status: 'ENABLED' }] : [],
  };
}

export function shownRoot(row: OrganizationRow): Root {
  return {
    Id: row.rootId,
    Arn: arnOf(row, row.rootId),
    Name: 'Root',
    PolicyTypes: row.enabledTypes.map((Type) => ({ Type, Status: 'ENABLED' })),
  };
}

export function shownUnit(row: OrganizationRow, id: string): OrganizationalUnit {
  return {
    Id: id,
    Arn: arnOf(row, id),
    Name: row.units[id]?.name,
    Path: `${[row.id, ...lineOf(row, id)].join('/')}/`,
  };
}

export function shownAccount(row: OrganizationRow, id: string): Account {
  const account = row.accounts[id];
  return {
    Id: id,
    Arn: arnOf(row, id),
    Email: account?.email,
    Name: account?.name,
    Status: account?.closedAtMs === undefined ? 'ACTIVE' : 'SUSPENDED',
    State: account?.closedAtMs === undefined ? 'ACTIVE' : 'SUSPENDED',
    Paths: account === undefined ? undefined : [`${pathOf(row, account.parentId)}${id}/`],
    JoinedMethod: account?.joined,
    JoinedTimestamp: account === undefined ? undefined : new Date(account.joinedAtMs),
  };
}

export function shownPolicy(row: OrganizationRow, id: string): PolicySummary {
  const { name, description, type } = policyOf(row, id);
  return {
    Id: id,
    Arn: arnOf(row, id),
    Name: name,
    Description: description,
    Type: type,
    AwsManaged: Object.hasOwn(AWS_POLICIES, id),
  };
}

export function shownCreation(id: string, row: CreationRow): CreateAccountStatus {
  return {
    Id: id,
    AccountName: row.accountName,
    State: row.state,
    RequestedTimestamp: new Date(row.requestedAtMs),
    CompletedTimestamp: row.completedAtMs === undefined ? undefined : new Date(row.completedAtMs),
    AccountId: row.account,
    FailureReason: row.failure,
  };
}
