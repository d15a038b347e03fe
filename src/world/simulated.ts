import { assert } from '../base/assert.ts';
import type { AdjustableClock, Cancel, Random, Timers, World } from './world.ts';

interface Timer {
  readonly dueMs: number;
  /** Timers of one instant fire in the order they were set. */
  readonly order: number;
  readonly callback: () => void;
}

/** A world that two runs with one seed see alike: nothing happens in it but what its owner makes happen. */
export interface SimulatedWorld extends World {
  readonly clock: AdjustableClock;
  /** Moves time to the next timer and fires it; false when none is set. */
  fireNext(): boolean;
  /** Moves time on, firing what falls due in order and letting all that each timer sets off come to rest. */
  advance(ms: number): Promise<void>;
}

/** Where simulated time starts: 1 January 2026, 00:00 UTC. */
export const SIMULATED_EPOCH_MS = Date.UTC(2026, 0, 1);

/** Lets every promise that can resolve without I/O do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function simulatedWorld(seed: number): SimulatedWorld {
  let timeMs = SIMULATED_EPOCH_MS;
  let offsetMs = 0;
  let order = 0;
  const pending = new Set<Timer>();

  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of pending) {
      if (first === undefined || timer.dueMs < first.dueMs) first = timer;
    }
    return first;
  };
  const fire = (timer: Timer): void => {
    pending.delete(timer);
    timeMs = Math.max(timeMs, timer.dueMs);
    timer.callback();
  };
  const after = (ms: number, callback: () => void): Cancel => {
    const timer = { dueMs: timeMs + Math.max(0, ms), order: order++, callback };
    pending.add(timer);
    return () => {
      pending.delete(timer);
    };
  };
  const timers: Timers = {
    after,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const done = () => {
          cancel();
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const cancel = after(ms, done);
        signal?.addEventListener('abort', done, { once: true });
      }),
  };
  return {
    clock: {
      now: () => timeMs + offsetMs,
      realNow: () => timeMs,
      monotonic: () => timeMs - SIMULATED_EPOCH_MS,
      offsetMs: () => offsetMs,
      setOffset: (ms) => {
        offsetMs = ms;
      },
    },
    random: seededRandom(seed),
    timers,
    fireNext: () => {
      const timer = next();
      if (timer !== undefined) fire(timer);
      return timer !== undefined;
    },
    advance: async (ms) => {
      const untilMs = timeMs + ms;
      await settled();
      for (let timer = next(); timer !== undefined && timer.dueMs <= untilMs; timer = next()) {
        fire(timer);
        await settled();
      }
      timeMs = untilMs;
    },
  };
}

/** Chance that repeats itself: xoshiro128**, seeded through SplitMix32. Not for secrets. */
export function seededRandom(seed: number): Random {
  let mix = seed >>> 0;
  const state = Uint32Array.from({ length: 4 }, () => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let word = Math.imul(mix ^ (mix >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return (word ^ (word >>> 16)) >>> 0;
  });
  const rotated = (word: number, by: number) => ((word << by) | (word >>> (32 - by))) >>> 0;
  const draw = (): number => {
    const [a, b, c, d] = state as unknown as [number, number, number, number];
    const drawn = Math.imul(rotated(Math.imul(b, 5) >>> 0, 7), 9) >>> 0;
    state[2] = c ^ a;
    state[3] = d ^ b;
    state[1] = b ^ (state[2] as number);
    state[0] = a ^ (state[3] as number);
    state[2] = (state[2] as number) ^ (b << 9);
    state[3] = rotated(state[3] as number, 11);
    return drawn;
  };
  const below = (bound: number): number => {
    assert(Number.isSafeInteger(bound) && bound > 0, `a bound is a positive integer, not ${bound}`);
    // 53 bits are enough for any bound; the bias is below 2^-21 for bounds under 2^32.
    return Number((BigInt(draw()) * 0x200000n + BigInt(draw() >>> 11)) % BigInt(bound));
  };
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => draw() & 0xff);
  return {
    bytes,
    below,
    uuid: () => {
      const drawn = bytes(16);
      drawn[6] = ((drawn[6] as number) & 0x0f) | 0x40;
      drawn[8] = ((drawn[8] as number) & 0x3f) | 0x80;
      const hex = Buffer.from(drawn).toString('hex');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join(
        '-',
      );
    },
    id: (length, alphabet) => {
      let text = '';
      for (let i = 0; i < length; i++) text += alphabet[below(alphabet.length)];
      return text;
    },
  };
}
