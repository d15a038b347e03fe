import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as cfn from '@aws-sdk/client-cloudformation';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(cfn.CloudFormationClient);
const idp = lambent.client(cognito.CognitoIdentityProviderClient);

async function describe(StackName: string): Promise<cfn.Stack> {
  const { Stacks } = await client.send(new cfn.DescribeStacksCommand({ StackName }));
  assert(Stacks?.[0]);
  return Stacks[0];
}

/** Polls until the stack rests. */
async function rest(StackName: string): Promise<cfn.Stack> {
  for (let looks = 0; looks < 1200; looks++) {
    const stack = await describe(StackName);
    if (!stack.StackStatus?.endsWith('IN_PROGRESS')) return stack;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return assert.fail(`${StackName} does not rest`);
}

async function events(StackName: string): Promise<readonly string[]> {
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
  return StackEvents.map(
    ({ LogicalResourceId, ResourceStatus }) => `${LogicalResourceId} ${ResourceStatus}`,
  ).reverse();
}

async function outputs(StackName: string): Promise<Record<string, string | undefined>> {
  const { Outputs = [] } = await describe(StackName);
  return Object.fromEntries(Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
}

const POOLS = `
Parameters:
  Name: {Type: String, Default: riders}
Conditions:
  Named: !Not [!Equals [!Ref Name, '']]
Resources:
  Pool:
    Type: AWS::Cognito::UserPool
    Properties:
      UserPoolName: !Sub '\${AWS::StackName}-\${Name}'
      Policies: {PasswordPolicy: {MinimumLength: '10'}}
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref Pool, ClientName: site}
  Group:
    Type: AWS::Cognito::UserPoolGroup
    Condition: Named
    Properties: {UserPoolId: !Ref Pool, GroupName: staff}
Outputs:
  PoolId: {Value: !Ref Pool, Export: {Name: !Sub '\${AWS::StackName}-pool'}}
  PoolArn: {Value: !GetAtt Pool.Arn}
  ClientId: {Value: !Ref Client}
`;

test('a stack is made, changed, read and deleted', async () => {
  const StackName = 'life';
  const { StackId } = await client.send(new cfn.CreateStackCommand({ StackName, TemplateBody: POOLS }));
  assert.match(StackId ?? '', /^arn:aws:cloudformation:us-east-1:000000000000:stack\/life\/[0-9a-f-]{36}$/);
  assert.equal((await rest(StackName)).StackStatus, 'CREATE_COMPLETE');
  const { PoolId, PoolArn, ClientId } = await outputs(StackName);
  assert.match(PoolId ?? '', /^us-east-1_\w+$/);
  assert.equal(PoolArn, `arn:aws:cognito-idp:us-east-1:000000000000:userpool/${PoolId}`);
  const { UserPool } = await idp.send(new cognito.DescribeUserPoolCommand({ UserPoolId: PoolId }));
  assert.equal(UserPool?.Name, 'life-riders');
  assert.equal(UserPool?.Policies?.PasswordPolicy?.MinimumLength, 10);

  const told = await events(StackName);
  // The second time a new resource is told, it has a name.
  assert.deepEqual(told.slice(0, 4), [
    'life CREATE_IN_PROGRESS',
    'Pool CREATE_IN_PROGRESS',
    'Pool CREATE_IN_PROGRESS',
    'Pool CREATE_COMPLETE',
  ]);
  assert.equal(told.at(-1), 'life CREATE_COMPLETE');

  // The name changes in place, so ids stay; the group goes.
  await client.send(
    new cfn.UpdateStackCommand({
      StackName,
      UsePreviousTemplate: true,
      Parameters: [{ ParameterKey: 'Name', ParameterValue: '' }],
    }),
  );
  assert.equal((await rest(StackName)).StackStatus, 'UPDATE_COMPLETE');
  const now = await outputs(StackName);
  assert.equal(now['PoolId'], PoolId);
  assert.equal(now['ClientId'], ClientId);
  const { Groups } = await idp.send(new cognito.ListGroupsCommand({ UserPoolId: PoolId }));
  assert.deepEqual(Groups, []);
  await assert.rejects(
    client.send(
      new cfn.UpdateStackCommand({
        StackName,
        UsePreviousTemplate: true,
        Parameters: [{ ParameterKey: 'Name', UsePreviousValue: true }],
      }),
    ),
    { name: 'ValidationError', message: 'No updates are to be performed.' },
  );

  const { StackResourceSummaries } = await client.send(new cfn.ListStackResourcesCommand({ StackName }));
  assert.deepEqual(
    StackResourceSummaries?.map((one) => [one.LogicalResourceId, one.PhysicalResourceId, one.ResourceStatus]),
    [
      ['Client', ClientId, 'CREATE_COMPLETE'],
      ['Pool', PoolId, 'UPDATE_COMPLETE'],
    ],
  );
  const { Exports } = await client.send(new cfn.ListExportsCommand({}));
  assert.deepEqual(Exports, [{ ExportingStackId: StackId, Name: 'life-pool', Value: PoolId }]);
  const { TemplateBody } = await client.send(new cfn.GetTemplateCommand({ StackName }));
  assert.equal(TemplateBody, POOLS);

  await client.send(new cfn.DeleteStackCommand({ StackName }));
  assert.equal((await rest(StackId ?? '')).StackStatus, 'DELETE_COMPLETE');
  await assert.rejects(describe(StackName), {
    name: 'ValidationError',
    message: 'Stack with id life does not exist',
  });
  await assert.rejects(idp.send(new cognito.DescribeUserPoolCommand({ UserPoolId: PoolId })), {
    name: 'ResourceNotFoundException',
  });
});

test('a creation that fails is taken back, and says why', async () => {
  const StackName = 'failing';
  const TemplateBody = `
Resources:
  Pool: {Type: AWS::Cognito::UserPool}
  Broken:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref Pool, Colour: red}
`;
  const { StackId } = await client.send(new cfn.CreateStackCommand({ StackName, TemplateBody }));
  const stack = await rest(StackName);
  assert.equal(stack.StackStatus, 'ROLLBACK_COMPLETE');
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName: StackId }));
  assert.equal(
    StackEvents.find(({ ResourceStatus }) => ResourceStatus === 'CREATE_FAILED')?.ResourceStatusReason,
    'Properties validation failed for resource Broken with message:\n#: extraneous key [Colour] is not permitted',
  );
  assert.equal(
    StackEvents.find(({ ResourceStatus }) => ResourceStatus === 'ROLLBACK_IN_PROGRESS')?.ResourceStatusReason,
    'The following resource(s) failed to create: [Broken]. Rollback requested by user.',
  );
  const { UserPools } = await idp.send(new cognito.ListUserPoolsCommand({ MaxResults: 60 }));
  assert.deepEqual(
    UserPools?.filter(({ Name }) => Name?.startsWith('failing')),
    [],
  );
  await assert.rejects(client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody })), {
    message: `Stack:${StackId} is in ROLLBACK_COMPLETE state and can not be updated.`,
  });
  await client.send(new cfn.DeleteStackCommand({ StackName }));
  assert.equal((await rest(StackId ?? '')).StackStatus, 'DELETE_COMPLETE');
});

