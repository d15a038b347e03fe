import type {
  ContextEntry,
  EvaluationResult,
  PolicyEvaluationDecisionType,
  PolicySourceType,
  Statement,
} from '../../model/gen/iam.ts';
import { type CompiledPolicy, type CompiledStatement, compilePolicy } from '../../policy/compile.ts';
import { MalformedPolicy } from '../../policy/document.ts';
import { type Decision, decide, matchingStatements, type PolicySet } from '../../policy/evaluate.ts';
import {
  type ContextLookup,
  type ContextValue,
  type ContextValues,
  contextOf,
  type PolicyPrincipal,
  type PolicyRequest,
} from '../../policy/request.ts';
import { fault } from './fault.ts';
import { type StatementPosition, statementPositions } from './statement-position.ts';

/** Policies of identities, boundaries and given texts are all IAM policies to the simulator. */
type SourceType = Extract<PolicySourceType, 'IAM Policy' | 'resource'>;

/** A policy under simulation: what the answer calls it, and its text for the positions of its statements. */
export interface SimulatedPolicy {
  readonly id: string;
  readonly type: SourceType;
  readonly text: string;
  readonly compiled: CompiledPolicy;
  readonly positions: readonly StatementPosition[];
}

export interface Simulation {
  readonly identity: readonly SimulatedPolicy[];
  readonly boundary: readonly SimulatedPolicy[] | undefined;
  /** One list for each level from the root down. */
  readonly organization: readonly (readonly Pick<SimulatedPolicy, 'compiled'>[])[] | undefined;
  readonly resource: SimulatedPolicy | undefined;
  readonly resourceAccount: string | undefined;
  readonly principal: PolicyPrincipal;
  readonly context: ContextValues;
}

/** Compiles a policy; what is wrong with it is InvalidInput here. */
export function simulated(text: string, id: string, type: SourceType = 'IAM Policy'): SimulatedPolicy {
  try {
    return { id, type, text, compiled: compilePolicy(text, id), positions: statementPositions(text) };
  } catch (error) {
    if (error instanceof MalformedPolicy)
      throw fault('InvalidInput', `Invalid policy ${id}: ${error.message}`);
    throw error;
  }
}

const DECISIONS: Readonly<Record<Decision['outcome'], PolicyEvaluationDecisionType>> = {
  allowed: 'allowed',
  'explicit-deny': 'explicitDeny',
  'implicit-deny': 'implicitDeny',
};

/** Asks the engine one question and says what answered. */
export function simulate(simulation: Simulation, action: string, resource: string): EvaluationResult {
  const {
    identity,
    boundary,
    organization,
    resource: resourcePolicy,
    principal,
    resourceAccount,
  } = simulation;
  const context = new RecordingContext(contextOf(simulation.context));
  const request: PolicyRequest = {
    action,
    resource,
    principal,
    context,
    ...(resourceAccount === undefined ? {} : { resourceAccount }),
  };
  const policies: PolicySet = {
    identity: identity.map(({ compiled }) => compiled),
    resource: resourcePolicy?.compiled,
    scps: organization?.map((level) => level.map(({ compiled }) => compiled)),
  };
  let decision = decide(request, policies);
  // The simulator takes several boundaries; each of them has to allow.
  for (const { compiled } of boundary ?? []) {
    const bounded = decide(request, { ...policies, boundary: compiled });
    if (decision.allowed || bounded.outcome === 'explicit-deny') decision = bounded;
  }
  const sources = [...identity, ...(boundary ?? []), ...(resourcePolicy ? [resourcePolicy] : [])];
  const effect = decision.outcome === 'explicit-deny' ? 'denies' : 'allows';
  const matched =
    decision.outcome === 'implicit-deny'
      ? []
      : sources.flatMap((source) =>
          matchingStatements(source.compiled, request, effect).map((found) => shown(found, source)),
        );
  return {
    EvalActionName: action,
    EvalResourceName: resource,
    EvalDecision: DECISIONS[decision.outcome],
    MatchedStatements: matched,
    MissingContextValues: spelled(context.missing, sources),
    PermissionsBoundaryDecisionDetail:
      boundary === undefined
        ? undefined
        : { AllowedByPermissionsBoundary: boundary.every(({ compiled }) => allows(compiled, request)) },
    OrganizationsDecisionDetail:
      organization === undefined ? undefined : { AllowedByOrganizations: decision.layer !== 'scp' },
  };
}

/** Keys as the policies spell them. */
function spelled(keys: ReadonlySet<string>, sources: readonly SimulatedPolicy[]): string[] {
  const spellings = new Map(sources.flatMap(contextKeysIn).map((key) => [key.toLowerCase(), key] as const));
  return [...keys].map((key) => spellings.get(key) ?? key).sort();
}

function allows(policy: CompiledPolicy, request: PolicyRequest): boolean {
  return (
    matchingStatements(policy, request, 'allows').length > 0 &&
    matchingStatements(policy, request, 'denies').length === 0
  );
}

function shown(statement: CompiledStatement, source: SimulatedPolicy): Statement {
  const position = source.positions[statement.index];
  return {
    SourcePolicyId: source.id,
    SourcePolicyType: source.type,
    StartPosition: position?.start,
    EndPosition: position?.end,
  };
}

/** Notes the keys that policies asked for in vain. */
class RecordingContext implements ContextLookup {
  readonly missing = new Set<string>();
  readonly #context: ContextLookup;

  constructor(context: ContextLookup) {
    this.#context = context;
  }

  get(key: string): ContextValue | undefined {
    const value = this.#context.get(key);
    if (value === undefined) this.missing.add(key);
    return value;
  }
}

export function contextFromEntries(entries: readonly ContextEntry[] = []): ContextValues {
  return Object.fromEntries(
    entries.flatMap(({ ContextKeyName, ContextKeyValues = [], ContextKeyType = 'string' }) => {
      if (ContextKeyName === undefined) return [];
      const [first = ''] = ContextKeyValues;
      return [[ContextKeyName, ContextKeyType.endsWith('List') ? ContextKeyValues : first] as const];
    }),
  );
}

/** Keys that conditions and variables of a policy ask for, as they are spelled. */
export function contextKeysOf(text: string): readonly string[] {
  return contextKeysIn(simulated(text, 'PolicyInputList'));
}

function contextKeysIn({ text, compiled }: SimulatedPolicy): readonly string[] {
  const { statements, version } = compiled.document;
  const keys = statements.flatMap(({ conditions }) => conditions.map(({ key }) => key));
  const variables =
    version === '2012-10-17'
      ? [...text.matchAll(/\$\{\s*([^\s,{}'$*?"\\]+)\s*(?:,\s*'[^']*'\s*)?\}/g)].map(([, key = '']) => key)
      : [];
  return [...keys, ...variables];
}
