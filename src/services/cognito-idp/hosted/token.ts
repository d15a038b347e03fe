import type { Context } from '../../../service/context.ts';
import { readStep, useChallenge } from '../challenge.ts';
import { type ClientRow, secretMatches, validityOf } from '../client.ts';
import { type Grant, issueTokens, makeSession, writeSession } from '../issuing.ts';
import { signJwt } from '../jwt.ts';
import { issuerOf } from '../pool.ts';
import { type ClientScope, clientScope, keysOf } from '../scope.ts';
import { checkUsable } from '../signing-in.ts';
import { refresh } from '../tokens.ts';
import type { UserRow } from '../user.ts';
import { type CodeGrant, provesChallenge } from './authorization.ts';
import { OauthFault, orOauthFault } from './oauth-fault.ts';

/** The answer of `/oauth2/token`. RFC 6749, section 5.1. */
export interface TokenAnswer {
  readonly id_token?: string;
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_in: number;
  readonly token_type: 'Bearer';
}

/** The client by its id and, where it has one, its secret: in the `Authorization` header or the form. */
export async function authenticatedClient(
  ctx: Context,
  poolId: string,
  authorization: string | undefined,
  form: URLSearchParams,
): Promise<ClientScope> {
  let id = form.get('client_id');
  let secret = form.get('client_secret');
  if (authorization?.startsWith('Basic ') === true) {
    const text = Buffer.from(authorization.slice(6), 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (id !== null && id !== text.slice(0, colon)) throw new OauthFault('invalid_client');
    id = text.slice(0, colon);
    secret = text.slice(colon + 1);
  }
  if (id === null) throw new OauthFault('invalid_request', 'client_id is required');
  const scope = await orOauthFault(clientScope(ctx, id), 'invalid_client');
  if (scope.pool.id !== poolId || !secretMatches(scope.client, secret ?? undefined)) {
    throw new OauthFault('invalid_client');
  }
  return scope;
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html */
export async function grantTokens(scope: ClientScope, form: URLSearchParams): Promise<TokenAnswer> {
  switch (form.get('grant_type')) {
    case 'authorization_code':
      return redeemCode(scope, form);
    case 'client_credentials':
      return clientCredentials(scope, form);
    case 'refresh_token': {
      const work = refresh(scope, form.get('refresh_token') ?? '', undefined, { rotate: true });
      const issued = await orOauthFault(work, 'invalid_grant');
      return answerOf(issued, true);
    }
    default:
      throw new OauthFault('unsupported_grant_type');
  }
}

function answerOf(
  issued: {
    readonly AccessToken?: string | undefined;
    readonly IdToken?: string | undefined;
    readonly RefreshToken?: string | undefined;
    readonly ExpiresIn?: number | undefined;
  },
  withId: boolean,
): TokenAnswer {
  return {
    ...(withId && issued.IdToken !== undefined ? { id_token: issued.IdToken } : {}),
    access_token: issued.AccessToken ?? '',
    ...(issued.RefreshToken === undefined ? {} : { refresh_token: issued.RefreshToken }),
    expires_in: issued.ExpiresIn ?? 0,
    token_type: 'Bearer',
  };
}

async function redeemCode(scope: ClientScope, form: URLSearchParams): Promise<TokenAnswer> {
  const { ctx, rows, pool } = scope;
  const code = await readStep<CodeGrant>(scope, 'code', form.get('code') ?? '');
  const user = code && (await rows.users.get(ctx.store, [pool.id, code.username]));
  if (
    code === undefined ||
    user === undefined ||
    ctx.world.clock.now() >= code.expiresAtMs ||
    code.redirectUri !== form.get('redirect_uri') ||
    !provesChallenge(code.codeChallenge, form.get('code_verifier'))
  ) {
    throw new OauthFault('invalid_grant');
  }
  return signedIn(scope, user, code, code);
}

/** Tokens of a new session of the user; a code is used up in the same transaction. */
export async function signedIn(
  scope: ClientScope,
  user: UserRow,
  grant: Grant,
  code?: CodeGrant,
): Promise<TokenAnswer> {
  checkUsable(user);
  const session = makeSession(scope);
  const { scopes, nonce } = grant;
  const issued = await issueTokens(scope, user, session, 'TokenGeneration_HostedAuth', undefined, {
    scopes,
    ...(nonce === undefined ? {} : { nonce }),
  });
  await scope.ctx.transact(async (tx) => {
    if (code !== undefined) await orOauthFault(useChallenge(scope, tx, code), 'invalid_grant');
    await writeSession(scope, tx, user.username, session, grant);
  });
  const answer = answerOf(issued, scopes.includes('openid'));
  return code === undefined ? answer : { ...answer, refresh_token: session.refreshToken };
}

/** A token of the application itself, for scopes of resource servers only. */
async function clientCredentials(scope: ClientScope, form: URLSearchParams): Promise<TokenAnswer> {
  const { ctx, pool, client } = scope;
  checkMachine(client);
  const allowed = (client.settings.AllowedOAuthScopes ?? []).filter((name) => name.includes('/'));
  const asked = (form.get('scope') ?? '').split(/[ +]/).filter((name) => name !== '');
  const scopes = asked.length === 0 ? allowed : asked;
  if (scopes.length === 0 || scopes.some((name) => !allowed.includes(name)))
    throw new OauthFault('invalid_scope');
  const nowSeconds = Math.floor(ctx.world.clock.now() / 1000);
  const { accessSeconds } = validityOf(client.settings);
  const keys = await keysOf(scope);
  const token = await signJwt(keys.access, {
    sub: client.id,
    token_use: 'access',
    scope: scopes.join(' '),
    auth_time: nowSeconds,
    iss: issuerOf(pool.id),
    exp: nowSeconds + accessSeconds,
    iat: nowSeconds,
    version: 2,
    jti: ctx.world.random.uuid(),
    client_id: client.id,
  });
  return { access_token: token, expires_in: accessSeconds, token_type: 'Bearer' };
}

function checkMachine(client: ClientRow): void {
  const { AllowedOAuthFlows = [], AllowedOAuthFlowsUserPoolClient } = client.settings;
  if (client.secret === undefined) throw new OauthFault('invalid_client');
  if (
    AllowedOAuthFlowsUserPoolClient !== true ||
    !(AllowedOAuthFlows as readonly string[]).includes('client_credentials')
  ) {
    throw new OauthFault('unauthorized_client');
  }
}
