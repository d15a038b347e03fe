import { parseArn } from '../../../base/arn.ts';
import type { Context } from '../../../service/context.ts';
import type { JsonWebKeySet } from '../../../service/ports.ts';
import type { AuthorizerRow } from '../definition.ts';
import type { Exchange } from './exchange.ts';
import { type Claims, isSignedBy, readToken, type Token } from './json-web-token.ts';
import { mapped } from './parameter.ts';
import { patternOf } from './pattern.ts';
import { unauthorized } from './refusal.ts';

/**
 * Authorisation by a user pool: the token of the identity source, signed by one of the authorizer's pools and not
 * expired. Without scopes it is an ID token; with scopes an access token that has one of them.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
 */
export function userPoolAuthorisation(authorizer: AuthorizerRow, scopes: readonly string[]) {
  const issuers = new Set((authorizer.providerARNs ?? []).map(issuerOf));
  const source = authorizer.identitySource ?? 'method.request.header.Authorization';
  const expression = authorizer.identityValidationExpression;
  const audience = expression === undefined ? undefined : patternOf(expression);
  const known: KnownKeys = new Map();
  return async (exchange: Exchange): Promise<void> => {
    const text = mapped(source, exchange)
      ?.replace(/^Bearer\s+/i, '')
      .trim();
    if (text === undefined || text === '') throw unauthorized();
    const token = readToken(text);
    const issuer = token?.claims['iss'];
    if (token === undefined || typeof issuer !== 'string' || !issuers.has(issuer)) throw unauthorized();
    if (!(await hasSigned(exchange.ctx, known, issuer, token))) throw unauthorized();
    const { claims } = token;
    const nowSeconds = exchange.ctx.world.clock.now() / 1000;
    if (typeof claims['exp'] !== 'number') throw unauthorized();
    if (claims['exp'] <= nowSeconds) throw unauthorized('The incoming token has expired');
    if (!isMeant(claims, scopes)) throw unauthorized();
    if (audience !== undefined && !audience(String(claims['aud'] ?? claims['client_id'])))
      throw unauthorized();
    exchange.authorizer = { claims: printedClaims(claims) };
  };
}

/** The keys of an authorizer's pools, read again after a while: a pool may go. */
type KnownKeys = Map<string, { readonly keys: JsonWebKeySet; readonly untilMs: number }>;
const KEYS_LAST_MS = 300_000;

async function hasSigned(ctx: Context, known: KnownKeys, issuer: string, token: Token): Promise<boolean> {
  const nowMs = ctx.world.clock.monotonic();
  const cached = known.get(issuer);
  if (cached !== undefined && nowMs < cached.untilMs) return isSignedBy(token, cached.keys);
  const keys = await ctx.ports.tokens.keys(issuer);
  if (keys === undefined) return false;
  known.set(issuer, { keys, untilMs: nowMs + KEYS_LAST_MS });
  return isSignedBy(token, keys);
}

/** `arn:aws:cognito-idp:region:account:userpool/id` → the `iss` of its tokens. */
function issuerOf(providerArn: string): string {
  const arn = parseArn(providerArn);
  const pool = arn?.resource.slice('userpool/'.length) ?? '';
  return `https://cognito-idp.${arn?.region ?? ''}.amazonaws.com/${pool}`;
}

function isMeant(claims: Claims, scopes: readonly string[]): boolean {
  if (scopes.length === 0) return claims['token_use'] === 'id';
  if (claims['token_use'] !== 'access' || typeof claims['scope'] !== 'string') return false;
  const held = claims['scope'].split(' ');
  return scopes.some((scope) => held.includes(scope));
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const DATES = new Set(['exp', 'iat']);

/** Claims as functions see them: every one a text, times as Java prints dates, lists joined by commas. */
export function printedClaims(claims: Claims): Readonly<Record<string, string>> {
  const printed: Record<string, string> = {};
  for (const name of Object.keys(claims)) {
    const claim = claims[name];
    printed[name] =
      DATES.has(name) && typeof claim === 'number'
        ? printedDate(claim * 1000)
        : Array.isArray(claim)
          ? claim.join(',')
          : typeof claim === 'object' && claim !== null
            ? JSON.stringify(claim)
            : String(claim);
  }
  return printed;
}

function printedDate(ms: number): string {
  const at = new Date(ms);
  // `Fri, 20 Nov 2026 23:47:35 GMT` has the parts.
  const [, day, month, year, time] = at.toUTCString().split(' ');
  return `${DAYS[at.getUTCDay()]} ${month} ${day} ${time} UTC ${year}`;
}
