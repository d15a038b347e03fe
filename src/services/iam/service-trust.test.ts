import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { compilePolicy } from '../../policy/compile.ts';
import type { RoleFacts } from '../../service/ports.ts';
import { serviceTrust } from './service-trust.ts';

const ACCOUNT = '111122223333';
const SOURCE = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:f`;
const statement = (Effect: string, more: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect, Action: 'sts:AssumeRole', ...more }] });

function roleThat(trustPolicy: string): RoleFacts {
  return {
    account: ACCOUNT,
    roleName: 'r',
    roleId: 'AROAEXAMPLEEXAMPLE123',
    roleArn: `arn:aws:iam::${ACCOUNT}:role/r`,
    trustPolicy,
    maxSessionSeconds: 3600,
    tags: { level: 'low' },
  };
}

const Principal = { Service: 'lambda.amazonaws.com' };
const TRUSTING = roleThat(statement('Allow', { Principal }));

function outcome(role: RoleFacts, rcps: readonly string[] = [], service = 'lambda.amazonaws.com'): string {
  const owner = {
    organizationId: 'o-example',
    path: 'o-example/r-root/',
    rcps: [rcps.map((text, index) => compilePolicy(text, `rcp-${index}`))],
  };
  const asked = { roleArn: role.roleArn, service, sessionName: 's', sourceArn: SOURCE };
  const facts = {
    role,
    account: ACCOUNT,
    owner: rcps.length === 0 ? undefined : owner,
    source: owner,
    nowMs: 0,
  };
  const { decision } = serviceTrust(asked, facts);
  return `${decision.outcome} ${decision.layer}`;
}

test('a role is its services’ that its trust policy names, for what it says', () => {
  assert.equal(outcome(TRUSTING), 'allowed trust');
  assert.equal(outcome(TRUSTING, [], 'sns.amazonaws.com'), 'implicit-deny trust');
  const meeting = (Condition: object) => roleThat(statement('Allow', { Principal, Condition }));
  const met = {
    ArnLike: { 'aws:SourceArn': SOURCE },
    StringEquals: {
      'aws:SourceAccount': ACCOUNT,
      'aws:SourceOrgID': 'o-example',
      'aws:ResourceTag/level': 'low',
    },
    DateLessThan: { 'aws:CurrentTime': '2000-01-01T00:00:00Z' },
  };
  assert.equal(outcome(meeting(met)), 'allowed trust');
  assert.equal(outcome(meeting({ StringEquals: { 'aws:SourceAccount': '999' } })), 'implicit-deny trust');
});

test('resource control policies are above it', () => {
  const everything = statement('Allow', { Resource: '*' });
  const guard = (account: string) =>
    statement('Deny', { Resource: '*', Condition: { StringNotEquals: { 'aws:SourceAccount': account } } });
  assert.equal(outcome(TRUSTING, [everything, guard(ACCOUNT)]), 'allowed trust');
  assert.equal(outcome(TRUSTING, [everything, guard('999999999999')]), 'explicit-deny rcp');
});