test('an update that fails goes back to what was', async () => {
  const StackName = 'back';
  const pool = (name: string, rest = '') =>
    `Resources: {Pool: {Type: AWS::Cognito::UserPool, Properties: {UserPoolName: ${name}}}${rest}}\nOutputs: {Id: {Value: !Ref Pool}}`;
  await client.send(new cfn.CreateStackCommand({ StackName, TemplateBody: pool('before') }));
  await rest(StackName);
  const { Id } = await outputs(StackName);
  const broken =
    ', New: {Type: AWS::Cognito::UserPool}, Bad: {Type: AWS::Cognito::UserPoolGroup, DependsOn: [Pool, New], Properties: {UserPoolId: us-east-1_nothinghr, GroupName: x}}';
  await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody: pool('after', broken) }));
  const stack = await rest(StackName);
  assert.equal(stack.StackStatus, 'UPDATE_ROLLBACK_COMPLETE');
  const { UserPool } = await idp.send(new cognito.DescribeUserPoolCommand({ UserPoolId: Id }));
  assert.equal(UserPool?.Name, 'before');
  const { UserPools } = await idp.send(new cognito.ListUserPoolsCommand({ MaxResults: 60 }));
  assert.deepEqual(
    UserPools?.filter(({ Name }) => Name?.startsWith('back-')),
    [],
  );
  const told = await events(StackName);
  assert(told.includes('back UPDATE_ROLLBACK_IN_PROGRESS'));
  assert(told.includes('New DELETE_COMPLETE'));
});

