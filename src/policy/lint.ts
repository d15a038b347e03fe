import { type PolicyDocument, type PolicyStatement, parseDocument } from './document.ts';
import { servicesAllowed } from './service-access.ts';

/** A user, role or root, as it is looked at. Times are milliseconds. */
export interface LintedIdentity {
  readonly kind: 'user' | 'role' | 'root';
  readonly arn: string;
  /** Absent for root. */
  readonly createdAtMs?: number;
  readonly policies: readonly { readonly id: string; readonly document: string }[];
  /** A role's. */
  readonly trustPolicy?: string;
  readonly password: boolean;
  readonly secondFactor: boolean;
  readonly keys: readonly LintedKey[];
  /** What it did lately. */
  readonly activity: readonly { readonly action: string; readonly count: number; readonly lastMs: number }[];
}

export interface LintedKey {
  readonly id: string;
  readonly active: boolean;
  readonly createdAtMs: number;
  readonly usedAtMs?: number;
}

export interface Finding {
  readonly severity: 'high' | 'medium' | 'low';
  readonly rule:
    | 'every-action'
    | 'every-resource'
    | 'allow-not-action'
    | 'pass-any-role'
    | 'open-trust'
    | 'unused-identity'
    | 'unused-grant'
    | 'missing-mfa'
    | 'root-key'
    | 'root-in-use'
    | 'stale-key'
    | 'unused-key';
  /** The ARN it is about. */
  readonly about: string;
  readonly message: string;
}

/** Past this age keys are to be changed, and what was not used is not needed. */
export const STALE_MS = 90 * 24 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

const ORDER = { high: 0, medium: 1, low: 2 } as const;

/**
 * What the best practices of IAM would have otherwise, the worst first.
 * `services` are the prefixes of the actions there are.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
 */
export function lint(
  identities: readonly LintedIdentity[],
  services: readonly string[],
  nowMs: number,
): readonly Finding[] {
  return identities
    .flatMap((identity) => [
      ...wildcardFindings(identity),
      ...trustFindings(identity),
      ...credentialFindings(identity, nowMs),
      ...usageFindings(identity, services, nowMs),
    ])
    .sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}

function* wildcardFindings({ arn, policies }: LintedIdentity): Generator<Finding> {
  for (const { id, document } of policies) {
    for (const [index, statement] of readStatements(document).entries()) {
      if (statement.effect !== 'Allow') continue;
      const where = `statement ${index + 1} of ${id}`;
      const everywhere = statement.resources?.includes('*') === true && !statement.notResources;
      const found = wildcardOf(statement, everywhere, where);
      if (found !== undefined) yield { about: arn, ...found };
    }
  }
}

function wildcardOf(
  { actions, notActions, conditions }: PolicyStatement,
  everywhere: boolean,
  where: string,
): Omit<Finding, 'about'> | undefined {
  if (notActions)
    return {
      severity: 'medium',
      rule: 'allow-not-action',
      message: `${where} allows all but what NotAction lists, and so what AWS will add`,
    };
  if (actions.includes('*'))
    return {
      severity: 'high',
      rule: 'every-action',
      message: `${where} allows every action${everywhere ? ' on every resource' : ''}`,
    };
  if (!everywhere) return undefined;
  if (conditions.length === 0 && actions.some((action) => /^iam:(?:\*|PassRole)$/i.test(action)))
    return {
      severity: 'high',
      rule: 'pass-any-role',
      message: `${where} lets any role be passed to any service: who may do that may do what any role may`,
    };
  const whole = actions.filter((action) => action.endsWith(':*'));
  if (whole.length === 0) return undefined;
  return {
    severity: 'medium',
    rule: 'every-resource',
    message: `${where} allows ${whole.join(', ')} on every resource`,
  };
}

function* trustFindings({ arn, trustPolicy }: LintedIdentity): Generator<Finding> {
  if (trustPolicy === undefined) return;
  for (const { effect, principals, conditions } of readStatements(trustPolicy)) {
    if (effect === 'Allow' && principals?.AWS.includes('*') === true && conditions.length === 0)
      yield {
        severity: 'high',
        rule: 'open-trust',
        about: arn,
        message: 'the trust policy lets anybody of any account assume the role',
      };
  }
}

function* credentialFindings(identity: LintedIdentity, nowMs: number): Generator<Finding> {
  const { kind, arn, password, secondFactor, keys, activity } = identity;
  if (kind === 'user' && password && !secondFactor)
    yield {
      severity: 'high',
      rule: 'missing-mfa',
      about: arn,
      message: 'signs in with a password and no second factor',
    };
  for (const { id, active, createdAtMs, usedAtMs } of keys) {
    if (kind === 'root')
      yield {
        severity: 'high',
        rule: 'root-key',
        about: arn,
        message: `access key ${id} is the root’s: give a user or a role what it needs instead`,
      };
    if (!active) continue;
    if (nowMs - (usedAtMs ?? createdAtMs) > STALE_MS)
      yield {
        severity: 'medium',
        rule: 'unused-key',
        about: arn,
        message: `access key ${id} ${usedAtMs === undefined ? 'was never used' : `was last used ${days(nowMs - usedAtMs)} ago`}: delete it`,
      };
    else if (nowMs - createdAtMs > STALE_MS)
      yield {
        severity: 'medium',
        rule: 'stale-key',
        about: arn,
        message: `access key ${id} is ${days(nowMs - createdAtMs)} old: replace it`,
      };
  }
  const calls = activity.reduce((sum, { count }) => sum + count, 0);
  if (kind === 'root' && calls > 0)
    yield {
      severity: 'low',
      rule: 'root-in-use',
      about: arn,
      message: `root made ${calls} calls, most of them ${mostOf(activity)}: work as a role that may do just that`,
    };
}

function* usageFindings(
  { kind, arn, policies, activity, createdAtMs }: LintedIdentity,
  services: readonly string[],
  nowMs: number,
): Generator<Finding> {
  if (kind === 'root' || createdAtMs === undefined) return;
  const used = new Set(
    activity.filter(({ lastMs }) => nowMs - lastMs <= STALE_MS).map(({ action }) => serviceOf(action)),
  );
  if (used.size === 0) {
    if (nowMs - createdAtMs > STALE_MS)
      yield {
        severity: 'low',
        rule: 'unused-identity',
        about: arn,
        message: `has done nothing that needs a permission in ${days(STALE_MS)}: delete it, or what it may do`,
      };
    return;
  }
  for (const { id, document } of policies) {
    const named = new Set(
      readStatements(document)
        .filter(({ effect, notActions }) => effect === 'Allow' && !notActions)
        .flatMap(({ actions }) => actions.map(serviceOf)),
    );
    // A wildcard is a finding of its own; here it is about what somebody once thought was needed.
    const unused = servicesAllowed(document, services).filter(
      (service) => named.has(service) && !used.has(service),
    );
    if (unused.length > 0)
      yield {
        severity: 'low',
        rule: 'unused-grant',
        about: arn,
        message: `${id} allows ${unused.join(', ')}, unused in ${days(STALE_MS)}`,
      };
  }
}

function readStatements(document: string): PolicyDocument['statements'] {
  return parseDocument(document).statements;
}

function serviceOf(action: string): string {
  return action.slice(0, Math.max(0, action.indexOf(':'))).toLowerCase();
}

function mostOf(activity: LintedIdentity['activity']): string {
  return activity.toSorted((a, b) => b.count - a.count)[0]?.action ?? '';
}

function days(ms: number): string {
  return `${Math.floor(ms / DAY_MS)} days`;
}
