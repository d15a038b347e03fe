import type { Timers } from '../../world/world.ts';

/** Tells a poll that is under way of what comes meanwhile, so that it needs no other. */
export class Bell {
  readonly #timers: Timers;
  #rung = true;
  #wake: (() => void) | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Something new may stand at the source. */
  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Ends a wait, with nothing new. */
  nudge(): void {
    this.#wake?.();
  }

  get rung(): boolean {
    return this.#rung;
  }

  /** Whether it has been rung since this was asked last. */
  take(): boolean {
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }

  /** Resolves when it rings, or after `mostMs`, which may be infinity. */
  async heard(mostMs: number): Promise<void> {
    if (this.#rung) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (Number.isFinite(mostMs)) {
        const cancel = this.#timers.after(mostMs, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      }
    });
    this.#wake = undefined;
  }
}
