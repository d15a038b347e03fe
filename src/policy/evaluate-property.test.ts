import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { scaled } from '../../test/support/tier.ts';
import { compilePolicy } from './compile.ts';
import { decide, type PolicySet } from './evaluate.ts';
import { contextOf, type PolicyPrincipal, type PolicyRequest } from './request.ts';

/**
 * A second evaluator, as plain as can be: it reads the JSON anew each time and follows the flow chart of AWS's
 * evaluation logic step by step, with none of the engine's code.
 */
interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource?: readonly string[];
  readonly NotResource?: readonly string[];
  readonly Principal?: { readonly AWS: readonly string[] };
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: readonly string[] } };
}

type Policy = readonly Statement[];

interface Case {
  readonly principal: PolicyPrincipal;
  readonly resourceAccount: string;
  readonly action: string;
  readonly resource: string;
  readonly values: Readonly<Record<string, string>>;
  readonly identity: readonly Policy[];
  readonly boundary: Policy | undefined;
  readonly session: readonly Policy[];
  readonly resourcePolicy: Policy | undefined;
  readonly mustAllow: boolean;
  /** Levels of service and of resource control policies. */
  readonly scps: readonly (readonly Policy[])[] | undefined;
  readonly rcps: readonly (readonly Policy[])[] | undefined;
}

function like(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*')
    return like(pattern.slice(1), text) || (text !== '' && like(pattern, text.slice(1)));
  return (
    text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && like(pattern.slice(1), text.slice(1))
  );
}

function arnLike(pattern: string, text: string): boolean {
  if (pattern === '*') return true;
  const [a, b] = [pattern.split(':'), text.split(':')];
  return a.length === b.length && a.every((part, i) => like(part, b[i] ?? ''));
}

function conditionHolds(operator: string, value: string | undefined, wanted: readonly string[]): boolean {
  switch (operator) {
    case 'StringEquals':
      return value !== undefined && wanted.includes(value);
    case 'StringNotEquals':
      return value === undefined || !wanted.includes(value);
    case 'StringLikeIfExists':
      return value === undefined || wanted.some((pattern) => like(pattern, value));
    case 'Null':
      return wanted.includes(value === undefined ? 'true' : 'false');
    default:
      throw new Error(operator);
  }
}

function applies(statement: Statement, test: Case): boolean {
  const action = test.action.toLowerCase();
  const inActions = (list: readonly string[]) => list.some((pattern) => like(pattern.toLowerCase(), action));
  if (statement.Action !== undefined && !inActions(statement.Action)) return false;
  if (statement.NotAction !== undefined && inActions(statement.NotAction)) return false;
  const inResources = (list: readonly string[]) => list.some((pattern) => arnLike(pattern, test.resource));
  if (statement.Resource !== undefined && !inResources(statement.Resource)) return false;
  if (statement.NotResource !== undefined && inResources(statement.NotResource)) return false;
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => conditionHolds(operator, test.values[key], wanted)),
  );
}

function says(policy: Policy, effect: 'Allow' | 'Deny', test: Case): boolean {
  return policy.some((statement) => statement.Effect === effect && applies(statement, test));
}

/** The names of a statement that stand for the caller, best first. */
function nameOf(statement: Statement, principal: PolicyPrincipal): 'direct' | 'role' | 'account' | undefined {
  const names = statement.Principal?.AWS ?? [];
  const root = `arn:aws:iam::${principal.account}:root`;
  switch (principal.kind) {
    case 'root':
      if (names.includes(root)) return 'direct';
      break;
    case 'user':
      if (names.includes(principal.arn)) return 'direct';
      break;
    case 'role':
      if (names.includes(principal.arn)) return 'direct';
      if (names.includes(principal.roleArn)) return 'role';
      break;
    case 'federated-user':
      if (names.includes(principal.arn)) return 'direct';
      if (names.includes(principal.userArn)) return 'role';
      break;
  }
  if (names.includes('*')) return 'role';
  return principal.kind !== 'anonymous' && principal.kind !== 'root' && names.includes(root)
    ? 'account'
    : undefined;
}

