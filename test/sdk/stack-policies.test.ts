import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as cfn from '@aws-sdk/client-cloudformation';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(cfn.CloudFormationClient);
const StackName = 'protected';

async function rest(): Promise<cfn.Stack> {
  for (let looks = 0; looks < 1200; looks++) {
    const { Stacks: [stack] = [] } = await client.send(new cfn.DescribeStacksCommand({ StackName }));
    assert(stack);
    if (!stack.StackStatus?.endsWith('IN_PROGRESS')) return stack;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return assert.fail('the stack does not rest');
}

const topics = (names: Readonly<Record<string, string>>) =>
  JSON.stringify({
    Resources: Object.fromEntries(
      Object.entries(names).map(([id, DisplayName]) => [
        id,
        { Type: 'AWS::SNS::Topic', Properties: { DisplayName } },
      ]),
    ),
  });
const policy = (...denied: string[]) =>
  JSON.stringify({
    Statement: [
      { Effect: 'Allow', Action: 'Update:*', Principal: '*', Resource: '*' },
      ...denied.map((Action) => ({
        Effect: 'Deny',
        Action,
        Principal: '*',
        Resource: 'LogicalResourceId/Kept',
      })),
    ],
  });

async function update(names: Readonly<Record<string, string>>, more = {}): Promise<string | undefined> {
  await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody: topics(names), ...more }));
  return (await rest()).StackStatus;
}
const current = async () => (await client.send(new cfn.GetStackPolicyCommand({ StackName }))).StackPolicyBody;

test('a stack policy keeps updates off a resource', async () => {
  await client.send(
    new cfn.CreateStackCommand({
      StackName,
      TemplateBody: topics({ Kept: 'a', Free: 'a' }),
      StackPolicyBody: policy('Update:Modify', 'Update:Delete'),
    }),
  );
  await rest();
  assert.equal(await current(), policy('Update:Modify', 'Update:Delete'));
  assert.equal(await update({ Kept: 'a', Free: 'b' }), 'UPDATE_COMPLETE');
  assert.equal(await update({ Kept: 'b', Free: 'c' }), 'UPDATE_ROLLBACK_COMPLETE');
  assert.equal(await update({ Free: 'b' }), 'UPDATE_ROLLBACK_COMPLETE');
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
  const told = StackEvents.filter(({ ResourceStatus }) => ResourceStatus === 'UPDATE_FAILED');
  assert.deepEqual(
    told.map(({ ResourceStatusReason }) => ResourceStatusReason),
    ['Delete', 'Modify'].map(
      (what, i) =>
        `Action denied by stack policy: Statement [#${3 - i}] does not allow [Update:${what}] for resource [LogicalResourceId/Kept];`,
    ),
  );
  const { StackResources = [] } = await client.send(new cfn.DescribeStackResourcesCommand({ StackName }));
  assert.deepEqual(StackResources.map(({ LogicalResourceId }) => LogicalResourceId).sort(), ['Free', 'Kept']);

  const during = { StackPolicyDuringUpdateBody: policy() };
  assert.equal(await update({ Kept: 'b', Free: 'b' }, during), 'UPDATE_COMPLETE');
  assert.equal(await current(), policy('Update:Modify', 'Update:Delete'));
  assert.equal(
    await update({ Kept: 'b', Free: 'c' }, { StackPolicyBody: policy('Update:Modify') }),
    'UPDATE_COMPLETE',
  );
  assert.equal(await current(), policy('Update:Modify'));
  await client.send(new cfn.SetStackPolicyCommand({ StackName, StackPolicyBody: '{}' }));
  assert.equal(await update({ Kept: 'c', Free: 'c' }), 'UPDATE_COMPLETE');
  await assert.rejects(
    client.send(
      new cfn.SetStackPolicyCommand({ StackName, StackPolicyBody: '{}', StackPolicyURL: 'https://x' }),
    ),
    { message: 'You cannot specify both StackPolicyURL and StackPolicyBody' },
  );
  await client.send(new cfn.DeleteStackCommand({ StackName }));
});
