import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { pageOfList } from './page.ts';
import { checkPassword, hashPassword, isPassword } from './password.ts';
import { contextFromEntries, contextKeysOf, type Simulation, simulate, simulated } from './simulation.ts';
import { statementPositions } from './statement-position.ts';
import { addTags, removeTags } from './tag.ts';

test('tags compare their keys without case and keep the newest spelling', () => {
  const tags = addTags({ Team: 'a', Kind: 'x' }, [{ Key: 'TEAM', Value: 'b' }]);
  assert.deepEqual(tags, { Kind: 'x', TEAM: 'b' });
  assert.deepEqual(removeTags(tags, ['kind']), { TEAM: 'b' });
  const twice = [
    { Key: 'a', Value: '1' },
    { Key: 'A', Value: '2' },
  ];
  assert.throws(() => addTags({}, twice), { code: 'InvalidInput', message: /^Duplicate tag keys found/ });
  const many = Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
  assert.throws(() => addTags({}, many), { code: 'LimitExceeded' });
});

test('pages of lists go on where they ended', () => {
  const list = ['d', 'b', 'a', 'c', 'e'];
  const all: string[] = [];
  let Marker: string | undefined;
  do {
    const page = pageOfList(list, { MaxItems: 2, Marker }, (item) => item);
    all.push(...page.items);
    assert.equal(page.IsTruncated, page.Marker !== undefined);
    Marker = page.Marker;
  } while (Marker !== undefined);
  assert.deepEqual(all, ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(pageOfList([], {}, String), { items: [], IsTruncated: false, Marker: undefined });
});

test('passwords meet the account’s policy, or AWS’s default', async () => {
  assert.throws(() => checkPassword('Short1!', undefined), /minimum length of 8/);
  assert.throws(() => checkPassword('onlylowercase', undefined), /at least three of/);
  checkPassword('Lower-and-upper', undefined);
  const policy = {
    minimumLength: 6,
    requireSymbols: true,
    requireNumbers: true,
    requireUppercase: true,
    requireLowercase: true,
    allowChange: true,
  };
  for (const [password, missing] of [
    ['lower1!', 'uppercase letter'],
    ['UPPER1!', 'lowercase letter'],
    ['Letters!', 'number'],
    ['Letters1', 'symbol'],
  ] as const)
    assert.throws(() => checkPassword(password, policy), new RegExp(`at least one ${missing}`));
  checkPassword('Aa1!aa', policy);
  const stored = await hashPassword('secret', new Uint8Array(16));
  assert.ok(!stored.includes('secret'));
  assert.equal(await isPassword('secret', stored), true);
  assert.equal(await isPassword('Secret', stored), false);
});

test('statements are found in the text', () => {
  const text = `{
  "Id": "\\"Statement\\": [{",
  "Statement": [
    {"Effect": "Allow", "Condition": {"StringEquals": {"a": ["}"]}}},
    {"Effect": "Deny"}
  ],
  "Version": "2012-10-17"
}`;
  assert.deepEqual(statementPositions(text), [
    { start: { Line: 3, Column: 17 }, end: { Line: 4, Column: 69 } },
    { start: { Line: 4, Column: 69 }, end: { Line: 5, Column: 23 } },
  ]);
  assert.deepEqual(statementPositions('{"Statement":{"Effect":"Allow"}}'), [
    { start: { Line: 1, Column: 15 }, end: { Line: 1, Column: 32 } },
  ]);
});

const policy = (statement: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Resource: '*', ...statement } });

test('the simulator reports what was missing and who capped whom', () => {
  const conditional = policy({
    Action: 's3:*',
    Condition: { StringEquals: { 'aws:PrincipalTag/Team': 'blue' } },
  });
  const simulation: Simulation = {
    identity: [simulated(conditional, 'one')],
    boundary: undefined,
    organization: undefined,
    resource: undefined,
    resourceAccount: '111111111111',
    principal: { kind: 'user', account: '111111111111', arn: 'arn', userId: 'id' },
    context: {},
  };
  const missing = simulate(simulation, 's3:GetObject', '*');
  assert.equal(missing.EvalDecision, 'implicitDeny');
  assert.deepEqual(missing.MissingContextValues, ['aws:PrincipalTag/Team']);
  const context = contextFromEntries([
    { ContextKeyName: 'aws:principaltag/team', ContextKeyValues: ['blue'], ContextKeyType: 'string' },
  ]);
  assert.equal(simulate({ ...simulation, context }, 's3:GetObject', '*').EvalDecision, 'allowed');
  const boundary = [simulated(policy({ Action: 'sqs:*' }), 'boundary')];
  const capped = simulate({ ...simulation, context, boundary }, 's3:GetObject', '*');
  assert.equal(capped.EvalDecision, 'implicitDeny');
  assert.deepEqual(capped.PermissionsBoundaryDecisionDetail, { AllowedByPermissionsBoundary: false });
  const organization = [[simulated(policy({ Action: 'sqs:*' }), 'scp')]];
  const governed = simulate({ ...simulation, context, organization }, 's3:GetObject', '*');
  assert.deepEqual(governed.OrganizationsDecisionDetail, { AllowedByOrganizations: false });
  assert.deepEqual(contextKeysOf(policy({ Action: 's3:*', Resource: 'arn:aws:s3:::${aws:username}/*' })), [
    'aws:username',
  ]);
  assert.throws(() => simulated('{}', 'broken'), { code: 'InvalidInput' });
});
