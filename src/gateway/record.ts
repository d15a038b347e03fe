import type { Decision } from '../policy/evaluate.ts';
import { type ActionDecision, wouldDeny } from '../service/audit.ts';
import type { Call } from './call.ts';
import { principalName } from './principal-name.ts';

function decisionWord(call: Call): string {
  if (call.ctx !== undefined && wouldDeny(call.ctx.decisions)) return 'would-deny';
  // An operation may have decided by itself.
  if (call.decision === undefined) return call.ctx === undefined ? '-' : decisionWordOf(call.ctx.decisions);
  if (call.decision === 'public') return 'public';
  return outcomeWord(call.decision);
}

/** Of a front door's request. */
export function decisionWordOf(decisions: readonly ActionDecision[]): string {
  const last = decisions.at(-1);
  if (last === undefined) return '-';
  return wouldDeny(decisions) ? 'would-deny' : outcomeWord(last.decision);
}

/** As the request log has it. */
function outcomeWord({ outcome }: Decision): string {
  return outcome === 'allowed' ? 'allow' : outcome === 'explicit-deny' ? 'deny(explicit)' : 'deny';
}

/** What `lambent` itself asks while it deploys or follows a log would bury what the user's programs do. */
const OWN_CLIENT = 'lambent-cli';

/** The last step: one line in the request log, and the audit's record, which for changes is durable before the answer goes. */
export function record(call: Call): void | Promise<void> {
  if (call.errorCode !== undefined || call.http?.headers['user-agent'] !== OWN_CLIENT) logLine(call);
  // Whom nobody could authenticate has no account to record it in.
  if (call.principal !== undefined) return call.host.ports.audit.record(call);
}

function logLine(call: Call): void {
  if (!call.host.log.showsRequests()) return;
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
