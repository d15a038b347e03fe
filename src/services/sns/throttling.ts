import type { Store } from '../../store/store.ts';

/** When each throttled subscription may have its next delivery; virtual time. */
const clouds = new WeakMap<Store, Map<string, number>>();
/** Subscriptions remembered at a time; one that is forgotten may have its next at once. */
const MOST = 1_000;

/** Takes the next of the moments, `perSecond` a second, at which an endpoint may get something. */
export function nextSlot(store: Store, subscriptionId: string, perSecond: number, nowMs: number): number {
  let slots = clouds.get(store);
  if (slots === undefined) clouds.set(store, (slots = new Map()));
  const slotMs = Math.max(nowMs, slots.get(subscriptionId) ?? nowMs);
  if (slots.size >= MOST) slots.clear();
  slots.set(subscriptionId, slotMs + 1000 / perSecond);
  return slotMs;
}
