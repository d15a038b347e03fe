import type { Context } from '../../service/context.ts';
import { layout } from './layout.ts';
import { isUnderWay, type StackRow } from './stack.ts';

/** Real time; below the read timeout of every SDK. */
const MOST_MS = 20_000;

/**
 * Whether the client polls in a waiter, which sleeps up to half a minute between looks: SDKs say so by the letter
 * `B` among the metrics of their `User-Agent`.
 */
export function isWaiter(userAgent: string | undefined): boolean {
  return / m\/(?:[^ ,]+,)*B(?:,|$| )/.test(userAgent ?? '');
}

/** The stack once it rests, or as it is after a while or when the client has left. */
export async function untilResting(ctx: Context, stack: StackRow): Promise<StackRow> {
  const { stacks } = layout.at(ctx.account, ctx.region);
  const deadline = ctx.world.clock.monotonic() + MOST_MS;
  let seen = stack;
  while (isUnderWay(seen.status) && !ctx.signal.aborted) {
    const left = deadline - ctx.world.clock.monotonic();
    if (left <= 0) break;
    await changed(ctx, stack.uuid, left);
    seen = (await stacks.get(ctx.store, [stack.uuid])) ?? seen;
  }
  return seen;
}

/** Resolves at the next commit that touches the stack's row. */
async function changed(ctx: Context, uuid: string, mostMs: number): Promise<void> {
  const { stacks } = layout.at(ctx.account, ctx.region);
  const woken = new AbortController();
  const wake = () => woken.abort();
  const unwatch = ctx.store.watch(stacks.rangeOf([uuid]), wake);
  ctx.signal.addEventListener('abort', wake, { once: true });
  try {
    // The row may have changed between the look and the watch.
    const now = await stacks.get(ctx.store, [uuid]);
    if (now !== undefined && isUnderWay(now.status)) await ctx.world.timers.sleep(mostMs, woken.signal);
  } finally {
    unwatch();
    ctx.signal.removeEventListener('abort', wake);
  }
}
