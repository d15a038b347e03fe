import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type LintedIdentity, lint } from './lint.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 5, 1);
const SERVICES = ['dynamodb', 's3', 'sqs', 'iam'];

function document(...statements: object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

function user(more: Partial<LintedIdentity>): LintedIdentity {
  return {
    kind: 'user',
    arn: 'arn:aws:iam::000000000000:user/alice',
    createdAtMs: NOW - DAY,
    policies: [],
    password: false,
    secondFactor: false,
    keys: [],
    activity: [],
    ...more,
  };
}

function rulesOf(identity: LintedIdentity): readonly string[] {
  return lint([identity], SERVICES, NOW).map(({ rule }) => rule);
}

function under(...statements: object[]): LintedIdentity {
  return user({ policies: [{ id: 'inline:own', document: document(...statements) }] });
}

test('wildcards are named, the worst first', () => {
  assert.deepEqual(rulesOf(under({ Effect: 'Allow', Action: '*', Resource: '*' })), ['every-action']);
  assert.deepEqual(rulesOf(under({ Effect: 'Allow', Action: 's3:*', Resource: '*' })), ['every-resource']);
  assert.deepEqual(rulesOf(under({ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' })), [
    'allow-not-action',
  ]);
  assert.deepEqual(rulesOf(under({ Effect: 'Allow', Action: 'iam:PassRole', Resource: '*' })), [
    'pass-any-role',
  ]);
  assert.deepEqual(rulesOf(under({ Effect: 'Deny', Action: '*', Resource: '*' })), []);
  assert.deepEqual(rulesOf(under({ Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::a/*' })), []);
  assert.deepEqual(
    rulesOf(
      under(
        { Effect: 'Allow', Action: 's3:*', Resource: '*' },
        { Effect: 'Allow', Action: '*', Resource: '*' },
      ),
    ),
    ['every-action', 'every-resource'],
  );
});

test('a role anybody may assume is named', () => {
  const open = { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' };
  const bounded = { ...open, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } };
  assert.deepEqual(rulesOf(user({ kind: 'role', trustPolicy: document(open) })), ['open-trust']);
  assert.deepEqual(rulesOf(user({ kind: 'role', trustPolicy: document(bounded) })), []);
});

test('credentials: second factors, stale keys, unused keys, the root’s', () => {
  assert.deepEqual(rulesOf(user({ password: true })), ['missing-mfa']);
  assert.deepEqual(rulesOf(user({ password: true, secondFactor: true })), []);
  const key = { id: 'AKIA1', active: true, createdAtMs: NOW - 100 * DAY };
  assert.deepEqual(rulesOf(user({ keys: [key] })), ['unused-key']);
  assert.deepEqual(rulesOf(user({ keys: [{ ...key, usedAtMs: NOW - DAY }] })), ['stale-key']);
  assert.deepEqual(rulesOf(user({ keys: [{ ...key, active: false }] })), []);
  const root = user({
    kind: 'root',
    keys: [{ ...key, createdAtMs: NOW }],
    activity: [{ action: 's3:PutObject', count: 3, lastMs: NOW }],
  });
  assert.deepEqual(rulesOf(root), ['root-key', 'root-in-use']);
});

test('grants nobody uses, and identities nobody does', () => {
  const granted = under({
    Effect: 'Allow',
    Action: ['s3:GetObject', 'sqs:SendMessage'],
    Resource: 'arn:aws:s3:::a',
  });
  const activity = [{ action: 's3:GetObject', count: 1, lastMs: NOW }];
  const [finding, ...more] = lint([{ ...granted, activity }], SERVICES, NOW);
  assert.deepEqual(more, []);
  assert.match(finding?.message ?? '', /inline:own allows sqs, unused in 90 days/);
  assert.deepEqual(rulesOf({ ...granted, createdAtMs: NOW - 100 * DAY }), ['unused-identity']);
  assert.deepEqual(rulesOf(granted), [], 'what is new has not had the time');
});
