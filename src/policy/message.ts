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
 * AWS's words for a denied request, without a final stop.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function denialMessage(
  principal: PolicyPrincipal,
  action: string,
  resource: string,
  decision: Pick<Decision, 'outcome' | 'layer'>,
): string {
  const start = `User: ${callerName(principal)} is not authorized to perform: ${action} on resource: ${resource}`;
  return `${start}${reason(action, decision)}`;
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
