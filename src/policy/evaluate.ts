import type { ActionIndex, CompiledPolicy, CompiledStatement } from './compile.ts';
import { BY_ACCOUNT, BY_ROLE, DIRECTLY, type Naming, UNNAMED } from './principal.ts';
import type { PolicyRequest } from './request.ts';

/**
 * The order in which AWS combines policies.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export interface PolicySet {
  /** Of the user and its groups, or of the role. */
  readonly identity: readonly CompiledPolicy[];
  readonly boundary?: CompiledPolicy | undefined;
  /** Absent or empty: the session has none. A federated user's session without one may do nothing of its own. */
  readonly session?: readonly CompiledPolicy[] | undefined;
  /** Attached to the resource: a bucket's, a function's, a role's trust policy. */
  readonly resource?: CompiledPolicy | undefined;
  /**
   * Set where without the word of the resource's policy even the resource's own account has no access: `trust` for a
   * role's, `resource` for a KMS key's.
   */
  readonly resourceMustAllow?: 'trust' | 'resource' | undefined;
  /** Service control policies of the principal's account, one list for each level from the root down. */
  readonly scps?: readonly (readonly CompiledPolicy[])[] | undefined;
  /** Resource control policies of the resource's account, likewise. */
  readonly rcps?: readonly (readonly CompiledPolicy[])[] | undefined;
}

/** Which kind of policy decided; `trust` is a role's trust policy. */
export type Layer = 'rcp' | 'scp' | 'resource' | 'trust' | 'identity' | 'boundary' | 'session' | 'root';

export interface Decision {
  readonly allowed: boolean;
  readonly outcome: 'allowed' | 'explicit-deny' | 'implicit-deny';
  readonly layer: Layer;
  /** The statement that allowed or denied; absent when none did. */
  readonly policyId?: string;
  readonly statement?: number;
  readonly sid?: string | undefined;
}

/** Decides one action on one resource. Costs a map look-up a policy, plus the statements that hold the action. */
export function decide(request: PolicyRequest, policies: PolicySet): Decision {
  const action = request.action.toLowerCase();
  const { principal } = request;
  const { identity, boundary, session, resource, scps, rcps } = policies;
  const resourceLayer = policies.resourceMustAllow ?? 'resource';
  const bound =
    principal.kind !== 'service' && principal.kind !== 'anonymous' && principal.kind !== 'web-identity';

  let denied = deniedAmong(rcps, request, action);
  if (denied !== undefined) return decided('explicit-deny', 'rcp', denied);
  if (bound && (denied = deniedAmong(scps, request, action)) !== undefined)
    return decided('explicit-deny', 'scp', denied);
  if (resource !== undefined && (denied = resourceDeny(resource, request, action)) !== undefined)
    return decided('explicit-deny', resourceLayer, denied);
  if (bound) {
    if ((denied = anyStatement(identity, 'denies', request, action)) !== undefined)
      return decided('explicit-deny', 'identity', denied);
    if (boundary !== undefined && (denied = statementOf(boundary.denies, request, action)) !== undefined)
      return decided('explicit-deny', 'boundary', denied);
    if (session !== undefined && (denied = anyStatement(session, 'denies', request, action)) !== undefined)
      return decided('explicit-deny', 'session', denied);
  }

  if (!levelsAllow(rcps, request, action)) return implicit('rcp');
  if (bound && !levelsAllow(scps, request, action)) return implicit('scp');

  let naming: Naming = UNNAMED;
  let granting: CompiledStatement | undefined;
  if (resource !== undefined) {
    const statements = resource.allows;
    for (const statement of statements.spelling(action)) {
      const found = statement.naming(request);
      if (found > naming && statement.applies(request)) {
        naming = found;
        granting = statement;
      }
    }
    for (const statement of statements.wildcards()) {
      if (!statement.holdsAction(action)) continue;
      const found = statement.naming(request);
      if (found > naming && statement.applies(request)) {
        naming = found;
        granting = statement;
      }
    }
  }
  if (!bound) return naming >= BY_ROLE ? allowed(resourceLayer, granting) : implicit(resourceLayer);

  const sameAccount = request.resourceAccount === undefined || request.resourceAccount === principal.account;
  if (sameAccount && naming === DIRECTLY) return allowed(resourceLayer, granting);
  if (naming === UNNAMED && (policies.resourceMustAllow !== undefined || !sameAccount))
    return implicit(resourceLayer);

  const grantedByResource = sameAccount && naming === BY_ROLE;
  if (!grantedByResource && principal.kind !== 'root') {
    granting = anyStatement(identity, 'allows', request, action);
    if (granting === undefined) return implicit('identity');
  }
  if (boundary !== undefined && statementOf(boundary.allows, request, action) === undefined)
    return implicit('boundary');
  const capped = (session !== undefined && session.length > 0) || principal.kind === 'federated-user';
  if (capped && anyStatement(session ?? [], 'allows', request, action) === undefined)
    return implicit('session');
  if (grantedByResource) return allowed(resourceLayer, granting);
  return principal.kind === 'root' ? allowed('root', undefined) : allowed('identity', granting);
}

