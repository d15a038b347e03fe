import { ACCOUNT_CONCURRENCY } from './concurrency.ts';
import { throttled } from './slots.ts';

/** An environment serves this many requests a second. */
const REQUESTS_PER_ENVIRONMENT = 10;

/**
 * Counts each function's synchronous requests, a second at a time: at most ten for every environment it may have.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
 */
export class Rates {
  /** Of this second, by function. */
  readonly #requests = new Map<string, number>();
  #second = 0;

  /** Throws TooManyRequestsException for a request too many. */
  admit(
    { functionArn, reserved }: { readonly functionArn: string; readonly reserved: number | undefined },
    nowMs: number,
  ): void {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#requests.clear();
    }
    const requests = this.#requests.get(functionArn) ?? 0;
    // Where nothing is reserved nothing runs, and the refusal says so.
    const most = REQUESTS_PER_ENVIRONMENT * (reserved ?? ACCOUNT_CONCURRENCY);
    if (requests >= most && most > 0) {
      throw throttled(
        reserved === undefined
          ? 'FunctionInvocationRateLimitExceeded'
          : 'ReservedFunctionInvocationRateLimitExceeded',
      );
    }
    this.#requests.set(functionArn, requests + 1);
  }
}
