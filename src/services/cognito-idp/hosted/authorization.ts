import { createHash } from 'node:crypto';
import type { ClientRow } from '../client.ts';
import { OauthFault } from './oauth-fault.ts';

/** What an application asks of `/oauth2/authorize` and `/login`. */
export interface AuthorizationRequest {
  readonly responseType: 'code' | 'token';
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state?: string;
  readonly nonce?: string;
  /** RFC 7636; only S256, as AWS. */
  readonly codeChallenge?: string;
}

/** What an authorization code stands for. */
export interface CodeGrant {
  readonly id: string;
  readonly username: string;
  readonly expiresAtMs: number;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly nonce?: string;
  readonly codeChallenge?: string;
}

/** Whether the client takes users back there. A wrong address must never be redirected to. */
export function allowsRedirect(
  client: ClientRow,
  uri: string | null,
  kind: 'CallbackURLs' | 'LogoutURLs',
): boolean {
  return uri !== null && (client.settings[kind] ?? []).includes(uri);
}

/** Checks everything but the redirect address, which the caller has checked. Throws {@link OauthFault}. */
export function readAuthorization(
  client: ClientRow,
  query: URLSearchParams,
  redirectUri: string,
): AuthorizationRequest {
  const { settings } = client;
  const responseType = query.get('response_type');
  if (responseType !== 'code' && responseType !== 'token') {
    throw new OauthFault('invalid_request', 'response_type is code or token');
  }
  const flow = responseType === 'code' ? 'code' : 'implicit';
  if (
    settings.AllowedOAuthFlowsUserPoolClient !== true ||
    !(settings.AllowedOAuthFlows ?? []).includes(flow)
  ) {
    throw new OauthFault('unauthorized_client', `The client may not use the ${flow} flow.`);
  }
  const allowed = settings.AllowedOAuthScopes ?? [];
  const asked = (query.get('scope') ?? '').split(/[ +]/).filter((name) => name !== '');
  const scopes = asked.length === 0 ? allowed : asked;
  if (scopes.some((name) => !allowed.includes(name))) throw new OauthFault('invalid_scope', 'invalid_scope');
  const codeChallenge = query.get('code_challenge');
  if (codeChallenge !== null && query.get('code_challenge_method') !== 'S256') {
    throw new OauthFault('invalid_request', 'code_challenge_method is S256');
  }
  const state = query.get('state');
  const nonce = query.get('nonce');
  return {
    responseType,
    redirectUri,
    scopes,
    ...(state === null ? {} : { state }),
    ...(nonce === null ? {} : { nonce }),
    ...(codeChallenge === null ? {} : { codeChallenge }),
  };
}

/** Whether the verifier is the one the challenge was made of. RFC 7636, section 4.6. */
export function provesChallenge(challenge: string | undefined, verifier: string | null): boolean {
  if (challenge === undefined) return true;
  return verifier !== null && createHash('sha256').update(verifier).digest('base64url') === challenge;
}

/** The application's address with the answer: in the query for codes, in the fragment for tokens. */
export function redirectTo(
  request: Pick<AuthorizationRequest, 'redirectUri' | 'state'>,
  answer: Readonly<Record<string, string>>,
  inFragment = false,
): string {
  const values = { ...answer, ...(request.state === undefined ? {} : { state: request.state }) };
  const url = new URL(request.redirectUri);
  if (inFragment) url.hash = new URLSearchParams(values).toString();
  else for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value);
  return url.href;
}
