import type { Principal } from '../service/principal.ts';
import type { Call } from './call.ts';

/** The principal in a word: its ARN, the service, or `anonymous`. */
export function principalName(principal: Principal | undefined): string {
  if (principal === undefined) return '-';
  if (principal.kind === 'service') return principal.service;
  return principal.kind === 'anonymous' ? 'anonymous' : principal.arn;
}

function decisionWord(call: Call): string {
  if (call.audited !== undefined) return 'would-deny';
  if (call.decision === undefined) return '-';
  if (call.decision === 'public') return 'public';
  return call.decision.allowed
    ? 'allow'
    : call.decision.outcome === 'explicit-deny'
      ? 'deny(explicit)'
      : 'deny';
}

/** The last step: one line in the request log. */
export function record(call: Call): void {
  const inside = call.http === undefined;
  const stored = call.definition?.stored?.includes(call.operation.name) === true;
  call.host.log.request({
    requestId: call.requestId,
    what:
      call.operation === undefined
        ? `${call.http?.method ?? ''} ${call.http?.path ?? ''}`
        : `${inside ? '  ' : ''}${call.service.name}.${call.operation.name}${stored ? ' (stored, not simulated)' : ''}`,
    status: call.response?.status ?? (call.errorCode === undefined ? 200 : 400),
    durationMs: call.host.world.clock.monotonic() - call.startedAtMs,
    decision: decisionWord(call),
    principal: principalName(call.principal),
    error: call.errorCode,
  });
}