function naive(test: Case): boolean {
  const { principal, identity, boundary, session, resourcePolicy } = test;
  const anonymous = principal.kind === 'anonymous';
  const own = anonymous ? [] : [...identity, ...(boundary ? [boundary] : []), ...session];
  if (own.some((policy) => says(policy, 'Deny', test))) return false;
  const levels = [...(test.rcps ?? []), ...(anonymous ? [] : (test.scps ?? []))];
  if (levels.flat().some((policy) => says(policy, 'Deny', test))) return false;
  if (!levels.every((level) => level.some((policy) => says(policy, 'Allow', test)))) return false;
  const named = (resourcePolicy ?? [])
    .filter((statement) => applies(statement, test))
    .map((statement) => ({ effect: statement.Effect, name: nameOf(statement, principal) }));
  if (named.some(({ effect, name }) => effect === 'Deny' && name !== undefined)) return false;
  const granted = new Set(named.filter(({ effect }) => effect === 'Allow').map(({ name }) => name));
  if (anonymous) return granted.has('role');

  const byIdentity = principal.kind === 'root' || identity.some((policy) => says(policy, 'Allow', test));
  const withinBoundary = boundary === undefined || says(boundary, 'Allow', test);
  const withinSession =
    session.length === 0
      ? principal.kind !== 'federated-user'
      : session.some((policy) => says(policy, 'Allow', test));
  const byResource = granted.has('direct') || granted.has('role') || granted.has('account');
  if (principal.account !== test.resourceAccount)
    return byResource && byIdentity && withinBoundary && withinSession;
  if (granted.has('direct')) return true;
  if (test.mustAllow && !byResource) return false;
  return (byIdentity || granted.has('role')) && withinBoundary && withinSession;
}

