import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Bell } from './bell.ts';
import { layout } from './layout.ts';
import { sourceKind } from './mapping.ts';
import { pollersOf } from './pollers.ts';
import { pollQueue } from './queue-polling.ts';
import { pollStream } from './stream-polling.ts';

/** Reads what stands at a mapping's source and hands it to the function; ends when there is no more. */
export async function poll({ uuid }: { readonly uuid: string }, ctx: Context): Promise<void> {
  const pollers = pollersOf(ctx);
  const waitMs = await pollers.run(ctx, uuid, (bell) => pollOnce(ctx, uuid, bell));
  if (waitMs !== undefined) await pollers.pollLater(ctx, uuid, waitMs);
  await pollers.follow(uuid);
}

/** Answers after how many milliseconds the source is to be looked at again, infinity for not by itself. */
async function pollOnce(ctx: Context, uuid: string, bell: Bell): Promise<number> {
  const { mappings } = layout.at(ctx.account, ctx.region);
  const mapping = await mappings.get(ctx.store, [uuid]);
  if (mapping === undefined || !mapping.enabled) {
    bell.take();
    return Number.POSITIVE_INFINITY;
  }
  try {
    return sourceKind(mapping.sourceArn) === 'queue'
      ? await pollQueue(ctx, mapping, bell)
      : await pollStream(ctx, uuid, bell);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    // The function or its source has gone, or the role may not read: the mapping says so and waits for a change.
    bell.take();
    await note(ctx, uuid, `PROBLEM: ${error.message}`);
    return Number.POSITIVE_INFINITY;
  }
}

/** Shows in the mapping what came of the last batch. */
export async function note(ctx: Context, uuid: string, lastResult: string): Promise<void> {
  const { mappings } = layout.at(ctx.account, ctx.region);
  const known = await mappings.get(ctx.store, [uuid]);
  if (known === undefined || known.lastResult === lastResult) return;
  await ctx.transact(async (tx) => {
    const row = await mappings.get(tx, [uuid]);
    if (row !== undefined) mappings.set(tx, [uuid], { ...row, lastResult });
  });
}