test('change sets', async () => {
  const StackName = 'reviewed';
  const { Id } = await client.send(
    new cfn.CreateChangeSetCommand({
      StackName,
      ChangeSetName: 'first',
      ChangeSetType: 'CREATE',
      TemplateBody: POOLS,
    }),
  );
  assert.equal((await describe(StackName)).StackStatus, 'REVIEW_IN_PROGRESS');
  const set = await client.send(new cfn.DescribeChangeSetCommand({ StackName, ChangeSetName: 'first' }));
  assert.equal(set.ChangeSetId, Id);
  assert.equal(set.Status, 'CREATE_COMPLETE');
  assert.deepEqual(
    set.Changes?.map(({ ResourceChange }) => [ResourceChange?.Action, ResourceChange?.LogicalResourceId]),
    [
      ['Add', 'Pool'],
      ['Add', 'Client'],
      ['Add', 'Group'],
    ],
  );
  await client.send(new cfn.ExecuteChangeSetCommand({ ChangeSetName: Id }));
  assert.equal((await rest(StackName)).StackStatus, 'CREATE_COMPLETE');

  await client.send(
    new cfn.CreateChangeSetCommand({ StackName, ChangeSetName: 'nothing', TemplateBody: POOLS }),
  );
  const nothing = await client.send(
    new cfn.DescribeChangeSetCommand({ StackName, ChangeSetName: 'nothing' }),
  );
  assert.equal(nothing.Status, 'FAILED');
  assert.equal(
    nothing.StatusReason,
    "The submitted information didn't contain changes. Submit different information to create a change set.",
  );
  await client.send(new cfn.DeleteChangeSetCommand({ StackName, ChangeSetName: 'nothing' }));
  await assert.rejects(
    client.send(new cfn.DescribeChangeSetCommand({ StackName, ChangeSetName: 'nothing' })),
    { name: 'ChangeSetNotFoundException', message: 'ChangeSet [nothing] does not exist' },
  );

  // A group's name replaces it; its pool stays.
  await client.send(
    new cfn.CreateChangeSetCommand({
      StackName,
      ChangeSetName: 'renamed',
      TemplateBody: POOLS.replace('GroupName: staff', 'GroupName: crew'),
    }),
  );
  const renamed = await client.send(
    new cfn.DescribeChangeSetCommand({ StackName, ChangeSetName: 'renamed' }),
  );
  assert.deepEqual(
    renamed.Changes?.map(({ ResourceChange }) => [
      ResourceChange?.Action,
      ResourceChange?.LogicalResourceId,
      ResourceChange?.Replacement,
    ]),
    [['Modify', 'Group', 'True']],
  );
  await client.send(new cfn.ExecuteChangeSetCommand({ StackName, ChangeSetName: 'renamed' }));
  assert.equal((await rest(StackName)).StackStatus, 'UPDATE_COMPLETE');
  const { PoolId } = await outputs(StackName);
  const { Groups } = await idp.send(new cognito.ListGroupsCommand({ UserPoolId: PoolId }));
  assert.deepEqual(
    Groups?.map(({ GroupName }) => GroupName),
    ['crew'],
  );
});

