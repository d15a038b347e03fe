import { MOST_THREADS, memoryOf } from './memory.ts';

/** What made an environment end that took more than it may. */
export type Excess = 'memory' | 'threads';

/** The memory of one environment: what it was seen to hold at most, and whether that is too much. */
export class MemoryWatch {
  readonly #limitKb: number;
  peakKb = 0;
  /** Of its own, when it was last looked at: what its end would free. */
  heldKb = 0;
  /** It took more than it may, or the kernel says that it did. */
  exceeded = false;

  constructor(memoryMb: number) {
    this.#limitKb = memoryMb * 1024;
  }

  /** As the REPORT line has it. */
  get maxMb(): number {
    return Math.ceil((this.exceeded ? this.#limitKb : Math.min(this.#limitKb, this.peakKb)) / 1024);
  }

  /** Takes note of what a bootstrap says it holds; true when that is worth a look, as part of it may be shared. */
  note(reported: string | undefined): boolean {
    const kb = Number(reported ?? 0);
    if (kb <= this.peakKb) return false;
    this.peakKb = kb;
    return kb > this.#limitKb;
  }

  /** Looks at what a process and all that it started hold. */
  look(pid: number | undefined): Excess | undefined {
    const use = pid === undefined ? undefined : memoryOf(pid);
    if (use === undefined) return undefined;
    this.peakKb = Math.max(this.peakKb, use.residentKb);
    this.heldKb = use.privateKb;
    if (use.privateKb > this.#limitKb) {
      this.exceeded = true;
      return 'memory';
    }
    return use.threads > MOST_THREADS ? 'threads' : undefined;
  }
}