/** The policies' statements that hold for the request, whatever they say together; for the policy simulator. */
export function matchingStatements(
  policy: CompiledPolicy,
  request: PolicyRequest,
  effect: 'allows' | 'denies',
): readonly CompiledStatement[] {
  const action = request.action.toLowerCase();
  const index = policy[effect];
  return [
    ...index.spelling(action),
    ...index.wildcards().filter((statement) => statement.holdsAction(action)),
  ].filter((statement) => statement.applies(request));
}

function statementOf(
  index: ActionIndex,
  request: PolicyRequest,
  action: string,
): CompiledStatement | undefined {
  if (index.empty) return undefined;
  for (const statement of index.spelling(action)) if (statement.applies(request)) return statement;
  for (const statement of index.wildcards())
    if (statement.holdsAction(action) && statement.applies(request)) return statement;
  return undefined;
}

function anyStatement(
  policies: readonly CompiledPolicy[],
  effect: 'allows' | 'denies',
  request: PolicyRequest,
  action: string,
): CompiledStatement | undefined {
  for (const policy of policies) {
    const statement = statementOf(policy[effect], request, action);
    if (statement !== undefined) return statement;
  }
  return undefined;
}

/** A Deny of the resource's policy names its victims by account too. */
function resourceDeny(
  policy: CompiledPolicy,
  request: PolicyRequest,
  action: string,
): CompiledStatement | undefined {
  const index = policy.denies;
  if (index.empty) return undefined;
  for (const statement of index.spelling(action))
    if (statement.naming(request) >= BY_ACCOUNT && statement.applies(request)) return statement;
  for (const statement of index.wildcards()) {
    if (
      statement.holdsAction(action) &&
      statement.naming(request) >= BY_ACCOUNT &&
      statement.applies(request)
    )
      return statement;
  }
  return undefined;
}

type Levels = readonly (readonly CompiledPolicy[])[];

function deniedAmong(levels: Levels | undefined, request: PolicyRequest, action: string) {
  if (levels === undefined) return undefined;
  for (const level of levels) {
    const denied = anyStatement(level, 'denies', request, action);
    if (denied !== undefined) return denied;
  }
  return undefined;
}

/** Every level must allow. */
function levelsAllow(levels: Levels | undefined, request: PolicyRequest, action: string): boolean {
  if (levels === undefined) return true;
  for (const level of levels) if (anyStatement(level, 'allows', request, action) === undefined) return false;
  return true;
}

function decided(outcome: 'explicit-deny', layer: Layer, by: CompiledStatement): Decision {
  return { allowed: false, outcome, layer, policyId: by.policyId, statement: by.index, sid: by.source.sid };
}

function implicit(layer: Layer): Decision {
  return { allowed: false, outcome: 'implicit-deny', layer };
}

function allowed(layer: Layer, by: CompiledStatement | undefined): Decision {
  if (by === undefined) return { allowed: true, outcome: 'allowed', layer };
  return {
    allowed: true,
    outcome: 'allowed',
    layer,
    policyId: by.policyId,
    statement: by.index,
    sid: by.source.sid,
  };
}
