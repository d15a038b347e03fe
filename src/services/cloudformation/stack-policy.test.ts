import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { readStackPolicy, stackPolicyRefusal, type UpdateAction } from './stack-policy.ts';

const all = { Effect: 'Allow', Action: 'Update:*', Principal: '*', Resource: '*' };
const refusal = (
  statements: readonly object[],
  action: UpdateAction,
  logicalId = 'Table',
  type = 'AWS::X::Y',
) =>
  stackPolicyRefusal(readStackPolicy(JSON.stringify({ Statement: statements })), action, { logicalId, type });

test('a statement denies, none allows, or all is free', () => {
  assert.equal(refusal([], 'Update:Delete'), undefined);
  assert.equal(refusal([all], 'Update:Delete'), undefined);
  const deny = { ...all, Effect: 'Deny', Action: ['Update:Replace'], Resource: 'LogicalResourceId/Tab*' };
  assert.equal(
    refusal([all, deny], 'Update:Replace'),
    'Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/Table];',
  );
  assert.equal(refusal([all, deny], 'Update:Modify'), undefined);
  assert.equal(refusal([all, deny], 'Update:Replace', 'Bucket'), undefined);
  assert.match(refusal([deny], 'Update:Modify') ?? '', /^Action not allowed by stack policy/);
  const { Action: _, ...rest } = all;
  assert.equal(refusal([{ ...rest, NotAction: 'Update:Delete' }], 'Update:Modify'), undefined);
  assert.ok(refusal([{ ...rest, NotAction: 'Update:Delete' }], 'Update:Delete'));
  const typed = { ...all, Effect: 'Deny', Condition: { StringLike: { ResourceType: ['AWS::X::*'] } } };
  assert.ok(refusal([all, typed], 'Update:Modify'));
  assert.equal(refusal([all, typed], 'Update:Modify', 'Table', 'AWS::Z::Y'), undefined);
});

test('what is no stack policy is refused', () => {
  const wrong = [
    'text',
    '[]',
    JSON.stringify({ Statement: [{ ...all, Principal: 'AWS' }] }),
    JSON.stringify({ Statement: [{ ...all, Action: 'Delete:*' }] }),
    JSON.stringify({ Statement: [{ ...all, Resource: 'Table' }] }),
    JSON.stringify({ Statement: [{ ...all, Effect: 'allow' }] }),
    JSON.stringify({ Statement: [{ ...all, Condition: { Bool: {} } }] }),
  ];
  for (const text of wrong)
    assert.throws(() => readStackPolicy(text), {
      message: 'Error validating stack policy: Invalid stack policy',
    });
});
