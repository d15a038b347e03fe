import type { CloudformationOperations, OnFailure } from '../../model/gen/cloudformation.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { compareWithStack } from './engine/difference.ts';
import { stackQueue } from './engine/run.ts';
import { cancelOperation, startCreate, startDelete, startRollback, startUpdate } from './engine/start.ts';
import { fault, validationError } from './fault.ts';
import { layout } from './layout.ts';
import { isUnderWay, isUpdatable, type OperationRow, type StackRow, stackArn } from './stack.ts';
import { findStack, requireStack } from './stack-lookup.ts';
import { givenPolicy } from './stack-policies.ts';
import { accept, refuseUnsupported } from './submission.ts';

const NOT_YET = [
  'RollbackConfiguration',
  'NotificationARNs',
  'ResourceTypes',
  'RetainExceptOnCreate',
  'DeploymentConfig',
];

/** A row for a stack that is about to be. */
export function newStack(
  ctx: Context,
  name: string,
  facts: Partial<Pick<StackRow, 'disableRollback' | 'terminationProtection'>> & {
    readonly timeoutMinutes?: number | undefined;
  } = {},
): StackRow {
  checkName(name);
  return {
    uuid: ctx.world.random.uuid(),
    name,
    status: 'REVIEW_IN_PROGRESS',
    createdAtMs: ctx.world.clock.now(),
    outputs: [],
    disableRollback: facts.disableRollback ?? false,
    terminationProtection: facts.terminationProtection ?? false,
    ...(facts.timeoutMinutes === undefined ? {} : { timeoutMinutes: facts.timeoutMinutes }),
  };
}

function checkName(name: string): void {
  if (/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) return;
  const problem =
    name.length > 128
      ? 'Member must have length less than or equal to 128'
      : 'Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*';
  throw validationError(
    `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: ${problem}`,
  );
}

export function onFailureOf(
  onFailure: OnFailure | undefined,
  disableRollback: boolean | undefined,
): OperationRow['onFailure'] {
  return onFailure ?? (disableRollback ? 'DO_NOTHING' : 'ROLLBACK');
}

export function idOf(ctx: Context, stack: Pick<StackRow, 'name' | 'uuid'>): string {
  return stackArn(ctx.account, ctx.region, stack.name, stack.uuid);
}

