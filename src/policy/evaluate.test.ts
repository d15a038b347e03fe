import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { cpuMs } from '../../test/support/cpu.ts';
import { type CompiledPolicy, compilePolicy } from './compile.ts';
import { decide, type PolicySet } from './evaluate.ts';
import { denialMessage } from './message.ts';
import { type ContextValues, contextOf, type PolicyPrincipal, type PolicyRequest } from './request.ts';

const ACCOUNT = '111111111111';
const OTHER = '222222222222';
const USER: PolicyPrincipal = {
  kind: 'user',
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:user/alice`,
  userId: 'AIDAALICEALICEALICE1',
};
const ROLE: PolicyPrincipal = {
  kind: 'role',
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/worker/s1`,
  roleArn: `arn:aws:iam::${ACCOUNT}:role/path/worker`,
  userId: 'AROAWORKERWORKERWORK:s1',
};
const FEDERATED: PolicyPrincipal = {
  kind: 'federated-user',
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:federated-user/bob`,
  userId: `${ACCOUNT}:bob`,
  userArn: `arn:aws:iam::${ACCOUNT}:user/alice`,
};
const ROOT: PolicyPrincipal = {
  kind: 'root',
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:root`,
  userId: ACCOUNT,
};
const SERVICE: PolicyPrincipal = { kind: 'service', account: ACCOUNT, service: 'sns.amazonaws.com' };
const ANYONE: PolicyPrincipal = { kind: 'anonymous', account: OTHER };

const TABLE = `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/Rides`;

interface Sketch {
  readonly Effect?: 'Allow' | 'Deny';
  readonly [element: string]: unknown;
}

function policy(id: string, ...statements: readonly Sketch[]): CompiledPolicy {
  const filled = statements.map((statement) => ({
    Effect: 'Allow',
    ...('NotAction' in statement ? {} : { Action: 'dynamodb:GetItem' }),
    ...('NotResource' in statement ? {} : { Resource: '*' }),
    ...statement,
  }));
  return compilePolicy(JSON.stringify({ Version: '2012-10-17', Statement: filled }), id);
}

function ask(
  principal: PolicyPrincipal,
  policies: Partial<PolicySet>,
  more: Partial<PolicyRequest> & { readonly values?: ContextValues } = {},
): string {
  const { values = {}, ...request } = more;
  const decision = decide(
    {
      action: 'dynamodb:GetItem',
      resource: TABLE,
      resourceAccount: ACCOUNT,
      principal,
      context: contextOf(values),
      ...request,
    },
    { identity: [], ...policies },
  );
  return `${decision.outcome} ${decision.layer}`;
}

const ALLOW = policy('allow', {});
const DENY = policy('deny', { Effect: 'Deny' });
const NOTHING = policy('nothing', { Action: 's3:GetObject' });
const naming = (...AWS: readonly string[]) => policy('resource', { Principal: { AWS } });

test('one account: identity or resource policies, capped by boundary and session', () => {
  assert.equal(ask(USER, {}), 'implicit-deny identity');
  assert.equal(ask(USER, { identity: [NOTHING, ALLOW] }), 'allowed identity');
  assert.equal(ask(USER, { identity: [ALLOW, DENY] }), 'explicit-deny identity');
  assert.equal(ask(USER, { identity: [ALLOW], boundary: NOTHING }), 'implicit-deny boundary');
  assert.equal(ask(USER, { identity: [ALLOW], boundary: DENY }), 'explicit-deny boundary');
  assert.equal(ask(USER, { identity: [ALLOW], boundary: ALLOW }), 'allowed identity');
  assert.equal(ask(USER, { identity: [], boundary: ALLOW }), 'implicit-deny identity');
  assert.equal(ask(ROLE, { identity: [ALLOW], session: [NOTHING] }), 'implicit-deny session');
  assert.equal(ask(ROLE, { identity: [ALLOW], session: [NOTHING, ALLOW] }), 'allowed identity');
  assert.equal(ask(ROLE, { identity: [ALLOW], session: [ALLOW, DENY] }), 'explicit-deny session');
  assert.equal(ask(ROLE, { identity: [ALLOW], session: [] }), 'allowed identity');
  assert.equal(ask(FEDERATED, { identity: [ALLOW], session: [] }), 'implicit-deny session');
  assert.equal(ask(FEDERATED, { identity: [ALLOW], session: [ALLOW] }), 'allowed identity');
  assert.equal(ask(ROOT, {}), 'allowed root');
});

