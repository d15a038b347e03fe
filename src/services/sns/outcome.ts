import { Fault } from '../../service/faults.ts';

/** How an attempt to deliver went. A refusal is not tried again. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'refused' | 'failed'; readonly why: string };

export const DELIVERED: Outcome = { kind: 'delivered' };

const PASSING = /Throttl|TooManyRequests|ServiceUnavailable|Internal|ServiceException|OverLimit|RequestLimit/;

/** A service's refusal; what is no fault of ours is thrown on, so that the job runs again. */
export function outcomeOf(error: unknown): Outcome {
  if (!Fault.is(error)) throw error;
  const passing = PASSING.test(error.code) || (error.status ?? 400) >= 500;
  return { kind: passing ? 'failed' : 'refused', why: `${error.code}: ${error.message}` };
}

/** Other answers of an HTTP endpoint than success: those of the 400s mean it, but for one that asks for patience. */
export function outcomeOfStatus(status: number | undefined): Outcome {
  if (status === undefined) return { kind: 'failed', why: 'no answer' };
  if (status >= 200 && status < 300) return DELIVERED;
  const refused = status >= 300 && status < 500 && status !== 429;
  return { kind: refused ? 'refused' : 'failed', why: `status ${status}` };
}
