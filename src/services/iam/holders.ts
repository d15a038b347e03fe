import type { PolicyGrantingServiceAccess } from '../../model/gen/iam.ts';
import type { Reader, Store } from '../../store/store.ts';
import { fault } from './fault.ts';
import { parseIamArn } from './identifier.ts';
import { identityArn, identityRows, readIdentity } from './identity.ts';
import { type IdentityKind, type IdentityRow, layout } from './layout.ts';
import { managedDocument } from './principal-policies.ts';

/** An entity or a policy of IAM, by its ARN, as reports about access ask for it. */
export interface Holder {
  readonly kind: IdentityKind | 'policy';
  /** Users and roles that act with it. */
  readonly actors: readonly Actor[];
  /** Every policy it has. */
  readonly policies: readonly HeldPolicy[];
}

export interface Actor {
  readonly kind: 'user' | 'role';
  readonly row: IdentityRow;
  readonly arn: string;
}

export interface HeldPolicy extends PolicyGrantingServiceAccess {
  readonly document: string;
}

export async function readHolder(store: Store, account: string, arn: string): Promise<Holder> {
  const named = parseIamArn(arn);
  if (named === undefined || (named.account !== account && named.account !== 'aws'))
    throw fault('InvalidInput', `Invalid ARN: ${arn}`);
  switch (named.kind) {
    case 'user': {
      const row = await readIdentity(store, account, 'user', named.name);
      const groups = await Promise.all(
        row.groups.map(async (name) => ({ name, row: await readIdentity(store, account, 'group', name) })),
      );
      const own = await policiesHeld(store, account, 'user', row);
      const shared = await Promise.all(
        groups.map(({ row: group }) => policiesHeld(store, account, 'group', group)),
      );
      return { kind: 'user', actors: [actor(account, 'user', row)], policies: [...own, ...shared.flat()] };
    }
    case 'role': {
      const row = await readIdentity(store, account, 'role', named.name);
      return {
        kind: 'role',
        actors: [actor(account, 'role', row)],
        policies: await policiesHeld(store, account, 'role', row),
      };
    }
    case 'group': {
      const row = await readIdentity(store, account, 'group', named.name);
      return {
        kind: 'group',
        actors: await membersOf(store, account, row.name),
        policies: await policiesHeld(store, account, 'group', row),
      };
    }
    case 'policy': {
      const document = await managedDocument(store, arn, account);
      if (document === undefined) throw fault('NoSuchEntity', `Policy ${arn} does not exist.`);
      return {
        kind: 'policy',
        actors: await actorsOf(store, account, arn),
        policies: [{ PolicyName: named.name, PolicyType: 'MANAGED', PolicyArn: arn, document }],
      };
    }
    default:
      throw fault('InvalidInput', `Invalid ARN: ${arn}`);
  }
}

function actor(account: string, kind: 'user' | 'role', row: IdentityRow): Actor {
  return { kind, row, arn: identityArn(account, kind, row) };
}

async function policiesHeld(
  store: Store,
  account: string,
  kind: IdentityKind,
  row: IdentityRow,
): Promise<HeldPolicy[]> {
  const EntityType = ({ user: 'USER', group: 'GROUP', role: 'ROLE' } as const)[kind];
  const inline = Object.entries(row.inline).map(
    ([PolicyName, document]): HeldPolicy => ({
      PolicyName,
      PolicyType: 'INLINE',
      EntityType,
      EntityName: row.name,
      document,
    }),
  );
  const managed = row.attached.map(async (arn): Promise<HeldPolicy[]> => {
    const document = await managedDocument(store, arn, account);
    if (document === undefined) return [];
    const PolicyName = arn.slice(arn.lastIndexOf('/') + 1);
    return [{ PolicyName, PolicyType: 'MANAGED', PolicyArn: arn, document }];
  });
  return [...inline, ...(await Promise.all(managed)).flat()];
}

async function membersOf(reader: Reader, account: string, group: string): Promise<readonly Actor[]> {
  const users = await layout.at(account, '').users.all(reader, []);
  return users
    .filter(({ value }) => value.groups.some((name) => name.toLowerCase() === group.toLowerCase()))
    .map(({ value }) => actor(account, 'user', value));
}

/** Users and roles with a managed policy, through groups too. */
async function actorsOf(reader: Reader, account: string, arn: string): Promise<readonly Actor[]> {
  const found = new Map<string, Actor>();
  const { attachments } = layout.at(account, '');
  for (const { key } of await attachments.all(reader, [arn, 'policy'])) {
    const [, , kind, name] = key;
    if (kind === 'group') {
      for (const member of await membersOf(reader, account, name)) found.set(member.arn, member);
      continue;
    }
    const row = await identityRows(account, kind).get(reader, [name.toLowerCase()]);
    if (row !== undefined) {
      const one = actor(account, kind, row);
      found.set(one.arn, one);
    }
  }
  return [...found.values()];
}
