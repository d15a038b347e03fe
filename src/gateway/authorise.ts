import { parseArn } from '../base/arn.ts';
import { type CompiledPolicy, compilePolicy } from '../policy/compile.ts';
import { decide, type PolicySet } from '../policy/evaluate.ts';
import { explain } from '../policy/explain.ts';
import { denialMessage } from '../policy/message.ts';
import type { ContextValues } from '../policy/request.ts';
import type { ActionDecision } from '../service/audit.ts';
import type { IdentityPort, PrincipalPolicies } from '../service/ports.ts';
import type { Principal } from '../service/principal.ts';
import type { ActionRequest } from '../service/service.ts';
import { authorizationMessage } from './authorization-message.ts';
import type { Call } from './call.ts';
import { principalName } from './principal-name.ts';
import { refusal } from './refusal.ts';
import { RequestContext } from './request-context.ts';

/** The policies of a principal, compiled. */
export interface CompiledPrincipal {
  readonly set: PolicySet;
  readonly context: ContextValues;
}

const NOTHING: CompiledPrincipal = { set: { identity: [] }, context: {} };
const COMPILED_DOCUMENTS = 5000;

const principals = new WeakMap<PrincipalPolicies, Map<string, CompiledPrincipal>>();
const documents = new Map<string, CompiledPolicy>();

/** Compiles a document once; the same text attached in two places is the same compiled policy but for its id. */
export function compiled(document: string, id: string): CompiledPolicy {
  const key = `${id}\n${document}`;
  let policy = documents.get(key);
  if (policy === undefined) {
    if (documents.size >= COMPILED_DOCUMENTS) documents.clear();
    documents.set(key, (policy = compilePolicy(document, id)));
  }
  return policy;
}

function sessionPolicies(principal: Principal): readonly string[] {
  return principal.kind === 'role' || principal.kind === 'federated-user' ? principal.sessionPolicies : [];
}

/** The port answers with the same object while nothing changed, so compiling is once a change. */
export async function compiledPrincipal(
  identity: IdentityPort,
  principal: Principal,
): Promise<CompiledPrincipal> {
  if (principal.kind === 'service' || principal.kind === 'anonymous') return NOTHING;
  const policies = await identity.policies(principal);
  const session = sessionPolicies(principal);
  const key = session.length === 0 ? '' : session.join('\n');
  let bySession = principals.get(policies);
  if (bySession === undefined) principals.set(policies, (bySession = new Map()));
  let entry = bySession.get(key);
  if (entry === undefined) {
    const { boundary } = policies;
    entry = {
      set: {
        identity: policies.identity.map(({ document, id }) => compiled(document, id)),
        ...(boundary === undefined ? {} : { boundary: compiled(boundary.document, boundary.id) }),
        session: session.map((document, index) => compiled(document, `session:${index}`)),
      },
      context: policies.context,
    };
    if (bySession.size < COMPILED_DOCUMENTS) bySession.set(key, entry);
  }
  return entry;
}

async function decideOne(
  call: Call,
  request: ActionRequest,
  principal: CompiledPrincipal,
): Promise<ActionDecision> {
  const { resourcePolicy } = call.definition;
  const account = request.resourceAccount ?? parseArn(request.resource)?.account;
  let policies = principal.set;
  if (resourcePolicy !== undefined && request.resource !== '*') {
    const document = await resourcePolicy(request.resource, call.ctx);
    if (document !== undefined) policies = { ...policies, resource: compiled(document, request.resource) };
  }
  const asked = {
    action: request.action,
    resource: request.resource,
    principal: call.principal,
    context: new RequestContext(call, principal.context, request),
    ...(account === undefined || account === '' ? {} : { resourceAccount: account }),
  };
  const decision = decide(asked, policies);
  return decision.allowed
    ? { principal: call.principal, request, decision, policies }
    : {
        principal: call.principal,
        request,
        decision,
        policies,
        explanation: explain(request, policies, decision, asked),
      };
}

/** The statement that would let the request in, as a person would add it. */
export function missingStatement(request: ActionRequest): string {
  return JSON.stringify({ Effect: 'Allow', Action: request.action, Resource: request.resource });
}

/** EC2's family says less and encodes the rest; all others say it. */
function denialWords(call: Call, denied: ActionDecision): string {
  const { request, decision } = denied;
  const message = denialMessage(call.principal, request.action, request.resource, decision);
  if (call.protocolName !== 'ec2') return message;
  const encoded = authorizationMessage(call, denied);
  return `You are not authorized to perform this operation. ${message}.${
    encoded === undefined ? '' : ` Encoded authorization failure message: ${encoded}`
  }`;
}

/**
 * Every action a request implies must be allowed. An operation without a rule is denied: forgetting one must not
 * open it. `call.decision` keeps what decided.
 */
export async function authorise(call: Call): Promise<void> {
  const { definition, operation, ctx, host } = call;
  const rule = definition.authorisation[operation.name];
  if (rule === 'none') {
    call.decision = 'public';
    return;
  }
  if (rule === undefined) {
    throw refusal(
      'access-denied',
      call.protocolName,
      `${definition.name}.${operation.name} has no authorisation mapping in Lambent, so it is denied.`,
    );
  }
  const answer = rule(call.input, { account: ctx.account, region: call.region, ctx });
  const requests = answer instanceof Promise ? await answer : answer;
  const principal = await compiledPrincipal(host.ports.identity, call.principal);
  for (const request of requests) {
    const decided = await decideOne(call, request, principal);
    const { decision } = decided;
    call.decision = decision;
    ctx.noteDecision(decided);
    if (decision.allowed) continue;
    const message = denialWords(call, decided);
    host.log.event(
      'info',
      `${host.iam === 'audit' ? 'would deny' : 'denied'} ${principalName(call.principal)}`,
      {
        requestId: call.requestId,
        [decision.outcome === 'explicit-deny' ? 'deniedBy' : 'missing']:
          decision.outcome === 'explicit-deny' ? decision.policyId : missingStatement(request),
      },
    );
    if (host.iam === 'audit') {
      call.audited = message;
      continue;
    }
    throw refusal('access-denied', call.protocolName, message);
  }
}
