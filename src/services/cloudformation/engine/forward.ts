import { Fault } from '../../../service/faults.ts';
import type { ResourceRow, Work } from '../resource.ts';
import { isCustomType, schemaTypeOf } from '../resources/registry.ts';
import { conform } from '../schema/conform.ts';
import { resourceType } from '../schema/resource-type.ts';
import { readStackPolicy, stackPolicyRefusal, type UpdateAction } from '../stack-policy.ts';
import { equalValues, type ValueMap } from '../template/value.ts';
import { fail } from './finish.ts';
import type { Known, Plan } from './plan.ts';
import type { Run } from './run.ts';

/** The work of the operation and direction under way, if there is any yet. */
function workOf(run: Run, row: ResourceRow | undefined): Work | undefined {
  const work = row?.work;
  const back = run.operation.phase === 'back';
  return work?.operation === run.operation.id && work.back === back && work.action !== 'delete'
    ? work
    : undefined;
}

/** Starts every resource whose needs are there, unless one has failed. */
export function beginForward(run: Run, plan: Plan): void {
  refuseDeletions(run, plan);
  for (let moved = true; moved; ) {
    moved = false;
    for (const logicalId of Object.keys(plan.resources)) {
      if (workOf(run, run.resources.get(logicalId)) !== undefined) continue;
      if (forwardFailures(run) !== undefined) return;
      const needs = plan.needs.get(logicalId) ?? [];
      if (!needs.every((other) => workOf(run, run.resources.get(other))?.state === 'done')) continue;
      begin(run, plan, logicalId, needs);
      moved = true;
    }
  }
}

/** The stack policy's word against an update's step, where it has one. */
function policyRefusal(run: Run, logicalId: string, type: string, action: UpdateAction): string | undefined {
  const { kind, phase, policyDuring } = run.operation;
  const policy = policyDuring ?? run.stack.policy;
  if (policy === undefined || kind !== 'UPDATE' || phase !== 'forward') return undefined;
  return stackPolicyRefusal(readStackPolicy(policy), action, { logicalId, type });
}

/** What the plan leaves out is deleted last; that it may not be is told first. */
function refuseDeletions(run: Run, plan: Plan): void {
  for (const [logicalId, row] of run.resources) {
    if (plan.resources[logicalId] !== undefined || row.made === undefined) continue;
    if (workOf(run, row) !== undefined) continue;
    const refusal = policyRefusal(run, logicalId, row.type, 'Update:Delete');
    if (refusal === undefined) continue;
    const work = { operation: run.operation.id, back: false, action: 'update', state: 'failed' } as const;
    run.setResourceStatus(logicalId, { ...row, work }, 'UPDATE_FAILED', refusal);
  }
}

function begin(run: Run, plan: Plan, logicalId: string, needs: readonly string[]): void {
  const declaration = plan.resources[logicalId];
  if (declaration === undefined) return;
  const old = run.resources.get(logicalId);
  const back = run.operation.phase === 'back';
  const base: Omit<ResourceRow, 'status' | 'updatedAtMs'> = {
    type: declaration.type,
    deletionPolicy: declaration.deletionPolicy,
    updateReplacePolicy: declaration.updateReplacePolicy,
    dependsOn: needs,
    ...(declaration.metadata === undefined ? {} : { metadata: JSON.stringify(declaration.metadata) }),
    ...(old?.made === undefined ? {} : { made: old.made }),
    ...(old?.uncertain ? { uncertain: true } : {}),
  };
  const work = { operation: run.operation.id, back } as const;
  const verb = old?.made === undefined ? 'CREATE' : 'UPDATE';
  const { wanted, problem } = wantedProperties(run, plan, logicalId, declaration.type);
  if (wanted === undefined) {
    const action = old?.made === undefined ? 'create' : 'update';
    const row = { ...base, work: { ...work, action, state: 'failed' } as const };
    run.setResourceStatus(logicalId, row, `${verb}_FAILED`, problem);
    return;
  }
  if (
    old?.made !== undefined &&
    !old.uncertain &&
    old.type === declaration.type &&
    equalValues(old.made.properties, wanted)
  ) {
    const { status, updatedAtMs, reason } = old;
    run.setResource(logicalId, {
      ...base,
      status,
      updatedAtMs,
      ...(reason === undefined ? {} : { reason }),
      work: { ...work, action: 'none', state: 'done' },
    });
    return;
  }
  const action =
    old?.made === undefined
      ? 'create'
      : needsReplacement(declaration.type, old, wanted)
        ? 'replace'
        : 'update';
  const named = action === 'replace' ? keptName(declaration.type, old, wanted) : undefined;
  if (named !== undefined) {
    const row = { ...base, work: { ...work, action: 'update', state: 'failed' } as const };
    run.setResourceStatus(
      logicalId,
      row,
      'UPDATE_FAILED',
      `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${named} and update the stack again.`,
    );
    return;
  }
  const refusal =
    action === 'create'
      ? undefined
      : policyRefusal(
          run,
          logicalId,
          declaration.type,
          action === 'replace' ? 'Update:Replace' : 'Update:Modify',
        );
  if (refusal !== undefined) {
    const row = { ...base, work: { ...work, action: 'update', state: 'failed' } as const };
    run.setResourceStatus(logicalId, row, 'UPDATE_FAILED', refusal);
    return;
  }
  const before = old?.made === undefined ? {} : { before: old.made };
  const row = { ...base, work: { ...work, action, state: 'running', wanted, ...before } as const };
  run.setResourceStatus(
    logicalId,
    row,
    `${verb}_IN_PROGRESS`,
    action === 'replace'
      ? 'Requested update requires the creation of a new physical resource; hence creating one.'
      : undefined,
  );
  run.enqueueWork(logicalId);
}

