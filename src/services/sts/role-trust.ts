import type { AssumeRoleRequest } from '../../model/gen/sts.ts';
import { compilePolicy } from '../../policy/compile.ts';
import { decide } from '../../policy/evaluate.ts';
import { explain } from '../../policy/explain.ts';
import { denialMessage } from '../../policy/message.ts';
import { type ContextValues, contextOf } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import { organizationContext, withControls } from '../../service/organizations.ts';
import type { RoleFacts } from '../../service/ports.ts';
import { accessDenied } from './fault.ts';

/**
 * Whether the caller may assume the role: the role's trust policy must let it in, and across accounts the caller's own
 * policies too. Throws AccessDenied, the same for a role that does not exist. Root may assume a role that names it or its
 * account, which AWS does not allow: on a developer's machine the root key is the one at hand.
 */
export async function checkTrust(
  role: RoleFacts | undefined,
  input: AssumeRoleRequest,
  mfa: boolean,
  ctx: Context,
): Promise<RoleFacts> {
  const { principal } = ctx;
  const actions = [
    'sts:AssumeRole',
    ...((input.Tags ?? []).length > 0 ? ['sts:TagSession'] : []),
    ...(input.SourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  const first = 'sts:AssumeRole';
  if (role === undefined) {
    const unknown = { outcome: 'implicit-deny', layer: 'trust' } as const;
    throw accessDenied(denialMessage(principal, first, input.RoleArn, unknown));
  }
  const own = await ctx.ports.identity.policies(principal);
  const { organizations } = ctx.ports;
  const caller = await organizations.controls(principal.account);
  const owner = await organizations.controls(role.account);
  const context = contextOf(
    own.context,
    requestContext(role, input, mfa, ctx),
    organizationContext(caller, owner),
  );
  const session = 'sessionPolicies' in principal ? principal.sessionPolicies : [];
  const attached = {
    identity: own.identity.map(({ id, document }) => compilePolicy(document, id)),
    boundary: own.boundary && compilePolicy(own.boundary.document, own.boundary.id),
    session: session.map((document) => compilePolicy(document, 'session')),
    resource: compilePolicy(role.trustPolicy, role.roleArn),
    resourceMustAllow: true,
  };
  const policies = withControls(attached, first, principal, caller, owner);
  for (const action of actions) {
    const request = { action, resource: role.roleArn, resourceAccount: role.account, principal, context };
    const decision = decide(request, policies);
    ctx.noteDecision({
      principal,
      request: { action, resource: role.roleArn, resourceAccount: role.account },
      decision,
      policies,
      ...(decision.allowed ? {} : { explanation: explain(request, policies, decision, request) }),
    });
    if (!decision.allowed) throw accessDenied(denialMessage(principal, action, role.roleArn, decision));
  }
  return role;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html */
function requestContext(
  role: RoleFacts,
  input: AssumeRoleRequest,
  mfa: boolean,
  ctx: Context,
): ContextValues {
  const now = ctx.world.clock.now();
  const values: Record<string, ContextValues[string]> = {
    'aws:CurrentTime': new Date(now).toISOString(),
    'aws:EpochTime': Math.floor(now / 1000),
    'aws:RequestedRegion': ctx.region,
    'aws:ResourceAccount': role.account,
    'sts:RoleSessionName': input.RoleSessionName,
  };
  if (ctx.principal.kind === 'user' && mfa) {
    values['aws:MultiFactorAuthPresent'] = true;
    values['aws:MultiFactorAuthAge'] = 0;
  }
  if (ctx.http !== undefined) {
    values['aws:SourceIp'] = ctx.http.sourceIp;
    values['aws:SecureTransport'] = ctx.http.secure;
    const agent = ctx.http.headers['user-agent'];
    if (agent !== undefined) values['aws:UserAgent'] = agent;
  }
  if (input.ExternalId !== undefined) values['sts:ExternalId'] = input.ExternalId;
  if (input.SourceIdentity !== undefined) values['sts:SourceIdentity'] = input.SourceIdentity;
  if (input.DurationSeconds !== undefined) values['sts:DurationSeconds'] = input.DurationSeconds;
  if (input.TransitiveTagKeys !== undefined) values['sts:TransitiveTagKeys'] = input.TransitiveTagKeys;
  if (input.Tags !== undefined) {
    values['aws:TagKeys'] = input.Tags.map(({ Key }) => Key);
    for (const { Key, Value } of input.Tags) values[`aws:RequestTag/${Key}`] = Value;
  }
  for (const [key, value] of Object.entries(role.tags)) {
    values[`aws:ResourceTag/${key}`] = value;
    values[`iam:ResourceTag/${key}`] = value;
  }
  return values;
}
