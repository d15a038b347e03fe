import type { PolicyDescriptorType, Tag } from '../../model/gen/sts.ts';
import type { ContextValues } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { RoleFacts } from '../../service/ports.ts';
import { checkTrust } from './role-trust.ts';
import { iamRoot } from './root.ts';
import { checkDuration, issueRoleSession, roleSession, sessionFacts } from './session.ts';
import { readSessionPolicies } from './session-policy.ts';
import { sessionTags } from './session-tag.ts';

/** What somebody asks for whom a provider vouches. */
export interface FederatedRequest {
  readonly action: 'sts:AssumeRoleWithSAML' | 'sts:AssumeRoleWithWebIdentity';
  readonly RoleArn: string;
  readonly sessionName: string;
  /** As the caller said; the trust policy may ask about it. */
  readonly DurationSeconds?: number | undefined;
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly PolicyDescriptorType[] | undefined;
  readonly providerArn: string;
  /** Whose the provider is. */
  readonly account: string;
  readonly seconds: number;
  /** What the provider says, as condition keys. */
  readonly keys: ContextValues;
  readonly sourceIdentity: string | undefined;
  readonly tags: readonly Tag[];
  readonly transitiveTagKeys: readonly string[];
}

/** A session of the role for somebody a provider vouches for, if the role's trust policy lets them in. */
export async function federatedSession(
  trusted: RoleFacts | undefined,
  asked: FederatedRequest,
  ctx: Context,
) {
  const { action, sessionName, sourceIdentity, seconds, keys, providerArn, transitiveTagKeys } = asked;
  const role = await checkTrust(
    trusted,
    {
      action,
      roleArn: asked.RoleArn,
      sessionName,
      durationSeconds: asked.DurationSeconds,
      tags: asked.tags,
      ...(transitiveTagKeys.length === 0 ? {} : { transitiveTagKeys }),
      sourceIdentity,
      context: { ...keys, 'aws:FederatedProvider': providerArn },
      caller: { kind: 'web-identity', account: asked.account, provider: providerArn },
    },
    ctx,
  );
  checkDuration(seconds, role);
  const policies = await readSessionPolicies(asked.Policy, asked.PolicyArns, role.account, ctx);
  const { tags, transitiveKeys } = sessionTags(asked.tags, transitiveTagKeys, ctx.principal);
  const principal = {
    ...roleSession(role, sessionName, {
      ...sessionFacts(false, ctx),
      ...firstOfEach(keys),
      'aws:FederatedProvider': providerArn,
      ...(sourceIdentity === undefined ? {} : { 'aws:SourceIdentity': sourceIdentity }),
    }),
    sessionPolicies: policies.inline,
    sessionTags: tags,
    transitiveTagKeys: transitiveKeys,
  };
  const issued = await issueRoleSession(principal, policies.arns, seconds, ctx);
  return { ...issued, SourceIdentity: sourceIdentity };
}

/** A session keeps one value of each. */
function firstOfEach(keys: ContextValues): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [key, String([value].flat()[0] ?? '')]),
  );
}

/** What IAM says of a provider, asked by the role's own account; undefined when it has none of that name. */
export async function readProvider<Output>(
  operation: 'GetOpenIDConnectProvider' | 'GetSAMLProvider',
  input: Readonly<Record<string, string>>,
  account: string,
  ctx: Context,
): Promise<Output | undefined> {
  try {
    return await ctx.call<Output>('iam', operation, input, { as: { principal: iamRoot(account) }, account });
  } catch (error) {
    if (Fault.is(error) && error.code === 'NoSuchEntity') return undefined;
    throw error;
  }
}
