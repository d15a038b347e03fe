import { type CompiledCondition, compileCondition } from './condition.ts';
import {
  type ConditionElement,
  MalformedPolicy,
  type PolicyDocument,
  type PolicyStatement,
  parseDocument,
  UnknownOperator,
} from './document.ts';
import { Glob, wildcards } from './match.ts';
import { BY_ROLE, type Naming, PrincipalMatcher, UNNAMED } from './principal.ts';
import type { ContextLookup, PolicyRequest } from './request.ts';
import { type ArnMatcher, compileArn } from './resource.ts';

/** A policy ready to be asked: its statements found by action. */
export interface CompiledPolicy {
  /** As the caller named it: an ARN, `inline:<name>`. */
  readonly id: string;
  readonly document: PolicyDocument;
  readonly allows: ActionIndex;
  readonly denies: ActionIndex;
  /** Whether a condition or a variable asks for the tags of the resource: they are read only then. */
  readonly asksResourceTags: boolean;
}

/** Compiles a document; throws {@link MalformedPolicy}. Callers keep the result: compiling costs far more than deciding. */
export function compilePolicy(text: string, id: string): CompiledPolicy {
  return compileDocument(parseDocument(text), id);
}

export function compileDocument(document: PolicyDocument, id: string): CompiledPolicy {
  const allows = new ActionIndex();
  const denies = new ActionIndex();
  for (const [index, statement] of document.statements.entries()) {
    const compiled = new CompiledStatement(statement, index, id, document.version === '2012-10-17');
    (statement.effect === 'Allow' ? allows : denies).add(compiled);
  }
  return { id, document, allows, denies, asksResourceTags: document.statements.some(asksTags) };
}

function asksTags({ conditions, resources = [] }: PolicyStatement): boolean {
  return (
    conditions.some(({ key, values }) => RESOURCE_TAG.test(key) || values.some(isTagVariable)) ||
    resources.some(isTagVariable)
  );
}

/** S3 has a name of its own for them too. */
const RESOURCE_TAG = /:(?:resourcetag|buckettag)\//i;

function isTagVariable(text: string): boolean {
  return text.includes('${') && RESOURCE_TAG.test(text);
}

const NONE: readonly CompiledStatement[] = [];

/** The statements of one effect: those that spell the action out, and those with wildcards or NotAction. */
export class ActionIndex {
  private readonly exact = new Map<string, CompiledStatement[]>();
  private readonly wild: CompiledStatement[] = [];
  empty = true;

  add(statement: CompiledStatement): void {
    this.empty = false;
    const { actions, notActions } = statement.source;
    if (notActions || actions.some((action) => /[*?]/.test(action))) this.wild.push(statement);
    else {
      for (const action of new Set(actions.map((name) => name.toLowerCase()))) {
        const list = this.exact.get(action);
        if (list === undefined) this.exact.set(action, [statement]);
        else list.push(statement);
      }
    }
  }

  /** Statements whose actions are spelled out and hold this one (in lower case). */
  spelling(action: string): readonly CompiledStatement[] {
    return this.exact.get(action) ?? NONE;
  }

  /** Statements that must be asked whether they hold the action. */
  wildcards(): readonly CompiledStatement[] {
    return this.wild;
  }
}

export class CompiledStatement {
  readonly source: PolicyStatement;
  readonly index: number;
  readonly policyId: string;
  private readonly exactActions: ReadonlySet<string>;
  private readonly actionGlobs: readonly Glob[];
  /** Absent: every resource. */
  private readonly resources: readonly ArnMatcher[] | undefined;
  private readonly principals: PrincipalMatcher | undefined;
  private readonly conditions: readonly CompiledCondition[];

  constructor(source: PolicyStatement, index: number, policyId: string, variables: boolean) {
    this.source = source;
    this.index = index;
    this.policyId = policyId;
    const actions = source.actions.map((action) => action.toLowerCase());
    this.exactActions = new Set(actions.filter((action) => !/[*?]/.test(action)));
    this.actionGlobs = actions
      .filter((action) => /[*?]/.test(action))
      .map((action) => new Glob(wildcards(action)));
    this.resources = compileResources(source, variables);
    this.principals = source.principals && new PrincipalMatcher(source.principals);
    this.conditions = source.conditions.map(({ operator, key, values }) => {
      const condition = compileCondition(operator, key, values, variables);
      if (condition === 'unknown-operator') throw new UnknownOperator(`Invalid Condition type : ${operator}`);
      if (condition === 'invalid-value') throw new MalformedPolicy('The policy failed legacy parsing');
      return condition;
    });
  }

  /** `action` in lower case. */
  holdsAction(action: string): boolean {
    return (
      (this.exactActions.has(action) || this.actionGlobs.some((glob) => glob.matches(action))) !==
      this.source.notActions
    );
  }

  /** Resource and conditions; the action is known to match. */
  applies(request: PolicyRequest): boolean {
    return this.holdsResource(request.resource, request.context) && this.meets(request.context);
  }

  /** Whom the statement of a resource's policy names the caller as. */
  naming(request: PolicyRequest): Naming {
    if (this.principals === undefined) return UNNAMED;
    const { notPrincipals, effect } = this.source;
    if (!notPrincipals) return this.principals.naming(request.principal);
    // A deny lets go whom it names in full; an allow lets in only who is not named at all.
    const named =
      effect === 'Deny'
        ? this.principals.namesInFull(request.principal)
        : this.principals.naming(request.principal) !== UNNAMED;
    return named ? UNNAMED : BY_ROLE;
  }

  holdsResource(resource: string, context: ContextLookup): boolean {
    if (this.resources === undefined) return true;
    const { notResources, effect } = this.source;
    for (const matcher of this.resources) {
      const answer = matcher.matches(resource, context);
      if (answer === true) return !notResources;
      // Without its variable's value, a NotResource statement cannot tell what it leaves out: it must not grant.
      if (answer === undefined && notResources && effect === 'Allow') return false;
    }
    return notResources;
  }

  private meets(context: ContextLookup): boolean {
    for (const condition of this.conditions) if (!condition.holds(context)) return false;
    return true;
  }

  /** The conditions that do not hold. */
  unmet(context: ContextLookup): readonly ConditionElement[] {
    return this.source.conditions.filter((_, index) => this.conditions[index]?.holds(context) === false);
  }

  /** The context keys the conditions ask for, in lower case. */
  conditionKeys(): readonly string[] {
    return this.conditions.map(({ key }) => key);
  }
}

/** `undefined`: every resource, as in trust policies. */
function compileResources(
  { resources, notResources }: PolicyStatement,
  variables: boolean,
): readonly ArnMatcher[] | undefined {
  const matchers = resources?.map((text) => compileArn(text, variables));
  return !notResources && matchers?.some(({ matchesAll }) => matchesAll) ? undefined : matchers;
}
