/** A token bucket: `burst` requests at once, `rate` a second in the long run. Time is given, in milliseconds. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number | undefined;

  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes a token if there is one. */
  take(nowMs: number): boolean {
    if (this.#atMs !== undefined && nowMs > this.#atMs) {
      const earned = ((nowMs - this.#atMs) / 1000) * this.#rate;
      this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    }
    this.#atMs = Math.max(nowMs, this.#atMs ?? nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
