import type { CloudformationOperations, DescribeChangeSetOutput } from '../../model/gen/cloudformation.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import type { ChangeSetRow } from './change-set.ts';
import { shownChange } from './change-view.ts';
import { compareWithStack, resourceChanges } from './engine/difference.ts';
import { releaseIntent, retainIntent } from './engine/intent.ts';
import { stackQueue } from './engine/run.ts';
import { startCreate, startUpdate } from './engine/start.ts';
import { eventId } from './event.ts';
import { fault, validationError } from './fault.ts';
import { layout } from './layout.ts';
import { changeSetArn, isUpdatable, type StackIntent, type StackRow, uuidOfChangeSet } from './stack.ts';
import { shownParameters, unlessEmpty } from './stack-descriptions.ts';
import { findStack, requireStack } from './stack-lookup.ts';
import { idOf, newStack, onFailureOf } from './stacks.ts';
import { type Accepted, accept, refuseUnsupported } from './submission.ts';

const NOT_YET = [
  'RollbackConfiguration',
  'NotificationARNs',
  'ResourceTypes',
  'ResourcesToImport',
  'IncludeNestedStacks',
  'ImportExistingResources',
  'DeploymentConfig',
  'DeploymentMode',
];
/** The aws CLI looks for the first of these two sentences, and takes either for "nothing to do". */
const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

interface Found {
  readonly stack: StackRow;
  readonly row: ChangeSetRow;
}

async function findChangeSet(
  ctx: Context,
  reader: Reader,
  nameOrArn: string,
  stackName: string | undefined,
): Promise<Found> {
  const missing = () => fault('ChangeSetNotFound', `ChangeSet [${nameOrArn}] does not exist`);
  const { changeSets } = layout.at(ctx.account, ctx.region);
  const uuid = uuidOfChangeSet(nameOrArn, ctx);
  if (uuid === undefined && stackName === undefined) {
    throw validationError('StackName must be specified if ChangeSetName is not specified as an ARN.');
  }
  const candidates =
    stackName === undefined
      ? await changeSets.all(reader, [])
      : await (async () => {
          const stack = await findStack(ctx, reader, stackName);
          if (stack === undefined) throw validationError(`Stack [${stackName}] does not exist`);
          return changeSets.all(reader, [stack.uuid]);
        })();
  for (const { key, value: row } of candidates) {
    if (uuid === undefined ? row.name !== nameOrArn : row.uuid !== uuid) continue;
    const stack = await layout.at(ctx.account, ctx.region).stacks.get(reader, [key[0]]);
    if (stack !== undefined) return { stack, row };
  }
  throw missing();
}

function arnOf(ctx: Context, row: ChangeSetRow): string {
  return changeSetArn(ctx.account, ctx.region, row.name, row.uuid);
}

