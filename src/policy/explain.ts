import { type CompiledPolicy, type CompiledStatement, compilePolicy } from './compile.ts';
import type { PolicyStatement, PrincipalElement } from './document.ts';
import { type Decision, decide, type Layer, type PolicySet } from './evaluate.ts';
import type { ContextValue, PolicyRequest } from './request.ts';

/** One decision as a person asks about it: who was consulted, what decided, and what came close. Plain JSON. */
export interface Explanation {
  readonly action: string;
  readonly resource: string;
  readonly outcome: Decision['outcome'];
  readonly layer: Layer;
  readonly consulted: readonly ConsultedPolicy[];
  /** The statement that allowed or denied; absent when none did. */
  readonly statement?: ShownStatement;
  /** After an implicit deny: statements that allow the action, but not here or not now. */
  readonly nearMisses: readonly NearMiss[];
  /** After an implicit deny: the kinds of policy that would have to allow besides. */
  readonly alsoMissing?: readonly Layer[];
  /** What the request had for the keys that the deciding statement's conditions ask for. */
  readonly asked?: Readonly<Record<string, ContextValue>>;
}

export interface ConsultedPolicy {
  readonly kind: Layer;
  readonly id: string;
}

export interface ShownStatement extends ConsultedPolicy {
  /** Counts from 0. */
  readonly index: number;
  readonly sid?: string;
  /** As a policy spells it. */
  readonly text: Readonly<Record<string, unknown>>;
}

export interface NearMiss {
  readonly statement: ShownStatement;
  /** It does not hold the resource. */
  readonly otherResource: boolean;
  /** It does not name the caller. */
  readonly otherPrincipal: boolean;
  readonly unmet: readonly UnmetCondition[];
}

export interface UnmetCondition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
  /** What the request had; absent when it had no such key. */
  readonly found?: ContextValue;
}

const MOST_NEAR_MISSES = 5;
/** Control policies of both kinds, the resource's, identity, boundary, session. */
const MOST_LAYERS = 6;

type Asked = Pick<PolicyRequest, 'action' | 'resource'>;

/**
 * Explains a decision that {@link decide} made over the same policies. Near misses need the request whole; without
 * its context they are left out.
 */
export function explain(
  asked: Asked,
  policies: PolicySet,
  decision: Decision,
  request?: PolicyRequest,
): Explanation {
  const all = [...consultedPolicies(policies)];
  const { outcome, layer, policyId, statement: index } = decision;
  const by =
    policyId === undefined || index === undefined
      ? undefined
      : (all.find(([kind, { id }]) => kind === layer && id === policyId) ??
        all.find(([, { id }]) => id === policyId));
  const source = by?.[1].document.statements[index ?? 0];
  return {
    action: asked.action,
    resource: asked.resource,
    outcome,
    layer,
    consulted: all.map(([kind, { id }]) => ({ kind, id })),
    ...(by === undefined || source === undefined || index === undefined
      ? {}
      : { statement: shown(by[0], by[1].id, index, source) }),
    ...askedOf(source, request),
    ...(request === undefined || outcome !== 'implicit-deny'
      ? {}
      : { alsoMissing: missingBesides(layer, request, policies) }),
    nearMisses:
      request === undefined || outcome !== 'implicit-deny'
        ? []
        : all
            .filter(([kind]) => kind === layer)
            .flatMap(([kind, policy]) => nearMisses(kind, policy, request))
            .slice(0, MOST_NEAR_MISSES),
  };
}

function askedOf(
  source: PolicyStatement | undefined,
  request: PolicyRequest | undefined,
): Pick<Explanation, 'asked'> {
  if (source === undefined || request === undefined || source.conditions.length === 0) return {};
  const asked = source.conditions.flatMap(({ key }) => {
    const found = request.context.get(key.toLowerCase());
    return found === undefined ? [] : [[key, found] as const];
  });
  return { asked: Object.fromEntries(asked) };
}

const EVERYTHING = compilePolicy(
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
  'everything',
);

