import type { Context } from '../../../service/context.ts';
import { Fault } from '../../../service/faults.ts';
import { layout } from '../layout.ts';
import { isGone } from '../resources/gone.ts';
import { isWaiting } from '../resources/provider.ts';
import { providerOf } from '../resources/registry.ts';
import { Run, stackQueue } from './run.ts';
import { resourceScope } from './work.ts';

export interface RetirePayload {
  readonly stack: string;
  readonly operation: string;
  readonly order: number;
}

/** Deletes one resource that an update replaced. A failure leaves it behind, told in an event, as on AWS. */
export async function retire(
  { stack: uuid, operation: id, order }: RetirePayload,
  ctx: Context,
): Promise<void> {
  const rows = layout.at(ctx.account, ctx.region);
  const [stack, operation, retired] = await Promise.all([
    rows.stacks.get(ctx.store, [uuid]),
    rows.operations.get(ctx.store, [uuid]),
    rows.retired.get(ctx.store, [uuid, order]),
  ]);
  if (stack === undefined || operation?.id !== id || retired === undefined) return;
  const { logicalId, type, made } = retired;
  let problem: string | undefined;
  try {
    const scope = resourceScope(
      ctx,
      { stack, operation, logicalId, type },
      { rerun: true, sinceMs: 0, stands: () => undefined },
    );
    const outcome = await providerOf(type)?.remove(made, scope);
    if (isWaiting(outcome)) problem = undefined;
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    if (!Fault.is(error)) throw error;
    if (!isGone(error)) problem = error.message;
  }
  await ctx.transact(async (tx) => {
    const run = await Run.load(tx, ctx, uuid, id);
    if (run === undefined || (await run.rows.retired.get(tx, [uuid, order])) === undefined) return;
    run.rows.retired.delete(tx, [uuid, order]);
    run.resourceEvent(
      logicalId,
      retired,
      problem === undefined ? 'DELETE_COMPLETE' : 'DELETE_FAILED',
      problem,
    );
    run.enqueueAdvance();
  }, stackQueue(uuid));
}
