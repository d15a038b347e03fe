import { createHash } from 'node:crypto';
import type { AuthenticationResultType } from '../../model/gen/cognito-idp.ts';
import type { Transaction } from '../../store/store.ts';
import { API_SCOPE, accessClaims, type Issue, idClaims, readChanges } from './claims.ts';
import { validityOf } from './client.ts';
import { signJwt } from './jwt.ts';
import { endSession, groupsOf } from './membership.ts';
import { type ClientScope, keysOf } from './scope.ts';
import { eventAttributes, metadata, runTrigger } from './trigger.ts';
import type { UserRow } from './user.ts';

/** Expired sessions cleared away at each sign-in of their user. */
const MOST_CLEARED = 20;

export interface SessionKey {
  readonly authTimeSeconds: number;
  readonly originJti: string;
}

/** What a sign-in over OAuth adds to the tokens. */
export interface Grant {
  readonly scopes: readonly string[];
  readonly nonce?: string;
}

/** A refresh token and the session it opens, before they are written. */
export interface NewSession extends SessionKey {
  readonly refreshToken: string;
  readonly refreshHash: string;
  readonly expiresAtMs: number;
}

export function hashOf(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('hex');
}

/** Refresh tokens are opaque: 64 random bytes, of which we keep the hash. */
export function makeRefreshToken({ ctx }: ClientScope): string {
  return Buffer.from(ctx.world.random.bytes(64)).toString('base64url');
}

export function makeSession(scope: ClientScope): NewSession {
  const { ctx, client } = scope;
  const now = ctx.world.clock.now();
  const refreshToken = makeRefreshToken(scope);
  return {
    authTimeSeconds: Math.floor(now / 1000),
    originJti: ctx.world.random.uuid(),
    refreshToken,
    refreshHash: hashOf(refreshToken),
    expiresAtMs: now + validityOf(client.settings).refreshSeconds * 1000,
  };
}

/** Writes a sign-in's session and clears the user's oldest expired ones away. */
export async function writeSession(
  { ctx, rows, pool, client }: ClientScope,
  tx: Transaction,
  username: string,
  session: NewSession,
  grant?: Grant,
): Promise<void> {
  const now = ctx.world.clock.now();
  const oldest = await rows.sessions.page(tx, [pool.id, username], { limit: MOST_CLEARED });
  for (const { key, value } of oldest.rows) {
    if (value.expiresAtMs <= now) endSession(rows, tx, key, value);
  }
  const { authTimeSeconds, originJti, refreshHash, expiresAtMs } = session;
  rows.sessions.set(tx, [pool.id, username, authTimeSeconds, originJti], {
    clientId: client.id,
    refreshTokens: [refreshHash],
    expiresAtMs,
    ...(grant === undefined ? {} : { scopes: grant.scopes }),
  });
  rows.refreshTokens.set(tx, [pool.id, refreshHash], { username, authTimeSeconds, originJti });
}

export type TokenSource =
  | 'TokenGeneration_Authentication'
  | 'TokenGeneration_HostedAuth'
  | 'TokenGeneration_NewPasswordChallenge'
  | 'TokenGeneration_RefreshTokens';

/** Signs the ID and access token of a session, after the PreTokenGeneration trigger had its say. */
export async function issueTokens(
  scope: ClientScope,
  user: UserRow,
  session: SessionKey,
  source: TokenSource,
  clientMetadata: Readonly<Record<string, string>> | undefined,
  grant: Grant = { scopes: [API_SCOPE] },
): Promise<AuthenticationResultType> {
  const { ctx, pool, client } = scope;
  const { random, clock } = ctx.world;
  const [keys, groups] = await Promise.all([keysOf(scope), groupsOf(scope, ctx.store, user.username)]);
  const validity = validityOf(client.settings);
  const version = pool.settings.LambdaConfig?.PreTokenGenerationConfig?.LambdaVersion ?? 'V1_0';
  const response = await runTrigger(scope, 'PreTokenGeneration', {
    source,
    username: user.username,
    clientId: client.id,
    version: version.slice(1, 2),
    request: {
      userAttributes: eventAttributes(user),
      groupConfiguration: {
        groupsToOverride: groups.map(({ name }) => name),
        iamRolesToOverride: groups.flatMap(({ roleArn }) => (roleArn === undefined ? [] : [roleArn])),
        preferredRole: null,
      },
      ...(version === 'V1_0' ? {} : { scopes: grant.scopes }),
      ...metadata('clientMetadata', clientMetadata),
    },
    response: version === 'V1_0' ? { claimsOverrideDetails: null } : { claimsAndScopeOverrideDetails: null },
  });
  const changes = readChanges(response);
  const issue: Issue = {
    pool,
    client,
    user,
    groups,
    validity,
    nowSeconds: Math.floor(clock.now() / 1000),
    authTimeSeconds: session.authTimeSeconds,
    originJti: session.originJti,
    scopes: grant.scopes,
    ...(grant.nonce === undefined ? {} : { nonce: grant.nonce }),
    eventId: random.uuid(),
    idJti: random.uuid(),
    accessJti: random.uuid(),
  };
  const [IdToken, AccessToken] = await Promise.all([
    signJwt(keys.id, idClaims(issue, changes)),
    signJwt(keys.access, accessClaims(issue, changes)),
  ]);
  return { AccessToken, ExpiresIn: validity.accessSeconds, TokenType: 'Bearer', IdToken };
}
