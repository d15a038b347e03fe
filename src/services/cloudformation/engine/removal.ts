import type { ResourceRow } from '../resource.ts';
import type { Run } from './run.ts';

/** Marks what an update left over: rows the plan does not have. */
export function beginCleanup(run: Run, planned: ReadonlySet<string>): void {
  run.setOperation({ ...run.operation, phase: 'cleanup' });
  const leftovers = [...run.resources.keys()].filter((logicalId) => !planned.has(logicalId));
  markForDeletion(run, leftovers, { undo: false, retain: new Set() });
}

/**
 * Marks rows for deletion, except those their policy keeps.
 * @param undo the stack's creation is taken back: `RetainExceptOnCreate` does not keep
 */
export function markForDeletion(
  run: Run,
  logicalIds: readonly string[],
  { undo, retain }: { readonly undo: boolean; readonly retain: ReadonlySet<string> },
): void {
  for (const logicalId of logicalIds) {
    const row = run.resources.get(logicalId);
    if (row === undefined || row.status === 'DELETE_COMPLETE' || row.status === 'DELETE_SKIPPED') continue;
    const kept =
      retain.has(logicalId) ||
      row.deletionPolicy === 'Retain' ||
      (row.deletionPolicy === 'RetainExceptOnCreate' && !undo);
    if (kept && row.made !== undefined) {
      gone(run, logicalId, row, 'DELETE_SKIPPED');
    } else {
      run.setResource(logicalId, {
        ...row,
        work: { operation: run.operation.id, back: false, action: 'delete', state: 'pending' },
      });
    }
  }
}

/** Starts every deletion that nothing stands on any more; then, one by one, what was replaced. */
export async function cleanUp(run: Run): Promise<void> {
  for (let moved = true; moved; ) {
    moved = false;
    const stoodOn = namesStoodOn(run);
    for (const [logicalId, row] of run.resources) {
      if (row.work?.action !== 'delete' || row.work.state !== 'pending') continue;
      if (stoodOn.has(logicalId)) continue;
      if (row.made === undefined && row.work.waiting === undefined) {
        gone(run, logicalId, row, 'DELETE_COMPLETE');
      } else {
        run.setResourceStatus(
          logicalId,
          { ...row, work: { ...row.work, state: 'running' } },
          'DELETE_IN_PROGRESS',
        );
        run.enqueueWork(logicalId);
      }
      moved = true;
    }
  }
  if (hasDeletions(run)) return;
  const last = (await run.retired()).at(-1);
  if (last === undefined) return;
  if (last.row.policy === 'Retain' || last.row.policy === 'RetainExceptOnCreate') {
    run.rows.retired.delete(run.tx, [run.stack.uuid, last.order]);
    run.resourceEvent(last.row.logicalId, last.row, 'DELETE_SKIPPED');
    run.enqueueAdvance();
    return;
  }
  if (last.row.begun) return;
  run.rows.retired.set(run.tx, [run.stack.uuid, last.order], { ...last.row, begun: true });
  run.resourceEvent(last.row.logicalId, last.row, 'DELETE_IN_PROGRESS');
  run.ctx.enqueue(run.tx, {
    kind: 'retire',
    payload: { stack: run.stack.uuid, operation: run.operation.id, order: last.order },
    shard: `retired/${run.stack.uuid}`,
  });
}

function hasDeletions(run: Run): boolean {
  return [...run.resources.values()].some(
    ({ work }) => work?.action === 'delete' && ['pending', 'running', 'waiting'].includes(work.state),
  );
}

/** What resources that are still to be deleted need. */
function namesStoodOn(run: Run): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { work, dependsOn } of run.resources.values()) {
    if (work?.action !== 'delete' || work.state === 'done' || work.state === 'failed') continue;
    for (const name of dependsOn) names.add(name);
  }
  return names;
}

export async function isCleared(run: Run): Promise<boolean> {
  return !hasDeletions(run) && (await run.retired()).length === 0;
}

/** A resource is no more the stack's: its row goes with an update, and stays as a record with a deletion. */
export function gone(
  run: Run,
  logicalId: string,
  row: ResourceRow,
  status: 'DELETE_COMPLETE' | 'DELETE_SKIPPED',
): void {
  const { made, work: _, ...rest } = row;
  if (run.operation.phase === 'cleanup') {
    run.resourceEvent(logicalId, row, status);
    run.dropResource(logicalId);
    return;
  }
  run.setResourceStatus(logicalId, { ...rest, ...(made === undefined ? {} : { made }) }, status);
}
