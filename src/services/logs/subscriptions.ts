import { parseArn } from '../../base/arn.ts';
import type { LogsOperations, SubscriptionFilter } from '../../model/gen/logs.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import { parsePattern } from './filter-pattern.ts';
import { fault, readGroup } from './group.ts';
import { layout, type SubscriptionRow } from './layout.ts';
import { invoke } from './subscribing.ts';
import { sealToken, unsealToken } from './token.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const MOST_SUBSCRIPTIONS = 2;
const MOST_SHOWN = 50;
const UNSUPPORTED = ['applyOnTransformedLogs', 'fieldSelectionCriteria', 'emitSystemFields'] as const;

function describe(logGroupName: string, filterName: string, row: SubscriptionRow): SubscriptionFilter {
  return {
    filterName,
    logGroupName,
    filterPattern: row.pattern,
    destinationArn: row.destinationArn,
    roleArn: row.roleArn,
    distribution: row.distribution,
    applyOnTransformedLogs: false,
    creationTime: row.createdAtMs,
  };
}

export const subscriptions = {
  async PutSubscriptionFilter(input, ctx) {
    const { logGroupName: groupName, filterName, filterPattern: pattern, destinationArn } = input;
    for (const name of UNSUPPORTED) {
      if (input[name] !== undefined && input[name] !== false) {
        throw fault('InvalidParameterException', `${name} is not supported here.`);
      }
    }
    parsePattern(pattern);
    await readGroup(ctx.store, ctx, groupName);
    if (parseArn(destinationArn)?.service !== 'lambda') {
      throw fault(
        'InvalidParameterException',
        `destinationArn for vendor ${parseArn(destinationArn)?.service ?? destinationArn} is not supported here: events go to Lambda functions.`,
      );
    }
    try {
      await invoke(ctx, groupName, destinationArn, 'DryRun');
    } catch (error) {
      if (!Fault.is(error)) throw error;
      throw fault(
        'InvalidParameterException',
        'Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.',
      );
    }
    const { subscriptions: rows } = layout.at(ctx.account, ctx.region);
    const row: SubscriptionRow = {
      pattern,
      destinationArn,
      ...(input.roleArn === undefined ? {} : { roleArn: input.roleArn }),
      distribution: input.distribution ?? 'ByLogStream',
      createdAtMs: Math.floor(ctx.world.clock.now()),
    };
    await ctx.transact(async (tx) => {
      const { id } = await readGroup(tx, ctx, groupName);
      const others = (await rows.all(tx, [id])).filter(({ key }) => key[1] !== filterName);
      if (others.length >= MOST_SUBSCRIPTIONS)
        throw fault('LimitExceededException', 'Resource limit exceeded.');
      rows.set(tx, [id, filterName], row);
    });
    return {};
  },

  async DescribeSubscriptionFilters(input, ctx) {
    const { subscriptions: rows } = layout.at(ctx.account, ctx.region);
    const { id } = await readGroup(ctx.store, ctx, input.logGroupName);
    const from = input.nextToken === undefined ? '' : unsealToken(input.nextToken);
    const limit = input.limit ?? MOST_SHOWN;
    const found = (await rows.all(ctx.store, [id]))
      .filter(({ key: [, name] }) => name > from && name.startsWith(input.filterNamePrefix ?? ''))
      .map(({ key: [, name], value }) => describe(input.logGroupName, name, value));
    const last = found[limit - 1]?.filterName;
    return {
      subscriptionFilters: found.slice(0, limit),
      nextToken: found.length > limit && last !== undefined ? sealToken(last) : undefined,
    };
  },

  async DeleteSubscriptionFilter(input, ctx) {
    const { subscriptions: rows } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const { id } = await readGroup(tx, ctx, input.logGroupName);
      if ((await rows.get(tx, [id, input.filterName])) === undefined) {
        throw fault('ResourceNotFoundException', 'The specified subscription filter does not exist.');
      }
      rows.delete(tx, [id, input.filterName]);
    });
    return {};
  },
} satisfies Group<LogsOperations>;
