import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { CapacityFigures } from '../../service/ports.ts';
import type { Transaction } from '../../store/store.ts';
import { noteActivity } from './activities.ts';
import { layout } from './layout.ts';
import { LINKED_SERVICE, roleArn } from './role.ts';
import { keyOf, resourceOf, type ScaledResource, type TargetName, type TargetRow } from './target.ts';
import { track } from './tracking.ts';

const MINUTE_MS = 60_000;

/** The payload of the job that holds a policy's target against what was consumed; each enqueues the next minute's. */
export interface Evaluation {
  readonly name: TargetName;
  readonly policy: string;
  readonly run: string;
}

export function enqueueEvaluation(
  ctx: Context,
  tx: Transaction,
  { name, policy, run }: Evaluation,
  nowMs: number,
): void {
  const payload: Evaluation = { name: nameIn(name), policy, run };
  ctx.enqueue(tx, {
    kind: 'evaluate',
    payload,
    dueAtMs: (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS,
    shard: shardOf(ctx, name),
  });
}

/** The name alone, of something that has more. */
export function nameIn({ ServiceNamespace, ResourceId, ScalableDimension }: TargetName): TargetName {
  return { ServiceNamespace, ResourceId, ScalableDimension };
}

/** Changes of one table come one after the other: each has to know both reads and writes. */
export function shardOf({ account, region }: Context, name: TargetName): string {
  return `scale/${account}/${region}/${resourceOf(name).table}`;
}

/** What the table or index consumes; undefined when it is not there, or has no provisioned throughput. */
export async function figuresOf(
  ctx: Context,
  { table, index, side }: ScaledResource,
): Promise<(CapacityFigures[ScaledResource['side']] & { readonly both: CapacityFigures }) | undefined> {
  const { account, region } = ctx;
  const both = await ctx.ports.capacity.figures({ account, region, table, index });
  return both && { ...both[side], both };
}

export async function evaluate(job: Evaluation, ctx: Context): Promise<void> {
  const { policies, targets } = layout.at(ctx.account, ctx.region);
  const key = [...keyOf(job.name), job.policy] as [string, string, string, string];
  const resource = resourceOf(job.name);
  const nowMs = ctx.world.clock.now();
  const figures = await figuresOf(ctx, resource);
  const seen = await ctx.transact(async (tx) => {
    const [row, target] = await Promise.all([policies.get(tx, key), targets.get(tx, keyOf(job.name))]);
    if (row?.run !== job.run || target === undefined) return undefined;
    // A run that was cut short after this transaction has its successor already.
    if (row.tracking.readAtMs >= nowMs) return undefined;
    const verdict =
      figures === undefined
        ? { tracking: { ...row.tracking, readAtMs: nowMs, above: 0, below: 0 } }
        : track(row.tracking, { atMs: nowMs, ...figures }, row.configuration);
    policies.set(tx, key, { ...row, tracking: verdict.tracking });
    enqueueEvaluation(ctx, tx, job, nowMs);
    return { target, id: row.id, wanted: verdict.wanted };
  });
  if (seen === undefined || figures === undefined) return;
  const { target, wanted, id } = seen;
  const suspended =
    wanted?.direction === 'out'
      ? target.suspended.DynamicScalingOutSuspended
      : target.suspended.DynamicScalingInSuspended;
  if (wanted === undefined || suspended === true) {
    await keepWithin(ctx, job.name, target);
    return;
  }
  const alarm = `TargetTracking-${job.name.ResourceId}-Alarm${wanted.direction === 'out' ? 'High' : 'Low'}-${id}`;
  await scale(ctx, job.name, {
    units: within(wanted.units, target),
    cause: `monitor alarm ${alarm} in state ALARM triggered policy ${job.policy}`,
  });
}

function within(units: number, { minimum, maximum }: TargetRow): number {
  return Math.min(maximum, Math.max(minimum, units));
}

/** Brings capacity that is out of its target's bounds to the nearer one. */
export async function keepWithin(ctx: Context, name: TargetName, target: TargetRow): Promise<void> {
  const figures = await figuresOf(ctx, resourceOf(name));
  if (figures === undefined) return;
  const units = within(figures.provisioned, target);
  if (units === figures.provisioned) return;
  const bound = units > figures.provisioned ? 'minimum' : 'maximum';
  await scale(ctx, name, { units, cause: `${bound} capacity was set to ${units}` });
}

interface Change {
  readonly units: number;
  readonly cause: string;
}

/** Changes a dimension to so many units, under the service-linked role, and notes how that went. */
async function scale(ctx: Context, name: TargetName, { units, cause }: Change): Promise<void> {
  const resource = resourceOf(name);
  const figures = await figuresOf(ctx, resource);
  if (figures === undefined || figures.provisioned === units) return;
  const startedAtMs = ctx.world.clock.now();
  const { table, index, side } = resource;
  const throughput = {
    ReadCapacityUnits: side === 'read' ? units : figures.both.read.provisioned,
    WriteCapacityUnits: side === 'write' ? units : figures.both.write.provisioned,
  };
  const what = `${side} capacity units to ${units}`;
  const failure = await updateTable(ctx, {
    TableName: table,
    ...(index === undefined
      ? { ProvisionedThroughput: throughput }
      : {
          GlobalSecondaryIndexUpdates: [{ Update: { IndexName: index, ProvisionedThroughput: throughput } }],
        }),
  });
  await noteActivity(ctx, name, startedAtMs, {
    description: `Setting ${what}.`,
    cause,
    status: failure === undefined ? 'Successful' : 'Failed',
    message:
      failure === undefined
        ? `Successfully set ${what}. Change successfully fulfilled by dynamodb.`
        : `Failed to set ${what}. Reason: ${failure.message}`,
  });
}

/** Returns DynamoDB's refusal: the next minute tries again. */
async function updateTable(ctx: Context, input: object): Promise<Fault | undefined> {
  try {
    await ctx.call('dynamodb', 'UpdateTable', input, {
      as: { roleArn: roleArn(ctx.account), service: LINKED_SERVICE, sessionName: 'AutoScaling-UpdateTable' },
    });
    return undefined;
  } catch (error) {
    if (Fault.is(error)) return error;
    throw error;
  }
}
