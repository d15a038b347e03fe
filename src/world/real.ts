import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { AdjustableClock, Cancel, Random, Timers, World } from './world.ts';

function realClock(): AdjustableClock {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    realNow: () => Date.now(),
    monotonic: () => performance.now(),
    offsetMs: () => offset,
    setOffset: (offsetMs) => {
      offset = offsetMs;
    },
  };
}

const random: Random = {
  bytes: (length) => randomBytes(length),
  uuid: () => randomUUID(),
  below: (bound) => randomInt(bound),
  id: (length, alphabet) => {
    let text = '';
    for (let i = 0; i < length; i++) text += alphabet[randomInt(alphabet.length)];
    return text;
  },
};

const timers: Timers = {
  after: (ms, callback): Cancel => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};

/** The world of a running server: the machine's clock plus the virtual offset, and a cryptographic source of chance. */
export function realWorld(): World & { readonly clock: AdjustableClock } {
  return { clock: realClock(), random, timers };
}