export const changeSets = {
  async CreateChangeSet(input, ctx) {
    refuseUnsupported(input, NOT_YET);
    const type = input.ChangeSetType ?? 'UPDATE';
    if (type === 'IMPORT') throw validationError('Lambent does not import resources yet');
    const existing = await findStack(ctx, ctx.store, input.StackName);
    if (type === 'UPDATE' && existing === undefined) {
      throw validationError(`Stack [${input.StackName}] does not exist`);
    }
    if (type === 'CREATE' && existing !== undefined && existing.status !== 'REVIEW_IN_PROGRESS') {
      throw validationError(
        `Stack [${input.StackName}] already exists and cannot be created again with the changeSet [${input.ChangeSetName}].`,
      );
    }
    if (type === 'UPDATE' && existing !== undefined && !isUpdatable(existing.status)) {
      throw validationError(
        `Stack:${idOf(ctx, existing)} is in ${existing.status} state and can not be updated.`,
      );
    }
    const again = existing && (await retried(ctx, existing, input));
    if (existing !== undefined && again !== undefined)
      return { Id: arnOf(ctx, again), StackId: idOf(ctx, existing) };
    const stack = existing ?? newStack(ctx, input.StackName);
    const proposal = await propose(ctx, input, stack, type);
    const row: ChangeSetRow = {
      uuid: ctx.world.random.uuid(),
      name: input.ChangeSetName,
      type,
      createdAtMs: ctx.world.clock.now(),
      ...(input.Description === undefined ? {} : { description: input.Description }),
      ...(input.OnStackFailure === undefined ? {} : { onStackFailure: input.OnStackFailure }),
      ...(input.ClientToken === undefined ? {} : { clientToken: input.ClientToken }),
      ...proposal,
    };
    const rows = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const now = await findStack(ctx, tx, input.StackName);
      if (now?.uuid !== existing?.uuid) throw validationError(`Stack [${input.StackName}] already exists`);
      for (const { value: other } of await rows.changeSets.all(tx, [stack.uuid])) {
        if (other.name !== row.name) continue;
        // Clients that name change sets by the second would meet their own, of a second ago, which is over.
        if (other.executionStatus === 'AVAILABLE') {
          throw fault(
            'AlreadyExistsException',
            `ChangeSet ${row.name} cannot be created due to a mismatch with existing attribute Template`,
          );
        }
        rows.changeSets.delete(tx, [stack.uuid, other.uuid]);
        await releaseIntent(ctx, tx, other.intent);
      }
      if (now === undefined) {
        rows.stacks.set(tx, [stack.uuid], stack);
        rows.names.set(tx, [stack.name], { uuid: stack.uuid });
        const event = {
          logicalId: stack.name,
          physicalId: idOf(ctx, stack),
          type: 'AWS::CloudFormation::Stack',
          status: 'REVIEW_IN_PROGRESS' as const,
          reason: 'User Initiated',
          atMs: stack.createdAtMs,
        };
        const id = eventId(stack, event, { number: 1, atMs: event.atMs });
        rows.events.set(tx, [stack.uuid, 1], { ...event, id });
      }
      await retainIntent(ctx, tx, row.intent);
      rows.changeSets.set(tx, [stack.uuid, row.uuid], row);
    }, stackQueue(stack.name));
    return { Id: arnOf(ctx, row), StackId: idOf(ctx, stack) };
  },

  async DescribeChangeSet(input, ctx) {
    const { stack, row } = await findChangeSet(ctx, ctx.store, input.ChangeSetName, input.StackName);
    return describe(ctx, stack, row, input.IncludePropertyValues ?? false);
  },

  async ExecuteChangeSet(input, ctx) {
    refuseUnsupported(input, ['RetainExceptOnCreate']);
    const found = await findChangeSet(ctx, ctx.store, input.ChangeSetName, input.StackName);
    const id = ctx.world.random.uuid();
    await ctx.transact(async (tx) => {
      const { stack, row } = await findChangeSet(ctx, tx, arnOf(ctx, found.row), idOf(ctx, found.stack));
      const token = input.ClientRequestToken;
      if (token !== undefined && row.executionToken === token) return;
      if (row.executionStatus !== 'AVAILABLE') {
        throw fault(
          'InvalidChangeSetStatus',
          `ChangeSet [${arnOf(ctx, row)}] cannot be executed in its current status of [${row.status}]`,
        );
      }
      const rows = layout.at(ctx.account, ctx.region);
      // The others were made for what the stack is no more.
      for (const { key, value: other } of await rows.changeSets.all(tx, [stack.uuid])) {
        if (other.uuid === row.uuid)
          rows.changeSets.set(tx, key, {
            ...row,
            executionStatus: 'EXECUTE_IN_PROGRESS',
            ...(token === undefined ? {} : { executionToken: token }),
          });
        else rows.changeSets.set(tx, key, { ...other, executionStatus: 'OBSOLETE' });
      }
      const options = {
        id,
        clientToken: input.ClientRequestToken,
        onFailure: onFailureOf(row.onStackFailure, input.DisableRollback),
        roleArn: row.intent.roleArn,
        changeSet: row.uuid,
      };
      const next = {
        ...stack,
        changeSetId: arnOf(ctx, row),
        disableRollback: input.DisableRollback ?? false,
        updatedAtMs: ctx.world.clock.now(),
      };
      if (row.type === 'CREATE') await startCreate(ctx, tx, next, row.intent, options);
      else {
        if (!isUpdatable(stack.status)) {
          throw validationError(
            `Stack:${idOf(ctx, stack)} is in ${stack.status} state and can not be updated.`,
          );
        }
        await startUpdate(ctx, tx, next, row.intent, options);
      }
    }, stackQueue(found.stack.uuid));
    return {};
  },

  async DeleteChangeSet(input, ctx) {
    const rows = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const found = await findChangeSet(ctx, tx, input.ChangeSetName, input.StackName).catch(
        (error: unknown) => {
          // Deleting what is gone succeeds; a missing stack does not.
          if (Fault.is(error) && error.code === 'ChangeSetNotFound') return undefined;
          throw error;
        },
      );
      if (found === undefined) return;
      rows.changeSets.delete(tx, [found.stack.uuid, found.row.uuid]);
      await releaseIntent(ctx, tx, found.row.intent);
    });
    return {};
  },

  async ListChangeSets(input, ctx) {
    const stack = await requireStack(ctx, input.StackName, `Stack [${input.StackName}] does not exist`);
    const rows = await layout.at(ctx.account, ctx.region).changeSets.all(ctx.store, [stack.uuid]);
    return {
      Summaries: rows.map(({ value: row }) => ({
        StackId: idOf(ctx, stack),
        StackName: stack.name,
        ChangeSetId: arnOf(ctx, row),
        ChangeSetName: row.name,
        Status: row.status,
        StatusReason: row.reason,
        ExecutionStatus: row.executionStatus,
        CreationTime: new Date(row.createdAtMs),
        Description: row.description,
        IncludeNestedStacks: false,
      })),
    };
  },
} satisfies Group<CloudformationOperations>;

