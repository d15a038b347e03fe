import type { ThrottleReason } from '../../model/gen/lambda.ts';
import { ACCOUNT_CONCURRENCY } from './concurrency.ts';
import { fault } from './reference.ts';

export interface SlotRequest {
  readonly functionArn: string;
  readonly versionArn: string;
  /** Account and region. */
  readonly scope: string;
  readonly reserved: number | undefined;
  /** For the version, and for all of the function's. */
  readonly provisioned: number;
  readonly provisionedInFunction: number;
}

/**
 * Counts the invocations under way, a version, a function and an account and region at a time, and refuses those over a
 * limit. A version's provisioned environments serve it alone; what comes beyond them takes of what the function has
 * reserved and not provisioned, or else of what no function has taken for itself.
 */
export class Slots {
  readonly #provisioned = new Map<string, number>();
  readonly #byFunction = new Map<string, number>();
  readonly #unreserved = new Map<string, number>();

  /**
   * Takes a slot and returns what gives it back. `takenInScope` is what the functions of the scope have reserved or
   * provisioned. Throws TooManyRequestsException.
   */
  take(request: SlotRequest, takenInScope: number): () => void {
    const { functionArn, versionArn, scope, reserved, provisioned } = request;
    if (provisioned > 0) {
      const own = this.#provisioned.get(versionArn) ?? 0;
      if (own < provisioned) {
        this.#provisioned.set(versionArn, own + 1);
        return () => count(this.#provisioned, versionArn);
      }
    }
    if (reserved !== undefined) {
      const running = this.#byFunction.get(functionArn) ?? 0;
      if (running >= reserved - request.provisionedInFunction)
        throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded');
      this.#byFunction.set(functionArn, running + 1);
      return () => count(this.#byFunction, functionArn);
    }
    const shared = this.#unreserved.get(scope) ?? 0;
    if (shared >= ACCOUNT_CONCURRENCY - takenInScope) throw throttled('ConcurrentInvocationLimitExceeded');
    this.#unreserved.set(scope, shared + 1);
    return () => count(this.#unreserved, scope);
  }
}

function count(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 1) - 1;
  if (left === 0) counts.delete(key);
  else counts.set(key, left);
}

export function throttled(reason: ThrottleReason): Error {
  return fault('TooManyRequestsException', 'Rate Exceeded.', { Reason: reason });
}
