import type { ContextValues } from '../../policy/request.ts';
import type { AttachedPolicy, PrincipalPolicies } from '../../service/ports.ts';
import type { Principal } from '../../service/principal.ts';
import type { Store } from '../../store/store.ts';
import { parseIamArn } from './identifier.ts';
import type { AccountCache } from './identity-cache.ts';
import { type IdentityRow, layout, type RoleRow, type Tags, type UserRow } from './layout.ts';
import { awsManagedPolicy } from './managed-policy.ts';

/** What a policy that cannot be found says: nothing. */
export const EMPTY_POLICY = '{"Version":"2012-10-17","Statement":[]}';
const EVERYTHING: AttachedPolicy = {
  id: 'root',
  document: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
};

/** The default version's text of a managed policy, AWS's or the account's own. */
export async function managedDocument(
  store: Store,
  arn: string,
  account: string,
): Promise<string | undefined> {
  const aws = awsManagedPolicy(arn);
  if (aws !== undefined) return aws.document;
  const named = parseIamArn(arn);
  if (named?.kind !== 'policy' || named.account !== account) return undefined;
  const row = await layout.at(account, '').policies.get(store, [named.name.toLowerCase()]);
  if (row === undefined || row.path !== named.path || row.name !== named.name) return undefined;
  return row.versions.find(({ id }) => id === row.defaultVersion)?.document;
}

/** The policies of a principal and the context keys it brings. */
export async function policiesOf(
  principal: Principal,
  store: Store,
  cache: AccountCache,
): Promise<PrincipalPolicies> {
  switch (principal.kind) {
    case 'root': {
      const { account, arn, userId, taskPolicyArn } = principal;
      // A task's policy denies all that is not of the task; root needs nobody to allow the rest.
      const task = taskPolicyArn === undefined ? undefined : awsManagedPolicy(taskPolicyArn);
      return {
        identity: task === undefined ? [] : [{ id: task.arn, document: task.document }],
        context: { ...commonContext(account, arn, userId, 'Account'), ...principal.sessionContext },
      };
    }
    case 'user': {
      const { account, arn, userId, userName } = principal;
      const row = await cache.user(userName);
      const context = {
        ...commonContext(account, arn, userId, 'User'),
        'aws:username': userName,
        ...principal.sessionContext,
      };
      if (row === undefined || row.id !== userId) return { identity: [], context };
      return {
        ...(await userPolicies(row, account, store)),
        context: { ...tagContext(row.tags), ...context },
      };
    }
    case 'role': {
      const { account, userId, roleArn, roleName } = principal;
      const row = await cache.role(roleName);
      const context = {
        ...commonContext(account, roleArn, userId, 'AssumedRole'),
        ...tagContext(principal.sessionTags),
        ...principal.sessionContext,
      };
      if (row === undefined || !userId.startsWith(`${row.id}:`)) return { identity: [], context };
      return {
        ...(await rolePolicies(row, account, store)),
        context: { ...tagContext(row.tags), ...context },
      };
    }
    case 'federated-user': {
      const { account, arn, userId, userArn } = principal;
      const context = {
        ...commonContext(account, arn, userId, 'FederatedUser'),
        ...tagContext(principal.sessionTags ?? {}),
        ...principal.sessionContext,
      };
      const named = parseIamArn(userArn);
      if (named === undefined) return { identity: [EVERYTHING], context };
      const row = await cache.user(named.name);
      return row === undefined
        ? { identity: [], context }
        : { ...(await userPolicies(row, account, store)), context };
    }
    case 'service':
      return {
        identity: [],
        context: {
          'aws:PrincipalIsAWSService': true,
          'aws:PrincipalServiceName': principal.service,
          ...(principal.sourceArn === undefined ? {} : { 'aws:SourceArn': principal.sourceArn }),
          'aws:SourceAccount': principal.account,
        },
      };
    case 'anonymous':
      return { identity: [], context: { 'aws:PrincipalType': 'Anonymous' } };
  }
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
function commonContext(account: string, arn: string, userId: string, type: string): ContextValues {
  return {
    'aws:PrincipalAccount': account,
    'aws:PrincipalArn': arn,
    'aws:PrincipalIsAWSService': false,
    'aws:PrincipalType': type,
    'aws:userid': userId,
  };
}

function tagContext(tags: Tags): ContextValues {
  return Object.fromEntries(
    Object.entries(tags).map(([key, value]) => [`aws:principaltag/${key.toLowerCase()}`, value]),
  );
}

type RowPolicies = Pick<PrincipalPolicies, 'identity' | 'boundary'>;

export async function userPolicies(row: UserRow, account: string, store: Store): Promise<RowPolicies> {
  const { groups } = layout.at(account, '');
  const rows = await Promise.all(row.groups.map((name) => groups.get(store, [name.toLowerCase()])));
  const own = ownPolicies(row, account, store);
  const theirs = rows
    .filter((group) => group !== undefined)
    .map((group) => groupPolicies(group, account, store));
  const identity = await Promise.all([own, ...theirs]);
  return { identity: identity.flat(), ...(await boundaryOf(row.boundary, account, store)) };
}

export async function rolePolicies(row: RoleRow, account: string, store: Store): Promise<RowPolicies> {
  return {
    identity: await ownPolicies(row, account, store),
    ...(await boundaryOf(row.boundary, account, store)),
  };
}

/** A group's policies; its inline ones are told from the user's by its name. */
async function groupPolicies(row: IdentityRow, account: string, store: Store): Promise<AttachedPolicy[]> {
  const policies = await ownPolicies(row, account, store);
  return policies.map(({ id, document }) => ({
    id: id.replace(/^inline:/, `inline:group/${row.name}/`),
    document,
  }));
}

export async function ownPolicies(
  row: IdentityRow,
  account: string,
  store: Store,
): Promise<AttachedPolicy[]> {
  const inline = Object.entries(row.inline).map(([name, document]) => ({ id: `inline:${name}`, document }));
  const attached = await Promise.all(
    row.attached.map(async (arn) => ({
      id: arn,
      document: (await managedDocument(store, arn, account)) ?? EMPTY_POLICY,
    })),
  );
  return [...inline, ...attached];
}

async function boundaryOf(arn: string | undefined, account: string, store: Store) {
  if (arn === undefined) return {};
  return { boundary: { id: arn, document: (await managedDocument(store, arn, account)) ?? EMPTY_POLICY } };
}
