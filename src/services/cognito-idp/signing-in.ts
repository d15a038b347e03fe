import { createHmac } from 'node:crypto';
import type { InitiateAuthResponse } from '../../model/gen/cognito-idp.ts';
import {
  type ChallengeResult,
  openChallenge,
  type SessionChallenge,
  type SrpChallenge,
  sealSrp,
  useChallenge,
} from './challenge.ts';
import { fault, noSuchUser, wrongPassword } from './fault.ts';
import { issueTokens, makeSession, type TokenSource, writeSession } from './issuing.ts';
import { afterFailure, isLocked } from './lockout.ts';
import { findUser } from './membership.ts';
import { updateUser } from './passwords.ts';
import { type ClientScope, keysOf } from './scope.ts';
import { makeServerKeys, makeVerifier, passwordMatches, poolName, type Verifier } from './srp.ts';
import { eventAttributes, metadata, runTrigger } from './trigger.ts';
import type { UserRow } from './user.ts';

/** What goes with one step of a sign-in. */
export interface Step {
  readonly scope: ClientScope;
  readonly clientMetadata: Readonly<Record<string, string>> | undefined;
}

/** The fault for a user that is not there: clients that hide who exists get the one of a wrong password. */
export function unknownUser({ client }: ClientScope): Error {
  return client.settings.PreventUserExistenceErrors === 'ENABLED' ? wrongPassword() : noSuchUser();
}

/** Finds who signs in and runs the PreAuthentication trigger. Undefined for an unknown user of a client that hides it. */
export async function beginSignIn(
  { scope, clientMetadata }: Step,
  name: string,
): Promise<UserRow | undefined> {
  const user = await findUser(scope, scope.ctx.store, name);
  if (user === undefined) {
    if (scope.client.settings.PreventUserExistenceErrors !== 'ENABLED') throw noSuchUser();
    return undefined;
  }
  await runTrigger(scope, 'PreAuthentication', {
    source: 'PreAuthentication_Authentication',
    username: user.username,
    clientId: scope.client.id,
    request: {
      userAttributes: eventAttributes(user),
      validationData: clientMetadata ?? null,
      userNotFound: false,
    },
  });
  return user;
}

/**
 * What a user who is not there is called in an exchange: as unlike an address as those who are, and always the same
 * for the same name.
 */
async function pretendUsername(scope: ClientScope, name: string): Promise<string> {
  if (scope.pool.usernameAttributes.length === 0) return name;
  const keys = await keysOf(scope);
  const hex = createHmac('sha256', Buffer.from(keys.seal, 'base64')).update(`username:${name}`).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** A verifier for nobody: always the same salt for the same name, and no password that fits. */
export async function pretendVerifier(scope: ClientScope, name: string): Promise<Verifier> {
  const keys = await keysOf(scope);
  const secret = createHmac('sha256', Buffer.from(keys.seal, 'base64')).update(name).digest();
  return makeVerifier(poolName(scope.pool.id), name, secret.toString('hex'), secret.subarray(0, 16));
}

/** Refuses a locked user unread, and one whose password was taken away. */
export function checkAttemptable({ ctx }: ClientScope, user: UserRow): void {
  if (isLocked(user.failures, ctx.world.clock.now())) {
    throw fault('NotAuthorizedException', 'Password attempts exceeded');
  }
  if (user.status === 'RESET_REQUIRED') {
    throw fault('PasswordResetRequiredException', 'Password reset required for the user');
  }
}

/** Counts a wrong password; five in a row begin to lock. */
export async function countFailure(scope: ClientScope, user: UserRow): Promise<void> {
  const now = scope.ctx.world.clock.now();
  await updateUser(scope, user.username, (row) => ({ ...row, failures: afterFailure(row.failures, now) }));
}

/** Checks a password that was sent in the clear. Throws NotAuthorizedException. */
export async function checkPasswordOf(
  scope: ClientScope,
  name: string,
  user: UserRow | undefined,
  password: string,
): Promise<UserRow> {
  const pool = poolName(scope.pool.id);
  if (user?.password === undefined) {
    // Takes as long as for a user that is there.
    passwordMatches(pool, name, password, await pretendVerifier(scope, name));
    throw wrongPassword();
  }
  checkAttemptable(scope, user);
  if (!passwordMatches(pool, user.username, password, user.password)) {
    await countFailure(scope, user);
    throw wrongPassword();
  }
  return user;
}

/** The PASSWORD_VERIFIER challenge. */
export async function srpChallenge(
  { scope }: Step,
  name: string,
  user: UserRow | undefined,
  clientKey: bigint,
  history?: readonly ChallengeResult[],
): Promise<InitiateAuthResponse> {
  const kept = user?.password ?? (await pretendVerifier(scope, name));
  const server = makeServerKeys(kept, scope.ctx.world.random.bytes(32));
  const username = user?.username ?? (await pretendUsername(scope, name));
  const challenge: SrpChallenge = {
    ...openChallenge(scope),
    username,
    clientKey: clientKey.toString(16),
    server,
    salt: kept.salt,
    ...(history === undefined ? {} : { history }),
  };
  return {
    ChallengeName: 'PASSWORD_VERIFIER',
    ChallengeParameters: {
      SALT: kept.salt,
      SECRET_BLOCK: await sealSrp(scope, challenge),
      SRP_B: server.publicKey,
      USERNAME: username,
      USER_ID_FOR_SRP: username,
    },
  };
}

/** Throws for users that may not sign in although they proved who they are. */
export function checkUsable(user: UserRow): void {
  if (!user.enabled) throw fault('NotAuthorizedException', 'User is disabled.');
  if (user.status === 'UNCONFIRMED') throw fault('UserNotConfirmedException', 'User is not confirmed.');
}

/** Ends a sign-in: the PostAuthentication trigger, the tokens, and the session they belong to. */
export async function complete(
  { scope, clientMetadata }: Step,
  user: UserRow,
  source: TokenSource,
  challenge?: SrpChallenge | SessionChallenge,
): Promise<InitiateAuthResponse> {
  const { ctx, rows, pool, client } = scope;
  await runTrigger(scope, 'PostAuthentication', {
    source: 'PostAuthentication_Authentication',
    username: user.username,
    clientId: client.id,
    request: {
      userAttributes: eventAttributes(user),
      newDeviceUsed: false,
      ...metadata('clientMetadata', clientMetadata),
    },
  });
  const session = makeSession(scope);
  const issued = await issueTokens(scope, user, session, source, clientMetadata);
  await ctx.transact(async (tx) => {
    const current = await rows.users.get(tx, [pool.id, user.username]);
    if (current === undefined) throw unknownUser(scope);
    checkUsable(current);
    if (challenge !== undefined) await useChallenge(scope, tx, challenge);
    if (current.failures !== undefined) {
      const { failures: _failures, ...rest } = current;
      rows.users.set(tx, [pool.id, user.username], rest);
    }
    await writeSession(scope, tx, user.username, session);
  });
  return { ChallengeParameters: {}, AuthenticationResult: { ...issued, RefreshToken: session.refreshToken } };
}
