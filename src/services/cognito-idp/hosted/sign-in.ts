import type { Context } from '../../../service/context.ts';
import { Fault } from '../../../service/faults.ts';
import { openChallenge, readStep, sealStep } from '../challenge.ts';
import { factorsFor } from '../factor.ts';
import { fault } from '../fault.ts';
import { type ClientScope, clientScope } from '../scope.ts';
import { beginSignIn, checkPasswordOf, checkUsable } from '../signing-in.ts';
import type { UserRow } from '../user.ts';
import {
  type AuthorizationRequest,
  allowsRedirect,
  type CodeGrant,
  readAuthorization,
  redirectTo,
} from './authorization.ts';
import { OauthFault, orOauthFault } from './oauth-fault.ts';
import { signInPage } from './page.ts';
import { signedIn } from './token.ts';

const CODE_LIFETIME_MS = 5 * 60_000;

/** What a hosted page answers. */
export type HostedAnswer =
  | { readonly kind: 'page'; readonly status: number; readonly html: string }
  | { readonly kind: 'redirect'; readonly to: string };

interface FormStep {
  readonly expiresAtMs: number;
  readonly request: AuthorizationRequest;
}

/**
 * The client and address of a request to sign in. Throws {@link OauthFault} where the address cannot be trusted:
 * then the browser goes nowhere.
 */
async function trustedClient(ctx: Context, poolId: string, query: URLSearchParams) {
  const scope = await ownClient(ctx, poolId, query);
  const redirectUri = query.get('redirect_uri') ?? scope.client.settings.DefaultRedirectURI ?? null;
  if (redirectUri === null || !allowsRedirect(scope.client, redirectUri, 'CallbackURLs')) {
    throw new OauthFault('invalid_request', 'redirect_mismatch');
  }
  return { scope, redirectUri };
}

async function ownClient(ctx: Context, poolId: string, query: URLSearchParams): Promise<ClientScope> {
  const unknown = 'Client does not exist.';
  const scope = await orOauthFault(clientScope(ctx, query.get('client_id') ?? ''), 'invalid_client', unknown);
  if (scope.pool.id !== poolId) throw new OauthFault('invalid_client', unknown);
  return scope;
}

/** `GET /login` and `GET /oauth2/authorize`: the form. What else is wrong goes back to the application. */
export async function showSignIn(
  ctx: Context,
  poolId: string,
  query: URLSearchParams,
): Promise<HostedAnswer> {
  const { scope, redirectUri } = await trustedClient(ctx, poolId, query);
  const state = query.get('state');
  try {
    const request = readAuthorization(scope.client, query, redirectUri);
    return { kind: 'page', status: 200, html: signInPage(await formStep(scope, request), '', undefined) };
  } catch (error) {
    if (!(error instanceof OauthFault)) throw error;
    const back = { redirectUri, ...(state === null ? {} : { state }) };
    const answer = { error: error.code, error_description: error.message };
    return { kind: 'redirect', to: redirectTo(back, answer, query.get('response_type') === 'token') };
  }
}

async function formStep(scope: ClientScope, request: AuthorizationRequest): Promise<string> {
  const step: FormStep = { expiresAtMs: openChallenge(scope).expiresAtMs, request };
  return sealStep(scope, 'form', step);
}

/** `POST /login`: checks the password and goes back to the application with a code or tokens. */
export async function signInByForm(
  ctx: Context,
  poolId: string,
  query: URLSearchParams,
  form: URLSearchParams,
): Promise<HostedAnswer> {
  const { scope } = await trustedClient(ctx, poolId, query);
  const step = await readStep<FormStep>(scope, 'form', form.get('_step') ?? '');
  if (step === undefined || ctx.world.clock.now() >= step.expiresAtMs) return showSignIn(ctx, poolId, query);
  const username = form.get('username') ?? '';
  try {
    const begun = await beginSignIn({ scope, clientMetadata: undefined }, username);
    const user = await checkPasswordOf(scope, username, begun, form.get('password') ?? '');
    checkUsable(user);
    checkSimple(scope, user);
    return { kind: 'redirect', to: await back(scope, user, step.request) };
  } catch (error) {
    if (!Fault.is(error)) throw error;
    const html = signInPage(await formStep(scope, step.request), username, error.message);
    return { kind: 'page', status: 400, html };
  }
}

/** These pages ask for a password and nothing more; who owes more must not get in by them. */
function checkSimple(scope: ClientScope, user: UserRow): void {
  if (user.status !== 'CONFIRMED' || factorsFor(scope.pool, user).length > 0) {
    throw fault(
      'NotAuthorizedException',
      'This account needs a step these pages do not have: sign in by the API.',
    );
  }
}

async function back(scope: ClientScope, user: UserRow, request: AuthorizationRequest): Promise<string> {
  const { scopes, nonce, redirectUri, codeChallenge } = request;
  if (request.responseType === 'token') {
    const tokens = await signedIn(scope, user, { scopes, ...(nonce === undefined ? {} : { nonce }) });
    const { access_token, id_token, expires_in, token_type } = tokens;
    const answer = {
      ...(id_token === undefined ? {} : { id_token }),
      access_token,
      expires_in: String(expires_in),
      token_type,
    };
    return redirectTo(request, answer, true);
  }
  const code: CodeGrant = {
    id: scope.ctx.world.random.uuid(),
    username: user.username,
    expiresAtMs: scope.ctx.world.clock.now() + CODE_LIFETIME_MS,
    redirectUri,
    scopes,
    ...(nonce === undefined ? {} : { nonce }),
    ...(codeChallenge === undefined ? {} : { codeChallenge }),
  };
  return redirectTo(request, { code: await sealStep(scope, 'code', code) });
}

/** `GET /logout`: back to an address the client names for it, or to signing in again. */
export async function signOut(ctx: Context, poolId: string, query: URLSearchParams): Promise<HostedAnswer> {
  const scope = await ownClient(ctx, poolId, query);
  const logoutUri = query.get('logout_uri');
  if (logoutUri === null) return showSignIn(ctx, poolId, query);
  if (!allowsRedirect(scope.client, logoutUri, 'LogoutURLs')) {
    throw new OauthFault('invalid_request', 'The logout_uri is not one of the client’s.');
  }
  return { kind: 'redirect', to: logoutUri };
}