const ACCOUNTS = ['111111111111', '222222222222'] as const;
const [ACCOUNT] = ACCOUNTS;
const PRINCIPALS: readonly PolicyPrincipal[] = [
  { kind: 'root', account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root`, userId: ACCOUNT },
  { kind: 'user', account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/a`, userId: 'AIDAA' },
  {
    kind: 'role',
    account: ACCOUNT,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/r/s`,
    roleArn: `arn:aws:iam::${ACCOUNT}:role/r`,
    userId: 'AROAR:s',
  },
  {
    kind: 'federated-user',
    account: ACCOUNT,
    arn: `arn:aws:sts::${ACCOUNT}:federated-user/f`,
    userId: `${ACCOUNT}:f`,
    userArn: `arn:aws:iam::${ACCOUNT}:user/a`,
  },
  { kind: 'anonymous', account: ACCOUNT },
];
const ACTIONS = ['s3:GetObject', 's3:GetObjectAcl', 'sqs:SendMessage'] as const;
const RESOURCES = ['arn:aws:s3:::a/b/c', 'arn:aws:s3:::ab', 'arn:aws:sqs:us-east-1:1:q', '*'] as const;
const KEYS = ['k', 'aws:PrincipalTag/t'] as const;

const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1, maxLength: 2 });
const actions = some(['*', 's3:*', 's3:get*', 'S3:GetObject', 's3:GetObject?cl', 'sqs:sendmessage', '*:*e']);
const resources = some(['*', 'arn:aws:s3:::*', 'arn:aws:s3:::a/*', 'arn:aws:s3:::a?', 'arn:*:sqs:us-*:*:q']);
const names = some([
  '*',
  `arn:aws:iam::${ACCOUNT}:root`,
  `arn:aws:iam::${ACCOUNT}:user/a`,
  `arn:aws:iam::${ACCOUNT}:role/r`,
  `arn:aws:sts::${ACCOUNT}:assumed-role/r/s`,
  `arn:aws:sts::${ACCOUNT}:federated-user/f`,
  'arn:aws:iam::222222222222:root',
]);
const conditions = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  fc.dictionary(
    fc.constantFrom('StringEquals', 'StringNotEquals', 'StringLikeIfExists', 'Null'),
    fc.dictionary(fc.constantFrom(...KEYS), some(['x', 'x*', 'y', 'true', 'false']), { minKeys: 1 }),
    { minKeys: 1, maxKeys: 2 },
  ),
);

function statementOf(withPrincipal: boolean): fc.Arbitrary<Statement> {
  return fc
    .record({
      effect: fc.constantFrom('Allow', 'Allow', 'Allow', 'Deny'),
      actions,
      notActions: fc.boolean().map((no) => no && !withPrincipal),
      resources,
      notResources: fc.boolean().map((no) => no && withPrincipal),
      names,
      conditions,
    })
    .map((drawn) => ({
      Effect: drawn.effect as 'Allow' | 'Deny',
      [drawn.notActions ? 'NotAction' : 'Action']: drawn.actions,
      [drawn.notResources ? 'NotResource' : 'Resource']: drawn.resources,
      ...(withPrincipal ? { Principal: { AWS: drawn.names } } : {}),
      Condition: sanitised(drawn.conditions),
    }));
}

/** `Null` knows two values only. */
function sanitised(condition: Record<string, Record<string, string[]>>): Required<Statement>['Condition'] {
  const { Null: asked, ...rest } = condition;
  if (asked === undefined) return rest;
  const keys = Object.entries(asked).map(
    ([key, values]) => [key, [String(values.includes('true'))]] as const,
  );
  return { ...rest, Null: Object.fromEntries(keys) };
}

/** Most levels allow everything: nothing would be left to compare if they did not. */
const OPEN: Policy = [{ Effect: 'Allow', Action: ['*'], Resource: ['*'] }];
const levels = () =>
  fc.option(
    fc.array(
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(OPEN) }, policyOf(false)), {
        minLength: 1,
        maxLength: 2,
      }),
      { maxLength: 3 },
    ),
    { nil: undefined },
  );
const policyOf = (withPrincipal: boolean) => fc.array(statementOf(withPrincipal), { maxLength: 3 });
const cases: fc.Arbitrary<Case> = fc.record({
  principal: fc.constantFrom(...PRINCIPALS),
  resourceAccount: fc.constantFrom(ACCOUNT, ACCOUNT, ...ACCOUNTS),
  action: fc.constantFrom(...ACTIONS),
  resource: fc.constantFrom(...RESOURCES),
  values: fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom('x', 'xy', 'y')),
  identity: fc.array(policyOf(false), { maxLength: 3 }),
  boundary: fc.option(policyOf(false), { nil: undefined }),
  session: fc.array(policyOf(false), { maxLength: 2 }),
  resourcePolicy: fc.option(policyOf(true), { nil: undefined }),
  mustAllow: fc.boolean(),
  scps: levels(),
  rcps: levels(),
});

const compile = (policy: Policy) =>
  compilePolicy(JSON.stringify({ Version: '2012-10-17', Statement: policy }), 'p');

function engine(test: Case): boolean {
  const request: PolicyRequest = { ...test, context: contextOf(test.values) };
  const policies: PolicySet = {
    identity: test.identity.map(compile),
    boundary: test.boundary && compile(test.boundary),
    session: test.session.map(compile),
    resource: test.resourcePolicy && compile(test.resourcePolicy),
    scps: test.scps?.map((level) => level.map(compile)),
    rcps: test.rcps?.map((level) => level.map(compile)),
    resourceMustAllow: test.mustAllow ? 'resource' : undefined,
  };
  return decide(request, policies).allowed;
}

const numRuns = scaled(1_000_000, 5_000);
let allowed = 0;

test('the engine agrees with the plain evaluator', () => {
  fc.assert(
    fc.property(cases, (drawn) => {
      const answer = engine(drawn);
      if (answer) allowed++;
      assert.equal(answer, naive(drawn));
    }),
    { numRuns },
  );
  assert.ok(allowed > numRuns / 50, `only ${allowed} of ${numRuns} cases were allowed`);
});

test('adding a Deny, a boundary, a session or a control policy never grants', () => {
  const deny = statementOf(false).map((statement): Statement => ({ ...statement, Effect: 'Deny' }));
  fc.assert(
    fc.property(cases, deny, policyOf(false), (drawn, denial, more) => {
      if (engine(drawn)) return;
      assert.equal(engine({ ...drawn, identity: [...drawn.identity, [denial]] }), false);
      const denied = { ...denial, Principal: { AWS: ['*'] } };
      assert.equal(engine({ ...drawn, resourcePolicy: [...(drawn.resourcePolicy ?? []), denied] }), false);
      assert.equal(engine({ ...drawn, scps: [...(drawn.scps ?? []), [more]] }), false);
      assert.equal(engine({ ...drawn, rcps: [...(drawn.rcps ?? []), [more]] }), false);
      if (drawn.boundary === undefined) assert.equal(engine({ ...drawn, boundary: more }), false);
      if (drawn.session.length === 0 && drawn.principal.kind !== 'federated-user')
        assert.equal(engine({ ...drawn, session: [more] }), false);
    }),
    { numRuns: numRuns / 5 },
  );
});

test('the order of policies and statements does not matter', () => {
  const reversed = (policy: Policy): Policy => policy.toReversed();
  fc.assert(
    fc.property(cases, (drawn) => {
      const turned: Case = {
        ...drawn,
        identity: drawn.identity.map(reversed).toReversed(),
        session: drawn.session.map(reversed).toReversed(),
        boundary: drawn.boundary && reversed(drawn.boundary),
        scps: drawn.scps?.map((level) => level.map(reversed).toReversed()).toReversed(),
        rcps: drawn.rcps?.map((level) => level.map(reversed).toReversed()).toReversed(),
        resourcePolicy: drawn.resourcePolicy && reversed(drawn.resourcePolicy),
      };
      assert.equal(engine(turned), engine(drawn));
    }),
    { numRuns: numRuns / 5 },
  );
});