test('who a resource policy names decides what it overrides', () => {
  const capped = { boundary: NOTHING, session: [NOTHING] };
  assert.equal(ask(USER, { resource: naming(USER.arn), boundary: NOTHING }), 'allowed resource');
  assert.equal(ask(USER, { resource: naming(USER.userId) }), 'allowed resource');
  assert.equal(ask(ROLE, { resource: naming(ROLE.arn), ...capped }), 'allowed resource');
  assert.equal(ask(ROLE, { resource: naming(ROLE.roleArn) }), 'allowed resource');
  assert.equal(ask(ROLE, { resource: naming('AROAWORKERWORKERWORK') }), 'allowed resource');
  assert.equal(ask(ROLE, { resource: naming(ROLE.roleArn), ...capped }), 'implicit-deny boundary');
  assert.equal(ask(ROLE, { resource: naming(ROLE.roleArn), session: [NOTHING] }), 'implicit-deny session');
  assert.equal(ask(FEDERATED, { resource: naming(FEDERATED.arn) }), 'allowed resource');
  assert.equal(ask(FEDERATED, { resource: naming(FEDERATED.userArn) }), 'implicit-deny session');
  assert.equal(ask(FEDERATED, { resource: naming(FEDERATED.userArn), session: [ALLOW] }), 'allowed resource');
  assert.equal(ask(USER, { resource: naming('*') }), 'allowed resource');
  assert.equal(ask(USER, { resource: naming('*'), boundary: NOTHING }), 'implicit-deny boundary');
  // The account is a delegation: its own policies have to allow.
  for (const name of [ACCOUNT, `arn:aws:iam::${ACCOUNT}:root`]) {
    assert.equal(ask(USER, { resource: naming(name) }), 'implicit-deny identity');
    assert.equal(ask(USER, { resource: naming(name), identity: [ALLOW] }), 'allowed identity');
    assert.equal(ask(ROOT, { resource: naming(name) }), 'allowed resource');
  }
  assert.equal(
    ask(USER, { identity: [ALLOW], resource: policy('r', { Effect: 'Deny', Principal: '*' }) }),
    'explicit-deny resource',
  );
  assert.equal(
    ask(ROOT, { resource: policy('r', { Effect: 'Deny', Principal: { AWS: ACCOUNT } }) }),
    'explicit-deny resource',
  );
  assert.equal(
    ask(USER, { identity: [ALLOW], resource: policy('r', { Effect: 'Deny', Principal: { AWS: OTHER } }) }),
    'allowed identity',
  );
});

test('across accounts both sides must allow', () => {
  const across = { resourceAccount: OTHER };
  assert.equal(ask(USER, { identity: [ALLOW] }, across), 'implicit-deny resource');
  assert.equal(ask(USER, { resource: naming(USER.arn) }, across), 'implicit-deny identity');
  assert.equal(ask(USER, { resource: naming(USER.arn), identity: [ALLOW] }, across), 'allowed identity');
  assert.equal(ask(USER, { resource: naming(ACCOUNT), identity: [ALLOW] }, across), 'allowed identity');
  assert.equal(ask(USER, { resource: naming('*'), identity: [ALLOW] }, across), 'allowed identity');
  assert.equal(
    ask(ROLE, { resource: naming(ROLE.arn), identity: [ALLOW], session: [NOTHING] }, across),
    'implicit-deny session',
  );
  assert.equal(ask(ROOT, {}, across), 'implicit-deny resource');
  assert.equal(ask(ROOT, { resource: naming(ACCOUNT) }, across), 'allowed root');
});

