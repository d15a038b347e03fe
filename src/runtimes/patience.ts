/**
 * How long an invocation may wait for an environment at work, in milliseconds, before it gets another one. Small
 * beside a cold start of any function that loads an SDK.
 */
export const MOST_PATIENCE_MS = 25;

/** Invocations that tell what the function usually takes; before that many nobody waits. */
const LEARNING = 16;
/** Weight of the newest duration in the running mean. */
const NEWEST = 1 / 8;

/** What spends less than this share of its time on a processor waits for others. */
const LEAST_SHARE = 1 / 4;

/** What an invocation cost. */
export interface Use {
  readonly processorMs: number;
  readonly durationMs: number;
}

/** Follows the processor time of one environment, of which a bootstrap tells the sum with every answer. */
export class ProcessorMeter {
  #sumUs = Number.NaN;

  /** Undefined for the first invocation, which is charged for the start, and for bootstraps that do not tell. */
  read(headers: Readonly<Record<string, string>>, durationMs: number): Use | undefined {
    const before = this.#sumUs;
    this.#sumUs = Number(headers['lambent-processor-us']);
    const processorMs = (this.#sumUs - before) / 1000;
    return Number.isNaN(processorMs) ? undefined : { processorMs, durationMs };
  }
}

/**
 * When the processors are busy with short invocations of a function, waking one more of its processes makes all of
 * them slower: each has code and heap of its own that the others' push out of the caches. Then an invocation is
 * answered sooner when it waits for an environment at work. Functions that mostly wait themselves never make others
 * wait.
 */
export class Patience {
  readonly #processors: number;
  #processorMs = 0;
  #durationMs = 0;
  #seen = 0;

  constructor(processors: number) {
    this.#processors = processors;
  }

  /** An invocation took this much beside others: `busy` in all, itself among them. */
  note(use: Use, busy: number): void {
    this.#seen++;
    const weight = Math.max(NEWEST, 1 / this.#seen);
    this.#processorMs += (use.processorMs - this.#processorMs) * weight;
    // Where more are busy than there are processors, they share them, and it would have taken less alone.
    const aloneMs = use.durationMs * Math.min(1, this.#processors / busy);
    this.#durationMs += (aloneMs - this.#durationMs) * weight;
  }

  /** Whether one more invocation should wait, with `busy` environments at work and `waiting` invocations before it. */
  pays(busy: number, waiting: number): boolean {
    // One more than processors, as each waits now and then for an answer.
    if (this.#seen < LEARNING || busy <= this.#processors) return false;
    if (this.#processorMs < this.#durationMs * LEAST_SHARE) return false;
    return this.#processorMs * Math.ceil((waiting + 1) / this.#processors) <= MOST_PATIENCE_MS;
  }
}