export const stacks = {
  async CreateStack(input, ctx) {
    refuseUnsupported(input, NOT_YET);
    if (input.OnFailure !== undefined && input.DisableRollback !== undefined) {
      throw validationError('You can specify either DisableRollback or OnFailure, but not both.');
    }
    const existing = await findStack(ctx, ctx.store, input.StackName);
    if (existing !== undefined) {
      if (isRetry(existing, input, 'CreateStack')) return { StackId: idOf(ctx, existing) };
      throw fault('AlreadyExistsException', `Stack [${input.StackName}] already exists`);
    }
    const stack: StackRow = {
      ...newStack(ctx, input.StackName, {
        disableRollback: input.DisableRollback ?? false,
        terminationProtection: input.EnableTerminationProtection ?? false,
        timeoutMinutes: input.TimeoutInMinutes === undefined ? undefined : Number(input.TimeoutInMinutes),
      }),
      ...tokenOf(input, 'CreateStack'),
    };
    const policy = await givenPolicy(ctx, input.StackPolicyBody, input.StackPolicyURL);
    const { intent } = await accept(ctx, input, stack, false);
    const options = {
      id: ctx.world.random.uuid(),
      clientToken: input.ClientRequestToken,
      onFailure: onFailureOf(input.OnFailure, input.DisableRollback),
      roleArn: intent.roleArn,
    };
    await ctx.transact(async (tx) => {
      if ((await findStack(ctx, tx, stack.name)) !== undefined) {
        throw fault('AlreadyExistsException', `Stack [${stack.name}] already exists`);
      }
      await startCreate(ctx, tx, policy === undefined ? stack : { ...stack, policy }, intent, options);
    }, stackQueue(stack.name));
    return { StackId: idOf(ctx, stack) };
  },

  async UpdateStack(input, ctx) {
    refuseUnsupported(input, NOT_YET);
    const stack = await requireStack(ctx, input.StackName, `Stack [${input.StackName}] does not exist`);
    if (isRetry(stack, input, 'UpdateStack')) return { StackId: idOf(ctx, stack) };
    refuseBusy(ctx, stack);
    const policyAfter = await givenPolicy(ctx, input.StackPolicyBody, input.StackPolicyURL);
    const policyDuring = await givenPolicy(
      ctx,
      input.StackPolicyDuringUpdateBody,
      input.StackPolicyDuringUpdateURL,
    );
    const accepted = await accept(ctx, input, stack, false);
    const { changed } = await compareWithStack(ctx, stack, accepted);
    // What macros make may be something else each time: such templates are always run.
    if (!changed && accepted.transforms.length === 0)
      throw validationError('No updates are to be performed.');
    const options = {
      id: ctx.world.random.uuid(),
      clientToken: input.ClientRequestToken,
      onFailure: onFailureOf(undefined, input.DisableRollback),
      roleArn: accepted.intent.roleArn,
      policyDuring,
      policyAfter,
    };
    await ctx.transact(async (tx) => {
      const now = await findStack(ctx, tx, idOf(ctx, stack));
      if (now === undefined) throw validationError(`Stack [${input.StackName}] does not exist`);
      refuseBusy(ctx, now);
      const { changeSetId: _, ...rest } = now;
      await startUpdate(ctx, tx, { ...rest, ...tokenOf(input, 'UpdateStack') }, accepted.intent, options);
    }, stackQueue(stack.uuid));
    return { StackId: idOf(ctx, stack) };
  },

  async DeleteStack(input, ctx) {
    refuseUnsupported(input, ['DeploymentConfig']);
    if (input.DeletionMode === 'FORCE_DELETE_STACK') refuseUnsupported(input, ['DeletionMode']);
    const found = await findStack(ctx, ctx.store, input.StackName);
    if (found === undefined || found.status === 'DELETE_COMPLETE') return {};
    if (isRetry(found, input, 'DeleteStack')) return {};
    const id = ctx.world.random.uuid();
    await ctx.transact(async (tx) => {
      const stack = await findStack(ctx, tx, idOf(ctx, found));
      if (stack === undefined || stack.status === 'DELETE_COMPLETE' || stack.status === 'DELETE_IN_PROGRESS')
        return;
      if (stack.terminationProtection) {
        throw validationError(
          `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`,
        );
      }
      if (stack.status === 'CREATE_IN_PROGRESS') {
        await cancelOperation(ctx, tx, stack, { reason: 'Stack deletion was requested.', thenDelete: true });
        return;
      }
      if (isUnderWay(stack.status)) {
        throw validationError(`Stack [${stack.name}] cannot be deleted while in status ${stack.status}`);
      }
      const retain = input.RetainResources ?? [];
      if (retain.length > 0 && stack.status !== 'DELETE_FAILED') {
        throw validationError(
          `Invalid operation on stack [${idOf(ctx, stack)}]. The specified resources to retain can only be given for a stack in the DELETE_FAILED state`,
        );
      }
      await startDelete(
        ctx,
        tx,
        { ...stack, ...tokenOf(input, 'DeleteStack') },
        {
          id,
          clientToken: input.ClientRequestToken,
          onFailure: 'DO_NOTHING',
          roleArn: input.RoleARN ?? stack.intent?.roleArn,
          retain,
        },
      );
    }, stackQueue(found.uuid));
    return {};
  },

  async CancelUpdateStack(input, ctx) {
    const { uuid } = await requireStack(ctx, input.StackName, `Stack [${input.StackName}] does not exist`);
    await ctx.transact(async (tx) => {
      const stack = await findStack(ctx, tx, input.StackName);
      if (stack?.status !== 'UPDATE_IN_PROGRESS') {
        throw validationError(`CancelUpdateStack cannot be called from current stack status`);
      }
      await cancelOperation(ctx, tx, stack, { reason: 'User Initiated', thenDelete: false });
    }, stackQueue(uuid));
    return {};
  },

  async ContinueUpdateRollback(input, ctx) {
    refuseUnsupported(input, ['ResourcesToSkip', 'ForceRollback']);
    const found = await requireStack(ctx, input.StackName, `Stack [${input.StackName}] does not exist`);
    const id = ctx.world.random.uuid();
    await ctx.transact(async (tx) => {
      const stack = await findStack(ctx, tx, input.StackName);
      if (stack?.status !== 'UPDATE_ROLLBACK_FAILED') {
        throw validationError(
          `Stack:${idOf(ctx, found)} is in ${stack?.status ?? 'DELETE_COMPLETE'} state and can not continue update rollback.`,
        );
      }
      await startRollback(ctx, tx, stack, {
        id,
        clientToken: input.ClientRequestToken,
        onFailure: 'ROLLBACK',
        roleArn: input.RoleARN ?? stack.intent?.roleArn,
      });
    }, stackQueue(found.uuid));
    return {};
  },

  async UpdateTerminationProtection(input, ctx) {
    const { uuid } = await requireStack(ctx, input.StackName, `Stack [${input.StackName}] does not exist`);
    const { stacks: rows } = layout.at(ctx.account, ctx.region);
    return ctx.transact(async (tx) => {
      const stack = await rows.get(tx, [uuid]);
      if (stack === undefined) throw validationError(`Stack [${input.StackName}] does not exist`);
      rows.set(tx, [uuid], { ...stack, terminationProtection: input.EnableTerminationProtection });
      return { StackId: idOf(ctx, stack) };
    }, stackQueue(uuid));
  },
} satisfies Group<CloudformationOperations>;

interface TokenInput {
  readonly ClientRequestToken?: string | undefined;
}

function tokenOf({ ClientRequestToken: token }: TokenInput, tokenOf: NonNullable<StackRow['tokenOf']>) {
  return token === undefined ? {} : { clientToken: token, tokenOf };
}

/** Whether the request is one that has been answered; another operation's token is nobody's retry. */
function isRetry(
  { clientToken, tokenOf }: StackRow,
  { ClientRequestToken: token }: TokenInput,
  operation: NonNullable<StackRow['tokenOf']>,
): boolean {
  if (token === undefined || clientToken !== token) return false;
  if ((tokenOf ?? operation) === operation) return true;
  throw fault('TokenAlreadyExistsException', 'A client request token already exists.');
}

function refuseBusy(ctx: Context, stack: StackRow): void {
  if (isUpdatable(stack.status)) return;
  throw validationError(`Stack:${idOf(ctx, stack)} is in ${stack.status} state and can not be updated.`);
}
