import { formatArn, parseArn } from '../../base/arn.ts';
import type { StsOperations } from '../../model/gen/sts.ts';
import type { Context } from '../../service/context.ts';
import type {
  FederatedUserPrincipal,
  RolePrincipal,
  RootPrincipal,
  UserPrincipal,
} from '../../service/principal.ts';
import type { Group } from '../../service/service.ts';
import { accessDenied, fault } from './fault.ts';
import { checkTrust } from './role-trust.ts';
import {
  checkDuration,
  HOUR_SECONDS,
  issueRoleSession,
  roleSession,
  sessionFacts,
  shownCredentials,
} from './session.ts';
import { checkPackedSize, readSessionPolicies } from './session-policy.ts';
import { sessionTags } from './session-tag.ts';

const HALF_DAY_SECONDS = 12 * HOUR_SECONDS;

/** Temporary credentials. https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html */
export const sessions = {
  async AssumeRole(input, ctx) {
    const { principal } = ctx;
    if ((input.ProvidedContexts ?? []).length > 0)
      throw fault(
        'ValidationError',
        'ProvidedContexts come from IAM Identity Center, which is not supported.',
      );
    const parsed = parseArn(input.RoleArn);
    if (parsed === undefined || parsed.resource === '')
      throw fault('ValidationError', `${input.RoleArn} is invalid`);
    const { tags, transitiveKeys } = sessionTags(input.Tags, input.TransitiveTagKeys, principal);
    // What a chain of roles hands on, each further role must take: its trust policy is asked as if it were said anew.
    const sourceIdentity = chainedSourceIdentity(input.SourceIdentity, ctx);
    const role = await ctx.ports.identity.role(input.RoleArn);
    const mfa = await checkMfa(input.SerialNumber, input.TokenCode, ctx);
    const { DurationSeconds: seconds = HOUR_SECONDS, RoleSessionName: sessionName } = input;
    const asked = {
      action: 'sts:AssumeRole',
      roleArn: input.RoleArn,
      sessionName,
      durationSeconds: input.DurationSeconds,
      tags: input.Tags,
      transitiveTagKeys: input.TransitiveTagKeys,
      sourceIdentity,
      tagsSession: Object.keys(tags).length > 0,
      context: {
        ...(mfa ? { 'aws:MultiFactorAuthPresent': true, 'aws:MultiFactorAuthAge': 0 } : {}),
        ...(input.ExternalId === undefined ? {} : { 'sts:ExternalId': input.ExternalId }),
      },
    } as const;
    const trusting = await checkTrust(role, asked, ctx);
    checkDuration(seconds, trusting);
    if (principal.kind === 'role' && seconds > HOUR_SECONDS)
      throw fault(
        'ValidationError',
        'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
      );
    const policies = await readSessionPolicies(input.Policy, input.PolicyArns, trusting.account, ctx);
    const session: RolePrincipal = {
      ...roleSession(trusting, sessionName, {
        ...sessionFacts(mfa, ctx),
        ...(sourceIdentity === undefined ? {} : { 'aws:SourceIdentity': sourceIdentity }),
      }),
      sessionPolicies: policies.inline,
      sessionTags: tags,
      transitiveTagKeys: transitiveKeys,
    };
    const issued = await issueRoleSession(session, policies.arns, seconds, ctx);
    return { ...issued, SourceIdentity: sourceIdentity };
  },

  async GetSessionToken(input, ctx) {
    const caller = longLivedCaller(ctx, 'GetSessionToken');
    const mfa = await checkMfa(input.SerialNumber, input.TokenCode, ctx);
    const seconds = durationFor(caller, input.DurationSeconds);
    const { credentials } = await ctx.ports.identity.issueSession({
      principal: { ...caller, sessionContext: sessionFacts(mfa, ctx) },
      expiresAtMs: ctx.world.clock.now() + seconds * 1000,
    });
    return { Credentials: shownCredentials(credentials) };
  },

  async GetFederationToken(input, ctx) {
    const caller = longLivedCaller(ctx, 'GetFederationToken');
    const { account } = caller;
    const { tags } = sessionTags(input.Tags, undefined, caller);
    const policies = await readSessionPolicies(input.Policy, input.PolicyArns, account, ctx);
    const principal: FederatedUserPrincipal = {
      kind: 'federated-user',
      account,
      arn: formatArn('sts', '', account, `federated-user/${input.Name}`),
      userId: `${account}:${input.Name}`,
      userArn: caller.arn,
      userUniqueId: caller.userId,
      sessionPolicies: policies.inline,
      sessionTags: tags,
      sessionContext: { 'aws:TokenIssueTime': new Date(ctx.world.clock.now()).toISOString() },
    };
    const seconds = durationFor(caller, input.DurationSeconds);
    const issued = await ctx.ports.identity.issueSession({
      principal,
      policyArns: policies.arns,
      expiresAtMs: ctx.world.clock.now() + seconds * 1000,
    });
    checkPackedSize(issued);
    return {
      Credentials: shownCredentials(issued.credentials),
      FederatedUser: { FederatedUserId: principal.userId, Arn: principal.arn },
      PackedPolicySize: issued.packedPolicyPercent,
    };
  },
} satisfies Group<StsOperations>;

/** A source identity, once set, stays through every further role. */
function chainedSourceIdentity(asked: string | undefined, ctx: Context): string | undefined {
  const { principal } = ctx;
  const set = principal.kind === 'role' ? principal.sessionContext['aws:SourceIdentity'] : undefined;
  if (set !== undefined && asked !== undefined && asked !== set)
    throw accessDenied(
      'The source identity cannot be changed: it was set when the calling session was issued.',
    );
  return set ?? asked;
}

async function checkMfa(
  serial: string | undefined,
  code: string | undefined,
  ctx: Context,
): Promise<boolean> {
  if (serial === undefined && code === undefined) return false;
  if (serial === undefined || code === undefined)
    throw accessDenied(
      'MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.',
    );
  if (!(await ctx.ports.identity.verifyMfa(ctx.principal, serial, code)))
    throw accessDenied('MultiFactorAuthentication failed with invalid MFA one time pass code. ');
  return true;
}

/** Sessions cannot be made of sessions, save by AssumeRole. */
function longLivedCaller({ principal }: Context, operation: string): RootPrincipal | UserPrincipal {
  const isCaller = principal.kind === 'root' || principal.kind === 'user';
  if (isCaller && principal.sessionContext === undefined) return principal;
  throw accessDenied(`Cannot call ${operation} with session credentials`);
}

/** Root has at most an hour. */
function durationFor(caller: RootPrincipal | UserPrincipal, asked = HALF_DAY_SECONDS): number {
  return caller.kind === 'root' ? Math.min(asked, HOUR_SECONDS) : asked;
}
