import type { IdentityFacts } from '../../service/ports.ts';
import type { Reader, Store } from '../../store/store.ts';
import { iamArn } from './identifier.ts';
import { identityArn } from './identity.ts';
import { layout } from './layout.ts';
import { rolePolicies, userPolicies } from './principal-policies.ts';

/** Everybody of an account, root first, with what they may do and the credentials they have. */
export async function inventory(store: Store, account: string): Promise<readonly IdentityFacts[]> {
  const rows = layout.at(account, '');
  const keys = await rows.accessKeys.all(store, []);
  const keysOf = (ids: readonly string[]) => keyFacts(store, account, ids);
  const root: IdentityFacts = {
    kind: 'root',
    arn: iamArn(account, 'root'),
    policies: [],
    password: false,
    secondFactor: false,
    keys: await keysOf(keys.filter(({ value }) => value.userName === undefined).map(({ key: [id] }) => id)),
  };
  const users = (await rows.users.all(store, [])).map(async ({ value }): Promise<IdentityFacts> => {
    const { identity } = await userPolicies(value, account, store);
    return {
      kind: 'user',
      arn: identityArn(account, 'user', value),
      createdAtMs: value.createdAtMs,
      policies: identity,
      password: value.login !== undefined,
      secondFactor: value.mfaSerials.length > 0,
      keys: await keysOf(value.accessKeyIds),
    };
  });
  const roles = (await rows.roles.all(store, [])).map(async ({ value }): Promise<IdentityFacts> => {
    const { identity } = await rolePolicies(value, account, store);
    return {
      kind: 'role',
      arn: identityArn(account, 'role', value),
      createdAtMs: value.createdAtMs,
      // What AWS manages in a service-linked role is nobody's to change.
      policies: value.linkedService === undefined ? identity : [],
      trustPolicy: value.trust,
      password: false,
      secondFactor: false,
      keys: [],
    };
  });
  return [root, ...(await Promise.all(users)), ...(await Promise.all(roles))];
}

async function keyFacts(reader: Reader, account: string, ids: readonly string[]) {
  const { accessKeys, keyUses } = layout.at(account, '');
  const facts = ids.map(async (id) => {
    const row = await accessKeys.get(reader, [id]);
    if (row === undefined) return [];
    const usedAtMs = (await keyUses.get(reader, [id]))?.usedAtMs;
    const { active, createdAtMs } = row;
    return [{ id, active, createdAtMs, ...(usedAtMs === undefined ? {} : { usedAtMs }) }];
  });
  return (await Promise.all(facts)).flat();
}
