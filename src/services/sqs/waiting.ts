import { setMaxListeners } from 'node:events';
import type { Context } from '../../service/context.ts';

/** Looks again after at most this much real time, whatever happens: the virtual clock may have been moved. */
const MOST_SLEEP_MS = 1000;

/** Wakes a long poll when its queue changes. Holds no snapshot and no transaction. */
export interface Bell {
  /** Until the queue changed since the last wait, `ms` of real time passed, or the client left. */
  wait(ms: number): Promise<void>;
  close(): void;
}

export function bellOf(ctx: Context, range: Parameters<Context['store']['watch']>[0]): Bell {
  const { signal } = ctx;
  let rung = false;
  let wake: (() => void) | undefined;
  const ring = () => {
    rung = true;
    wake?.();
  };
  const unwatch = ctx.store.watch(range, ring);
  // Calls from inside may share one signal; each takes its listener away again.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', ring, { once: true });
  return {
    wait: async (ms) => {
      if (!rung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const cancel = ctx.world.timers.after(Math.min(ms, MOST_SLEEP_MS), () => wake?.());
          wake = () => {
            cancel();
            wake = undefined;
            resolve();
          };
        });
      }
      rung = false;
    },
    close: () => {
      unwatch();
      signal.removeEventListener('abort', ring);
    },
  };
}
