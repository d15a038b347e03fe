import { accountOfArn } from '../base/arn.ts';
import { after, type MaybePromise } from '../base/maybe-promise.ts';
import { type CompiledPolicy, compilePolicy } from '../policy/compile.ts';
import { decide, type PolicySet } from '../policy/evaluate.ts';
import { explain } from '../policy/explain.ts';
import { denialMessage } from '../policy/message.ts';
import type { ContextValues } from '../policy/request.ts';
import type { ActionDecision } from '../service/audit.ts';
import { Fault } from '../service/faults.ts';
import {
  type AccountControls,
  type OrganizationsPort,
  ownerOf,
  withControls,
} from '../service/organizations.ts';
import type { IdentityPort, PrincipalPolicies } from '../service/ports.ts';
import type { Principal } from '../service/principal.ts';
import type { ActionRequest, ServiceDefinition } from '../service/service.ts';
import { authorizationMessage } from './authorization-message.ts';
import type { Call } from './call.ts';
import { principalName } from './principal-name.ts';
import { refusal } from './refusal.ts';
import { signingName } from './registry.ts';
import { type Controls, RequestContext } from './request-context.ts';

/** The policies of a principal, compiled. */
export interface CompiledPrincipal {
  readonly set: PolicySet;
  readonly context: ContextValues;
}

const NOTHING: CompiledPrincipal = { set: { identity: [] }, context: {} };
const COMPILED_DOCUMENTS = 5000;
const COLON = 58;

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

/** What each is called: managed ones, which come last, by their ARNs. */
function sessionPolicyIds(principal: Principal, count: number): readonly string[] {
  const arns =
    principal.kind === 'role' || principal.kind === 'federated-user'
      ? (principal.sessionPolicyArns ?? [])
      : [];
  const inline = Array.from({ length: count - arns.length }, (_, index) => `session:${index}`);
  return [...inline, ...arns];
}

/** The port answers with the same object while nothing changed, so compiling is once a change. */
export function compiledPrincipal(
  identity: IdentityPort,
  principal: Principal,
): MaybePromise<CompiledPrincipal> {
  if (principal.kind === 'service' || principal.kind === 'anonymous') return NOTHING;
  return after(identity.policies(principal), (policies) => compiledPolicies(policies, principal));
}

function compiledPolicies(policies: PrincipalPolicies, principal: Principal): CompiledPrincipal {
  const session = sessionPolicies(principal);
  const ids = session.length === 0 ? [] : sessionPolicyIds(principal, session.length);
  const key = session.length === 0 ? '' : [...ids, ...session].join('\n');
  let bySession = principals.get(policies);
  if (bySession === undefined) principals.set(policies, (bySession = new Map()));
  let entry = bySession.get(key);
  if (entry === undefined) {
    const { boundary } = policies;
    entry = {
      set: {
        identity: policies.identity.map(({ document, id }) => compiled(document, id)),
        ...(boundary === undefined ? {} : { boundary: compiled(boundary.document, boundary.id) }),
        session: session.map((document, index) => compiled(document, ids[index] ?? '')),
      },
      context: policies.context,
    };
    if (bySession.size < COMPILED_DOCUMENTS) bySession.set(key, entry);
  }
  return entry;
}

/** The principal's policies with those of the resource and of both organizations. */
function policiesOver(
  call: Call,
  request: ActionRequest,
  { set }: CompiledPrincipal,
  resourcePolicy: string | undefined,
  controls: Controls | undefined,
): PolicySet {
  const attached =
    resourcePolicy === undefined
      ? set
      : {
          ...set,
          resource: compiled(resourcePolicy, request.resource),
          resourceMustAllow: call.definition.resourceMustAllow === true ? ('resource' as const) : undefined,
        };
  return controls === undefined
    ? attached
    : withControls(attached, request.action, call.principal, controls.caller, controls.owner);
}

/** Decides one request. */
function decideUnder(
  call: Call,
  request: ActionRequest,
  principal: CompiledPrincipal,
  policies: PolicySet,
  controls: Controls | undefined,
  tags: Readonly<Record<string, string>> | undefined,
): ActionDecision {
  const account = request.resourceAccount ?? accountOfArn(request.resource);
  const asked = {
    action: request.action,
    resource: request.resource,
    principal: call.principal,
    context: new RequestContext(call, principal.context, request, controls, tags),
    ...(account === undefined || account === '' ? {} : { resourceAccount: account }),
  };
  const decision = decide(asked, policies);
  const decided = { principal: call.principal, request, decision, policies };
  return decision.allowed
    ? decided
    : {
        ...decided,
        explanation: explain(request, policies, decision, asked),
        audited: call.host.iam === 'audit',
      };
}

/** Everything here is of one partition; what a request says is in another is judged as what it would find. */
function inPartition(request: ActionRequest): ActionRequest {
  const { resource } = request;
  return !resource.startsWith('arn:') || resource.startsWith('arn:aws:')
    ? request
    : { ...request, resource: resource.replace(/^arn:[^:]*/, 'arn:aws') };
}

/** Decides one request and takes its consequence; the policies are usually in memory, so that nothing waits. */
function judge(call: Call, asked: ActionRequest, principal: CompiledPrincipal): MaybePromise<void> {
  const request = inPartition(asked);
  const { resourcePolicy } = ownerOfAction(call, request.action);
  const document =
    resourcePolicy === undefined || request.resource === '*' || isUnboundRoot(call.principal, request)
      ? undefined
      : resourcePolicy(request.resource, call.ctx);
  return after(document, (text) =>
    after(controlsFor(call.host.ports.organizations, call.principal, request), (controls) => {
      const policies = policiesOver(call, request, principal, text, controls);
      return after(tagsFor(call, request, policies), (tags) =>
        conclude(call, decideUnder(call, request, principal, policies, controls, tags), controls),
      );
    }),
  );
}

