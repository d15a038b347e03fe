import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { compilePolicy } from './compile.ts';
import { decide, type PolicySet } from './evaluate.ts';
import { type Explanation, explain } from './explain.ts';
import { contextOf } from './request.ts';

const ARN = 'arn:aws:iam::111111111111:user/alice';
const policy = (id: string, statement: object) =>
  compilePolicy(JSON.stringify({ Version: '2012-10-17', Statement: [{ Resource: '*', ...statement }] }), id);

function explained(policies: PolicySet, owner = '111111111111'): Explanation {
  const request = {
    action: 'sqs:SendMessage',
    resource: `arn:aws:sqs:us-east-1:${owner}:q`,
    resourceAccount: owner,
    principal: { kind: 'user', account: '111111111111', arn: ARN, userId: 'AIDAALICE' } as const,
    context: contextOf({ 'aws:RequestedRegion': 'us-east-1' }),
  };
  return explain(request, policies, decide(request, policies), request);
}

test('a denial says everything that is missing, in AWS’s order', () => {
  const other = policy('other', { Effect: 'Allow', Action: 's3:*' });
  assert.deepEqual(explained({ identity: [] }).alsoMissing, []);
  const across = explained({ identity: [], boundary: other, scps: [[other]] }, '222222222222');
  assert.equal(across.layer, 'scp');
  assert.deepEqual(across.alsoMissing, ['resource', 'identity', 'boundary']);
});

test('an explicit deny says what the request had that its condition is about', () => {
  const Condition = { StringNotEquals: { 'aws:RequestedRegion': 'eu-west-1', 'aws:PrincipalTag/team': 'a' } };
  const deny = policy('deny', { Effect: 'Deny', Action: 'sqs:*', Condition });
  const { asked, alsoMissing } = explained({ identity: [deny] });
  assert.deepEqual(asked, { 'aws:RequestedRegion': 'us-east-1' });
  assert.equal(alsoMissing, undefined);
});
