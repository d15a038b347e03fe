import type { PolicyDescriptorType, Tag } from '../../model/gen/sts.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { RoleFacts } from '../../service/ports.ts';
import { iamRoot } from './root.ts';
import { checkDuration, issueRoleSession, roleSession, sessionFacts } from './session.ts';
import { readSessionPolicies } from './session-policy.ts';
import { sessionTags } from './session-tag.ts';

/** A role for somebody a provider vouches for, once the trust policy has let them in. */
export interface FederatedSession {
  readonly role: RoleFacts;
  readonly sessionName: string;
  readonly seconds: number;
  /** What the provider says, as context keys of the session. */
  readonly facts: Readonly<Record<string, string>>;
  readonly providerArn: string;
  readonly sourceIdentity: string | undefined;
  readonly tags: readonly Tag[];
  readonly transitiveTagKeys: readonly string[];
  readonly Policy: string | undefined;
  readonly PolicyArns: readonly PolicyDescriptorType[] | undefined;
}

export async function issueFederated(session: FederatedSession, ctx: Context) {
  const { role, sourceIdentity, seconds } = session;
  checkDuration(seconds, role);
  const policies = await readSessionPolicies(session.Policy, session.PolicyArns, role.account, ctx);
  const { tags, transitiveKeys } = sessionTags(session.tags, session.transitiveTagKeys, ctx.principal);
  const principal = {
    ...roleSession(role, session.sessionName, {
      ...sessionFacts(false, ctx),
      ...session.facts,
      'aws:FederatedProvider': session.providerArn,
      ...(sourceIdentity === undefined ? {} : { 'aws:SourceIdentity': sourceIdentity }),
    }),
    sessionPolicies: policies.inline,
    sessionTags: tags,
    transitiveTagKeys: transitiveKeys,
  };
  const issued = await issueRoleSession(principal, policies.arns, seconds, ctx);
  return { ...issued, SourceIdentity: sourceIdentity };
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
