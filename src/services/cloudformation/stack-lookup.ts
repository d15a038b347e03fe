import { parseArn } from '../../base/arn.ts';
import type { Context } from '../../service/context.ts';
import type { Reader } from '../../store/store.ts';
import { validationError } from './fault.ts';
import { layout } from './layout.ts';
import { type StackRow, uuidOfArn, uuidOfChangeSet } from './stack.ts';

/** A stack by its name, when it lives, or by its ARN, even when it is deleted. */
export async function findStack(
  ctx: Context,
  reader: Reader,
  nameOrArn: string,
): Promise<StackRow | undefined> {
  const rows = layout.at(ctx.account, ctx.region);
  const uuid = uuidOfArn(nameOrArn, ctx) ?? (await rows.names.get(reader, [nameOrArn]))?.uuid;
  return uuid === undefined ? undefined : rows.stacks.get(reader, [uuid]);
}

/** The stack a change set's ARN stands for. */
export async function stackOfChangeSet(ctx: Context, arn: string): Promise<StackRow | undefined> {
  const uuid = uuidOfChangeSet(arn, ctx);
  if (uuid === undefined) return undefined;
  const { changeSets, stacks } = layout.at(ctx.account, ctx.region);
  const all = await changeSets.all(ctx.store, []);
  const found = all.find(({ value }) => value.uuid === uuid);
  return found && stacks.get(ctx.store, [found.key[0]]);
}

/** The tags of a stack, for the pipeline. */
export async function resourceTags(
  resourceArn: string,
  { store }: Context,
): Promise<Readonly<Record<string, string>> | undefined> {
  const arn = parseArn(resourceArn);
  const uuid = arn === undefined ? undefined : uuidOfArn(resourceArn, arn);
  if (arn === undefined || uuid === undefined) return undefined;
  const stack = await layout.at(arn.account, arn.region).stacks.get(store, [uuid]);
  const tags = stack?.intent?.tags ?? [];
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
}

/** The same where a missing stack is the caller's mistake. */
export async function requireStack(
  ctx: Context,
  nameOrArn: string,
  message = `Stack with id ${nameOrArn} does not exist`,
): Promise<StackRow> {
  const stack = await findStack(ctx, ctx.store, nameOrArn);
  if (stack === undefined) throw validationError(message);
  return stack;
}
