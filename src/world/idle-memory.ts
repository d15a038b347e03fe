import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_MS = 1_500;
/** Share of one processor below which a process does nothing worth waiting for. */
const IDLE_SHARE = 0.05;
/** Processor time that leaves enough behind for a collection to pay. */
const WORTH_MS = 300;
/** What one collection finds to be weak or finalised, the next gives back. */
const COLLECTIONS = 2;

/** Tells when a process that was busy has become idle, from its processor time. */
export class IdleWatch {
  #lookedAtMs = 0;
  #usedMs = 0;
  #collectedAtUsedMs = 0;
  #due = 0;

  /** `usedMs` is the processor time since the process started; both only grow. True twice for each busy spell. */
  look(nowMs: number, usedMs: number): boolean {
    const share = (usedMs - this.#usedMs) / (nowMs - this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    this.#usedMs = usedMs;
    if (share > IDLE_SHARE) return false;
    if (usedMs - this.#collectedAtUsedMs >= WORTH_MS) this.#due = COLLECTIONS;
    if (this.#due === 0) return false;
    this.#due--;
    this.#collectedAtUsedMs = usedMs;
    return true;
  }
}

/**
 * V8 collects garbage when something allocates, so a server that nobody calls any more would keep what its busiest
 * moment needed, two or three times what it holds. Collects, beside the event loop, when it becomes idle.
 */
export function collectWhenIdle(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => Promise<void>;
  const watch = new IdleWatch();
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    if (watch.look(performance.now(), (user + system) / 1000)) {
      void collect({ type: 'major', execution: 'async' });
    }
  }, LOOK_MS).unref();
}
