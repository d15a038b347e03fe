import type { PolicyDescriptorType } from '../../model/gen/sts.ts';
import { MalformedPolicy } from '../../policy/document.ts';
import { validatePolicy } from '../../policy/validate.ts';
import type { Context } from '../../service/context.ts';
import type { IssuedSession } from '../../service/ports.ts';
import { fault } from './fault.ts';

/** AWS's limit of managed session policies. */
const MOST_POLICY_ARNS = 10;

export interface SessionPolicies {
  readonly inline: readonly string[];
  readonly arns: readonly string[];
}

/**
 * The policies that bound a new session.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
 */
export async function readSessionPolicies(
  policy: string | undefined,
  policyArns: readonly PolicyDescriptorType[] | undefined,
  account: string,
  ctx: Context,
): Promise<SessionPolicies> {
  if (policy !== undefined) {
    try {
      validatePolicy(policy, 'inline');
    } catch (error) {
      if (error instanceof MalformedPolicy) throw fault('MalformedPolicyDocument', error.message);
      throw error;
    }
  }
  const arns = (policyArns ?? []).flatMap(({ arn }) => (arn === undefined ? [] : [arn]));
  if (arns.length > MOST_POLICY_ARNS)
    throw fault('ValidationError', `The number of managed session policies exceeds ${MOST_POLICY_ARNS}.`);
  for (const arn of arns) {
    if ((await ctx.ports.identity.managedPolicy(arn, account)) === undefined)
      throw fault('ValidationError', `Policy ${arn} does not exist or is not attachable.`);
  }
  return { inline: policy === undefined ? [] : [policy], arns };
}

export function checkPackedSize({ packedPolicyPercent }: IssuedSession): void {
  if (packedPolicyPercent <= 100) return;
  throw fault(
    'PackedPolicyTooLarge',
    `Packed policy consumes ${packedPolicyPercent}% of allotted space, please use smaller policy.`,
  );
}
