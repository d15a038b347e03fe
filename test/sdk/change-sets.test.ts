import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as cfn from '@aws-sdk/client-cloudformation';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(cfn.CloudFormationClient);

async function describe(StackName: string): Promise<cfn.Stack> {
  const { Stacks } = await client.send(new cfn.DescribeStacksCommand({ StackName }));
  assert(Stacks?.[0]);
  return Stacks[0];
}

async function rest(StackName: string): Promise<cfn.Stack> {
  for (let looks = 0; looks < 1200; looks++) {
    const stack = await describe(StackName);
    if (!stack.StackStatus?.endsWith('IN_PROGRESS')) return stack;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return assert.fail(`${StackName} does not rest`);
}

async function carryOut(StackName: string, ChangeSetName: string): Promise<cfn.Stack> {
  await client.send(new cfn.ExecuteChangeSetCommand({ StackName, ChangeSetName }));
  return rest(StackName);
}

const propose = (StackName: string, ChangeSetName: string, input: Partial<cfn.CreateChangeSetInput>) =>
  client.send(new cfn.CreateChangeSetCommand({ StackName, ChangeSetName, ...input }));

const set = (StackName: string, ChangeSetName: string, IncludePropertyValues = false) =>
  client.send(new cfn.DescribeChangeSetCommand({ StackName, ChangeSetName, IncludePropertyValues }));

const TOPICS = `
Parameters:
  Name: {Type: String}
  Secret: {Type: String, NoEcho: true}
Conditions:
  Kept: !Equals [!Ref Name, two]
Resources:
  Named:
    Type: AWS::SNS::Topic
    DeletionPolicy: !If [Kept, Retain, Delete]
    Metadata: {Hint: !Ref Secret}
    Properties: {TopicName: !Ref Name}
  Other:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Sub 'beside \${Named.TopicName} \${Secret}'}
  Noted:
    Type: AWS::CDK::Metadata
    Properties: {Analytics: 'v2:deflate64:x'}
`;

test('a change set tells what changes, from what, to what and why', async () => {
  const StackName = 'causes';
  const given = (name: string, secret: string) => [
    { ParameterKey: 'Name', ParameterValue: name },
    { ParameterKey: 'Secret', ParameterValue: secret },
  ];
  await propose(StackName, 'first', {
    TemplateBody: TOPICS,
    ChangeSetType: 'CREATE',
    Parameters: given('one', 'hidden'),
  });
  const [{ ResourceChange: added } = {}] = (await set(StackName, 'first', true)).Changes ?? [];
  assert.deepEqual([added?.Action, added?.AfterContext], ['Add', '{"Properties":{"TopicName":"one"}}']);
  const made = await carryOut(StackName, 'first');
  assert.equal(made.StackStatus, 'CREATE_COMPLETE');
  assert.ok(made.LastUpdatedTime, 'a change set counts as an update');
  assert.equal(made.Outputs, undefined);
  assert.equal((await set(StackName, 'first')).ExecutionStatus, 'EXECUTE_COMPLETE');

  await propose(StackName, 'second', { UsePreviousTemplate: true, Parameters: given('two', 'unseen') });
  const told = await set(StackName, 'second', true);
  assert.ok(!JSON.stringify(told.Changes).match(/hidden|unseen/), 'secrets are masked');
  const changes = new Map(
    told.Changes?.map(({ ResourceChange: change }) => [change?.LogicalResourceId, change]),
  );
  const named = changes.get('Named');
  assert.deepEqual(
    [named?.Replacement, named?.PolicyAction, named?.Scope, named?.BeforeContext],
    ['True', 'ReplaceAndDelete', ['Metadata', 'Properties'], '{"Properties":{"TopicName":"one"}}'],
  );
  const of = (change: cfn.ResourceChange | undefined, attribute: string) =>
    change?.Details?.filter(({ Target }) => Target?.Attribute === attribute).map((detail) => [
      detail.ChangeSource,
      detail.CausingEntity,
      detail.Evaluation,
    ]);
  const byParameter = (name: string) => [
    ['ParameterReference', name, 'Static'],
    ['DirectModification', undefined, 'Dynamic'],
  ];
  assert.deepEqual(of(named, 'Properties'), byParameter('Name'));
  assert.deepEqual(of(named, 'Metadata'), byParameter('Secret'));
  const target = named?.Details?.find(({ Target }) => Target?.Name === 'TopicName')?.Target;
  assert.deepEqual(
    [target?.Path, target?.BeforeValue, target?.AfterValue, target?.AttributeChangeType],
    ['/Properties/TopicName', 'one', 'two', 'Modify'],
  );
  const other = changes.get('Other');
  assert.deepEqual(of(other, 'Properties')?.[0], ['ResourceAttribute', 'Named.TopicName', 'Static']);
  assert.equal(other?.AfterContext, '{"Properties":{"DisplayName":"{{changeSet:KNOWN_AFTER_APPLY}}"}}');
  const { Changes: bare = [] } = await set(StackName, 'second');
  assert.equal(bare[0]?.ResourceChange?.BeforeContext, undefined);

  assert.equal((await carryOut(StackName, 'second')).StackStatus, 'UPDATE_COMPLETE');
  const { StackResourceDetail } = await client.send(
    new cfn.DescribeStackResourceCommand({ StackName, LogicalResourceId: 'Named' }),
  );
  assert.equal(StackResourceDetail?.Metadata, '{"Hint":"unseen"}');
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
  const events = StackEvents.filter(({ LogicalResourceId }) => LogicalResourceId === 'Named').reverse();
  assert.deepEqual(
    events.map((event) => [event.ResourceStatus, event.ResourceStatusReason]),
    [
      ['CREATE_IN_PROGRESS', undefined],
      ['CREATE_IN_PROGRESS', 'Resource creation Initiated'],
      ['CREATE_COMPLETE', undefined],
      [
        'UPDATE_IN_PROGRESS',
        'Requested update requires the creation of a new physical resource; hence creating one.',
      ],
      ['UPDATE_IN_PROGRESS', 'Resource creation Initiated'],
      ['UPDATE_COMPLETE', undefined],
      ['DELETE_IN_PROGRESS', undefined],
      ['DELETE_COMPLETE', undefined],
    ],
  );
  assert.match(events[2]?.EventId ?? '', /^Named-CREATE_COMPLETE-\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/);
  assert.match(StackEvents[0]?.EventId ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const times = StackEvents.map(({ Timestamp }) => Timestamp?.getTime() ?? 0);
  assert.equal(new Set(times).size, times.length, 'times put events in order');

  // Its condition holds by now: the topic is kept.
  await client.send(new cfn.DeleteStackCommand({ StackName }));
  const gone = await rest(made.StackId ?? '');
  assert.deepEqual(
    [gone.StackStatus, gone.ChangeSetId, gone.EnableTerminationProtection],
    ['DELETE_COMPLETE', undefined, undefined],
  );
  const { StackResources = [] } = await client.send(
    new cfn.DescribeStackResourcesCommand({ StackName: made.StackId }),
  );
  assert.equal(
    StackResources.find(({ LogicalResourceId }) => LogicalResourceId === 'Named')?.ResourceStatus,
    'DELETE_SKIPPED',
  );
});

test('what a condition leaves out cannot be named', async () => {
  const template = (extra: object) =>
    JSON.stringify({
      Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
      Resources: {
        Left: { Type: 'AWS::SNS::Topic', Condition: 'Never' },
        Made: {
          Type: 'AWS::SNS::Topic',
          Properties: { DisplayName: { 'Fn::If': ['Never', { Ref: 'Left' }, 'x'] } },
        },
        ...('Wrong' in extra ? extra : {}),
      },
      ...('Outputs' in extra ? extra : {}),
    });
  const create = (TemplateBody: string) =>
    client.send(new cfn.CreateStackCommand({ StackName: 'left-out', TemplateBody }));
  await assert.rejects(create(template({ Outputs: { Left: { Value: { Ref: 'Left' } } } })), {
    message: 'Unresolved resource dependencies [Left] in the Outputs block of the template',
  });
  await assert.rejects(
    create(template({ Wrong: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: { Ref: 'Left' } } } })),
    {
      message:
        'Template format error: Unresolved resource dependencies [Left] in the Resources block of the template',
    },
  );
});

