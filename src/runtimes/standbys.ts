import type { WorkerProfile } from '../service/runtimes.ts';
import type { Cancel, Timers } from '../world/world.ts';
import type { Worker } from './worker.ts';

/** A worker that stands by for functions of one profile. */
interface Standby {
  readonly profile: WorkerProfile;
  worker: Worker | undefined;
  /** One is on its way. */
  pending: boolean;
}

/** Kinds of workers that stand by at a time; each holds the memory of an idle process. */
const MOST_STANDBYS = 4;
/** A replacement starts when the cold start that took its predecessor is over. */
const REFILL_MS = 150;

/** Workers that have started before they know their function, one of a kind. */
export class Standbys {
  readonly #timers: Timers;
  readonly #start: (profile: WorkerProfile) => Promise<Worker | undefined>;
  readonly #standbys = new Map<string, Standby>();
  readonly #refills = new Set<Cancel>();
  #closed = false;

  constructor(timers: Timers, start: (profile: WorkerProfile) => Promise<Worker | undefined>) {
    this.#timers = timers;
    this.#start = start;
  }

  /** From now on one of this kind stands by; the most recent wishes are kept. */
  prepare(kind: string, { runtime, memoryMb, ephemeralStorageMb }: WorkerProfile): void {
    const known = this.#standbys.get(kind);
    const profile = { runtime, memoryMb, ephemeralStorageMb };
    this.#standbys.delete(kind);
    this.#standbys.set(kind, known ?? { profile, worker: undefined, pending: false });
    for (const [oldest, standby] of this.#standbys) {
      if (this.#standbys.size <= MOST_STANDBYS) break;
      this.#standbys.delete(oldest);
      standby.worker?.kill();
    }
    if (known === undefined) this.#refill(kind);
  }

  /** The one of this kind, when there is one; another takes its place soon. */
  take(kind: string): Worker | undefined {
    const standby = this.#standbys.get(kind);
    const worker = standby?.worker;
    if (standby === undefined || worker === undefined) return undefined;
    standby.worker = undefined;
    const cancel = this.#timers.after(REFILL_MS, () => {
      this.#refills.delete(cancel);
      this.#refill(kind);
    });
    this.#refills.add(cancel);
    return worker.alive ? worker : undefined;
  }

  close(): void {
    this.#closed = true;
    for (const cancel of this.#refills) cancel();
    for (const { worker } of this.#standbys.values()) worker?.kill();
    this.#standbys.clear();
  }

  #refill(kind: string): void {
    const standby = this.#standbys.get(kind);
    if (this.#closed || standby === undefined || standby.pending || standby.worker !== undefined) return;
    standby.pending = true;
    this.#start(standby.profile).then(
      (worker) => {
        standby.pending = false;
        if (this.#closed || this.#standbys.get(kind) !== standby) worker?.kill();
        else standby.worker = worker;
      },
      () => {
        // Without one, the next cold start spawns its own and reports what is wrong.
        standby.pending = false;
      },
    );
  }
}
