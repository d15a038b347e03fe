import type { Call } from './call.ts';
import type { Host } from './call-context.ts';
import { refusal } from './refusal.ts';

/**
 * Calls an account may have under way at once. Past it a call is throttled as AWS throttles, so that one test suite
 * that runs wild leaves the others of the same server their share.
 */
const MOST_IN_FLIGHT = 5000;

const inFlight = new WeakMap<Host, Map<string, number>>();

/** Counts the call in, or refuses it. */
export function admit(call: Call): void {
  let accounts = inFlight.get(call.host);
  if (accounts === undefined) inFlight.set(call.host, (accounts = new Map()));
  const { account } = call.ctx;
  const count = accounts.get(account) ?? 0;
  if (count >= MOST_IN_FLIGHT) throw refusal('throttled', call.protocolName);
  accounts.set(account, count + 1);
}

/** Counts the call out; every admitted call leaves once. */
export function leave(call: Call): void {
  const accounts = inFlight.get(call.host);
  const count = accounts?.get(call.ctx.account) ?? 0;
  if (count <= 1) accounts?.delete(call.ctx.account);
  else accounts?.set(call.ctx.account, count - 1);
}