test('an update forgets the change set; templates with macros are always run', async () => {
  const StackName = 'macros';
  const topic = (name: string, transform = {}) =>
    JSON.stringify({
      ...transform,
      Resources: { T: { Type: 'AWS::SNS::Topic', Properties: { DisplayName: name } } },
    });
  await propose(StackName, 'first', { TemplateBody: topic('a'), ChangeSetType: 'CREATE' });
  await carryOut(StackName, 'first');
  const update = (TemplateBody: string) =>
    client.send(
      new cfn.UpdateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_AUTO_EXPAND'] }),
    );
  await update(topic('b'));
  const { ChangeSetId, Capabilities } = await rest(StackName);
  assert.deepEqual([ChangeSetId, Capabilities], [undefined, ['CAPABILITY_AUTO_EXPAND']]);
  await assert.rejects(update(topic('b')), { message: 'No updates are to be performed.' });
  await update(topic('b', { Transform: 'AWS::Serverless-2016-10-31' }));
  await rest(StackName);
  await update(topic('b', { Transform: 'AWS::Serverless-2016-10-31' }));
  assert.equal((await rest(StackName)).StackStatus, 'UPDATE_COMPLETE');
});

test('a request that is sent again with its token is answered again', async () => {
  const StackName = 'tokens';
  const TemplateBody = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}';
  const create = () =>
    client.send(new cfn.CreateStackCommand({ StackName, TemplateBody, ClientRequestToken: 'a' }));
  const { StackId } = await create();
  assert.equal((await create()).StackId, StackId);
  await rest(StackName);
  const update = (ClientRequestToken: string) =>
    client.send(
      new cfn.UpdateStackCommand({
        StackName,
        TemplateBody,
        ClientRequestToken,
        Tags: [{ Key: 'k', Value: 'v' }],
      }),
    );
  await assert.rejects(update('a'), { name: 'TokenAlreadyExistsException' });
  await update('b');
  await update('b');
  await rest(StackName);
  const set = (ClientToken: string) =>
    propose(StackName, 'again', { TemplateBody: TemplateBody.replace('T', 'U'), ClientToken });
  const { Id } = await set('c');
  assert.equal((await set('c')).Id, Id);
  await assert.rejects(set('d'), { name: 'AlreadyExistsException' });
  const execute = () =>
    client.send(new cfn.ExecuteChangeSetCommand({ ChangeSetName: Id, ClientRequestToken: 'e' }));
  await execute();
  await execute();
  assert.equal((await rest(StackName)).StackStatus, 'UPDATE_COMPLETE');
});

