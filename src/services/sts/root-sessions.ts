import { parseArn } from '../../base/arn.ts';
import type { StsOperations } from '../../model/gen/sts.ts';
import { denialMessage } from '../../policy/message.ts';
import type { Context } from '../../service/context.ts';
import type { RootPrincipal } from '../../service/principal.ts';
import type { Group } from '../../service/service.ts';
import { accessDenied, fault } from './fault.ts';
import { iamRoot } from './root.ts';
import { sessionFacts, shownCredentials } from './session.ts';

const MOST_SECONDS = 900;
const TASKS = new Set([
  'arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials',
  'arn:aws:iam::aws:policy/root-task/IAMCreateRootUserPassword',
  'arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials',
  'arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy',
  'arn:aws:iam::aws:policy/root-task/SQSUnlockQueuePolicy',
]);
/** Whose trusted access, and whose delegated administrators, root sessions go by. */
const IAM = 'iam.amazonaws.com';

/**
 * The roots of an organization's members, for one task each.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
 */
export const rootSessions = {
  async AssumeRoot({ TargetPrincipal, TaskPolicyArn, DurationSeconds = MOST_SECONDS }, ctx) {
    const target = accountOf(TargetPrincipal);
    const task = TaskPolicyArn.arn ?? '';
    if (!TASKS.has(task)) throw fault('ValidationError', `${task} is not a task policy for root sessions.`);
    await checkMember(target, ctx);
    const { principal: caller } = ctx;
    const sourceIdentity = caller.kind === 'role' ? caller.sessionContext['aws:SourceIdentity'] : undefined;
    const principal: RootPrincipal = {
      ...iamRoot(target),
      taskPolicyArn: task,
      sessionContext: {
        ...sessionFacts(false, ctx),
        ...(sourceIdentity === undefined ? {} : { 'aws:SourceIdentity': sourceIdentity }),
      },
    };
    const expiresAtMs = ctx.world.clock.now() + DurationSeconds * 1000;
    const { credentials } = await ctx.ports.identity.issueSession({ principal, expiresAtMs });
    return { Credentials: shownCredentials(credentials), SourceIdentity: sourceIdentity };
  },
} satisfies Group<StsOperations>;

/** An account id, or the ARN of its root. */
export function accountOf(target: string): string {
  const arn = parseArn(target);
  const account = arn === undefined ? target : arn.account;
  if (/^\d{12}$/.test(account) && (arn === undefined || (arn.service === 'iam' && arn.resource === 'root')))
    return account;
  throw fault('ValidationError', `${target} is invalid`);
}

/** The caller administers IAM for its organization, which lets roots be assumed, and has the target as a member. */
async function checkMember(target: string, ctx: Context): Promise<void> {
  const { account } = ctx;
  const organization = await ctx.ports.organizations.organization(account);
  const administers =
    organization?.managementAccount === account || organization?.services.get(IAM)?.has(account) === true;
  const isMember = organization?.accounts.has(target) === true && target !== organization.managementAccount;
  if (organization !== undefined && administers && isMember) {
    const { EnabledFeatures = [] } = await ctx.call<{ readonly EnabledFeatures?: readonly string[] }>(
      'iam',
      'ListOrganizationsFeatures',
      {},
      { as: { principal: iamRoot(organization.managementAccount) }, account: organization.managementAccount },
    );
    if (EnabledFeatures.includes('RootSessions')) return;
  }
  const denied = { outcome: 'implicit-deny', layer: 'root' } as const;
  throw accessDenied(denialMessage(ctx.principal, 'sts:AssumeRoot', iamRoot(target).arn, denied));
}
