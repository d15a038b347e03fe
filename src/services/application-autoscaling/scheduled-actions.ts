import { formatArn } from '../../base/arn.ts';
import type { ApplicationAutoscalingOperations } from '../../model/gen/application-autoscaling.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { noteActivity } from './activities.ts';
import { fault, invalid } from './fault.ts';
import { layout } from './layout.ts';
import { asked, pageOf } from './page.ts';
import { keepWithin, nameIn, shardOf } from './scaling.ts';
import { nextDue, type ScheduledActionRow } from './scheduled-action.ts';
import { keyOf, named, resourceOf, type TargetName, type TargetRow } from './target.ts';
import { checkBounds, nameOf, notRegistered } from './targets.ts';

/** The payload of the job that carries a scheduled action out; each enqueues the next. */
export interface Act {
  readonly name: TargetName;
  readonly action: string;
  readonly run: string;
  readonly dueAtMs: number;
}

export const scheduledActions = {
  async PutScheduledAction(input, ctx) {
    resourceOf(input);
    const target = keyOf(input);
    const key = [...target, input.ScheduledActionName] as [string, string, string, string];
    const { targets, scheduledActions: rows } = layout.at(ctx.account, ctx.region);
    const { random, clock } = ctx.world;
    const [id, run] = [random.uuid(), random.uuid()];
    const nowMs = clock.now();
    await ctx.transact(async (tx) => {
      if ((await targets.get(tx, target)) === undefined) throw notRegistered(input);
      const before = await rows.get(tx, key);
      const schedule = input.Schedule ?? before?.schedule;
      const action = input.ScalableTargetAction ?? before?.action;
      if (schedule === undefined) throw invalid('Schedule is required to create a scheduled action');
      if (action?.MinCapacity === undefined && action?.MaxCapacity === undefined) {
        throw invalid('MinCapacity or MaxCapacity is required in ScalableTargetAction');
      }
      const { MinCapacity = 1, MaxCapacity = Math.max(1, MinCapacity) } = action;
      checkBounds(MinCapacity, MaxCapacity);
      const zone = input.Timezone ?? before?.zone;
      const startAtMs = input.StartTime?.getTime() ?? before?.startAtMs;
      const endAtMs = input.EndTime?.getTime() ?? before?.endAtMs;
      if (startAtMs !== undefined && endAtMs !== undefined && endAtMs <= startAtMs) {
        throw invalid('EndTime must be after StartTime');
      }
      const row: ScheduledActionRow = {
        id: before?.id ?? id,
        createdAtMs: before?.createdAtMs ?? nowMs,
        schedule,
        action,
        run,
        ...(zone === undefined ? {} : { zone }),
        ...(startAtMs === undefined ? {} : { startAtMs }),
        ...(endAtMs === undefined ? {} : { endAtMs }),
      };
      rows.set(tx, key, row);
      enqueueNext(ctx, tx, input, input.ScheduledActionName, row, nowMs);
    });
    return {};
  },

  async DeleteScheduledAction(input, ctx) {
    const key = [...keyOf(input), input.ScheduledActionName] as [string, string, string, string];
    const { scheduledActions: rows } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      if ((await rows.get(tx, key)) === undefined) {
        throw fault(
          'ObjectNotFoundException',
          `No scheduled action found for ${named(input)}, scheduled action name: ${input.ScheduledActionName}`,
        );
      }
      rows.delete(tx, key);
    });
    return {};
  },

  async DescribeScheduledActions(input, ctx) {
    const { scheduledActions: rows } = layout.at(ctx.account, ctx.region);
    const { rows: found, token } = await pageOf(
      rows,
      ctx.store,
      [input.ServiceNamespace],
      input,
      asked(input.ScheduledActionNames, input),
    );
    return {
      ScheduledActions: found.map(({ key: [namespace, own, ownDimension, action], value }) => ({
        ...nameOf([namespace, own, ownDimension]),
        ScheduledActionName: action,
        ScheduledActionARN: formatArn(
          'autoscaling',
          ctx.region,
          ctx.account,
          `scheduledAction:${value.id}:resource/${namespace}/${own}:scheduledActionName/${action}`,
        ),
        Schedule: value.schedule,
        Timezone: value.zone,
        StartTime: value.startAtMs === undefined ? undefined : new Date(value.startAtMs),
        EndTime: value.endAtMs === undefined ? undefined : new Date(value.endAtMs),
        ScalableTargetAction: value.action,
        CreationTime: new Date(value.createdAtMs),
      })),
      NextToken: token,
    };
  },
} satisfies Group<ApplicationAutoscalingOperations>;

function enqueueNext(
  ctx: Context,
  tx: Transaction,
  name: TargetName,
  action: string,
  row: ScheduledActionRow,
  afterMs: number,
): void {
  const dueAtMs = nextDue(row, afterMs);
  if (dueAtMs === undefined) return;
  const payload: Act = { name: nameIn(name), action, run: row.run, dueAtMs };
  ctx.enqueue(tx, { kind: 'act', payload, dueAtMs, shard: shardOf(ctx, name) });
}

/** Gives a target the bounds of a scheduled action, and its resource a capacity within them. */
export async function act(job: Act, ctx: Context): Promise<void> {
  const target = keyOf(job.name);
  const { targets, scheduledActions: rows } = layout.at(ctx.account, ctx.region);
  const key = [...target, job.action] as [string, string, string, string];
  const nowMs = ctx.world.clock.now();
  const acted = await ctx.transact(async (tx): Promise<TargetRow | undefined> => {
    const [row, found] = await Promise.all([rows.get(tx, key), targets.get(tx, target)]);
    if (row?.run !== job.run || found === undefined) return undefined;
    // A run that was cut short after this transaction has its successor already.
    if (row.actedAtMs !== undefined && row.actedAtMs >= job.dueAtMs) {
      return row.actedAtMs === job.dueAtMs ? found : undefined;
    }
    rows.set(tx, key, { ...row, actedAtMs: job.dueAtMs });
    enqueueNext(ctx, tx, job.name, job.action, row, nowMs);
    if (found.suspended.ScheduledScalingSuspended === true) return undefined;
    const { MinCapacity, MaxCapacity } = row.action;
    const minimum = MinCapacity ?? Math.min(found.minimum, MaxCapacity ?? found.minimum);
    const changed = { ...found, minimum, maximum: MaxCapacity ?? Math.max(found.maximum, minimum) };
    targets.set(tx, target, changed);
    return changed;
  });
  if (acted === undefined) return;
  const bounds = `min capacity to ${acted.minimum} and max capacity to ${acted.maximum}`;
  await noteActivity(ctx, job.name, nowMs, {
    description: `Setting ${bounds}`,
    cause: `scheduled action name ${job.action} was triggered`,
    status: 'Successful',
    message: `Successfully set ${bounds}`,
  });
  await keepWithin(ctx, job.name, acted);
}
