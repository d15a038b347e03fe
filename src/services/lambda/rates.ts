import { ACCOUNT_CONCURRENCY } from './concurrency.ts';
import { throttled } from './slots.ts';

/** An environment serves this many requests a second. */
const REQUESTS_PER_ENVIRONMENT = 10;

/**
 * Counts each function's synchronous requests, a second at a time: at most ten for every environment it may have.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
 */
export class Rates {
  readonly #seconds = new Map<string, { second: number; requests: number }>();

  /** Throws TooManyRequestsException for a request too many. */
  admit(
    { functionArn, reserved }: { readonly functionArn: string; readonly reserved: number | undefined },
    nowMs: number,
  ): void {
    const second = Math.floor(nowMs / 1000);
    let counted = this.#seconds.get(functionArn);
    if (counted === undefined) {
      counted = { second, requests: 0 };
      this.#seconds.set(functionArn, counted);
    } else if (counted.second !== second) {
      counted.second = second;
      counted.requests = 0;
    }
    // Where nothing is reserved nothing runs, and the refusal says so.
    const most = REQUESTS_PER_ENVIRONMENT * (reserved ?? ACCOUNT_CONCURRENCY);
    if (counted.requests >= most && most > 0) {
      throw throttled(
        reserved === undefined
          ? 'FunctionInvocationRateLimitExceeded'
          : 'ReservedFunctionInvocationRateLimitExceeded',
      );
    }
    counted.requests++;
  }
}
