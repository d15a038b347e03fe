import type {
  ApplicationAutoscalingOperations,
  ScalableTarget,
  SuspendedState,
} from '../../model/gen/application-autoscaling.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Row } from '../../store/keyspace.ts';
import { fault, invalid } from './fault.ts';
import { layout } from './layout.ts';
import { pageOf } from './page.ts';
import { LINKED_SERVICE, roleArn } from './role.ts';
import { wakePolicies } from './scaling.ts';
import { checkTags } from './tags.ts';
import {
  keyOf,
  named,
  resourceOf,
  type ScaledResource,
  type TargetName,
  type TargetRow,
  targetArn,
  targetId,
} from './target.ts';

const NOTHING_SUSPENDED: SuspendedState = {
  DynamicScalingInSuspended: false,
  DynamicScalingOutSuspended: false,
  ScheduledScalingSuspended: false,
};

export const targets = {
  /** `RoleARN` has no effect, as at AWS: DynamoDB is scaled under its service-linked role. */
  async RegisterScalableTarget(input, ctx) {
    const resource = resourceOf(input);
    await checkResource(ctx, resource, input);
    await requireRole(ctx);
    const key = keyOf(input);
    const nowMs = ctx.world.clock.now();
    const { targets: rows, ids } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const before = await rows.get(tx, key);
      if (before !== undefined && input.Tags !== undefined) {
        throw invalid('Tags can only be specified when a scalable target is registered for the first time');
      }
      const minimum = input.MinCapacity ?? before?.minimum;
      const maximum = input.MaxCapacity ?? before?.maximum;
      if (minimum === undefined || maximum === undefined) {
        throw invalid('Minimum and maximum capacity are required to register a scalable target');
      }
      checkBounds(minimum, maximum);
      checkTags(input.Tags ?? {});
      rows.set(tx, key, {
        minimum,
        maximum,
        createdAtMs: before?.createdAtMs ?? nowMs,
        suspended: { ...(before?.suspended ?? NOTHING_SUSPENDED), ...input.SuspendedState },
        tags: before?.tags ?? input.Tags ?? {},
      });
      ids.set(tx, [targetId(input)], key);
    });
    await wakePolicies(ctx, input);
    return { ScalableTargetARN: targetArn(ctx, input) };
  },

  /** Its policies and scheduled actions go with it. */
  async DeregisterScalableTarget(input, ctx) {
    const key = keyOf(input);
    const { targets: rows, ids, policies, scheduledActions } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      if ((await rows.get(tx, key)) === undefined) throw notRegistered(input, 'found');
      rows.delete(tx, key);
      ids.delete(tx, [targetId(input)]);
      for (const row of await policies.all(tx, key)) policies.delete(tx, row.key);
      for (const row of await scheduledActions.all(tx, key)) scheduledActions.delete(tx, row.key);
    });
    return {};
  },

  async DescribeScalableTargets(input, ctx) {
    const { targets: rows } = layout.at(ctx.account, ctx.region);
    const { ResourceIds: resources, ScalableDimension: dimension } = input;
    const { rows: found, token } = await pageOf(
      rows,
      ctx.store,
      [input.ServiceNamespace],
      input,
      ({ key: [, resource, own] }) =>
        (resources === undefined || resources.includes(resource)) &&
        (dimension === undefined || dimension === own),
    );
    return { ScalableTargets: found.map((row) => shown(ctx, row)), NextToken: token };
  },
} satisfies Group<ApplicationAutoscalingOperations>;

export function checkBounds(minimum: number, maximum: number): void {
  if (minimum < 1) throw invalid('Minimum capacity cannot be less than 1');
  if (maximum < minimum) throw invalid('Maximum capacity cannot be less than minimum capacity');
}

/** The fault of an operation on a target that is not there. */
export function notRegistered(name: TargetName, verb: 'found' | 'registered' = 'registered'): Fault {
  return fault('ObjectNotFoundException', `No scalable target ${verb} for ${named(name)}`);
}

function shown(ctx: Context, { key, value }: Row<[string, string, string], TargetRow>): ScalableTarget {
  const name = nameOf(key);
  return {
    ...name,
    MinCapacity: value.minimum,
    MaxCapacity: value.maximum,
    RoleARN: roleArn(ctx.account),
    CreationTime: new Date(value.createdAtMs),
    SuspendedState: value.suspended,
    ScalableTargetARN: targetArn(ctx, name),
  };
}

/** Keys hold what the model has checked. */
export function nameOf([namespace, resource, dimension]: readonly [string, string, string]): TargetName {
  return {
    ServiceNamespace: namespace as TargetName['ServiceNamespace'],
    ResourceId: resource,
    ScalableDimension: dimension as TargetName['ScalableDimension'],
  };
}

interface Described {
  readonly Table: { readonly GlobalSecondaryIndexes?: readonly { readonly IndexName: string }[] };
}

/** Throws unless the caller may see that the table or index is there. */
async function checkResource(
  ctx: Context,
  { table, index }: ScaledResource,
  input: TargetName,
): Promise<void> {
  let described: Described;
  try {
    described = await ctx.call<Described>('dynamodb', 'DescribeTable', { TableName: table });
  } catch (error) {
    if (!Fault.is(error)) throw error;
    if (error.code === 'ResourceNotFoundException') {
      throw invalid(`DynamoDB table does not exist: ${input.ResourceId}`);
    }
    if (error.code !== 'AccessDeniedException') throw error;
    throw invalid('User is missing the following permissions: dynamodb:DescribeTable');
  }
  const indexes = described.Table.GlobalSecondaryIndexes ?? [];
  if (index !== undefined && !indexes.some(({ IndexName }) => IndexName === index)) {
    throw invalid(`DynamoDB index does not exist: ${input.ResourceId}`);
  }
}

/** Makes the service-linked role, as the caller, when the account has none yet. */
async function requireRole(ctx: Context): Promise<void> {
  if ((await ctx.ports.identity.role(roleArn(ctx.account))) !== undefined) return;
  try {
    await ctx.call('iam', 'CreateServiceLinkedRole', { AWSServiceName: LINKED_SERVICE });
  } catch (error) {
    // Another request may have made it meanwhile.
    if ((await ctx.ports.identity.role(roleArn(ctx.account))) !== undefined) return;
    throw error;
  }
}
