import { assert } from '../../../base/assert.ts';
import type { Made, ResourceRow } from '../resource.ts';
import type { Done, Outcome, Waiting } from '../resources/provider.ts';
import { gone } from './removal.ts';
import type { Run } from './run.ts';

/** The work on a resource is through. */
export async function complete(run: Run, logicalId: string, outcome: Outcome | undefined): Promise<void> {
  const row = run.resources.get(logicalId);
  const work = row?.work;
  assert(row !== undefined && work !== undefined, `resource ${logicalId} is being worked on`);
  if (work.action === 'delete') {
    gone(run, logicalId, row, 'DELETE_COMPLETE');
    return;
  }
  assert(outcome !== undefined && !('waitMs' in outcome), `a ${work.action} says what it made`);
  const made = madeOf(outcome, work.wanted ?? {});
  const { before } = work;
  const replaced =
    before !== undefined && (work.action === 'replace' || before.physicalId !== made.physicalId);
  if (replaced) {
    await run.retire({ logicalId, type: row.type, made: before, policy: row.updateReplacePolicy });
  }
  if (work.action === 'create' || work.action === 'replace') initiated(run, logicalId, row, made);
  const { uncertain: _, ...rest } = row;
  const { waiting: __, ...done } = work;
  run.setResourceStatus(
    logicalId,
    { ...rest, made, work: { ...done, state: 'done', action: replaced ? 'replace' : work.action } },
    work.action === 'create' ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE',
  );
}

/** From here on a new resource has a name, which the event before its completion tells. */
function initiated(run: Run, logicalId: string, row: ResourceRow, made: Made): void {
  const status = row.work?.action === 'create' ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS';
  run.resourceEvent(logicalId, { ...row, made }, status, 'Resource creation Initiated');
}

/** The work failed; `standing` names what was made all the same. */
export async function fail(run: Run, logicalId: string, reason: string, standing?: string): Promise<void> {
  const row = run.resources.get(logicalId);
  const work = row?.work;
  assert(row !== undefined && work !== undefined, `resource ${logicalId} is being worked on`);
  const physicalId = standing ?? work.waiting?.physicalId;
  const half: Made | undefined =
    physicalId === undefined
      ? undefined
      : { physicalId, ref: physicalId, attributes: {}, properties: work.wanted ?? {} };
  const { waiting: _, ...rest } = work;
  const failed = { ...row, work: { ...rest, state: 'failed' as const } };
  switch (work.action) {
    case 'create':
      if (half !== undefined) initiated(run, logicalId, row, half);
      run.setResourceStatus(
        logicalId,
        half === undefined ? failed : { ...failed, made: half },
        'CREATE_FAILED',
        reason,
      );
      break;
    case 'delete':
      run.setResourceStatus(logicalId, failed, 'DELETE_FAILED', reason);
      break;
    default:
      if (work.action === 'replace' && half !== undefined && half.physicalId !== work.before?.physicalId) {
        await run.retire({ logicalId, type: row.type, made: half, policy: 'Delete' });
      }
      run.setResourceStatus(logicalId, failed, 'UPDATE_FAILED', reason);
  }
}

/** The work waits for an answer or another look. */
export function wait(run: Run, logicalId: string, { physicalId, waitMs, memo }: Waiting): void {
  const row = run.resources.get(logicalId);
  assert(row?.work !== undefined, `resource ${logicalId} is being worked on`);
  run.setWork(logicalId, { ...row.work, state: 'waiting', waiting: { physicalId, memo } });
  run.enqueueWork(logicalId, run.ctx.world.clock.now() + waitMs);
}

function madeOf({ physicalId, ref, attributes }: Done, properties: Made['properties']): Made {
  return { physicalId, ref: ref ?? physicalId, attributes, properties };
}
