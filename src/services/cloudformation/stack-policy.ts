import { validationError } from './fault.ts';

/**
 * What updates may do with a stack's resources.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
 */
export interface StackPolicy {
  readonly statements: readonly PolicyStatement[];
}

export type UpdateAction = 'Update:Modify' | 'Update:Replace' | 'Update:Delete';

interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly notActions: boolean;
  readonly resources: readonly string[];
  readonly notResources: boolean;
  /** Types it is about; of every type without them. */
  readonly types: readonly string[] | undefined;
}

const ACTIONS = new Set(['Update:Modify', 'Update:Replace', 'Update:Delete', 'Update:*']);
const LONGEST = 16_384;

/** Reads a policy; throws where AWS would not take it. */
export function readStackPolicy(text: string): StackPolicy {
  if (text.length > LONGEST) throw invalid();
  const policy = object(parsed(text));
  const { Statement: statement = [], Version: _version, ...others } = policy;
  if (Object.keys(others).length > 0) throw invalid();
  return { statements: (Array.isArray(statement) ? statement : [statement]).map(readStatement) };
}

/** Why an update may not do this; undefined where it may. Without a statement nothing is protected. */
export function stackPolicyRefusal(
  { statements }: StackPolicy,
  action: UpdateAction,
  resource: { readonly logicalId: string; readonly type: string },
): string | undefined {
  if (statements.length === 0) return undefined;
  const name = `LogicalResourceId/${resource.logicalId}`;
  const about = (statement: PolicyStatement) =>
    statement.actions.some((one) => one === 'Update:*' || one === action) !== statement.notActions &&
    statement.resources.some((one) => matches(one, name)) !== statement.notResources &&
    (statement.types?.some((one) => matches(one, resource.type)) ?? true);
  const denial = statements.findIndex((one) => one.effect === 'Deny' && about(one));
  if (denial >= 0)
    return `Action denied by stack policy: Statement [#${denial + 1}] does not allow [${action}] for resource [${name}];`;
  if (statements.some((one) => one.effect === 'Allow' && about(one))) return undefined;
  return `Action not allowed by stack policy: no statement allows [${action}] for resource [${name}];`;
}

function readStatement(json: unknown): PolicyStatement {
  const {
    Sid: _sid,
    Effect,
    Action,
    NotAction,
    Resource,
    NotResource,
    Principal,
    Condition,
    ...others
  } = object(json);
  if (Object.keys(others).length > 0) throw invalid();
  if (Effect !== 'Allow' && Effect !== 'Deny') throw invalid();
  if (Principal !== '*' && !(Array.isArray(Principal) && Principal.length === 1 && Principal[0] === '*'))
    throw invalid();
  if ((Action === undefined) === (NotAction === undefined)) throw invalid();
  if ((Resource === undefined) === (NotResource === undefined)) throw invalid();
  const actions = texts(Action ?? NotAction);
  if (!actions.every((one) => ACTIONS.has(one))) throw invalid();
  const resources = texts(Resource ?? NotResource);
  if (!resources.every((one) => one === '*' || one.startsWith('LogicalResourceId/'))) throw invalid();
  return {
    effect: Effect,
    actions,
    notActions: NotAction !== undefined,
    resources,
    notResources: NotResource !== undefined,
    types: Condition === undefined ? undefined : readCondition(Condition),
  };
}

function readCondition(json: unknown): readonly string[] {
  const { StringEquals, StringLike, ...others } = object(json);
  if (Object.keys(others).length > 0) throw invalid();
  const equal = StringEquals === undefined ? [] : texts(object(StringEquals)['ResourceType']);
  const like = StringLike === undefined ? [] : texts(object(StringLike)['ResourceType']);
  if (equal.some((one) => /[*?]/.test(one))) throw invalid();
  return [...equal, ...like];
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return pattern === text;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  const last = rest.pop() ?? '';
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid();
  }
}

function texts(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one) => {
    if (typeof one !== 'string') throw invalid();
    return one;
  });
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid();
  return value as Readonly<Record<string, unknown>>;
}

function invalid() {
  return validationError('Error validating stack policy: Invalid stack policy');
}