function wantedProperties(
  run: Run,
  plan: Plan,
  logicalId: string,
  type: string,
): { readonly wanted?: ValueMap; readonly problem?: string } {
  try {
    const properties = plan.properties(logicalId, knownResources(run));
    const schema = schemaTypeOf(type);
    if (schema === undefined) return { wanted: properties };
    const conformed = conform(schema, properties);
    if (conformed.problems === undefined) return { wanted: conformed.properties };
    return {
      problem: `Properties validation failed for resource ${logicalId} with message:\n${conformed.problems.join('\n')}`,
    };
  } catch (error) {
    if (Fault.is(error)) return { problem: error.message };
    throw error;
  }
}

export function knownResources(run: Run): ReadonlyMap<string, Known> {
  const known = new Map<string, Known>();
  for (const [logicalId, { made }] of run.resources) if (made !== undefined) known.set(logicalId, made);
  return known;
}

/** Properties that name a resource in the whole account and region: two cannot have the same. */
const NAMES: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::User': 'UserName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SQS::Queue': 'QueueName',
};

/** The name a template gives a resource and keeps, although it must be made anew. */
function keptName(type: string, old: ResourceRow | undefined, wanted: ValueMap): string | undefined {
  const property = NAMES[type];
  const name = property === undefined ? undefined : wanted[property];
  return typeof name === 'string' && property !== undefined && old?.made?.properties[property] === name
    ? name
    : undefined;
}

/** Whether the change from what stands to `wanted` takes a new resource. */
export function needsReplacement(type: string, old: ResourceRow, wanted: ValueMap): boolean {
  if (old.type !== type) return true;
  const schema = resourceType(type);
  return changedProperties(old.made?.properties ?? {}, wanted).some(
    (name) => schema?.properties.get(name)?.replaces === 'yes',
  );
}

export function changedProperties(before: ValueMap, after: ValueMap): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !equalValues(before[name], after[name]),
  );
}

export function isThrough(run: Run, plan: Plan): boolean {
  return Object.keys(plan.resources).every(
    (logicalId) => workOf(run, run.resources.get(logicalId))?.state === 'done',
  );
}

/** Ends the waits for answers of an operation that turns back: one that comes now comes too late. */
export async function cancelWaiting(run: Run): Promise<void> {
  for (const [logicalId, row] of run.resources) {
    const work = workOf(run, row);
    // What is only looked at again comes to an end by itself, and is whole then.
    if (work?.state !== 'waiting' || !isCustomType(row.type)) continue;
    await fail(run, logicalId, `Resource ${work.action === 'create' ? 'creation' : 'update'} cancelled`);
  }
}

/** What failed, worded as the stack's status reason; undefined while nothing has. */
export function forwardFailures(
  run: Run,
): { readonly reason: string; readonly rowReason: string; readonly othersRunning: boolean } | undefined {
  const created: string[] = [];
  const updated: string[] = [];
  let othersRunning = false;
  let rowReason = '';
  for (const [logicalId, row] of run.resources) {
    const work = workOf(run, row);
    if (work?.state === 'failed') {
      (work.action === 'create' ? created : updated).push(logicalId);
      rowReason ||= row.reason ?? '';
    } else if (work?.state === 'running' || work?.state === 'waiting') othersRunning = true;
  }
  const { cancelled } = run.operation;
  if (created.length + updated.length === 0 && cancelled === undefined) return undefined;
  const reason = [
    ...(cancelled === undefined ? [] : [cancelled]),
    ...(created.length > 0 ? [`The following resource(s) failed to create: [${created.join(', ')}].`] : []),
    ...(updated.length > 0 ? [`The following resource(s) failed to update: [${updated.join(', ')}].`] : []),
  ].join(' ');
  return { reason, rowReason, othersRunning };
}
