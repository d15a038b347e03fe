import type { World } from '../world/world.ts';
import { type Bytes, ContentionError, type TransactOptions } from './store.ts';

/** What one attempt came to: a result, or the key whose change made it fail. */
export type Outcome<T> = { readonly result: T } | { readonly conflict: Bytes };

/** One attempt; told whether it may go to lengths the others may not. */
export type Run<T> = (insists: boolean) => Promise<Outcome<T>>;

/** A transaction that keeps failing runs this often in all. */
const MOST_ATTEMPTS = 100;
/** From this failure on, those that failed on one key run one after the other. */
const QUEUE_AFTER = 3;
/** From this failure on, another process is likely what is in the way: the attempt insists, and waits a little. */
const INSIST_AFTER = 8;
const LONGEST_WAIT_MS = 3;

/** Runs attempts until one commits. Contenders for one thing take turns in lanes instead of failing each other. */
export class Retries {
  readonly #world: World;
  readonly #queued = new Lanes();
  readonly #conflicted = new Lanes();

  constructor(world: World) {
    this.#world = world;
  }

  run<T>(attempt: Run<T>, options: TransactOptions | undefined): Promise<T> {
    if (options?.queueKey === undefined) return this.#run(attempt);
    return this.#queued.through(options.queueKey, () => this.#run(attempt));
  }

  async #run<T>(attempt: Run<T>): Promise<T> {
    for (let failures = 1; ; failures++) {
      const outcome = await attempt(false);
      if ('result' in outcome) return outcome.result;
      // The lane of a conflict is taken last and once, so that those who wait for lanes never wait for each other.
      if (failures === QUEUE_AFTER) {
        const lane = Buffer.from(outcome.conflict).toString('latin1');
        return this.#conflicted.through(lane, () => this.#inTurn(attempt, failures));
      }
    }
  }

  async #inTurn<T>(attempt: Run<T>, before: number): Promise<T> {
    for (let failures = before; failures < MOST_ATTEMPTS; failures++) {
      const outcome = await attempt(failures >= INSIST_AFTER);
      if ('result' in outcome) return outcome.result;
      if (failures >= INSIST_AFTER) {
        await this.#world.timers.sleep(1 + this.#world.random.below(LONGEST_WAIT_MS));
      }
    }
    throw new ContentionError(`the transaction met a conflict ${MOST_ATTEMPTS} times`);
  }
}

/** Runs what has the same name one after the other. */
class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  async through<T>(name: string, body: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name);
    const run = before === undefined ? body() : before.then(body, body);
    this.#tails.set(name, run);
    try {
      return await run;
    } finally {
      if (this.#tails.get(name) === run) this.#tails.delete(name);
    }
  }
}
