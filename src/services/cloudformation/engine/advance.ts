import { assert } from '../../../base/assert.ts';
import type { Context } from '../../../service/context.ts';
import { Fault } from '../../../service/faults.ts';
import { layout } from '../layout.ts';
import type { StackIntent } from '../stack.ts';
import { beginForward, cancelWaiting, forwardFailures, isThrough } from './forward.ts';
import { loadPlan, releaseIntent } from './intent.ts';
import { settleOutputs } from './outputs.ts';
import type { Plan } from './plan.ts';
import { beginCleanup, cleanUp, isCleared, markForDeletion } from './removal.ts';
import { Run, stackQueue } from './run.ts';

export interface AdvancePayload {
  readonly stack: string;
  readonly operation: string;
}

/**
 * Takes a stack's operation one look further: starts what can start, and changes phase when a phase is through.
 * Runs after every step; running it twice changes nothing.
 */
export async function advance({ stack: uuid, operation }: AdvancePayload, ctx: Context): Promise<void> {
  const rows = layout.at(ctx.account, ctx.region);
  const seen = await rows.operations.get(ctx.store, [uuid]);
  const stack = await rows.stacks.get(ctx.store, [uuid]);
  if (seen?.id !== operation || stack === undefined) return;
  const intent = seen.phase === 'forward' ? seen.target : seen.phase === 'back' ? seen.previous : undefined;
  const plan = intent === undefined ? undefined : await loadPlan(ctx, stack, intent);
  await ctx.transact(async (tx) => {
    const run = await Run.load(tx, ctx, uuid, operation);
    if (run === undefined) return;
    run.beginLook();
    if (run.operation.phase !== seen.phase) {
      // The phase changed since: this plan is not its plan.
      run.enqueueAdvance();
      return;
    }
    if (plan !== undefined && intent !== undefined) await towards(run, plan, intent);
    else await away(run);
  }, stackQueue(uuid));
}

async function towards(run: Run, plan: Plan, intent: StackIntent): Promise<void> {
  const back = run.operation.phase === 'back';
  beginForward(run, plan);
  const failures = forwardFailures(run);
  if (failures !== undefined) {
    await cancelWaiting(run);
    const { reason, rowReason, othersRunning } = forwardFailures(run) ?? failures;
    if (!othersRunning) await turn(run, reason, rowReason);
    return;
  }
  if (!isThrough(run, plan)) return;
  if (!back || run.operation.kind === 'UPDATE') {
    try {
      await settleOutputs(run, plan);
    } catch (error) {
      if (!Fault.is(error)) throw error;
      await turn(run, error.message, error.message);
      return;
    }
  }
  const { policyAfter } = run.operation;
  run.setStack({
    ...run.stack,
    intent,
    ...(back || policyAfter === undefined ? {} : { policy: policyAfter }),
  });
  if (run.operation.kind === 'CREATE') {
    run.setStatus('CREATE_COMPLETE');
    await run.endOperation();
    return;
  }
  beginCleanup(run, new Set(Object.keys(plan.resources)));
  run.setStatus(
    back ? 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS' : 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
  );
  await away(run);
}

