import type { Context } from '../../../service/context.ts';
import { Fault } from '../../../service/faults.ts';
import type { Transaction } from '../../../store/store.ts';
import { layout } from '../layout.ts';
import type { OperationRow, StackIntent, StackRow } from '../stack.ts';
import { retainIntent } from './intent.ts';
import { dropOutputs } from './outputs.ts';
import { markForDeletion } from './removal.ts';
import { Run, stackQueue } from './run.ts';

export interface StartOptions {
  readonly id: string;
  readonly clientToken: string | undefined;
  readonly onFailure: OperationRow['onFailure'];
  readonly roleArn: string | undefined;
  readonly changeSet?: string;
  readonly policyDuring?: string | undefined;
  readonly policyAfter?: string | undefined;
}

function operationOf(
  ctx: Context,
  kind: OperationRow['kind'],
  phase: OperationRow['phase'],
  { id, clientToken, onFailure, roleArn, changeSet, policyDuring, policyAfter }: StartOptions,
): OperationRow {
  return {
    id,
    kind,
    phase,
    principal: ctx.principal,
    onFailure,
    ...(clientToken === undefined ? {} : { clientToken }),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(changeSet === undefined ? {} : { changeSet }),
    ...(policyDuring === undefined ? {} : { policyDuring }),
    ...(policyAfter === undefined ? {} : { policyAfter }),
  };
}

/** Begins to make a stack; the stack's row may be new or have waited under review. */
export async function startCreate(
  ctx: Context,
  tx: Transaction,
  stack: StackRow,
  intent: StackIntent,
  options: StartOptions,
): Promise<void> {
  const operation = { ...operationOf(ctx, 'CREATE', 'forward', options), target: intent };
  const run = await Run.begin(tx, ctx, stack, operation);
  await retainIntent(ctx, tx, intent);
  run.rows.names.set(tx, [stack.name], { uuid: stack.uuid });
  run.setStack({ ...stack, intent });
  run.setStatus('CREATE_IN_PROGRESS', 'User Initiated');
  run.enqueueAdvance();
  if (stack.timeoutMinutes !== undefined) {
    ctx.enqueue(tx, {
      kind: 'timeout',
      payload: { stack: stack.uuid, operation: options.id },
      dueAtMs: ctx.world.clock.now() + stack.timeoutMinutes * 60_000,
    });
  }
}

export async function startUpdate(
  ctx: Context,
  tx: Transaction,
  stack: StackRow,
  intent: StackIntent,
  options: StartOptions,
): Promise<void> {
  const operation = {
    ...operationOf(ctx, 'UPDATE', 'forward', options),
    target: intent,
    ...(stack.intent === undefined ? {} : { previous: stack.intent }),
  };
  const run = await Run.begin(tx, ctx, { ...stack, updatedAtMs: ctx.world.clock.now() }, operation);
  await retainIntent(ctx, tx, intent);
  run.setStatus('UPDATE_IN_PROGRESS', 'User Initiated');
  run.enqueueAdvance();
}

export async function startDelete(
  ctx: Context,
  tx: Transaction,
  stack: StackRow,
  options: StartOptions & { readonly retain: readonly string[] },
): Promise<void> {
  const run = await Run.begin(tx, ctx, stack, operationOf(ctx, 'DELETE', 'delete', options));
  run.setStatus('DELETE_IN_PROGRESS', 'User Initiated');
  try {
    await dropOutputs(run);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    run.setStatus('DELETE_FAILED', error.message);
    await run.endOperation();
    return;
  }
  markForDeletion(run, [...run.resources.keys()], { undo: false, retain: new Set(options.retain) });
  run.enqueueAdvance();
}

/** Goes on with a way back that failed. */
export async function startRollback(
  ctx: Context,
  tx: Transaction,
  stack: StackRow,
  options: StartOptions,
): Promise<void> {
  const operation = {
    ...operationOf(ctx, 'UPDATE', 'back', options),
    ...(stack.intent === undefined ? {} : { previous: stack.intent }),
  };
  const run = await Run.begin(tx, ctx, stack, operation);
  run.setStatus('UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated');
  run.enqueueAdvance();
}

/** Turns an operation back: nothing more starts, and what runs is waited for. */
export async function cancelOperation(
  ctx: Context,
  tx: Transaction,
  stack: StackRow,
  { reason, thenDelete }: { readonly reason: string; readonly thenDelete: boolean },
): Promise<void> {
  const operation = await layout.at(ctx.account, ctx.region).operations.get(tx, [stack.uuid]);
  const run = operation && (await Run.load(tx, ctx, stack.uuid, operation.id));
  if (run === undefined || run.operation.phase !== 'forward') return;
  run.setOperation({
    ...run.operation,
    cancelled: reason,
    ...(thenDelete ? { onFailure: 'DELETE' as const } : {}),
  });
  if (thenDelete) run.setStatus('DELETE_IN_PROGRESS', 'User Initiated');
  run.enqueueAdvance();
}

/** The job of a creation's time limit. */
export async function timeOut(
  { stack: uuid, operation }: { readonly stack: string; readonly operation: string },
  ctx: Context,
): Promise<void> {
  await ctx.transact(async (tx) => {
    const run = await Run.load(tx, ctx, uuid, operation);
    if (run === undefined || run.operation.phase !== 'forward') return;
    await cancelOperation(ctx, tx, run.stack, {
      reason: 'Stack creation time exceeded the specified timeout.',
      thenDelete: false,
    });
  }, stackQueue(uuid));
}