/** The change set that an earlier try of the same request has made. */
async function retried(
  ctx: Context,
  { uuid }: StackRow,
  {
    ChangeSetName,
    ClientToken,
  }: { readonly ChangeSetName: string; readonly ClientToken?: string | undefined },
): Promise<ChangeSetRow | undefined> {
  if (ClientToken === undefined) return undefined;
  const rows = await layout.at(ctx.account, ctx.region).changeSets.all(ctx.store, [uuid]);
  return rows.find(({ value }) => value.name === ChangeSetName && value.clientToken === ClientToken)?.value;
}

type Proposal = Pick<ChangeSetRow, 'status' | 'executionStatus' | 'reason' | 'intent' | 'changes'>;

/** Template mistakes are answered at once; what a transform or the comparison finds is the change set's status. */
async function propose(
  ctx: Context,
  input: Parameters<typeof accept>[1],
  stack: StackRow,
  type: 'CREATE' | 'UPDATE',
): Promise<Proposal> {
  let accepted: Accepted;
  try {
    accepted = await accept(ctx, input, stack, true);
  } catch (error) {
    if (!Fault.is(error) || !error.message.startsWith('Transform ')) throw error;
    return { ...failed(error.message), intent: emptyIntent(), changes: [] };
  }
  const { intent, plan } = accepted;
  if (type === 'CREATE') return { ...READY, intent, changes: resourceChanges(plan, new Map()) };
  const { changes, changed } = await compareWithStack(ctx, stack, accepted);
  return changed ? { ...READY, intent, changes } : { ...failed(NO_CHANGES), intent, changes };
}

const READY = { status: 'CREATE_COMPLETE', executionStatus: 'AVAILABLE' } as const;

function failed(reason: string) {
  return { status: 'FAILED', executionStatus: 'UNAVAILABLE', reason } as const;
}

/** Of a change set whose template could not be transformed. */
function emptyIntent(): StackIntent {
  return {
    original: { text: '' },
    processed: { text: '' },
    description: undefined,
    parameters: [],
    tags: [],
    capabilities: [],
    notificationArns: [],
    roleArn: undefined,
  };
}

function describe(
  ctx: Context,
  stack: StackRow,
  row: ChangeSetRow,
  values: boolean,
): DescribeChangeSetOutput {
  const { intent } = row;
  return {
    ChangeSetName: row.name,
    ChangeSetId: arnOf(ctx, row),
    StackId: idOf(ctx, stack),
    StackName: stack.name,
    Description: row.description,
    Parameters: shownParameters(intent.parameters),
    CreationTime: new Date(row.createdAtMs),
    ExecutionStatus: row.executionStatus,
    Status: row.status,
    StatusReason: row.reason,
    NotificationARNs: intent.notificationArns,
    RollbackConfiguration: {},
    Capabilities: intent.capabilities,
    Tags: unlessEmpty(intent.tags),
    Changes: row.changes.map((change) => shownChange(change, values)),
    IncludeNestedStacks: false,
    OnStackFailure: row.onStackFailure,
  };
}
