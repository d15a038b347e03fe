import type { Principal } from '../service/principal.ts';

/** The principal in a word: its ARN, the service, or `anonymous`. */
export function principalName(principal: Principal | undefined): string {
  if (principal === undefined) return '-';
  if (principal.kind === 'service') return principal.service;
  return principal.kind === 'anonymous' ? 'anonymous' : principal.arn;
}
