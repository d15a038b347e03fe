import { keyspace, rows } from '../../store/keyspace.ts';
import type { DomainRow, PoolRow } from './pool.ts';
import type { ResourceServerRow } from './resource-servers.ts';
import type { SealedClient, SealedKeys } from './sealed.ts';
import type { GroupRow, SessionRow, UserRow } from './user.ts';

/** The whole key layout of user pools. Times are virtual milliseconds unless a name says otherwise. */
export const layout = keyspace('cognito-idp', {
  pools: rows<[pool: string], PoolRow>('pools'),
  /** What signs a pool's tokens and seals its sessions; made once with the pool. */
  keys: rows<[pool: string], SealedKeys>('keys'),
  clients: rows<[pool: string, client: string], SealedClient>('clients'),
  resourceServers: rows<[pool: string, identifier: string], ResourceServerRow>('resourceServers'),
  domains: rows<[domain: string], DomainRow>('domains'),
  users: rows<[pool: string, username: string], UserRow>('users'),
  /** What else a user can be named by: `sub`, and the pool's sign-in and alias attributes. */
  aliases: rows<[pool: string, attribute: string, value: string], string>('aliases'),
  groups: rows<[pool: string, group: string], GroupRow>('groups'),
  groupMembers: rows<[pool: string, group: string, username: string], true>('groupMembers'),
  userGroups: rows<[pool: string, username: string, group: string], true>('userGroups'),
  /** What one sign-in began: it ends all tokens that came of it by going. Oldest first. */
  sessions: rows<[pool: string, username: string, authTimeSeconds: number, originJti: string], SessionRow>(
    'sessions',
  ),
  /** A refresh token's SHA-256, in hex, to its session. */
  refreshTokens: rows<[pool: string, sha256: string], RefreshTokenRow>('refreshTokens'),
  /** Challenge sessions that were answered, until they would have expired: each can be answered once. */
  answeredChallenges: rows<[pool: string, username: string, challenge: string], number>('answeredChallenges'),
});

export type CognitoRows = ReturnType<typeof layout.at>;

export interface RefreshTokenRow {
  readonly username: string;
  readonly authTimeSeconds: number;
  readonly originJti: string;
  /** Set when rotation replaced the token: it works until then. */
  readonly retiredAtMs?: number;
}

/** Kinds of the cloud-wide directory: calls without a signature name only these. */
export const CLIENT_DIRECTORY = 'cognito-client';
export const POOL_DIRECTORY = 'cognito-pool';
export const DOMAIN_DIRECTORY = 'cognito-domain';
