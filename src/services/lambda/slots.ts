import type { ThrottleReason } from '../../model/gen/lambda.ts';
import { ACCOUNT_CONCURRENCY } from './concurrency.ts';
import { fault } from './reference.ts';

/** Counts the invocations under way, a function and an account and region at a time, and refuses those over a limit. */
export class Slots {
  readonly #byFunction = new Map<string, number>();
  readonly #unreserved = new Map<string, number>();

  /** Takes a slot and returns what gives it back. Throws TooManyRequestsException. */
  take(request: {
    readonly functionArn: string;
    /** Account and region. */
    readonly scope: string;
    readonly reserved: number | undefined;
    /** What all functions of the scope have reserved. */
    readonly reservedInScope: number;
  }): () => void {
    const { functionArn, scope, reserved } = request;
    const running = this.#byFunction.get(functionArn) ?? 0;
    if (reserved !== undefined) {
      if (running >= reserved) throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded');
      this.#byFunction.set(functionArn, running + 1);
      return () => count(this.#byFunction, functionArn);
    }
    const shared = this.#unreserved.get(scope) ?? 0;
    if (shared >= ACCOUNT_CONCURRENCY - request.reservedInScope)
      throw throttled('ConcurrentInvocationLimitExceeded');
    this.#byFunction.set(functionArn, running + 1);
    this.#unreserved.set(scope, shared + 1);
    return () => {
      count(this.#byFunction, functionArn);
      count(this.#unreserved, scope);
    };
  }
}

function count(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 1) - 1;
  if (left === 0) counts.delete(key);
  else counts.set(key, left);
}

function throttled(reason: ThrottleReason): Error {
  return fault('TooManyRequestsException', 'Rate Exceeded.', { Reason: reason });
}
