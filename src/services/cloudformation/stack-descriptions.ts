import type {
  CloudformationOperations,
  Parameter,
  Stack,
  StackResource,
  StackSummary,
} from '../../model/gen/cloudformation.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { loadPlan } from './engine/intent.ts';
import { validationError } from './fault.ts';
import { layout } from './layout.ts';
import type { ResourceRow } from './resource.ts';
import { type StackRow, stackArn } from './stack.ts';
import { findStack, requireStack } from './stack-lookup.ts';
import type { ParameterValue } from './template/parameter.ts';
import { isWaiter, untilResting } from './waiter.ts';

const EVENTS_A_PAGE = 100;
/** Deleted stacks are listed this long. */
const SHOWN_AFTER_DELETION_MS = 90 * 86_400_000;

/** A list that is not answered when nothing is in it. */
export function unlessEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

export function shownParameters(parameters: readonly ParameterValue[]): readonly Parameter[] | undefined {
  return unlessEmpty(parameters)?.map(({ key, value, noEcho, resolved }) => ({
    ParameterKey: key,
    ParameterValue: noEcho ? '****' : value,
    ResolvedValue: noEcho ? undefined : resolved,
  }));
}

function when(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}

function shownStack(ctx: Context, stack: StackRow): Stack {
  const { intent } = stack;
  const deleted = stack.status === 'DELETE_COMPLETE';
  return {
    StackId: stackArn(ctx.account, ctx.region, stack.name, stack.uuid),
    StackName: stack.name,
    ChangeSetId: deleted ? undefined : stack.changeSetId,
    Description: intent?.description,
    Parameters: shownParameters(intent?.parameters ?? []),
    CreationTime: new Date(stack.createdAtMs),
    LastUpdatedTime: when(stack.updatedAtMs),
    DeletionTime: when(stack.deletedAtMs),
    RollbackConfiguration: {},
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    DisableRollback: stack.disableRollback,
    NotificationARNs: intent?.notificationArns ?? [],
    TimeoutInMinutes: stack.timeoutMinutes,
    Capabilities: unlessEmpty(intent?.capabilities),
    Outputs: unlessEmpty(deleted ? [] : stack.outputs)?.map(({ key, value, description, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      Description: description,
      ExportName: exportName,
    })),
    RoleARN: intent?.roleArn,
    Tags: intent?.tags ?? [],
    EnableTerminationProtection: deleted ? undefined : stack.terminationProtection,
    ParentId: stack.parentId,
    RootId: stack.rootId,
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

function shownSummary(ctx: Context, stack: StackRow): StackSummary {
  return {
    StackId: stackArn(ctx.account, ctx.region, stack.name, stack.uuid),
    StackName: stack.name,
    TemplateDescription: stack.intent?.description,
    CreationTime: new Date(stack.createdAtMs),
    LastUpdatedTime: when(stack.updatedAtMs),
    DeletionTime: when(stack.deletedAtMs),
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    ParentId: stack.parentId,
    RootId: stack.rootId,
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

function shownResource(ctx: Context, stack: StackRow, logicalId: string, row: ResourceRow): StackResource {
  return {
    StackName: stack.name,
    StackId: stackArn(ctx.account, ctx.region, stack.name, stack.uuid),
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId(row),
    ResourceType: row.type,
    Timestamp: new Date(row.updatedAtMs),
    ResourceStatus: row.status,
    ResourceStatusReason: row.reason,
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  };
}

function physicalId(row: ResourceRow): string | undefined {
  return row.made?.physicalId ?? row.work?.waiting?.physicalId;
}

async function resourcesOf(ctx: Context, stack: StackRow) {
  const rows = await layout.at(ctx.account, ctx.region).resources.all(ctx.store, [stack.uuid]);
  return rows.map(({ key: [, logicalId], value: row }) => ({ logicalId, row }));
}

export const stackDescriptions = {
  async DescribeStacks(input, ctx) {
    if (input.StackName !== undefined) {
      const stack = await requireStack(ctx, input.StackName);
      const waits = isWaiter(ctx.http?.headers['user-agent']);
      return { Stacks: [shownStack(ctx, waits ? await untilResting(ctx, stack) : stack)] };
    }
    const rows = await layout.at(ctx.account, ctx.region).stacks.all(ctx.store, []);
    const living = rows.map(({ value }) => value).filter(({ status }) => status !== 'DELETE_COMPLETE');
    return { Stacks: newestFirst(living).map((stack) => shownStack(ctx, stack)) };
  },

  async ListStacks(input, ctx) {
    const rows = await layout.at(ctx.account, ctx.region).stacks.all(ctx.store, []);
    const wanted = new Set<string>(input.StackStatusFilter ?? []);
    const now = ctx.world.clock.now();
    const shown = rows
      .map(({ value }) => value)
      .filter(
        ({ status, deletedAtMs }) =>
          (wanted.size === 0 || wanted.has(status)) && now - (deletedAtMs ?? now) < SHOWN_AFTER_DELETION_MS,
      );
    return { StackSummaries: newestFirst(shown).map((stack) => shownSummary(ctx, stack)) };
  },

  async DescribeStackEvents(input, ctx) {
    const stack = await requireStack(
      ctx,
      input.StackName ?? '',
      `Stack [${input.StackName ?? ''}] does not exist`,
    );
    const after = input.NextToken === undefined ? undefined : Number(input.NextToken);
    if (after !== undefined && !Number.isInteger(after)) throw validationError('Invalid NextToken');
    const page = await layout.at(ctx.account, ctx.region).events.page(ctx.store, [stack.uuid], {
      limit: EVENTS_A_PAGE,
      reverse: true,
      ...(after === undefined ? {} : { after: [stack.uuid, after] }),
    });
    return {
      StackEvents: page.rows.map(({ value: event }) => ({
        StackId: stackArn(ctx.account, ctx.region, stack.name, stack.uuid),
        StackName: stack.name,
        EventId: event.id,
        LogicalResourceId: event.logicalId,
        PhysicalResourceId: event.physicalId ?? '',
        ResourceType: event.type,
        Timestamp: new Date(event.atMs),
        ResourceStatus: event.status as StackResource['ResourceStatus'],
        ResourceStatusReason: event.reason,
        ResourceProperties: event.properties,
        ClientRequestToken: event.clientToken,
      })),
      NextToken: page.next === undefined ? undefined : String(page.next[1]),
    };
  },

  async DescribeStackResources(input, ctx) {
    if (input.StackName === undefined) {
      if (input.PhysicalResourceId === undefined) {
        throw validationError('StackName or PhysicalResourceId is required');
      }
      return { StackResources: await besides(ctx, input.PhysicalResourceId) };
    }
    const stack = await requireStack(ctx, input.StackName);
    const resources = await resourcesOf(ctx, stack);
    return {
      StackResources: resources
        .filter(({ logicalId }) => [undefined, logicalId].includes(input.LogicalResourceId))
        .map(({ logicalId, row }) => shownResource(ctx, stack, logicalId, row)),
    };
  },

  async DescribeStackResource(input, ctx) {
    const stack = await requireStack(ctx, input.StackName, `Stack '${input.StackName}' does not exist`);
    const row = await layout
      .at(ctx.account, ctx.region)
      .resources.get(ctx.store, [stack.uuid, input.LogicalResourceId]);
    if (row === undefined) {
      throw validationError(`Resource ${input.LogicalResourceId} does not exist for stack ${stack.name}`);
    }
    const { Timestamp, ...shown } = shownResource(ctx, stack, input.LogicalResourceId, row);
    return {
      StackResourceDetail: {
        ...shown,
        LastUpdatedTimestamp: Timestamp,
        Metadata: await metadataOf(ctx, stack, input.LogicalResourceId, row),
      },
    };
  },

  async ListStackResources(input, ctx) {
    const stack = await requireStack(ctx, input.StackName);
    const resources = await resourcesOf(ctx, stack);
    return {
      StackResourceSummaries: resources.map(({ logicalId, row }) => {
        const { Timestamp, StackId: _, StackName: __, ...shown } = shownResource(ctx, stack, logicalId, row);
        return { ...shown, LastUpdatedTimestamp: Timestamp };
      }),
    };
  },
} satisfies Group<CloudformationOperations>;

/** What the template says, with its calls answered; a stack that goes keeps what was noted of it. */
async function metadataOf(
  ctx: Context,
  stack: StackRow,
  logicalId: string,
  { metadata = '{}' }: ResourceRow,
): Promise<string> {
  const { intent } = stack;
  if (intent === undefined || metadata === '{}') return metadata;
  const plan = await loadPlan(ctx, stack, intent);
  const known = new Map(
    (await resourcesOf(ctx, stack)).flatMap(({ logicalId: id, row: { made } }) =>
      made === undefined ? [] : [[id, made] as const],
    ),
  );
  const found = plan.metadata(logicalId, known);
  return found === undefined ? metadata : JSON.stringify(found);
}

function newestFirst(stacks: readonly StackRow[]): readonly StackRow[] {
  return [...stacks].sort((a, b) => b.createdAtMs - a.createdAtMs);
}

/** Every resource of the stack that holds this physical id. */
async function besides(ctx: Context, wanted: string): Promise<readonly StackResource[]> {
  const rows = await layout.at(ctx.account, ctx.region).resources.all(ctx.store, []);
  const owner = rows.find(({ value }) => physicalId(value) === wanted)?.key[0];
  const stack = owner && (await layout.at(ctx.account, ctx.region).stacks.get(ctx.store, [owner]));
  const found =
    stack && (await findStack(ctx, ctx.store, stackArn(ctx.account, ctx.region, stack.name, stack.uuid)));
  if (!found) throw validationError(`Stack for ${wanted} does not exist`);
  return (await resourcesOf(ctx, found)).map(({ logicalId, row }) =>
    shownResource(ctx, found, logicalId, row),
  );
}
