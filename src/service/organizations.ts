import { accountOfArn } from '../base/arn.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { PolicySet } from '../policy/evaluate.ts';
import type { ContextValues } from '../policy/request.ts';
import type { Principal } from './principal.ts';

/** What an organization says about one of its accounts. */
export interface AccountControls {
  /** o-… */
  readonly organizationId: string;
  /** `o-…/r-…/ou-…/`, as `aws:PrincipalOrgPaths` has it. */
  readonly path: string;
  /** Service control policies, one list for each level from the root down; absent where they do not apply. */
  readonly scps?: readonly (readonly CompiledPolicy[])[];
  /** Resource control policies, likewise. */
  readonly rcps?: readonly (readonly CompiledPolicy[])[];
}

/** What services other than Organizations ask about one. */
export interface OrganizationFacts {
  readonly id: string;
  readonly managementAccount: string;
  readonly allFeatures: boolean;
  /** Accounts that are members and not closed. */
  readonly accounts: ReadonlySet<string>;
  /** Services with trusted access, and for each the accounts that administer it besides the management account. */
  readonly services: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Organizations, as decisions need them. */
export interface OrganizationsPort {
  /** The organization of an account; read at each call. */
  organization(account: string): Promise<OrganizationFacts | undefined>;
  /** Undefined for an account of no organization. Kept in memory: a promise only right after a change. */
  controls(account: string): MaybePromise<AccountControls | undefined>;
}

/** Services whose resources resource control policies protect. */
const RCP_SERVICES = new Set([
  's3',
  'sts',
  'kms',
  'sqs',
  'secretsmanager',
  'cognito-idp',
  'logs',
  'dynamodb',
  'ecr',
]);

/**
 * The policies of a decision with what the organizations of both sides add: service control policies of the caller's
 * account, resource control policies of the resource's. Service-linked roles are above both.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
 */
export function withControls(
  set: PolicySet,
  action: string,
  principal: Principal,
  caller: AccountControls | undefined,
  owner: AccountControls | undefined,
): PolicySet {
  if (caller === undefined && owner === undefined) return set;
  if (principal.kind === 'role' && principal.roleArn.includes(':role/aws-service-role/')) return set;
  const scps = caller?.scps;
  const rcps = RCP_SERVICES.has(action.slice(0, action.indexOf(':'))) ? owner?.rcps : undefined;
  if (scps === undefined && rcps === undefined) return set;
  return { ...set, ...(scps === undefined ? {} : { scps }), ...(rcps === undefined ? {} : { rcps }) };
}

/** The account a request is about: the resource's, where its ARN or the rule says, else the caller's. */
export function ownerOf(
  request: { readonly resource: string; readonly resourceAccount?: string },
  principal: Principal,
): string {
  const account = request.resourceAccount ?? accountOfArn(request.resource);
  return account === undefined || account === '' ? principal.account : account;
}

/** The condition keys that tell the organizations of both sides. */
export function organizationContext(
  caller: AccountControls | undefined,
  owner: AccountControls | undefined,
): ContextValues {
  return {
    ...(caller === undefined
      ? {}
      : { 'aws:PrincipalOrgID': caller.organizationId, 'aws:PrincipalOrgPaths': [caller.path] }),
    ...(owner === undefined
      ? {}
      : { 'aws:ResourceOrgID': owner.organizationId, 'aws:ResourceOrgPaths': [owner.path] }),
  };
}
