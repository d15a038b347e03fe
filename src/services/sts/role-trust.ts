import type { Tag } from '../../model/gen/sts.ts';
import type { ContextValues, PolicyPrincipal } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import type { RoleFacts } from '../../service/ports.ts';
import { accessDenied } from './fault.ts';

/** What stands for the trust policy of a role that is not there. */
const TRUSTS_NOBODY = '{"Version":"2012-10-17","Statement":[]}';

/** A role to be assumed, and what its trust policy may ask about. */
export interface Assumption {
  readonly action: 'sts:AssumeRole' | 'sts:AssumeRoleWithSAML' | 'sts:AssumeRoleWithWebIdentity';
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds?: number | undefined;
  readonly tags?: readonly Tag[] | undefined;
  /** Whether the session has tags, handed on by the one before or said now; by `tags` when absent. */
  readonly tagsSession?: boolean;
  readonly transitiveTagKeys?: readonly string[] | undefined;
  readonly sourceIdentity?: string | undefined;
  /** Further context keys: what a provider says of the caller. */
  readonly context?: ContextValues;
  /** Whom a provider vouches for; absent: whoever signed. */
  readonly caller?: PolicyPrincipal;
}

/**
 * Whether the caller may assume the role: the role's trust policy must let it in, and across accounts the caller's own
 * policies too. Throws AccessDenied, the same for a role that does not exist. Root may assume a role that names it or its
 * account, which AWS does not allow: on a developer's machine the root key is the one at hand.
 */
export async function checkTrust(
  role: RoleFacts | undefined,
  asked: Assumption,
  ctx: Context,
): Promise<RoleFacts> {
  const { action, roleArn: resource, caller } = asked;
  const actions = [
    action,
    ...((asked.tagsSession ?? (asked.tags ?? []).length > 0) ? ['sts:TagSession'] : []),
    ...(asked.sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  const context = trustContext(role, asked);
  const trust = caller === undefined ? {} : { caller };
  const owner = role === undefined ? {} : { resourceAccount: role.account };
  for (const each of actions) {
    const request = { action: each, resource, context, ...owner };
    const decision = await ctx.ports.access.decide(request, ctx, role?.trustPolicy ?? TRUSTS_NOBODY, trust);
    // What is not there cannot be assumed, not even where denials are only reported.
    if (!decision.allowed || role === undefined)
      throw caller === undefined ? accessDenied(decision.message) : notAuthorised(action);
  }
  return role as RoleFacts;
}

/** What a caller without a signature is told. */
export function notAuthorised(action: string) {
  return accessDenied(`Not authorized to perform ${action}`);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html */
function trustContext(role: RoleFacts | undefined, asked: Assumption): ContextValues {
  const { sessionName, durationSeconds, tags, transitiveTagKeys, sourceIdentity, context } = asked;
  const values: Record<string, ContextValues[string]> = { ...context, 'sts:RoleSessionName': sessionName };
  if (sourceIdentity !== undefined) values['sts:SourceIdentity'] = sourceIdentity;
  if (durationSeconds !== undefined) values['sts:DurationSeconds'] = durationSeconds;
  if (transitiveTagKeys !== undefined) values['sts:TransitiveTagKeys'] = transitiveTagKeys;
  if (tags !== undefined) {
    values['aws:TagKeys'] = tags.map(({ Key }) => Key);
    for (const { Key, Value } of tags) values[`aws:RequestTag/${Key}`] = Value;
  }
  for (const [key, value] of Object.entries(role?.tags ?? {})) {
    values[`aws:ResourceTag/${key}`] = value;
    values[`iam:ResourceTag/${key}`] = value;
  }
  return values;
}
