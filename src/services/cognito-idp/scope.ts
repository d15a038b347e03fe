import { assert } from '../../base/assert.ts';
import type { Context } from '../../service/context.ts';
import type { Reader } from '../../store/store.ts';
import { API_SCOPE } from './claims.ts';
import type { ClientRow } from './client.ts';
import { fault, noSuchClient, noSuchPool } from './fault.ts';
import { readClaims, verifyJwt } from './jwt.ts';
import type { KeysRow } from './key.ts';
import { CLIENT_DIRECTORY, type CognitoRows, layout, POOL_DIRECTORY } from './layout.ts';
import { type PoolRow, poolOfIssuer } from './pool.ts';
import { openClient, openKeys } from './sealed.ts';
import type { UserRow } from './user.ts';

/** A pool, where its rows are, and a context in its account and region. */
export interface PoolScope {
  readonly ctx: Context;
  readonly rows: CognitoRows;
  readonly pool: PoolRow;
}

export interface ClientScope extends PoolScope {
  readonly client: ClientRow;
}

export function rowsOf(ctx: Context): CognitoRows {
  return layout.at(ctx.account, ctx.region);
}

/** The pool of a signed call: one of the caller's account and region. */
export async function poolScope(
  ctx: Context,
  poolId: string,
  reader: Reader = ctx.store,
): Promise<PoolScope> {
  const rows = rowsOf(ctx);
  const pool = await rows.pools.get(reader, [poolId]);
  if (pool === undefined) throw noSuchPool(poolId);
  return { ctx, rows, pool };
}

export async function poolClientScope(ctx: Context, poolId: string, clientId: string): Promise<ClientScope> {
  const scope = await poolScope(ctx, poolId);
  const row = await scope.rows.clients.get(ctx.store, [poolId, clientId]);
  if (row === undefined) throw noSuchClient(clientId);
  return { ...scope, client: openClient(row, ctx) };
}

/** The pool of an unsigned call, which names only an app client. */
export async function clientScope(ctx: Context, clientId: string): Promise<ClientScope> {
  const owner = await ctx.ports.directory.lookup(ctx.store, CLIENT_DIRECTORY, clientId);
  if (owner?.detail === undefined) throw noSuchClient(clientId);
  return poolClientScope(ctx.as({ account: owner.account, region: owner.region }), owner.detail, clientId);
}

export async function keysOf({ ctx, rows, pool }: PoolScope): Promise<KeysRow> {
  const keys = await rows.keys.get(ctx.store, [pool.id]);
  assert(keys !== undefined, `pool ${pool.id} has no keys`);
  return openKeys(keys, ctx);
}

export interface TokenScope extends ClientScope {
  readonly user: UserRow;
  readonly authTimeSeconds: number;
  readonly originJti: string;
}

/**
 * Whom an access token stands for. Throws NotAuthorizedException for a token that is not ours, expired, revoked, or
 * without the scope that is asked of it.
 */
export async function tokenScope(
  ctx: Context,
  accessToken: string,
  requiredScope: string = API_SCOPE,
): Promise<TokenScope> {
  const invalid = () => fault('NotAuthorizedException', 'Invalid Access Token');
  const claims = readClaims(accessToken);
  if (claims === undefined || claims['token_use'] !== 'access') throw invalid();
  const { iss, client_id: clientId, username, auth_time: authTime, origin_jti: originJti, exp } = claims;
  const poolId = typeof iss === 'string' ? poolOfIssuer(iss) : undefined;
  if (poolId === undefined) throw invalid();
  const owner = await ctx.ports.directory.lookup(ctx.store, POOL_DIRECTORY, poolId);
  if (owner === undefined) throw invalid();
  const scope = await poolScope(ctx.as({ account: owner.account, region: owner.region }), poolId);
  const keys = await keysOf(scope);
  if (!verifyJwt(keys.access, accessToken)) {
    throw fault('NotAuthorizedException', 'Could not verify signature for Access Token');
  }
  if (!String(claims['scope']).split(' ').includes(requiredScope)) {
    throw fault('NotAuthorizedException', 'Access Token does not have required scopes');
  }
  assert(
    typeof clientId === 'string' &&
      typeof username === 'string' &&
      typeof authTime === 'number' &&
      typeof originJti === 'string' &&
      typeof exp === 'number',
    'an access token we signed lacks its claims',
  );
  if (ctx.world.clock.now() >= exp * 1000) {
    throw fault('NotAuthorizedException', 'Access Token has expired');
  }
  const [client, user, session] = await Promise.all([
    scope.rows.clients.get(ctx.store, [poolId, clientId]),
    scope.rows.users.get(ctx.store, [poolId, username]),
    scope.rows.sessions.get(ctx.store, [poolId, username, authTime, originJti]),
  ]);
  if (client === undefined) throw noSuchClient(clientId);
  if (user === undefined) throw fault('UserNotFoundException', 'User does not exist.');
  if (!user.enabled) throw fault('NotAuthorizedException', 'User is disabled.');
  if (session === undefined) throw fault('NotAuthorizedException', 'Access Token has been revoked');
  return { ...scope, client: openClient(client, ctx), user, authTimeSeconds: authTime, originJti };
}