/** Whose resources an action is on: passing a role to a function is IAM's. */
function ownerOfAction({ definition, host }: Call, action: string): ServiceDefinition {
  const { name } = definition;
  const isOwn = action.startsWith(name) && action.charCodeAt(name.length) === COLON;
  return isOwn ? definition : (host.definition(action.slice(0, action.indexOf(':'))) ?? definition);
}

function isUnboundRoot(principal: Principal, request: ActionRequest): boolean {
  return (
    request.rootUnbound === true &&
    principal.kind === 'root' &&
    ownerOf(request, principal) === principal.account
  );
}

/** The tags of the resource, where a policy asks for them and the service tells. */
function tagsFor(
  call: Call,
  { action, resource }: ActionRequest,
  policies: PolicySet,
): MaybePromise<Readonly<Record<string, string>> | undefined> {
  if (resource === '*' || !asksResourceTags(policies)) return undefined;
  return ownerOfAction(call, action).resourceTags?.(resource, call.ctx);
}

/** Whether any of the policies asks for the tags of the resource. */
export function asksResourceTags(set: PolicySet): boolean {
  const { identity, boundary, session, resource, scps, rcps } = set;
  return (
    identity.some(asks) ||
    (boundary !== undefined && asks(boundary)) ||
    (resource !== undefined && asks(resource)) ||
    session?.some(asks) === true ||
    scps?.some((level) => level.some(asks)) === true ||
    rcps?.some((level) => level.some(asks)) === true
  );
}

function asks(policy: CompiledPolicy): boolean {
  return policy.asksResourceTags;
}

/** What the organizations of the caller and of the resource's owner say; undefined when neither has one. */
export function controlsFor(
  organizations: OrganizationsPort,
  principal: Principal,
  request: ActionRequest,
): MaybePromise<Controls | undefined> {
  const caller = organizations.controls(principal.account);
  const account = ownerOf(request, principal);
  const owner = account === principal.account ? caller : organizations.controls(account);
  return after(caller, (one) => after(owner, (other) => bothOf(one, other)));
}

function bothOf(
  caller: AccountControls | undefined,
  owner: AccountControls | undefined,
): Controls | undefined {
  return caller === undefined && owner === undefined ? undefined : { caller, owner };
}

/** The statement that would let the request in, as a person would add it. */
export function missingStatement(request: ActionRequest): string {
  return JSON.stringify({ Effect: 'Allow', Action: request.action, Resource: request.resource });
}

/** EC2's family says less and encodes the rest; all others say it. */
function denialWords(call: Call, denied: ActionDecision, controls: Controls | undefined): string {
  const { request, decision } = denied;
  const message = denialMessage(
    call.principal,
    request.action,
    request.named ?? request.resource,
    decision,
    controls?.caller?.organizationId,
  );
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
export function authorise(call: Call): MaybePromise<void> {
  const { definition, operation, ctx, host } = call;
  const rule = definition.authorisation[operation.name];
  if (rule === 'none') {
    call.decision = 'public';
    const { unsignedScope } = definition;
    if (unsignedScope === undefined || call.principal.kind !== 'anonymous') return;
    return unsignedScope(call.input, ctx).then((scope) => {
      if (scope === undefined) return;
      call.region = scope.region;
      call.principal = { kind: 'anonymous', account: scope.account };
      call.ctx = ctx.as({ ...scope, principal: call.principal });
    });
  }
  if (rule === undefined) {
    throw refusal(
      'access-denied',
      call.protocolName,
      `${definition.name}.${operation.name} has no authorisation mapping in Lambent, so it is denied.`,
    );
  }
  const principal = compiledPrincipal(host.ports.identity, call.principal);
  const requests = rule(call.input, { account: ctx.account, region: call.region, ctx });
  return after(principal, (policies) =>
    after(requests, (asked) => (asked === 'none' ? undefined : judgeAll(call, asked, policies))),
  );
}

/** What a request that names nothing needs: nothing reaches a handler undecided. */
function unnamed({ service, operation }: Call): ActionRequest {
  return { action: `${signingName(service.metadata)}:${operation.name}`, resource: '*' };
}

/** Each in its turn: a denial is of the first request that is denied. */
function judgeAll(
  call: Call,
  requests: readonly ActionRequest[],
  principal: CompiledPrincipal,
  from = 0,
): MaybePromise<void> {
  if (requests.length === 0) return judge(call, unnamed(call), principal);
  for (let index = from; index < requests.length; index++) {
    const judged = judge(call, requests[index] as ActionRequest, principal);
    if (judged instanceof Promise) return judged.then(() => judgeAll(call, requests, principal, index + 1));
  }
}

function conclude(call: Call, decided: ActionDecision, controls: Controls | undefined): void {
  const { host } = call;
  const { request, decision } = decided;
  call.decision = decision;
  call.ctx.noteDecision(decided);
  if (decision.allowed) return;
  host.log.event(
    'info',
    `${host.iam === 'audit' ? 'would deny' : 'denied'} ${principalName(call.principal)}`,
    {
      requestId: call.requestId,
      [decision.outcome === 'explicit-deny' ? 'deniedBy' : 'missing']:
        decision.outcome === 'explicit-deny' ? decision.policyId : missingStatement(request),
    },
  );
  if (decided.audited === true) return;
  const message = denialWords(call, decided, controls);
  const { denial } = call.definition;
  if (denial === undefined) throw refusal('access-denied', call.protocolName, message);
  throw new Fault(denial.code, message, {}, denial.status);
}
