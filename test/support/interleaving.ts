import { type SimulatedWorld, settled } from '../../src/world/simulated.ts';

/** Decides by seed which of those who wait at a point goes on next. */
export class Interleaving {
  readonly #world: SimulatedWorld;
  #waiting: (() => void)[] = [];

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  /** Resolves when it is this one's turn; never after {@link crash}. */
  reach(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets one go on, as far as its next point; with nobody waiting, a timer. False when nothing can happen. */
  async step(): Promise<boolean> {
    await settled();
    if (this.#waiting.length === 0) return this.#world.fireNext();
    const [next] = this.#waiting.splice(this.#world.random.below(this.#waiting.length), 1);
    next?.();
    return true;
  }

  /** Those who wait now never go on. */
  crash(): void {
    this.#waiting = [];
  }
}
