import type { Reader, Transaction } from '../../store/store.ts';
import { fault, noSuchUser } from './fault.ts';
import type { CognitoRows } from './layout.ts';
import { normalName } from './pool.ts';
import type { PoolScope } from './scope.ts';
import { aliasesOf, type GroupRow, type SessionRow, type UserRow } from './user.ts';

/** Finds a user by username, `sub`, or a sign-in name or alias of the pool. */
export async function findUser(scope: PoolScope, reader: Reader, name: string): Promise<UserRow | undefined> {
  const { rows, pool } = scope;
  const normal = normalName(pool, name);
  const direct = await rows.users.get(reader, [pool.id, normal]);
  if (direct !== undefined) return direct;
  for (const attribute of [...pool.usernameAttributes, ...pool.aliasAttributes, 'sub']) {
    const username = await rows.aliases.get(reader, [pool.id, attribute, normal]);
    if (username !== undefined) return rows.users.get(reader, [pool.id, username]);
  }
  return undefined;
}

/** The same, for calls that must name one. Throws UserNotFoundException. */
export async function getUser(scope: PoolScope, reader: Reader, name: string): Promise<UserRow> {
  const user = await findUser(scope, reader, name);
  if (user === undefined) throw noSuchUser();
  return user;
}

export interface SaveOptions {
  /** Takes an alias from whoever has it; their attribute is unverified from then on. */
  readonly forceAliases?: boolean;
  /** The fault when an alias is taken. */
  readonly taken?: (attribute: string) => Error;
}

const aliasTaken = (attribute: string) =>
  fault('AliasExistsException', `An account with the given ${attribute} already exists.`);

/** Writes a user and moves what it can be named by. `before` is the row as this transaction read it. */
export async function saveUser(
  scope: PoolScope,
  tx: Transaction,
  before: UserRow | undefined,
  after: UserRow,
  { forceAliases = false, taken = aliasTaken }: SaveOptions = {},
): Promise<void> {
  const { rows, pool } = scope;
  const had = before === undefined ? [] : aliasesOf(pool, before);
  const has = aliasesOf(pool, after);
  const same = (a: readonly [string, string]) => (b: readonly [string, string]) =>
    a[0] === b[0] && a[1] === b[1];
  for (const alias of had) {
    if (!has.some(same(alias))) rows.aliases.delete(tx, [pool.id, ...alias]);
  }
  for (const alias of has) {
    if (had.some(same(alias))) continue;
    const holder = await rows.aliases.get(tx, [pool.id, ...alias]);
    if (holder !== undefined && holder !== after.username) {
      if (!forceAliases || !pool.aliasAttributes.includes(alias[0])) throw taken(alias[0]);
      await unverify(scope, tx, holder, alias[0]);
    }
    rows.aliases.set(tx, [pool.id, ...alias], after.username);
  }
  rows.users.set(tx, [pool.id, after.username], after);
}

async function unverify({ rows, pool }: PoolScope, tx: Transaction, username: string, attribute: string) {
  const user = await rows.users.get(tx, [pool.id, username]);
  if (user === undefined) return;
  rows.users.set(tx, [pool.id, username], {
    ...user,
    attributes: { ...user.attributes, [`${attribute}_verified`]: 'false' },
  });
}

/** Removes a user with its names, memberships and sessions. */
export async function removeUser(scope: PoolScope, tx: Transaction, user: UserRow): Promise<void> {
  const { rows, pool } = scope;
  for (const alias of aliasesOf(pool, user)) rows.aliases.delete(tx, [pool.id, ...alias]);
  for (const { key } of await rows.userGroups.all(tx, [pool.id, user.username])) {
    rows.userGroups.delete(tx, key);
    rows.groupMembers.delete(tx, [pool.id, key[2], user.username]);
  }
  for (const { key } of await rows.answeredChallenges.all(tx, [pool.id, user.username])) {
    rows.answeredChallenges.delete(tx, key);
  }
  await endSessions(scope, tx, user.username);
  rows.users.delete(tx, [pool.id, user.username]);
}

/** Ends every session of a user: its refresh and access tokens work no more. */
export async function endSessions(
  { rows, pool }: PoolScope,
  tx: Transaction,
  username: string,
): Promise<void> {
  for (const { key, value } of await rows.sessions.all(tx, [pool.id, username])) {
    endSession(rows, tx, key, value);
  }
}

/** Removes a session with its refresh tokens. */
export function endSession(
  rows: CognitoRows,
  tx: Transaction,
  key: [pool: string, username: string, authTimeSeconds: number, originJti: string],
  session: SessionRow,
): void {
  rows.sessions.delete(tx, key);
  for (const hash of session.refreshTokens) rows.refreshTokens.delete(tx, [key[0], hash]);
}

/** A user's groups, the most important (lowest precedence) first. */
export async function groupsOf(
  { rows, pool }: PoolScope,
  reader: Reader,
  username: string,
): Promise<readonly GroupRow[]> {
  const memberships = await rows.userGroups.all(reader, [pool.id, username]);
  const groups = await Promise.all(memberships.map(({ key }) => rows.groups.get(reader, [pool.id, key[2]])));
  return groups
    .filter((group) => group !== undefined)
    .sort((a, b) => (a.precedence ?? Number.MAX_SAFE_INTEGER) - (b.precedence ?? Number.MAX_SAFE_INTEGER));
}
