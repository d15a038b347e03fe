import type { Context } from '../../service/context.ts';
import { sessionClient } from './challenge.ts';
import { readClaims } from './jwt.ts';
import { CLIENT_DIRECTORY, POOL_DIRECTORY } from './layout.ts';
import { poolOfIssuer } from './pool.ts';

/** Whose pool a call is about that nobody signed: by its client, its token or its session, none of them proven yet. */
export async function unsignedScope(input: Readonly<Record<string, unknown>>, { ports, store }: Context) {
  const { ClientId, AccessToken, Session } = input;
  const { directory } = ports;
  if (typeof AccessToken === 'string') {
    const issuer = readClaims(AccessToken)?.['iss'];
    const poolId = typeof issuer === 'string' ? poolOfIssuer(issuer) : undefined;
    return poolId === undefined ? undefined : directory.lookup(store, POOL_DIRECTORY, poolId);
  }
  const clientId = ClientId ?? (typeof Session === 'string' ? sessionClient(Session) : undefined);
  return typeof clientId === 'string' ? directory.lookup(store, CLIENT_DIRECTORY, clientId) : undefined;
}
