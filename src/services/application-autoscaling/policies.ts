import { formatArn } from '../../base/arn.ts';
import type { ApplicationAutoscalingOperations } from '../../model/gen/application-autoscaling.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalid } from './fault.ts';
import { layout } from './layout.ts';
import { asked, pageOf } from './page.ts';
import { checkedConfiguration } from './policy.ts';
import { enqueueEvaluation, figuresOf } from './scaling.ts';
import { keyOf, named, resourceOf, type TargetName } from './target.ts';
import { nameOf, notRegistered } from './targets.ts';

export const policies = {
  async PutScalingPolicy(input, ctx) {
    const resource = resourceOf(input);
    const { policies: rows, targets } = layout.at(ctx.account, ctx.region);
    const target = keyOf(input);
    const { random, clock } = ctx.world;
    const [newId, run] = [random.uuid(), random.uuid()];
    const nowMs = clock.now();
    const figures = await figuresOf(ctx, resource);
    const id = await ctx.transact(async (tx) => {
      if ((await targets.get(tx, target)) === undefined) throw notRegistered(input);
      const before = await rows.get(tx, [...target, input.PolicyName]);
      const type = input.PolicyType ?? (before === undefined ? 'StepScaling' : 'TargetTrackingScaling');
      const configuration =
        before !== undefined && input.TargetTrackingScalingPolicyConfiguration === undefined
          ? before.configuration
          : checkedConfiguration(input, type, resource);
      const others = await rows.all(tx, target);
      if (others.some(({ key: [, , , name] }) => name !== input.PolicyName)) {
        // A dimension of DynamoDB's has one metric.
        throw invalid('Only one TargetTrackingScaling policy for a given metric specification is allowed.');
      }
      rows.set(tx, [...target, input.PolicyName], {
        id: before?.id ?? newId,
        createdAtMs: before?.createdAtMs ?? nowMs,
        configuration,
        run,
        tracking: { readAtMs: nowMs, consumed: figures?.consumed ?? 0, above: 0, below: 0, quiet: 0 },
      });
      enqueueEvaluation(ctx, tx, { name: input, policy: input.PolicyName, run }, nowMs);
      return before?.id ?? newId;
    });
    // The alarms that AWS would make are part of the evaluation here: there are none to show.
    return { PolicyARN: policyArn(ctx, id, input, input.PolicyName), Alarms: [] };
  },

  async DeleteScalingPolicy(input, ctx) {
    const { policies: rows } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const key = [...keyOf(input), input.PolicyName] as const;
      if ((await rows.get(tx, [...key])) === undefined) {
        throw fault(
          'ObjectNotFoundException',
          `No scaling policy found for ${named(input)}, policy name: ${input.PolicyName}`,
        );
      }
      rows.delete(tx, [...key]);
    });
    return {};
  },

  async DescribeScalingPolicies(input, ctx) {
    const { policies: rows } = layout.at(ctx.account, ctx.region);
    const { rows: found, token } = await pageOf(
      rows,
      ctx.store,
      [input.ServiceNamespace],
      input,
      asked(input.PolicyNames, input),
    );
    return {
      ScalingPolicies: found.map(({ key: [namespace, own, ownDimension, policy], value }) => {
        const name = nameOf([namespace, own, ownDimension]);
        return {
          ...name,
          PolicyARN: policyArn(ctx, value.id, name, policy),
          PolicyName: policy,
          PolicyType: 'TargetTrackingScaling' as const,
          TargetTrackingScalingPolicyConfiguration: value.configuration,
          Alarms: [],
          CreationTime: new Date(value.createdAtMs),
        };
      }),
      NextToken: token,
    };
  },
} satisfies Group<ApplicationAutoscalingOperations>;

function policyArn(
  { account, region }: Context,
  id: string,
  { ServiceNamespace, ResourceId }: TargetName,
  policy: string,
): string {
  return formatArn(
    'autoscaling',
    region,
    account,
    `scalingPolicy:${id}:resource/${ServiceNamespace}/${ResourceId}:policyName/${policy}`,
  );
}
