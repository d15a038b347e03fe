import type { Call } from './call.ts';
import { refusal } from './refusal.ts';

/**
 * Calls an account may have under way at once. Past it a call is throttled as AWS throttles, so that one test suite
 * that runs wild leaves the others of the same server their share.
 */
const MOST_IN_FLIGHT = 5000;

/** Counts the call in, or refuses it. */
export function admit(call: Call): void {
  const { inFlight } = call.host;
  const { account } = call.ctx;
  const count = inFlight.get(account) ?? 0;
  if (count >= MOST_IN_FLIGHT) throw refusal('throttled', call.protocolName);
  inFlight.set(account, count + 1);
}

/** Counts the call out; every admitted call leaves once. */
export function leave(call: Call): void {
  const { inFlight } = call.host;
  const { account } = call.ctx;
  inFlight.set(account, (inFlight.get(account) ?? 1) - 1);
}
