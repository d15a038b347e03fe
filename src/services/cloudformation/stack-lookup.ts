import type { Context } from '../../service/context.ts';
import type { Reader } from '../../store/store.ts';
import { validationError } from './fault.ts';
import { layout } from './layout.ts';
import { type StackRow, uuidOfArn } from './stack.ts';

/** A stack by its name, when it lives, or by its ARN, even when it is deleted. */
export async function findStack(
  ctx: Context,
  reader: Reader,
  nameOrArn: string,
): Promise<StackRow | undefined> {
  const rows = layout.at(ctx.account, ctx.region);
  const uuid = uuidOfArn(nameOrArn) ?? (await rows.names.get(reader, [nameOrArn]))?.uuid;
  return uuid === undefined ? undefined : rows.stacks.get(reader, [uuid]);
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