test('rules hold parameters to each other', async () => {
  const TemplateBody = JSON.stringify({
    Parameters: { Stage: { Type: 'String' }, Kinds: { Type: 'CommaDelimitedList', Default: 'a,b' } },
    Rules: {
      Staged: {
        RuleCondition: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Stage' }, 'any'] }] },
        Assertions: [
          { Assert: { 'Fn::EachMemberIn': [{ Ref: 'Kinds' }, ['a', 'b', 'c']] } },
          {
            Assert: { 'Fn::Contains': [['test', 'prod'], { Ref: 'Stage' }] },
            AssertDescription: 'The stage is test or prod.',
          },
        ],
      },
    },
    Resources: { T: { Type: 'AWS::SNS::Topic' } },
  });
  const check = (stage: string, kinds = 'a') =>
    propose('ruled', `set-${stage}-${kinds.length}`, {
      TemplateBody,
      ChangeSetType: 'CREATE',
      Parameters: [
        { ParameterKey: 'Stage', ParameterValue: stage },
        { ParameterKey: 'Kinds', ParameterValue: kinds },
      ],
    });
  await check('test');
  await check('any', 'd');
  await assert.rejects(check('other'), { name: 'ValidationError', message: /The stage is test or prod\./ });
  await assert.rejects(check('test', 'a,d'), { name: 'ValidationError', message: /^Rule Staged failed/ });
});

test('templates are asked for by stack or change set', async () => {
  const get = (input: cfn.GetTemplateInput) => client.send(new cfn.GetTemplateCommand(input));
  await assert.rejects(get({}), { message: 'StackName is required if ChangeSetName is not specified.' });
  await assert.rejects(get({ ChangeSetName: 'x' }), { message: 'StackName is a required parameter.' });
  const arn = `arn:aws:cloudformation:us-east-1:${lambent.account}:changeSet/x/11111111-1111-1111-1111-111111111111`;
  await assert.rejects(get({ ChangeSetName: arn }), { name: 'ChangeSetNotFoundException' });
  await propose('reviewed', 'first', {
    TemplateBody: '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}',
    ChangeSetType: 'CREATE',
  });
  await assert.rejects(client.send(new cfn.GetTemplateSummaryCommand({ StackName: 'reviewed' })), {
    message: 'GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.',
  });
  await assert.rejects(
    client.send(new cfn.CreateStackCommand({ StackName: 'x', TemplateURL: 's3://there/template.yaml' })),
    { message: 'S3 error: Domain name specified in there is not a valid S3 domain' },
  );
});
