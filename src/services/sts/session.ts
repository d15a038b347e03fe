import { formatArn } from '../../base/arn.ts';
import type { Credentials } from '../../model/gen/sts.ts';
import type { Context } from '../../service/context.ts';
import type { RoleFacts, SessionCredentials } from '../../service/ports.ts';
import type { RolePrincipal } from '../../service/principal.ts';
import { fault } from './fault.ts';
import { checkPackedSize } from './session-policy.ts';

export const HOUR_SECONDS = 3600;

/** Context keys every session brings. */
export function sessionFacts(mfa: boolean, ctx: Context): Readonly<Record<string, string>> {
  const issued = new Date(ctx.world.clock.now()).toISOString();
  return { 'aws:MultiFactorAuthPresent': String(mfa), 'aws:TokenIssueTime': issued };
}

/** A session of a role, without policies and tags of its own. */
export function roleSession(
  { account, roleName, roleArn, roleId }: RoleFacts,
  sessionName: string,
  sessionContext: Readonly<Record<string, string>>,
): RolePrincipal {
  return {
    kind: 'role',
    account,
    arn: formatArn('sts', '', account, `assumed-role/${roleName}/${sessionName}`),
    userId: `${roleId}:${sessionName}`,
    roleName,
    roleArn,
    sessionName,
    sessionPolicies: [],
    sessionTags: {},
    sessionContext,
  };
}

/** A role's credentials, as AssumeRole and its like answer them. */
export async function issueRoleSession(
  principal: RolePrincipal,
  policyArns: readonly string[],
  seconds: number,
  ctx: Context,
) {
  const expiresAtMs = ctx.world.clock.now() + seconds * 1000;
  const issued = await ctx.ports.identity.issueSession({ principal, policyArns, expiresAtMs });
  checkPackedSize(issued);
  return {
    Credentials: shownCredentials(issued.credentials),
    AssumedRoleUser: { AssumedRoleId: principal.userId, Arn: principal.arn },
    PackedPolicySize: issued.packedPolicyPercent === 0 ? undefined : issued.packedPolicyPercent,
  };
}

export function checkDuration(seconds: number, { maxSessionSeconds }: RoleFacts): void {
  if (seconds > maxSessionSeconds)
    throw fault(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
}

export function shownCredentials(credentials: SessionCredentials): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = credentials;
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: new Date(expiresAtMs),
  };
}