test('what cannot be made is refused by name, before anything is', async () => {
  const refused = (TemplateBody: string, message: string, name = 'ValidationError') =>
    assert.rejects(client.send(new cfn.CreateStackCommand({ StackName: 'no', TemplateBody })), {
      name,
      message,
    });
  await refused(
    'Resources: {A: {Type: AWS::Foo::Bar}}',
    'Template format error: Unrecognized resource types: [AWS::Foo::Bar]',
  );
  await refused(
    'Resources: {A: {Type: AWS::EC2::VPC}}',
    'Template format error: Lambent cannot create resources of these types yet: [AWS::EC2::VPC]',
  );
  await refused(
    'Resources: {A: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}}',
    'Requires capabilities : [CAPABILITY_IAM]',
    'InsufficientCapabilitiesException',
  );
  await refused(
    'Transform: My-Macro\nResources: {A: {Type: AWS::S3::Bucket}}',
    'No transform named My-Macro found.',
  );
  await assert.rejects(describe('no'), { name: 'ValidationError' });
});

test('a named resource is not replaced, nor one of another type', async () => {
  const StackName = 'named';
  const table = (key: string) =>
    `Resources: {T: {Type: AWS::DynamoDB::Table, Properties: {TableName: mine, BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: ${key}, AttributeType: S}], KeySchema: [{AttributeName: ${key}, KeyType: HASH}]}}}`;
  await client.send(new cfn.CreateStackCommand({ StackName, TemplateBody: table('a') }));
  assert.equal((await rest(StackName)).StackStatus, 'CREATE_COMPLETE');
  await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody: table('b') }));
  assert.equal((await rest(StackName)).StackStatus, 'UPDATE_ROLLBACK_COMPLETE');
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
  assert.equal(
    StackEvents.find(({ ResourceStatus }) => ResourceStatus === 'UPDATE_FAILED')?.ResourceStatusReason,
    'CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename mine and update the stack again.',
  );
  await assert.rejects(
    client.send(
      new cfn.UpdateStackCommand({
        StackName,
        TemplateBody: 'Resources: {T: {Type: AWS::Cognito::UserPool}}',
      }),
    ),
    {
      message:
        'Update of resource type is not permitted. The new template modifies resource type of the following resources: [T]',
    },
  );
});

test('templates are validated and summed up', async () => {
  const { Parameters, Capabilities } = await client.send(
    new cfn.ValidateTemplateCommand({ TemplateBody: POOLS }),
  );
  assert.deepEqual(Parameters, [{ DefaultValue: 'riders', NoEcho: false, ParameterKey: 'Name' }]);
  assert.equal(Capabilities, undefined);
  const { ResourceTypes } = await client.send(new cfn.GetTemplateSummaryCommand({ TemplateBody: POOLS }));
  assert.deepEqual(ResourceTypes, [
    'AWS::Cognito::UserPool',
    'AWS::Cognito::UserPoolClient',
    'AWS::Cognito::UserPoolGroup',
  ]);
});

test('an export in use stays', async () => {
  const make = (StackName: string, TemplateBody: string) =>
    client.send(new cfn.CreateStackCommand({ StackName, TemplateBody }));
  await make(
    'giver',
    'Resources: {P: {Type: AWS::Cognito::UserPool}}\nOutputs: {O: {Value: !Ref P, Export: {Name: the-pool}}}',
  );
  await rest('giver');
  await make(
    'taker',
    'Resources: {G: {Type: AWS::Cognito::UserPoolGroup, Properties: {GroupName: g, UserPoolId: !ImportValue the-pool}}}',
  );
  assert.equal((await rest('taker')).StackStatus, 'CREATE_COMPLETE');
  await client.send(new cfn.DeleteStackCommand({ StackName: 'giver' }));
  const kept = await rest('giver');
  assert.equal(kept.StackStatus, 'DELETE_FAILED');
  assert.equal(kept.StackStatusReason, 'Export the-pool cannot be deleted as it is in use by taker');
  const { Imports } = await client.send(new cfn.ListImportsCommand({ ExportName: 'the-pool' }));
  assert.deepEqual(Imports, ['taker']);
});
