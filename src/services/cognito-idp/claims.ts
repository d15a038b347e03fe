import type { ClientRow, Validity } from './client.ts';
import type { Claims } from './jwt.ts';
import { issuerOf, type PoolRow } from './pool.ts';
import type { TriggerResponse } from './trigger.ts';
import type { GroupRow, UserRow } from './user.ts';

/** The scope of tokens that the user pools API itself gives. */
export const API_SCOPE = 'aws.cognito.signin.user.admin';

/** What both tokens of one issue have in common. */
export interface Issue {
  readonly pool: PoolRow;
  readonly client: ClientRow;
  readonly user: UserRow;
  readonly groups: readonly GroupRow[];
  readonly validity: Validity;
  readonly nowSeconds: number;
  readonly authTimeSeconds: number;
  readonly originJti: string;
  readonly scopes: readonly string[];
  /** Of the OpenID Connect request. */
  readonly nonce?: string;
  readonly eventId: string;
  readonly idJti: string;
  readonly accessJti: string;
}

/** What the PreTokenGeneration trigger changes, of either version of its answer. */
export interface ClaimChanges {
  readonly id: TokenChanges;
  readonly access: TokenChanges;
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  readonly preferredRole?: string;
}

interface TokenChanges {
  readonly set: Claims;
  readonly suppress: readonly string[];
  readonly addScopes: readonly string[];
  readonly dropScopes: readonly string[];
}

const NO_CHANGES: TokenChanges = { set: {}, suppress: [], addScopes: [], dropScopes: [] };

/** Claims that a trigger may not touch, in either token. */
const PROTECTED = new Set([
  ...[
    'acr',
    'amr',
    'at_hash',
    'auth_time',
    'azp',
    'client_id',
    'device_key',
    'event_id',
    'exp',
    'iat',
    'iss',
  ],
  ...['jti', 'nbf', 'nonce', 'origin_jti', 'scope', 'sub', 'token_use', 'username', 'version', 'aud'],
  ...['cognito:username', 'identities'],
]);

type Unknown = Readonly<Record<string, unknown>>;
const object = (value: unknown): Unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Unknown) : {};
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

function tokenChanges(value: unknown): TokenChanges {
  const { claimsToAddOrOverride, claimsToSuppress, scopesToAdd, scopesToSuppress } = object(value);
  return {
    set: object(claimsToAddOrOverride),
    suppress: texts(claimsToSuppress),
    addScopes: texts(scopesToAdd),
    dropScopes: texts(scopesToSuppress),
  };
}

/**
 * Reads the trigger's answer: version 1 changes the ID token by `claimsOverrideDetails`, version 2 both tokens by
 * `claimsAndScopeOverrideDetails`.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
 */
export function readChanges(response: TriggerResponse | undefined): ClaimChanges {
  const first = object(response?.['claimsOverrideDetails']);
  const second = object(response?.['claimsAndScopeOverrideDetails']);
  const override = object(second['groupOverrideDetails'] ?? first['groupOverrideDetails']);
  return {
    id: tokenChanges(second['idTokenGeneration'] ?? first),
    access:
      second['accessTokenGeneration'] === undefined
        ? NO_CHANGES
        : tokenChanges(second['accessTokenGeneration']),
    ...(override['groupsToOverride'] === undefined || override['groupsToOverride'] === null
      ? {}
      : { groups: texts(override['groupsToOverride']) }),
    ...(override['iamRolesToOverride'] === undefined || override['iamRolesToOverride'] === null
      ? {}
      : { roles: texts(override['iamRolesToOverride']) }),
    ...(typeof override['preferredRole'] === 'string' ? { preferredRole: override['preferredRole'] } : {}),
  };
}

function changed(claims: Claims, changes: TokenChanges): Claims {
  const set = Object.entries(changes.set).filter(
    ([name]) => !PROTECTED.has(name) && !name.startsWith('aws:'),
  );
  const all = { ...claims, ...Object.fromEntries(set) };
  const dropped = new Set(changes.suppress.filter((name) => !PROTECTED.has(name)));
  return Object.fromEntries(
    Object.entries(all).filter(([name, value]) => value !== undefined && !dropped.has(name)),
  );
}

/** Verified flags are booleans in tokens; everything else stays text. */
function attributeClaims({ client, user }: Issue): Claims {
  const readable = client.settings.ReadAttributes;
  return Object.fromEntries(
    Object.entries(user.attributes)
      .filter(([name]) => readable === undefined || readable.length === 0 || readable.includes(name))
      .map(([name, value]) => [name, name.endsWith('_verified') ? value.toLowerCase() === 'true' : value]),
  );
}

function groupClaims({ groups }: Issue, changes: ClaimChanges): Claims {
  const names = changes.groups ?? groups.map(({ name }) => name);
  return names.length === 0 ? {} : { 'cognito:groups': names };
}

/** The role of the most important group, when just one has that precedence. */
function preferredRole(groups: readonly GroupRow[]): string | undefined {
  const ranked = groups.filter((group) => group.precedence !== undefined && group.roleArn !== undefined);
  const lowest = Math.min(...ranked.map((group) => group.precedence as number));
  const best = new Set(ranked.filter((group) => group.precedence === lowest).map((group) => group.roleArn));
  return best.size === 1 ? [...best][0] : undefined;
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html */
export function idClaims(issue: Issue, changes: ClaimChanges): Claims {
  const { pool, client, user, groups, nowSeconds } = issue;
  const roles = changes.roles ?? groups.flatMap(({ roleArn }) => (roleArn === undefined ? [] : [roleArn]));
  return changed(
    {
      ...attributeClaims(issue),
      sub: user.sub,
      ...groupClaims(issue, changes),
      'cognito:preferred_role': changes.preferredRole ?? preferredRole(groups),
      ...(roles.length === 0 ? {} : { 'cognito:roles': roles }),
      iss: issuerOf(pool.id),
      'cognito:username': user.username,
      origin_jti: issue.originJti,
      aud: client.id,
      event_id: issue.eventId,
      token_use: 'id',
      auth_time: issue.authTimeSeconds,
      exp: nowSeconds + issue.validity.idSeconds,
      iat: nowSeconds,
      jti: issue.idJti,
      nonce: issue.nonce,
    },
    changes.id,
  );
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html */
export function accessClaims(issue: Issue, changes: ClaimChanges): Claims {
  const { pool, client, user, nowSeconds } = issue;
  const scopes = [...issue.scopes, ...changes.access.addScopes].filter(
    (scope) => !changes.access.dropScopes.includes(scope),
  );
  return changed(
    {
      sub: user.sub,
      ...groupClaims(issue, changes),
      iss: issuerOf(pool.id),
      client_id: client.id,
      origin_jti: issue.originJti,
      event_id: issue.eventId,
      token_use: 'access',
      scope: scopes.join(' '),
      auth_time: issue.authTimeSeconds,
      exp: nowSeconds + issue.validity.accessSeconds,
      iat: nowSeconds,
      jti: issue.accessJti,
      username: user.username,
    },
    changes.access,
  );
}
