import type { Context } from '../../service/context.ts';
import { layout } from './layout.ts';

/** Messages an account keeps; older ones go. */
export const MOST_MESSAGES = 1_000;
/** Deliveries within this time are swept together. */
const SWEEP_DELAY_MS = 2_000;

/** Deletes what an account holds beyond its newest {@link MOST_MESSAGES}. */
export async function sweepAccount(ctx: Pick<Context, 'store'>, account: string): Promise<void> {
  const { messages } = layout.at(account, '');
  const kept = await messages.page(ctx.store, [], { limit: MOST_MESSAGES, reverse: true });
  let after = kept.next;
  while (after !== undefined) {
    const old = await messages.page(ctx.store, [], { limit: 200, reverse: true, after });
    await ctx.store.transact(async (tx) => {
      for (const { key } of old.rows) messages.delete(tx, key);
    });
    after = old.next;
  }
}

/** Sweeps at the start and, a little later, after every delivery. A sweep that a stop cuts short is done by the next. */
export async function startSweep(ctx: Context): Promise<() => Promise<void>> {
  const { accounts } = layout.global();
  let scheduled: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const sweep = async () => {
    for (const { key } of await accounts.all(ctx.store, [])) {
      if (!stopped) await sweepAccount(ctx, key[0]);
    }
  };
  const schedule = () => {
    scheduled ??= ctx.world.timers.after(SWEEP_DELAY_MS, () => {
      scheduled = undefined;
      running = running.then(sweep).catch((error: unknown) => {
        ctx.log('error', 'the inbox could not be swept', { error: String(error) });
      });
    });
  };
  const unwatch = ctx.store.watch(accounts.rangeOf([]), schedule);
  schedule();
  return async () => {
    stopped = true;
    unwatch();
    scheduled?.();
    await running;
  };
}
