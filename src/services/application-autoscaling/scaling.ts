import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { CapacityFigures } from '../../service/ports.ts';
import type { Transaction } from '../../store/store.ts';
import { noteActivity } from './activities.ts';
import { layout } from './layout.ts';
import { LINKED_SERVICE, roleArn } from './role.ts';
import { keyOf, resourceOf, type ScaledResource, type TargetName, type TargetRow } from './target.ts';
import { type Tracking, track } from './tracking.ts';

const MINUTE_MS = 60_000;
/** Readings without consumption after which a policy sleeps, so that moving the clock by weeks costs little. */
const QUIET = 15;
/** How often it is looked at then: consumption wakes it, unless the server started anew since. */
const ASLEEP_MS = 3_600_000;

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
  everyMs = MINUTE_MS,
): void {
  const payload: Evaluation = { name: nameIn(name), policy, run };
  ctx.enqueue(tx, {
    kind: 'evaluate',
    payload,
    dueAtMs: (Math.floor(nowMs / everyMs) + 1) * everyMs,
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
        ? { tracking: nothing(row.tracking, nowMs) }
        : track(row.tracking, { atMs: nowMs, ...figures }, row.configuration);
    const { tracking } = verdict;
    const { asleep: _, ...awake } = row;
    const sleeps = tracking.quiet >= QUIET;
    policies.set(tx, key, { ...awake, tracking, ...(sleeps ? { asleep: true } : {}) });
    enqueueEvaluation(ctx, tx, job, nowMs, sleeps ? ASLEEP_MS : MINUTE_MS);
    return { target, id: row.id, wanted: verdict.wanted, sleeps };
  });
  if (seen === undefined || figures === undefined) return;
  if (seen.sleeps) await wakeWhenConsumed(ctx, job, figures.consumed);
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

/** Of a minute about which nothing is known. */
function nothing(tracking: Tracking, atMs: number): Tracking {
  return { ...tracking, readAtMs: atMs, above: 0, below: 0, quiet: tracking.quiet + 1 };
}

async function wakeWhenConsumed(ctx: Context, job: Evaluation, consumed: number): Promise<void> {
  const { account, region } = ctx;
  const resource = resourceOf(job.name);
  const wake = () => {
    wakePolicies(ctx, job.name).catch((error: unknown) =>
      ctx.log('error', 'a scaling policy could not be woken', { ...job, error: String(error) }),
    );
  };
  await ctx.ports.capacity.whenConsumed({ account, region, ...resource }, resource.side, wake);
  // What was consumed before anybody listened.
  if ((await figuresOf(ctx, resource))?.consumed !== consumed) await wakePolicies(ctx, job.name);
}

/** Evaluates a target's policies from the next minute on, if they sleep. */
export async function wakePolicies(ctx: Context, name: TargetName): Promise<void> {
  const { policies } = layout.at(ctx.account, ctx.region);
  const run = ctx.world.random.uuid();
  const nowMs = ctx.world.clock.now();
  await ctx.transact(async (tx) => {
    for (const { key, value } of await policies.all(tx, keyOf(name))) {
      const { asleep, ...row } = value;
      if (asleep === undefined) continue;
      policies.set(tx, key, { ...row, run, tracking: { ...row.tracking, readAtMs: nowMs, quiet: 0 } });
      enqueueEvaluation(ctx, tx, { name, policy: key[3], run }, nowMs);
    }
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
