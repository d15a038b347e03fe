import type { Context } from '../../service/context.ts';

/** Rows of one transaction of a job that goes through a table. */
const LEAST = 32;
const MOST = 250;
/** What requests that wait behind such a transaction hardly notice, in milliseconds. */
const SHORT_MS = 5;
const MOST_BYTES = 256 << 10;
const LONGEST_REST_MS = 20;

/**
 * How much a job does in one transaction: as much as takes a few milliseconds, however fast the machine, however
 * large the rows and whoever else is writing. Those others share its commits.
 */
export class Slice {
  #rows = 64;

  /** What to read from the store at once. */
  get size(): { readonly limit: number; readonly maxBytes: number } {
    return { limit: Math.round(this.#rows), maxBytes: MOST_BYTES };
  }

  /** Does one slice's work, whose duration decides about the next one's size. */
  async run<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
    const { clock } = ctx.world;
    const startMs = clock.monotonic();
    const result = await work();
    const tookMs = clock.monotonic() - startMs;
    const factor = tookMs > SHORT_MS ? Math.max(0.5, SHORT_MS / tookMs) : 1.25;
    this.#rows = Math.min(MOST, Math.max(LEAST, this.#rows * factor));
    // Others are waiting: some of them go first.
    if (tookMs > SHORT_MS) await ctx.world.timers.sleep(Math.min(LONGEST_REST_MS, tookMs - SHORT_MS));
    return result;
  }
}
