import type { CloudformationOperations } from '../../model/gen/cloudformation.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { stackQueue } from './engine/run.ts';
import { validationError } from './fault.ts';
import { readObject } from './include.ts';
import { layout } from './layout.ts';
import { s3Place } from './s3-place.ts';
import { requireStack } from './stack-lookup.ts';
import { readStackPolicy } from './stack-policy.ts';

const LARGEST = 16_384;

export const stackPolicies = {
  async SetStackPolicy(input, ctx) {
    const found = await requireStack(ctx, input.StackName, `Stack [${input.StackName}] does not exist`);
    const policy = await givenPolicy(ctx, input.StackPolicyBody, input.StackPolicyURL);
    if (policy === undefined)
      throw validationError('You must specify either StackPolicyURL or StackPolicyBody');
    const { stacks } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      const stack = await stacks.get(tx, [found.uuid]);
      if (stack !== undefined) stacks.set(tx, [found.uuid], { ...stack, policy });
    }, stackQueue(found.uuid));
    return {};
  },

  /** During an update with a policy of its own, that one. */
  async GetStackPolicy(input, ctx) {
    const { uuid, policy } = await requireStack(
      ctx,
      input.StackName,
      `Stack [${input.StackName}] does not exist`,
    );
    const operation = await layout.at(ctx.account, ctx.region).operations.get(ctx.store, [uuid]);
    return { StackPolicyBody: operation?.policyDuring ?? policy };
  },
} satisfies Group<CloudformationOperations>;

/** A stack policy as it is given, or where it is to be found; undefined where neither is. */
export async function givenPolicy(
  ctx: Context,
  body: string | undefined,
  address: string | undefined,
): Promise<string | undefined> {
  if (body !== undefined && address !== undefined)
    throw validationError('You cannot specify both StackPolicyURL and StackPolicyBody');
  if (body === undefined && address === undefined) return undefined;
  const place = address === undefined ? undefined : s3Place(address);
  if (address !== undefined && place === undefined)
    throw validationError('StackPolicyURL must be a supported URL.');
  const text = body ?? (place === undefined ? '' : await readObject(ctx, place, LARGEST));
  readStackPolicy(text);
  return text;
}
