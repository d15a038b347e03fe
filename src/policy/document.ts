/**
 * Policy documents as JSON text, and AWS's words for what is wrong with them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export interface PolicyDocument {
  readonly version: '2008-10-17' | '2012-10-17';
  readonly id: string | undefined;
  readonly statements: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  /** Whether the effect is written as it should be; trust policies may write it in any case. */
  readonly effectSpelled: boolean;
  readonly actions: readonly string[];
  readonly notActions: boolean;
  /** Absent in trust policies, whose resource is the role they belong to. */
  readonly resources: readonly string[] | undefined;
  readonly notResources: boolean;
  readonly principals: PrincipalElement | undefined;
  readonly notPrincipals: boolean;
  readonly conditions: readonly ConditionElement[];
}

/** `*` is `{ AWS: ['*'] }`. */
export interface PrincipalElement {
  readonly AWS: readonly string[];
  readonly Service: readonly string[];
  readonly Federated: readonly string[];
  readonly CanonicalUser: readonly string[];
}

export interface ConditionElement {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** The document is not a policy; the message is AWS's, for `MalformedPolicyDocument` and its like. */
export class MalformedPolicy extends Error {
  override readonly name = 'MalformedPolicy';
}

/** A condition operator that does not exist, which only the services of resource policies name. */
export class UnknownOperator extends MalformedPolicy {}

export const SYNTAX = 'Syntax errors in policy.';
const TOP_ELEMENTS = new Set(['Version', 'Id', 'Statement']);
const STATEMENT_ELEMENTS = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'Condition',
]);

/** Reads a document of any kind; throws {@link MalformedPolicy}. What only one kind must hold is in `validate.ts`. */
export function parseDocument(text: string): PolicyDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MalformedPolicy('This policy contains invalid Json');
  }
  const document = object(json);
  if (Object.keys(document).some((name) => !TOP_ELEMENTS.has(name))) throw new MalformedPolicy(SYNTAX);
  const { Version: version = '2008-10-17', Id: id, Statement: statement } = document;
  if (version !== '2008-10-17' && version !== '2012-10-17') throw new MalformedPolicy(SYNTAX);
  if (id !== undefined && typeof id !== 'string') throw new MalformedPolicy(SYNTAX);
  const list = Array.isArray(statement) ? statement : [statement];
  return { version, id, statements: list.map(parseStatement) };
}

function parseStatement(json: unknown): PolicyStatement {
  const statement = object(json);
  if (Object.keys(statement).some((name) => !STATEMENT_ELEMENTS.has(name))) throw new MalformedPolicy(SYNTAX);
  const { Sid: sid, Effect: effect } = statement;
  if (sid !== undefined && typeof sid !== 'string') throw new MalformedPolicy(SYNTAX);
  if (typeof effect !== 'string') throw new MalformedPolicy(SYNTAX);
  const meant = (['Allow', 'Deny'] as const).find((each) => each.toLowerCase() === effect.toLowerCase());
  if (meant === undefined) throw new MalformedPolicy(SYNTAX);
  const actions = either(statement, 'Action', 'NotAction');
  const resources = either(statement, 'Resource', 'NotResource');
  if ('Principal' in statement && 'NotPrincipal' in statement) throw new MalformedPolicy(SYNTAX);
  const principal = statement['Principal'] ?? statement['NotPrincipal'];
  return {
    sid,
    effect: meant,
    effectSpelled: effect === meant,
    actions: actions.values ?? [],
    notActions: actions.negated,
    resources: resources.values,
    notResources: resources.negated,
    principals: principal === undefined ? undefined : parsePrincipals(principal),
    notPrincipals: 'NotPrincipal' in statement,
    conditions: parseConditions(statement['Condition']),
  };
}

function either(
  statement: Readonly<Record<string, unknown>>,
  name: string,
  negation: string,
): { readonly values: readonly string[] | undefined; readonly negated: boolean } {
  if (name in statement && negation in statement) throw new MalformedPolicy(SYNTAX);
  const negated = negation in statement;
  const value = statement[negated ? negation : name];
  return { values: value === undefined ? undefined : strings(value), negated };
}

function parsePrincipals(json: unknown): PrincipalElement {
  const none = { AWS: [], Service: [], Federated: [], CanonicalUser: [] };
  if (typeof json === 'string') {
    if (json !== '*') throw new MalformedPolicy(`Invalid principal in policy: "${json}"`);
    return { ...none, AWS: ['*'] };
  }
  const element: Record<string, readonly string[]> = {};
  for (const [kind, value] of Object.entries(object(json))) {
    if (!Object.hasOwn(none, kind)) throw new MalformedPolicy(`Invalid principal in policy: "${kind}"`);
    element[kind] = strings(value);
  }
  return { ...none, ...element };
}

function parseConditions(json: unknown): readonly ConditionElement[] {
  if (json === undefined) return [];
  const conditions: ConditionElement[] = [];
  for (const [operator, keys] of Object.entries(object(json))) {
    for (const [key, value] of Object.entries(object(keys))) {
      const list = Array.isArray(value) ? value : [value];
      conditions.push({ operator, key, values: list.map(scalar) });
    }
  }
  return conditions;
}

function scalar(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    throw new MalformedPolicy(SYNTAX);
  return String(value);
}

function strings(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (typeof item !== 'string') throw new MalformedPolicy(SYNTAX);
    return item;
  });
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MalformedPolicy(SYNTAX);
  return value as Readonly<Record<string, unknown>>;
}
