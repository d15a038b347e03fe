import type { AuthenticationResultType, CognitoIdpOperations } from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import { allowsFlow, type ClientRow, secretMatches } from './client.ts';
import { fault } from './fault.ts';
import { hashOf, issueTokens, makeRefreshToken } from './issuing.ts';
import { readClaims } from './jwt.ts';
import type { RefreshTokenRow } from './layout.ts';
import { endSession, endSessions, getUser } from './membership.ts';
import { type ClientScope, clientScope, poolScope, tokenScope } from './scope.ts';
import type { UserRow } from './user.ts';

export const tokens = {
  GetTokensFromRefreshToken: async (input, ctx) => {
    const scope = await clientScope(ctx, input.ClientId);
    checkClientSecret(scope.client, input.ClientSecret);
    return {
      AuthenticationResult: await refresh(scope, input.RefreshToken, input.ClientMetadata, { rotate: true }),
    };
  },

  RevokeToken: async (input, ctx) => {
    if (input.RevokeAssociatedSessions === 'LINKED') {
      throw fault('InvalidParameterException', 'RevokeAssociatedSessions LINKED is not simulated.');
    }
    const scope = await clientScope(ctx, input.ClientId);
    const { rows, pool, client } = scope;
    if (!secretMatches(client, input.ClientSecret)) {
      throw fault('UnauthorizedException', 'Invalid client secret.');
    }
    if (client.settings.EnableTokenRevocation === false) {
      throw fault('UnsupportedOperationException', 'Token revocation is not enabled for this client.');
    }
    if (readClaims(input.Token) !== undefined) {
      throw fault('UnsupportedTokenTypeException', 'Unsupported token type.');
    }
    await scope.ctx.transact(async (tx) => {
      const key = [pool.id, hashOf(input.Token)] as [string, string];
      const token = await rows.refreshTokens.get(tx, key);
      // A token that does not exist is as good as revoked (RFC 7009, section 2.2).
      if (token === undefined) return;
      const sessionKey = [pool.id, token.username, token.authTimeSeconds, token.originJti] as [
        string,
        string,
        number,
        string,
      ];
      const session = await rows.sessions.get(tx, sessionKey);
      if (session !== undefined && session.clientId !== client.id) {
        throw fault('UnauthorizedException', 'The token was issued to another client.');
      }
      if (session === undefined) rows.refreshTokens.delete(tx, key);
      else endSession(rows, tx, sessionKey, session);
    });
    return {};
  },

  GlobalSignOut: async (input, ctx) => {
    const scope = await tokenScope(ctx, input.AccessToken);
    await scope.ctx.transact((tx) => endSessions(scope, tx, scope.user.username));
    return {};
  },

  AdminUserGlobalSignOut: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      const user = await getUser(scope, tx, input.Username);
      await endSessions(scope, tx, user.username);
    });
    return {};
  },
} satisfies Group<CognitoIdpOperations>;

function checkClientSecret(client: ClientRow, given: string | undefined): void {
  if (!secretMatches(client, given)) {
    throw fault('NotAuthorizedException', `Unable to verify secret for client ${client.id}`);
  }
}

export interface RefreshOptions {
  /** The caller can take a successor; without it a client that rotates is refused. */
  readonly rotate: boolean;
  /** Throws when this user may not refresh. */
  readonly check?: (user: UserRow) => void;
}

/**
 * New tokens for a refresh token of this client. With rotation on, the answer holds the token's successor and the
 * old one works on for the grace period only.
 */
export async function refresh(
  scope: ClientScope,
  token: string,
  clientMetadata: Readonly<Record<string, string>> | undefined,
  { rotate, check }: RefreshOptions,
): Promise<AuthenticationResultType> {
  const { ctx, rows, pool, client } = scope;
  const rotation = client.settings.RefreshTokenRotation;
  const rotates = rotation?.Feature === 'ENABLED';
  if (rotates && !rotate) {
    throw fault(
      'NotAuthorizedException',
      'Refresh token rotation is enabled: use GetTokensFromRefreshToken.',
    );
  }
  if (!rotates && !allowsFlow(client.settings, 'REFRESH_TOKEN')) {
    throw fault('InvalidParameterException', 'Auth flow not enabled for this client');
  }
  const invalid = () => fault('NotAuthorizedException', 'Invalid Refresh Token');
  const kept = await rows.refreshTokens.get(ctx.store, [pool.id, hashOf(token)]);
  if (kept === undefined) throw invalid();
  const { username, authTimeSeconds, originJti } = kept;
  const [session, user] = await Promise.all([
    rows.sessions.get(ctx.store, [pool.id, username, authTimeSeconds, originJti]),
    rows.users.get(ctx.store, [pool.id, username]),
  ]);
  const now = ctx.world.clock.now();
  if (session === undefined || user === undefined || session.clientId !== client.id) throw invalid();
  if (now >= session.expiresAtMs) throw fault('NotAuthorizedException', 'Refresh Token has expired');
  if (kept.retiredAtMs !== undefined && now >= kept.retiredAtMs) {
    throw fault('RefreshTokenReuseException', 'Refresh token was used again after its grace period.');
  }
  check?.(user);
  if (!user.enabled) throw fault('NotAuthorizedException', 'User is disabled.');
  const grant = session.scopes === undefined ? undefined : { scopes: session.scopes };
  const issued = await issueTokens(scope, user, kept, 'TokenGeneration_RefreshTokens', clientMetadata, grant);
  if (!rotates) return issued;
  const graceMs = (rotation?.RetryGracePeriodSeconds ?? 0) * 1000;
  return { ...issued, RefreshToken: await succeed(scope, token, kept, now + graceMs) };
}

/** Refresh tokens of one session that are told apart from unknown ones, the newest included. */
const MOST_REMEMBERED = 8;

/** Writes a refresh token's successor; the session and its end stay. */
async function succeed(
  scope: ClientScope,
  token: string,
  kept: RefreshTokenRow,
  retiredAtMs: number,
): Promise<string> {
  const { ctx, rows, pool } = scope;
  const successor = makeRefreshToken(scope);
  const sessionKey = [pool.id, kept.username, kept.authTimeSeconds, kept.originJti] as [
    string,
    string,
    number,
    string,
  ];
  await ctx.transact(async (tx) => {
    const session = await rows.sessions.get(tx, sessionKey);
    if (session === undefined) throw fault('NotAuthorizedException', 'Refresh Token has been revoked');
    const { username, authTimeSeconds, originJti } = kept;
    rows.refreshTokens.set(tx, [pool.id, hashOf(token)], {
      ...kept,
      retiredAtMs: Math.min(retiredAtMs, kept.retiredAtMs ?? retiredAtMs),
    });
    rows.refreshTokens.set(tx, [pool.id, hashOf(successor)], { username, authTimeSeconds, originJti });
    const refreshTokens = [hashOf(successor), ...session.refreshTokens];
    for (const hash of refreshTokens.splice(MOST_REMEMBERED)) rows.refreshTokens.delete(tx, [pool.id, hash]);
    rows.sessions.set(tx, sessionKey, { ...session, refreshTokens });
  });
  return successor;
}
