import type { Decision, Layer } from './evaluate.ts';
import type { PolicyPrincipal } from './request.ts';

/** AWS's names of the kinds of policy, with their article where an explicit deny needs it. */
const KINDS: Readonly<Record<Exclude<Layer, 'root'>, { readonly article: string; readonly name: string }>> = {
  rcp: { article: 'a', name: 'resource control policy' },
  scp: { article: 'a', name: 'service control policy' },
  resource: { article: 'a', name: 'resource-based policy' },
  trust: { article: 'the', name: 'role trust policy' },
  identity: { article: 'an', name: 'identity-based policy' },
  boundary: { article: 'a', name: 'permissions boundary' },
  session: { article: 'a', name: 'session policy' },
};

/**
 * AWS's words for a denied request, without a final stop. `organizationId` is the caller's.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function denialMessage(
  principal: PolicyPrincipal,
  action: string,
  resource: string,
  decision: Pick<Decision, 'outcome' | 'layer' | 'policyId'>,
  organizationId?: string,
): string {
  const start = `User: ${callerName(principal)} is not authorized to perform: ${action} on resource: ${resource}`;
  const policy = decidingArn(decision, organizationId);
  return `${start}${reason(action, decision)}${policy === undefined ? '' : `: ${policy}`}`;
}

/**
 * The policy an explicit deny stands in, for those it is of: their own account's, or of their organization. Inline
 * policies have no ARN.
 * https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns
 */
function decidingArn(
  { outcome, layer, policyId }: Pick<Decision, 'outcome' | 'layer' | 'policyId'>,
  organizationId: string | undefined,
): string | undefined {
  if (outcome !== 'explicit-deny' || policyId?.startsWith('arn:') !== true) return undefined;
  if (layer === 'resource' || layer === 'trust') return undefined;
  const ofOrganization = layer === 'scp' || layer === 'rcp';
  const own = organizationId !== undefined && policyId.includes(`:policy/${organizationId}/`);
  return !ofOrganization || own ? policyId : undefined;
}

function reason(action: string, { outcome, layer }: Pick<Decision, 'outcome' | 'layer'>): string {
  if (layer === 'root') return '';
  const { article, name } = KINDS[layer];
  if (outcome === 'explicit-deny') return ` with an explicit deny in ${article} ${name}`;
  // A trust policy that does not let the caller in is not told apart from a missing permission.
  return layer === 'trust' ? '' : ` because no ${name} allows the ${action} action`;
}

/** As `User:` shows it. */
export function callerName(principal: PolicyPrincipal): string {
  switch (principal.kind) {
    case 'anonymous':
      return 'anonymous';
    case 'service':
      return principal.service;
    case 'web-identity':
      return principal.provider;
    default:
      return principal.arn;
  }
}