/** The policies as they would be if those of one kind allowed. */
function allowing(layer: Layer, policies: PolicySet): PolicySet {
  switch (layer) {
    case 'rcp':
      return { ...policies, rcps: undefined };
    case 'scp':
      return { ...policies, scps: undefined };
    case 'resource':
    case 'trust':
      return { ...policies, resource: EVERYTHING };
    case 'identity':
      return { ...policies, identity: [EVERYTHING] };
    case 'boundary':
      return { ...policies, boundary: undefined };
    default:
      return { ...policies, session: [EVERYTHING] };
  }
}

/** Which further kinds of policy deny once the one that decided no longer does, in AWS's order. */
function missingBesides(first: Layer, request: PolicyRequest, policies: PolicySet): readonly Layer[] {
  const missing: Layer[] = [];
  let set = allowing(first, policies);
  for (let asked = 0; asked < MOST_LAYERS; asked++) {
    const { outcome, layer } = decide(request, set);
    if (outcome !== 'implicit-deny') break;
    missing.push(layer);
    set = allowing(layer, set);
  }
  return missing;
}

function* consultedPolicies(policies: PolicySet): Generator<readonly [Layer, CompiledPolicy]> {
  const { rcps = [], scps = [], resource, identity, boundary, session = [] } = policies;
  for (const policy of rcps.flat()) yield ['rcp', policy];
  for (const policy of scps.flat()) yield ['scp', policy];
  if (resource !== undefined) yield [policies.resourceMustAllow ?? 'resource', resource];
  for (const policy of identity) yield ['identity', policy];
  if (boundary !== undefined) yield ['boundary', boundary];
  for (const policy of session) yield ['session', policy];
}

function nearMisses(kind: Layer, policy: CompiledPolicy, request: PolicyRequest): readonly NearMiss[] {
  const action = request.action.toLowerCase();
  const holding: readonly CompiledStatement[] = [
    ...policy.allows.spelling(action),
    ...policy.allows.wildcards().filter((statement) => statement.holdsAction(action)),
  ];
  return holding.map((statement) => ({
    statement: shown(kind, policy.id, statement.index, statement.source),
    otherResource: !statement.holdsResource(request.resource, request.context),
    otherPrincipal: statement.source.principals !== undefined && statement.naming(request) === 0,
    unmet: statement.unmet(request.context).map(({ operator, key, values }) => {
      const found = request.context.get(key.toLowerCase());
      return { operator, key, values, ...(found === undefined ? {} : { found }) };
    }),
  }));
}

function shown(kind: Layer, id: string, index: number, source: PolicyStatement): ShownStatement {
  return {
    kind,
    id,
    index,
    ...(source.sid === undefined ? {} : { sid: source.sid }),
    text: statementJson(source),
  };
}

/** A parsed statement as a document spells it. */
export function statementJson(source: PolicyStatement): Readonly<Record<string, unknown>> {
  const { sid, effect, actions, notActions, resources, notResources, principals, notPrincipals, conditions } =
    source;
  const condition: Record<string, Record<string, string | readonly string[]>> = {};
  for (const { operator, key, values } of conditions) {
    (condition[operator] ??= {})[key] = oneOrMany(values);
  }
  return {
    ...(sid === undefined ? {} : { Sid: sid }),
    Effect: effect,
    ...(principals === undefined
      ? {}
      : { [notPrincipals ? 'NotPrincipal' : 'Principal']: principalJson(principals) }),
    [notActions ? 'NotAction' : 'Action']: oneOrMany(actions),
    ...(resources === undefined ? {} : { [notResources ? 'NotResource' : 'Resource']: oneOrMany(resources) }),
    ...(conditions.length === 0 ? {} : { Condition: condition }),
  };
}

function principalJson(principals: PrincipalElement): unknown {
  const kinds = Object.entries(principals).filter(([, names]) => names.length > 0);
  if (kinds.length === 1 && principals.AWS.length === 1 && principals.AWS[0] === '*') return '*';
  return Object.fromEntries(kinds.map(([kind, names]) => [kind, oneOrMany(names)]));
}

function oneOrMany(values: readonly string[]): string | readonly string[] {
  return values.length === 1 && values[0] !== undefined ? values[0] : values;
}
