import type { ApplicationAutoscalingOperations } from '../../model/gen/application-autoscaling.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { layout } from './layout.ts';
import { pageOf } from './page.ts';
import type { ActivityRow, TargetName } from './target.ts';

/** Activities are kept for six weeks. */
const LIFE_MS = 42 * 86_400_000;
/** Old ones that go with each new one: more than come. */
const TRIM = 10;

export const activities = {
  async DescribeScalingActivities(input, ctx) {
    const { activities: rows } = layout.at(ctx.account, ctx.region);
    const { ResourceId: resource, ScalableDimension: dimension } = input;
    const { rows: found, token } = await pageOf(
      rows,
      ctx.store,
      [input.ServiceNamespace],
      input,
      ({ value }) =>
        (resource === undefined || resource === value.resource) &&
        (dimension === undefined || dimension === value.dimension),
      true,
    );
    return {
      ScalingActivities: found.map(({ key: [, atMs, id], value }) => ({
        ActivityId: id,
        ServiceNamespace: input.ServiceNamespace,
        ResourceId: value.resource,
        ScalableDimension: value.dimension,
        Description: value.description,
        Cause: value.cause,
        StartTime: new Date(atMs),
        EndTime: new Date(value.endedAtMs),
        StatusCode: value.status,
        StatusMessage: value.message,
      })),
      NextToken: token,
    };
  },
} satisfies Group<ApplicationAutoscalingOperations>;

/** Notes what was done to a target. */
export async function noteActivity(
  ctx: Context,
  { ServiceNamespace, ResourceId, ScalableDimension }: TargetName,
  startedAtMs: number,
  activity: Pick<ActivityRow, 'description' | 'cause' | 'status' | 'message'>,
): Promise<void> {
  const { activities: rows } = layout.at(ctx.account, ctx.region);
  const id = ctx.world.random.uuid();
  const endedAtMs = ctx.world.clock.now();
  await ctx.transact(async (tx) => {
    rows.set(tx, [ServiceNamespace, startedAtMs, id], {
      ...activity,
      resource: ResourceId,
      dimension: ScalableDimension,
      endedAtMs,
    });
    const oldest = await rows.page(tx, [ServiceNamespace], { limit: TRIM });
    for (const { key } of oldest.rows) if (key[1] < startedAtMs - LIFE_MS) rows.delete(tx, key);
  });
}
