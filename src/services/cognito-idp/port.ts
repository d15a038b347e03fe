import type { DirectoryPort, TokenPort } from '../../service/ports.ts';
import type { Store } from '../../store/store.ts';
import { keySet } from './key.ts';
import { layout, POOL_DIRECTORY } from './layout.ts';
import { poolOfIssuer } from './pool.ts';

/** Looks an issuer's keys up in the store; they never change while the pool lives. */
export function createTokens(options: {
  readonly store: Store;
  readonly directory: DirectoryPort;
}): TokenPort {
  const { store, directory } = options;
  return {
    keys: async (issuer) => {
      const poolId = poolOfIssuer(issuer);
      if (poolId === undefined) return undefined;
      const owner = await directory.lookup(store, POOL_DIRECTORY, poolId);
      if (owner === undefined) return undefined;
      const keys = await layout.at(owner.account, owner.region).keys.get(store, [poolId]);
      return keys === undefined ? undefined : keySet(keys);
    },
  };
}