test('a trust or key policy must speak', () => {
  const trust = (resource: CompiledPolicy) => ({ resource, resourceMustAllow: 'trust' as const });
  assert.equal(ask(USER, { ...trust(NOTHING), identity: [ALLOW] }), 'implicit-deny trust');
  assert.equal(ask(USER, trust(naming(USER.arn))), 'allowed trust');
  assert.equal(ask(USER, { ...trust(naming(ACCOUNT)), identity: [ALLOW] }), 'allowed identity');
  assert.equal(ask(USER, trust(naming(ACCOUNT))), 'implicit-deny identity');
  assert.equal(ask(ROOT, trust(NOTHING)), 'implicit-deny trust');
  const key = (resource: CompiledPolicy) => ({ resource, resourceMustAllow: 'resource' as const });
  assert.equal(ask(ROOT, key(NOTHING)), 'implicit-deny resource');
  assert.equal(ask(USER, { ...key(NOTHING), identity: [ALLOW] }), 'implicit-deny resource');
  assert.equal(ask(USER, { ...key(naming(ACCOUNT)), identity: [ALLOW] }), 'allowed identity');
  assert.equal(ask(USER, key(naming(USER.arn))), 'allowed resource');
});

test('services and strangers have the resource’s policy alone', () => {
  const lets = policy('r', {
    Principal: { Service: 'sns.amazonaws.com' },
    Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:*:*:topic' } },
  });
  const values = { 'aws:SourceArn': 'arn:aws:sns:us-east-1:1:topic' };
  assert.equal(ask(SERVICE, { identity: [ALLOW] }), 'implicit-deny resource');
  assert.equal(ask(SERVICE, { resource: lets }, { values }), 'allowed resource');
  assert.equal(ask(SERVICE, { resource: lets }), 'implicit-deny resource');
  assert.equal(ask(SERVICE, { resource: naming(ACCOUNT) }), 'implicit-deny resource');
  assert.equal(ask(ANYONE, { resource: naming('*') }), 'allowed resource');
  assert.equal(ask(ANYONE, { resource: lets }, { values }), 'implicit-deny resource');
});

test('NotPrincipal, NotAction and NotResource', () => {
  const others = policy('r', { Effect: 'Deny', NotPrincipal: { AWS: [USER.arn, ACCOUNT] } });
  assert.equal(ask(USER, { identity: [ALLOW], resource: others }), 'allowed identity');
  assert.equal(ask(ROLE, { identity: [ALLOW], resource: others }), 'explicit-deny resource');
  // Whom AWS asks for step by step is spared only when every step is named.
  const sparing = (...AWS: readonly string[]) =>
    ask(ROLE, { identity: [ALLOW], resource: policy('r', { Effect: 'Deny', NotPrincipal: { AWS } }) });
  const { roleArn = '' } = ROLE as { readonly roleArn?: string };
  assert.equal(sparing(ACCOUNT), 'explicit-deny resource');
  assert.equal(sparing(ACCOUNT, roleArn), 'explicit-deny resource');
  assert.equal(sparing(roleArn, ROLE.kind === 'role' ? ROLE.arn : ''), 'explicit-deny resource');
  assert.equal(sparing(ACCOUNT, roleArn, ROLE.kind === 'role' ? ROLE.arn : ''), 'allowed identity');
  const letting = policy('r', { NotPrincipal: { AWS: [ACCOUNT] } });
  assert.equal(ask(USER, { resource: letting }), 'implicit-deny identity');
  assert.equal(ask(USER, { identity: [policy('p', { NotAction: 'iam:*' })] }), 'allowed identity');
  assert.equal(ask(USER, { identity: [policy('p', { NotAction: 'dynamodb:*' })] }), 'implicit-deny identity');
  assert.equal(ask(USER, { identity: [policy('p', { NotResource: TABLE })] }), 'implicit-deny identity');
  assert.equal(
    ask(USER, { identity: [policy('p', { NotResource: `${TABLE}/index/*` })] }),
    'allowed identity',
  );
  const unknowable = { NotResource: `${TABLE}/\${aws:username}` };
  assert.equal(ask(USER, { identity: [policy('p', unknowable)] }), 'implicit-deny identity');
  assert.equal(
    ask(USER, { identity: [ALLOW, policy('p', { ...unknowable, Effect: 'Deny' })] }),
    'explicit-deny identity',
  );
});

