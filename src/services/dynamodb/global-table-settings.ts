import type {
  AutoScalingSettingsDescription,
  DynamodbOperations,
  ReplicaSettingsDescription,
} from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalidParameter } from './fault.ts';
import { type Member, membersOf } from './global-tables.ts';
import { layout } from './layout.ts';
import type { IndexRow, TableRow } from './table-row.ts';
import { unwritten } from './tables.ts';
import { addressOf } from './tables-cache.ts';

type Side = 'Read' | 'Write';

interface Target {
  readonly MinCapacity: number;
  readonly MaxCapacity: number;
  readonly RoleARN: string;
}

interface Policy {
  readonly PolicyName: string;
  readonly TargetTrackingScalingPolicyConfiguration?: {
    readonly TargetValue: number;
    readonly DisableScaleIn?: boolean;
    readonly ScaleInCooldown?: number;
    readonly ScaleOutCooldown?: number;
  };
}

/** How a table or index of a region is scaled, as Application Auto Scaling tells the caller. */
async function scalingOf(
  ctx: Context,
  region: string,
  ResourceId: string,
  side: Side,
): Promise<AutoScalingSettingsDescription> {
  const ScalableDimension = `dynamodb:${ResourceId.includes('/index/') ? 'index' : 'table'}:${side}CapacityUnits`;
  const ask = <Answer>(operation: string, input: object) =>
    ctx.call(
      'application-autoscaling',
      operation,
      { ServiceNamespace: 'dynamodb', ScalableDimension, ...input },
      { region, as: { principal: ctx.principal } },
    ) as Promise<Answer>;
  const { ScalableTargets: [target] = [] } = await ask<{ readonly ScalableTargets?: readonly Target[] }>(
    'DescribeScalableTargets',
    { ResourceIds: [ResourceId] },
  );
  if (target === undefined) return { AutoScalingDisabled: true };
  const { ScalingPolicies: policies = [] } = await ask<{ readonly ScalingPolicies?: readonly Policy[] }>(
    'DescribeScalingPolicies',
    { ResourceId },
  );
  return {
    MinimumUnits: target.MinCapacity,
    MaximumUnits: target.MaxCapacity,
    AutoScalingDisabled: false,
    AutoScalingRoleArn: target.RoleARN,
    ScalingPolicies: policies.map(({ PolicyName, TargetTrackingScalingPolicyConfiguration: tracking }) => ({
      PolicyName,
      TargetTrackingScalingPolicyConfiguration: tracking && {
        DisableScaleIn: tracking.DisableScaleIn,
        ScaleInCooldown: tracking.ScaleInCooldown,
        ScaleOutCooldown: tracking.ScaleOutCooldown,
        TargetValue: tracking.TargetValue,
      },
    })),
  };
}

interface Scaling {
  readonly read?: AutoScalingSettingsDescription;
  readonly write?: AutoScalingSettingsDescription;
}

/** Of what has no units there is nothing to scale. */
async function scalingsOf(ctx: Context, region: string, row: TableRow, index?: IndexRow): Promise<Scaling> {
  if (row.billingMode === 'PAY_PER_REQUEST') return {};
  const resource = `table/${row.name}${index === undefined ? '' : `/index/${index.name}`}`;
  return {
    read: await scalingOf(ctx, region, resource, 'Read'),
    write: await scalingOf(ctx, region, resource, 'Write'),
  };
}

function globalIndexes({ indexes }: TableRow): readonly IndexRow[] {
  return indexes.filter(({ kind }) => kind === 'global');
}

/** A table's global indexes, each with the scalings of its units. */
function scaledIndexes(ctx: Context, region: string, row: TableRow) {
  return Promise.all(
    globalIndexes(row).map(async (index) => ({
      index,
      scaling: await scalingsOf(ctx, region, row, index),
    })),
  );
}