/** The operation failed: back to what was, or to nothing, as its caller chose. */
async function turn(run: Run, reason: string, detail: string): Promise<void> {
  const { operation } = run;
  const { cancelled: _, ...rest } = operation;
  if (operation.phase === 'back') {
    run.setStatus('UPDATE_ROLLBACK_FAILED', reason);
    await releaseIntent(run.ctx, run.tx, operation.target);
    await run.endOperation();
    return;
  }
  if (operation.onFailure === 'DO_NOTHING') {
    // What was reached stays; the next update starts from there.
    if (operation.target !== undefined) run.setStack({ ...run.stack, intent: operation.target });
    await releaseIntent(run.ctx, run.tx, operation.previous);
    run.setStatus(operation.kind === 'CREATE' ? 'CREATE_FAILED' : 'UPDATE_FAILED', reason);
    await run.endOperation();
    return;
  }
  if (operation.kind === 'CREATE') {
    const deleteIt = operation.onFailure === 'DELETE';
    if (operation.target !== undefined) run.setStack({ ...run.stack, intent: operation.target });
    run.setOperation({ ...rest, phase: deleteIt ? 'delete' : 'undo', failure: detail });
    if (run.stack.status !== 'DELETE_IN_PROGRESS')
      run.setStatus(
        deleteIt ? 'DELETE_IN_PROGRESS' : 'ROLLBACK_IN_PROGRESS',
        `${reason} ${deleteIt ? 'Delete' : 'Rollback'} requested by user.`,
      );
    markForDeletion(run, [...run.resources.keys()], { undo: true, retain: new Set() });
    run.enqueueAdvance();
    return;
  }
  run.setOperation({ ...rest, phase: 'back', failure: detail });
  run.setStatus('UPDATE_ROLLBACK_IN_PROGRESS', reason);
  await stepBack(run);
  run.enqueueAdvance();
}

/** Forgets this operation's work so that the way back begins anew; what was replaced is itself again. */
async function stepBack(run: Run): Promise<void> {
  const retired = await run.retired();
  for (const [logicalId, row] of run.resources) {
    const { work, ...rest } = row;
    if (work?.operation !== run.operation.id) continue;
    if (work.action === 'replace' && work.state === 'done' && work.before !== undefined) {
      for (const { order, row: old } of retired) {
        if (old.made.physicalId === work.before.physicalId && old.logicalId === logicalId) {
          run.rows.retired.delete(run.tx, [run.stack.uuid, order]);
        }
      }
      if (row.made !== undefined) {
        await run.retire({ logicalId, type: row.type, made: row.made, policy: 'Delete' });
      }
      run.setResource(logicalId, { ...rest, made: work.before });
    } else if (work.action === 'update' && work.state === 'failed' && work.startedAtMs !== undefined) {
      run.setResource(logicalId, { ...rest, uncertain: true });
    } else {
      run.setResource(logicalId, rest);
    }
  }
}

/** Deleting: a stack's leftovers, a failed creation, or a whole stack. */
async function away(run: Run): Promise<void> {
  const { operation } = run;
  await cleanUp(run);
  if (!(await isCleared(run))) return;
  const failed = [...run.resources].filter(
    ([, { work }]) => work?.action === 'delete' && work.state === 'failed',
  );
  const names = failed.map(([logicalId]) => logicalId);
  const reason =
    names.length === 0 ? undefined : `The following resource(s) failed to delete: [${names.join(', ')}]. `;
  switch (operation.phase) {
    case 'cleanup': {
      for (const name of names) run.dropResource(name);
      const wentBack = run.stack.status === 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS';
      await releaseIntent(run.ctx, run.tx, wentBack ? operation.target : operation.previous);
      run.setStatus(wentBack ? 'UPDATE_ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE');
      break;
    }
    case 'undo':
      run.setStatus(reason === undefined ? 'ROLLBACK_COMPLETE' : 'ROLLBACK_FAILED', reason);
      break;
    case 'delete':
      if (reason !== undefined) {
        run.setStatus('DELETE_FAILED', reason);
        break;
      }
      run.setStack({ ...run.stack, deletedAtMs: run.ctx.world.clock.now() });
      run.setStatus('DELETE_COMPLETE');
      run.rows.names.delete(run.tx, [run.stack.name]);
      for (const { key, value } of await run.rows.changeSets.all(run.tx, [run.stack.uuid])) {
        run.rows.changeSets.delete(run.tx, key);
        await releaseIntent(run.ctx, run.tx, value.intent);
      }
      break;
    default:
      assert(false, `phase ${operation.phase} deletes nothing`);
  }
  await run.endOperation();
}