test('actions compare without case, variables stay in their part of the ARN', () => {
  assert.equal(
    ask(USER, { identity: [policy('p', { Action: 'DynamoDB:get*' })] }, { action: 'dynamodb:GetItem' }),
    'allowed identity',
  );
  const own = policy('p', { Resource: 'arn:aws:dynamodb:us-east-1:*:table/${aws:username}*' });
  assert.equal(ask(USER, { identity: [own] }, { values: { 'aws:username': 'Ri' } }), 'allowed identity');
  assert.equal(ask(USER, { identity: [own] }, { values: { 'aws:username': '*' } }), 'implicit-deny identity');
  assert.equal(ask(USER, { identity: [own] }), 'implicit-deny identity');
  const old = compilePolicy(
    JSON.stringify({
      Version: '2008-10-17',
      Statement: { Effect: 'Allow', Action: '*', Resource: `${TABLE.slice(0, -2)}\${aws:username}` },
    }),
    'old',
  );
  assert.equal(
    ask(USER, { identity: [old] }, { values: { 'aws:username': 'es' } }),
    'implicit-deny identity',
  );
});

test('organisations cap everything but services', () => {
  assert.equal(ask(USER, { identity: [ALLOW], scps: [[ALLOW], [NOTHING]] }), 'implicit-deny scp');
  assert.equal(ask(USER, { identity: [ALLOW], scps: [[ALLOW], [NOTHING, ALLOW]] }), 'allowed identity');
  assert.equal(ask(ROOT, { scps: [[ALLOW, DENY]] }), 'explicit-deny scp');
  assert.equal(ask(USER, { identity: [ALLOW], rcps: [[ALLOW, DENY]] }), 'explicit-deny rcp');
  assert.equal(ask(USER, { identity: [ALLOW, DENY], rcps: [[NOTHING]] }), 'explicit-deny identity');
  assert.equal(
    ask(SERVICE, { resource: policy('r', { Principal: { Service: '*' } }), scps: [[DENY]] }),
    'allowed resource',
  );
});

test('denials are told in AWS’s words', () => {
  const say = (
    outcome: 'explicit-deny' | 'implicit-deny',
    layer: 'identity' | 'boundary' | 'resource' | 'trust',
  ) => denialMessage(ROLE, 'dynamodb:GetItem', TABLE, { outcome, layer });
  const start = `User: ${ROLE.arn} is not authorized to perform: dynamodb:GetItem on resource: ${TABLE}`;
  assert.equal(
    say('implicit-deny', 'identity'),
    `${start} because no identity-based policy allows the dynamodb:GetItem action`,
  );
  assert.equal(
    say('explicit-deny', 'identity'),
    `${start} with an explicit deny in an identity-based policy`,
  );
  assert.equal(say('explicit-deny', 'resource'), `${start} with an explicit deny in a resource-based policy`);
  assert.equal(
    say('implicit-deny', 'boundary'),
    `${start} because no permissions boundary allows the dynamodb:GetItem action`,
  );
  assert.equal(say('implicit-deny', 'trust'), start);
});

test('fifty policies are decided in well under 100 µs', () => {
  const identity = Array.from({ length: 50 }, (_, i) =>
    policy(
      `p${i}`,
      { Action: [`s3:Get${i}*`, 'sqs:*'] },
      { Action: `sns:Publish${i}` },
      { Effect: 'Deny', Action: 'iam:*' },
    ),
  );
  const request: PolicyRequest = {
    action: 'dynamodb:GetItem',
    resource: TABLE,
    resourceAccount: ACCOUNT,
    principal: USER,
    context: contextOf({}),
  };
  const rounds = 2_000;
  const policies = { identity: [...identity, ALLOW] };
  for (let i = 0; i < rounds; i++) decide(request, policies);
  const cost = cpuMs(() => {
    for (let i = 0; i < rounds; i++) decide(request, policies);
  });
  assert.ok(cost / rounds < 0.1, `${cost / rounds} ms`);
});