async function settingsOf(ctx: Context, { region, row }: Member): Promise<ReplicaSettingsDescription> {
  const { read, write } = await scalingsOf(ctx, region, row);
  const indexes = (await scaledIndexes(ctx, region, row)).map(({ index, scaling }) => ({
    IndexName: index.name,
    IndexStatus: index.status,
    ProvisionedReadCapacityUnits: index.throughput.reads,
    ProvisionedReadCapacityAutoScalingSettings: scaling.read,
    ProvisionedWriteCapacityUnits: index.throughput.writes,
    ProvisionedWriteCapacityAutoScalingSettings: scaling.write,
  }));
  return {
    RegionName: region,
    ReplicaStatus: 'ACTIVE',
    ReplicaBillingModeSummary:
      row.onDemandSinceMs === undefined
        ? undefined
        : {
            BillingMode: row.billingMode,
            LastUpdateToPayPerRequestDateTime: new Date(row.onDemandSinceMs),
          },
    ReplicaProvisionedReadCapacityUnits: row.throughput.reads,
    ReplicaProvisionedReadCapacityAutoScalingSettings: read,
    ReplicaProvisionedWriteCapacityUnits: row.throughput.writes,
    ReplicaProvisionedWriteCapacityAutoScalingSettings: write,
    ReplicaGlobalSecondaryIndexSettings: indexes.length === 0 ? undefined : indexes,
    ReplicaTableClassSummary: row.tableClass && { TableClass: row.tableClass },
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/globaltables.V1.html */
export const globalTableSettings = {
  DescribeGlobalTableSettings: async (input, ctx) => {
    const { name } = addressOf(input.GlobalTableName, ctx, 'globalTableName');
    const members = await membersOf(ctx.store, ctx.account, name);
    return {
      GlobalTableName: name,
      ReplicaSettings: await Promise.all(members.map((member) => settingsOf(ctx, member))),
    };
  },

  UpdateGlobalTableSettings: async (input, ctx) => {
    const { name } = addressOf(input.GlobalTableName, ctx, 'globalTableName');
    for (const member of [
      'GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate',
      'GlobalTableGlobalSecondaryIndexSettingsUpdate',
    ] as const) {
      if (input[member] !== undefined) throw unwritten(member);
    }
    const asked = new Map(
      (input.ReplicaSettingsUpdate ?? []).map(({ RegionName, ...update }) => [RegionName, update]),
    );
    const members = await membersOf(ctx.store, ctx.account, name);
    for (const [region, update] of asked) {
      if (!members.some((member) => member.region === region)) {
        throw fault('ReplicaNotFoundException', `There is no replica in region ${region}`);
      }
      for (const member of [
        'ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate',
        'ReplicaGlobalSecondaryIndexSettingsUpdate',
      ] as const) {
        if (update[member] !== undefined) throw unwritten(`ReplicaSettingsUpdate.${member}`);
      }
    }
    const { GlobalTableBillingMode: BillingMode, GlobalTableProvisionedWriteCapacityUnits: writes } = input;
    for (const { region, row } of members) {
      const { ReplicaProvisionedReadCapacityUnits: reads, ReplicaTableClass: TableClass } =
        asked.get(region) ?? {};
      const update = async (change: object) => {
        const call = { TableName: name, ...change };
        await ctx.call('dynamodb', 'UpdateTable', call, { region, as: { principal: ctx.principal } });
      };
      if ((BillingMode ?? row.billingMode) === 'PAY_PER_REQUEST') {
        if (reads !== undefined || writes !== undefined) {
          throw invalidParameter('Units cannot be specified when BillingMode is PAY_PER_REQUEST');
        }
        if (row.billingMode !== 'PAY_PER_REQUEST') await update({ BillingMode });
      } else {
        const ReadCapacityUnits = reads ?? row.throughput.reads;
        const WriteCapacityUnits = writes ?? row.throughput.writes;
        const changes =
          row.billingMode !== 'PROVISIONED' ||
          ReadCapacityUnits !== row.throughput.reads ||
          WriteCapacityUnits !== row.throughput.writes;
        if (changes)
          await update({ BillingMode, ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits } });
      }
      if (TableClass !== undefined) await update({ TableClass });
    }
    const after = await membersOf(ctx.store, ctx.account, name);
    return {
      GlobalTableName: name,
      ReplicaSettings: await Promise.all(after.map((member) => settingsOf(ctx, member))),
    };
  },

  DescribeTableReplicaAutoScaling: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    const own = await layout.at(address.account, address.region).tables.get(ctx.store, [address.name]);
    if (own?.replicas === undefined) {
      throw fault('ResourceNotFoundException', `Global table with name: ${address.name} does not exist.`);
    }
    const regions = [{ region: address.region, status: 'ACTIVE' as const }, ...own.replicas];
    const replicas = await Promise.all(
      regions.map(async ({ region, status }) => {
        const row = await layout.at(address.account, region).tables.get(ctx.store, [address.name]);
        if (row === undefined) return { RegionName: region, ReplicaStatus: status };
        const { read, write } = await scalingsOf(ctx, region, row);
        const indexes = (await scaledIndexes(ctx, region, row)).map(({ index, scaling }) => ({
          IndexName: index.name,
          IndexStatus: index.status,
          ProvisionedReadCapacityAutoScalingSettings: scaling.read,
          ProvisionedWriteCapacityAutoScalingSettings: scaling.write,
        }));
        return {
          RegionName: region,
          GlobalSecondaryIndexes: indexes.length === 0 ? undefined : indexes,
          ReplicaProvisionedReadCapacityAutoScalingSettings: read,
          ReplicaProvisionedWriteCapacityAutoScalingSettings: write,
          ReplicaStatus: status,
        };
      }),
    );
    return {
      TableAutoScalingDescription: {
        TableName: address.name,
        TableStatus: own.status === 'CREATING' ? 'CREATING' : 'ACTIVE',
        Replicas: replicas,
      },
    };
  },
} satisfies Group<DynamodbOperations>;
