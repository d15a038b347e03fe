import type { Store } from '../../store/store.ts';

/**
 * Message keys and groups that receives of this process are about to take. Receivers of one queue would else all
 * reach for the same first rows and conflict; correctness does not rest on it, their transactions see to that.
 */
const claims = new WeakMap<Store, Map<string, Set<string>>>();

export function claimsOf(store: Store, contentId: string): Set<string> {
  let queues = claims.get(store);
  if (queues === undefined) claims.set(store, (queues = new Map()));
  let held = queues.get(contentId);
  if (held === undefined) queues.set(contentId, (held = new Set()));
  return held;
}

export function releaseClaims(store: Store, contentId: string, keys: readonly string[]): void {
  const queues = claims.get(store);
  const held = queues?.get(contentId);
  if (held === undefined) return;
  for (const key of keys) held.delete(key);
  if (held.size === 0) queues?.delete(contentId);
}
