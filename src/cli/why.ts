/** A decision as `/_lambent/iam/why` answers it. */
export interface Decided {
  readonly requestId: string;
  readonly atMs: number;
  readonly service: string;
  readonly operation: string;
  readonly principal: string;
  readonly principalKind: string;
  readonly answer: 'allowed' | 'denied' | 'would-deny';
  readonly errorCode?: string;
  readonly decisions: readonly DecidedAction[];
}

interface Policy {
  readonly kind: string;
  readonly id: string;
}

interface Statement extends Policy {
  readonly index: number;
  readonly sid?: string;
  readonly text: Readonly<Record<string, unknown>>;
}

interface DecidedAction {
  readonly action: string;
  readonly resource: string;
  readonly outcome: 'allowed' | 'explicit-deny' | 'implicit-deny';
  readonly layer: string;
  readonly consulted: readonly Policy[];
  readonly alsoMissing?: readonly string[];
  readonly asked?: Readonly<Record<string, unknown>>;
  readonly statement?: Statement;
  readonly nearMisses: readonly {
    readonly statement: Statement;
    readonly otherResource: boolean;
    readonly otherPrincipal: boolean;
    readonly unmet: readonly {
      readonly operator: string;
      readonly key: string;
      readonly values: readonly string[];
      readonly found?: unknown;
    }[];
  }[];
}

const KINDS: Readonly<Record<string, string>> = {
  rcp: 'resource control policy',
  scp: 'service control policy',
  resource: "resource's policy",
  trust: "role's trust policy",
  identity: 'identity policy',
  boundary: 'permissions boundary',
  session: 'session policy',
};

/** The decision in plain words, a line each. */
export function whyLines(decided: Decided): readonly string[] {
  const { requestId, atMs, service, operation, principal, answer, errorCode, decisions } = decided;
  const verb =
    answer === 'denied' ? 'was denied' : answer === 'would-deny' ? 'would have been denied' : 'was allowed';
  return [
    `${principal} ${verb} ${service}.${operation}`,
    `request ${requestId} at ${new Date(atMs).toISOString()}`,
    ...(decisions.length === 0
      ? [nothingAsked(decided)]
      : decisions.flatMap((one) => actionLines(one, decided))),
    ...(errorCode === undefined || answer !== 'allowed' || decisions.length === 0
      ? []
      : ['', `Permissions let it through; it failed afterwards with ${errorCode}.`]),
  ];
}

function nothingAsked({ answer, errorCode }: Decided): string {
  if (answer === 'denied') return 'No policy decided this: the service refused it by a rule of its own.';
  return errorCode === undefined
    ? 'No permission is needed for this operation.'
    : `It failed with ${errorCode} without any permission being asked for.`;
}

function actionLines(one: DecidedAction, decided: Decided): readonly string[] {
  return [
    '',
    `${one.action} on ${one.resource}: ${outcomeWords(one)}`,
    ...consultedLines(one, decided),
    ...(one.statement === undefined ? [] : statementLines('decided by', one.statement)),
    ...Object.entries(one.asked ?? {}).map(
      ([key, value]) => `    in this request ${key} is ${JSON.stringify(value)}`,
    ),
    ...one.nearMisses.flatMap((miss) => [
      ...statementLines('came close:', miss.statement),
      ...(miss.otherPrincipal ? ['    but it does not name this caller'] : []),
      ...(miss.otherResource ? ['    but not for this resource'] : []),
      ...miss.unmet.map(
        ({ operator, key, values, found }) =>
          `    but ${key} ${found === undefined ? 'is not in the request' : `is ${JSON.stringify(found)}`}, and ${operator} wants ${values.join(' or ')}`,
      ),
    ]),
    ...remedyLines(one, decided),
  ];
}

function outcomeWords({ outcome, layer }: DecidedAction): string {
  if (outcome === 'allowed')
    return layer === 'root' ? 'allowed, because the account’s root may do everything' : 'allowed';
  if (outcome === 'explicit-deny') return `denied by a statement of ${aKind(layer)}`;
  return `denied, because no statement of ${aKind(layer)} allows it`;
}

function aKind(layer: string): string {
  const kind = KINDS[layer] ?? layer;
  if (layer === 'resource' || layer === 'trust') return `the ${kind}`;
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function consultedLines({ consulted }: DecidedAction, { principalKind }: Decided): readonly string[] {
  if (consulted.length > 0)
    return ['  consulted:', ...consulted.map(({ kind, id }) => `    ${id} (${KINDS[kind] ?? kind})`)];
  return principalKind === 'root' ? [] : ['  consulted: nothing; no policy is attached'];
}

function statementLines(what: string, { id, index, sid, text }: Statement): readonly string[] {
  const name = sid === undefined || sid === '' ? `statement ${index + 1}` : `statement ${index + 1} (${sid})`;
  return [`  ${what} ${name} of ${id}:`, `    ${JSON.stringify(text)}`];
}

function remedyLines(one: DecidedAction, decided: Decided): readonly string[] {
  const { outcome, layer, statement, alsoMissing = [] } = one;
  if (outcome === 'allowed') return [];
  if (outcome === 'explicit-deny') {
    const elsewhere =
      statement?.text['Condition'] === undefined ? '' : ', or a request that its condition does not hold for';
    return [
      `  what would have allowed it: that ${statement?.id ?? 'the policy'} no longer denies it${elsewhere}; an explicit deny wins over every allow`,
    ];
  }
  return [
    `  what would have allowed it: this statement in ${whose(layer, decided)}`,
    `    ${JSON.stringify(missing(layer, one, decided))}`,
    ...alsoMissing.flatMap((further) => [
      `  and this one in ${whose(further, decided)}`,
      `    ${JSON.stringify(missing(further, one, decided))}`,
    ]),
  ];
}

function whose(layer: string, { principal }: Decided): string {
  return `${aKind(layer)}${layer === 'identity' ? ` of ${roleOf(principal)}` : ''}`;
}

/** Permissions are given to the role of a session, not to the session. */
function roleOf(principal: string): string {
  const [, account, name] = /^arn:aws:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(principal) ?? [];
  return name === undefined ? principal : `the role ${name} of account ${account}`;
}

function missing(
  layer: string,
  { action, resource }: DecidedAction,
  decided: Decided,
): Readonly<Record<string, unknown>> {
  return {
    Effect: 'Allow',
    ...(layer === 'resource' || layer === 'trust' ? { Principal: namedAs(decided) } : {}),
    Action: action,
    ...(layer === 'trust' ? {} : { Resource: resource }),
  };
}

function namedAs({ principal, principalKind }: Decided): unknown {
  if (principalKind === 'anonymous') return '*';
  return principalKind === 'service' ? { Service: principal } : { AWS: principal };
}
