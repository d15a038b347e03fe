import { parseArn } from '../../base/arn.ts';
import { compilePolicy } from '../../policy/compile.ts';
import { decide } from '../../policy/evaluate.ts';
import { explain } from '../../policy/explain.ts';
import { contextOf } from '../../policy/request.ts';
import type { ActionDecision } from '../../service/audit.ts';
import { type AccountControls, withControls } from '../../service/organizations.ts';
import type { RoleFacts } from '../../service/ports.ts';
import type { ServicePrincipal } from '../../service/principal.ts';
import { EMPTY_POLICY } from './principal-policies.ts';

/** A service about to act under a role. */
export interface ServiceAssumption {
  readonly roleArn: string;
  readonly service: string;
  readonly sessionName: string;
  readonly sourceArn?: string;
}

/** What the decision depends on besides. */
export interface TrustFacts {
  readonly role: RoleFacts | undefined;
  /** The role's. */
  readonly account: string;
  /** Of the role's account and of the one the service acts for. */
  readonly owner: AccountControls | undefined;
  readonly source: AccountControls | undefined;
  readonly nowMs: number;
}

/** The account a service acts for: that of the resource it names, else the role's. */
export function sourceAccount({ sourceArn = '' }: ServiceAssumption, roleAccount: string): string {
  return parseArn(sourceArn)?.account || roleAccount;
}

/**
 * Whether a role's trust policy, and the resource control policies over its account, let a service in.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 */
export function serviceTrust(asked: ServiceAssumption, facts: TrustFacts): ActionDecision {
  const { roleArn, service, sessionName, sourceArn } = asked;
  const { role, account, owner, source, nowMs } = facts;
  const principal: ServicePrincipal = { kind: 'service', service, account };
  const request = {
    action: 'sts:AssumeRole',
    resource: roleArn,
    resourceAccount: account,
    principal,
    context: contextOf({
      'aws:PrincipalIsAWSService': true,
      'aws:PrincipalServiceName': service,
      'aws:PrincipalType': 'Service',
      'aws:SourceAccount': sourceAccount(asked, account),
      'aws:ResourceAccount': account,
      'aws:CurrentTime': new Date(nowMs).toISOString(),
      'aws:EpochTime': Math.floor(nowMs / 1000),
      'aws:SecureTransport': true,
      'sts:RoleSessionName': sessionName,
      ...(sourceArn === undefined ? {} : { 'aws:SourceArn': sourceArn }),
      ...(source === undefined
        ? {}
        : { 'aws:SourceOrgID': source.organizationId, 'aws:SourceOrgPaths': [source.path] }),
      ...(owner === undefined
        ? {}
        : { 'aws:ResourceOrgID': owner.organizationId, 'aws:ResourceOrgPaths': [owner.path] }),
      ...Object.fromEntries(
        Object.entries(role?.tags ?? {}).flatMap(([key, value]) => [
          [`aws:ResourceTag/${key}`, value],
          [`iam:ResourceTag/${key}`, value],
        ]),
      ),
    }),
  };
  const trust = {
    identity: [],
    resource: compilePolicy(role?.trustPolicy ?? EMPTY_POLICY, roleArn),
    resourceMustAllow: 'trust',
  } as const;
  const policies = withControls(trust, request.action, principal, undefined, owner);
  const decision = decide(request, policies);
  const { action, resource } = request;
  const decided = { principal, request: { action, resource, resourceAccount: account }, decision, policies };
  return decision.allowed
    ? decided
    : { ...decided, explanation: explain(request, policies, decision, request) };
}
