import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_MS = 1_000;
/**
 * How long a process does nothing worth waiting for before it counts as idle. A collection throws away what was compiled
 * for objects that only live during a call, and the next few thousand calls pay twice or three times for that.
 */
const QUIET_MS = 15_000;
/** Share of one processor below which a process does nothing worth waiting for. */
const IDLE_SHARE = 0.05;
/** Processor time that leaves enough behind for a collection to pay. */
const WORTH_MS = 300;
/**
 * The first runs beside the event loop. The others, when nothing came meanwhile, stop it for a few dozen milliseconds and
 * give back the room for young objects that the busiest moment needed, too: V8 wants to have seen little for a while.
 */
const COLLECTIONS = ['beside', 'whole', 'whole'] as const;

/** Tells when a process that was busy has become idle, from its processor time. */
export class IdleWatch {
  #lookedAtMs = 0;
  #usedMs = 0;
  #collectedAtUsedMs = 0;
  #busyAtMs = 0;
  #next: number = COLLECTIONS.length;

  /**
   * What is to be collected now: one after the other of {@link COLLECTIONS} for each busy spell. `usedMs` is the processor
   * time since the process started; both only grow.
   */
  look(nowMs: number, usedMs: number): (typeof COLLECTIONS)[number] | undefined {
    const share = (usedMs - this.#usedMs) / (nowMs - this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    this.#usedMs = usedMs;
    if (share > IDLE_SHARE) this.#busyAtMs = nowMs;
    if (nowMs - this.#busyAtMs < QUIET_MS) return undefined;
    if (usedMs - this.#collectedAtUsedMs >= WORTH_MS) this.#next = 0;
    const collection = COLLECTIONS[this.#next];
    if (collection === undefined) return undefined;
    this.#next++;
    this.#collectedAtUsedMs = usedMs;
    return collection;
  }
}

/** Sets up V8's collector for a server: its objects live for a call, and then it is idle for hours. */
export function tuneCollector(): void {
  // Where most objects of a place in the code were still alive at a collection (while a table was filled, say), V8 makes
  // them among the old ones from then on; a busy server then clears and collects old memory for each call.
  setFlagsFromString('--no-allocation-site-pretenuring');
  collectWhenIdle();
}

/**
 * V8 collects garbage when something allocates, so a server that nobody calls any more would keep what its busiest
 * moment needed, two or three times what it holds. Collects when it becomes idle.
 */
function collectWhenIdle(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: object) => Promise<void> | undefined;
  const watch = new IdleWatch();
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    const collection = watch.look(performance.now(), (user + system) / 1000);
    if (collection === 'beside') void collect({ type: 'major', execution: 'async' });
    else if (collection === 'whole') void collect();
  }, LOOK_MS).unref();
}
