import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as cfn from '@aws-sdk/client-cloudformation';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as iam from '@aws-sdk/client-iam';
import * as lambda from '@aws-sdk/client-lambda';
import * as s3 from '@aws-sdk/client-s3';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(cfn.CloudFormationClient);
const functions = lambent.client(lambda.LambdaClient);

const CAPABILITIES: cfn.Capability[] = ['CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'];

/** Polls until the stack rests; says why when it is not in the wanted status. */
async function settled(StackName: string, status: string): Promise<Record<string, string>> {
  for (let looks = 0; looks < 1200; looks++) {
    const { Stacks } = await client.send(new cfn.DescribeStacksCommand({ StackName }));
    const stack = Stacks?.[0];
    assert(stack);
    if (!stack.StackStatus?.endsWith('IN_PROGRESS')) {
      if (stack.StackStatus !== status) {
        const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
        const failures = StackEvents.filter(({ ResourceStatus }) => ResourceStatus?.endsWith('FAILED'));
        assert.fail(
          `${StackName} is ${stack.StackStatus}: ${failures.map((one) => `${one.LogicalResourceId}: ${one.ResourceStatusReason}`).join('\n')}`,
        );
      }
      return Object.fromEntries(
        (stack.Outputs ?? []).map((one) => [one.OutputKey ?? '', one.OutputValue ?? '']),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
  return assert.fail(
    `${StackName} does not rest: ${StackEvents.slice(0, 5).map((one) => `${one.LogicalResourceId} ${one.ResourceStatus}`)}`,
  );
}

async function create(StackName: string, TemplateBody: string): Promise<void> {
  await client.send(new cfn.CreateStackCommand({ StackName, TemplateBody, Capabilities: CAPABILITIES }));
}

async function update(StackName: string, TemplateBody: string): Promise<void> {
  await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody, Capabilities: CAPABILITIES }));
}

const NOTES = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Table: {Type: AWS::Serverless::SimpleTable}
  Notes:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      InlineCode: |
        exports.handler = async (event) => ({ table: process.env.TABLE, greeting: process.env.GREETING });
      Environment: {Variables: {TABLE: !Ref Table, GREETING: hello}}
      Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Table}}]
      AutoPublishAlias: live
      Events:
        List: {Type: Api, Properties: {Path: /notes, Method: get}}
Outputs:
  Url: {Value: !Sub 'https://\${ServerlessRestApi}.execute-api.\${AWS::Region}.amazonaws.com/Prod'}
  Function: {Value: !Ref Notes}
  Table: {Value: !Ref Table}
  Alias: {Value: !Ref Notes.Alias}
  Role: {Value: !Ref NotesRole}
`;

async function invoke(FunctionName: string): Promise<Record<string, unknown>> {
  const { Payload, FunctionError } = await functions.send(new lambda.InvokeCommand({ FunctionName }));
  const answer = Buffer.from(Payload ?? []).toString('utf8');
  assert.equal(FunctionError, undefined, answer);
  return JSON.parse(answer);
}

test('a serverless template is deployed, changed and deleted', async () => {
  const StackName = 'notes';
  await create(StackName, NOTES);
  const outputs = await settled(StackName, 'CREATE_COMPLETE');
  assert.match(outputs['Url'] ?? '', /^http:\/\/127\.0\.0\.1:\d+\/_aws\/execute-api\/[a-z0-9]{10}\/Prod$/);
  assert.match(outputs['Function'] ?? '', /^notes-Notes-[A-Z0-9]{12}$/);
  assert.deepEqual(await invoke(outputs['Function'] ?? ''), { table: outputs['Table'], greeting: 'hello' });
  assert.match(outputs['Alias'] ?? '', /:function:notes-Notes-[A-Z0-9]{12}:live$/);
  const { TemplateBody } = await client.send(
    new cfn.GetTemplateCommand({ StackName, TemplateStage: 'Processed' }),
  );
  assert(!TemplateBody?.includes('AWS::Serverless'));

  await update(StackName, NOTES.replace('GREETING: hello', 'GREETING: goodbye'));
  const after = await settled(StackName, 'UPDATE_COMPLETE');
  assert.equal(after['Function'], outputs['Function']);
  assert.equal((await invoke(outputs['Alias'] ?? ''))['greeting'], 'goodbye');

  await client.send(new cfn.DeleteStackCommand({ StackName }));
  const { Stacks } = await client.send(new cfn.DescribeStacksCommand({ StackName }));
  await settled(Stacks?.[0]?.StackId ?? '', 'DELETE_COMPLETE');
  const tables = lambent.client(dynamodb.DynamoDBClient);
  const roles = lambent.client(iam.IAMClient);
  await assert.rejects(tables.send(new dynamodb.DescribeTableCommand({ TableName: outputs['Table'] })), {
    name: 'ResourceNotFoundException',
  });
  await assert.rejects(roles.send(new iam.GetRoleCommand({ RoleName: outputs['Role'] })), {
    name: 'NoSuchEntityException',
  });
});

const CUSTOM = `
Transform: AWS::Serverless-2016-10-31
Parameters: {Word: {Type: String, Default: moon}}
Resources:
  Maker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      InlineCode: |
        const response = require('cfn-response');
        exports.handler = (event, context) => {
          const { Word, Count } = event.ResourceProperties;
          if (Word === 'bad') return response.send(event, context, response.FAILED, {}, 'never');
          const id = Word === 'sun' ? 'second' : 'first';
          response.send(event, context, response.SUCCESS, {
            Line: event.RequestType + ' ' + Word + ' ' + (typeof Count),
          }, id);
        };
  Thing:
    Type: Custom::Thing
    Properties: {ServiceToken: !GetAtt Maker.Arn, Word: !Ref Word, Count: 3}
Outputs:
  Line: {Value: !GetAtt Thing.Line}
  Id: {Value: !Ref Thing}
`;

test('custom resources answer through their address', async () => {
  const StackName = 'custom';
  await create(StackName, CUSTOM);
  assert.deepEqual(await settled(StackName, 'CREATE_COMPLETE'), { Line: 'Create moon string', Id: 'first' });
  await update(StackName, CUSTOM.replace('Default: moon', 'Default: sun'));
  assert.deepEqual(await settled(StackName, 'UPDATE_COMPLETE'), { Line: 'Update sun string', Id: 'second' });
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
  const removed = StackEvents.find(
    ({ LogicalResourceId, ResourceStatus }) =>
      LogicalResourceId === 'Thing' && ResourceStatus === 'DELETE_COMPLETE',
  );
  assert.equal(removed?.PhysicalResourceId, 'first');
  await update(StackName, CUSTOM.replace('Default: moon', 'Default: bad'));
  await settled(StackName, 'UPDATE_ROLLBACK_COMPLETE');
});

test('a custom resource that never answers fails when its time is over', async () => {
  const StackName = 'silent';
  await create(
    StackName,
    `
Transform: AWS::Serverless-2016-10-31
Resources:
  Quiet: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs20.x, Handler: index.handler, InlineCode: 'exports.handler = async () => {};'}}
  Thing: {Type: Custom::Thing, Properties: {ServiceToken: !GetAtt Quiet.Arn, ServiceTimeout: 120}}
`,
  );
  for (let looks = 0; looks < 1200; looks++) {
    const { StackResources = [] } = await client.send(new cfn.DescribeStackResourcesCommand({ StackName }));
    if (StackResources.some(({ LogicalResourceId }) => LogicalResourceId === 'Thing')) break;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  await lambent.advance(121);
  // It is asked to delete what it may have made, as on AWS, and does not answer that either.
  await lambent.advance(121);
  await settled(StackName, 'ROLLBACK_FAILED');
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName }));
  const failure = StackEvents.find(({ ResourceStatus }) => ResourceStatus === 'CREATE_FAILED');
  assert.match(
    failure?.ResourceStatusReason ?? '',
    /^CloudFormation did not receive a response from your Custom Resource/,
  );
});

test('resources are made as the caller, or as the role the caller passes', async () => {
  const root = lambent.client(iam.IAMClient);
  const UserName = 'deployer';
  await root.send(new iam.CreateUserCommand({ UserName }));
  const allow = (Action: string | string[]) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });
  await root.send(
    new iam.PutUserPolicyCommand({
      UserName,
      PolicyName: 'stacks',
      PolicyDocument: allow(['cloudformation:*', 'iam:PassRole', 'dynamodb:DescribeTable']),
    }),
  );
  await root.send(
    new iam.CreateRoleCommand({
      RoleName: 'maker',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudformation.amazonaws.com' },
            Action: 'sts:AssumeRole',
          },
        ],
      }),
    }),
  );
  await root.send(
    new iam.PutRolePolicyCommand({
      RoleName: 'maker',
      PolicyName: 'tables',
      PolicyDocument: allow('dynamodb:*'),
    }),
  );
  const { AccessKey } = await root.send(new iam.CreateAccessKeyCommand({ UserName }));
  assert(AccessKey?.AccessKeyId && AccessKey.SecretAccessKey);
  const theirs = lambent.client(cfn.CloudFormationClient, {
    credentials: { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey },
  });
  const TemplateBody =
    'Transform: AWS::Serverless-2016-10-31\nResources: {T: {Type: AWS::Serverless::SimpleTable}}';
  await theirs.send(
    new cfn.CreateStackCommand({ StackName: 'poor', TemplateBody, Capabilities: CAPABILITIES }),
  );
  await settled('poor', 'ROLLBACK_COMPLETE');
  const { StackEvents = [] } = await client.send(new cfn.DescribeStackEventsCommand({ StackName: 'poor' }));
  assert.match(
    StackEvents.find(({ ResourceStatus }) => ResourceStatus === 'CREATE_FAILED')?.ResourceStatusReason ?? '',
    /user\/deployer is not authorized to perform: dynamodb:CreateTable.*HandlerErrorCode: AccessDenied/,
  );
  const RoleARN = 'arn:aws:iam::000000000000:role/maker';
  await theirs.send(
    new cfn.CreateStackCommand({ StackName: 'rich', TemplateBody, Capabilities: CAPABILITIES, RoleARN }),
  );
  await settled('rich', 'CREATE_COMPLETE');
});

test('stacks inside stacks, and snippets inside templates', async () => {
  const store = lambent.client(s3.S3Client);
  await store.send(new s3.CreateBucketCommand({ Bucket: 'templates' }));
  const inner = (kind: string) =>
    `Parameters: {Kind: {Type: String}}\nResources: {P: {Type: AWS::Cognito::UserPool, Properties: {UserPoolName: !Ref Kind, DeletionProtection: ${kind}}}}\nOutputs: {Id: {Value: !Ref P}}`;
  await store.send(
    new s3.PutObjectCommand({ Bucket: 'templates', Key: 'inner.yaml', Body: inner('INACTIVE') }),
  );
  const outer = (Kind: string) => `
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: 'https://s3.amazonaws.com/templates/inner.yaml', Parameters: {Kind: ${Kind}}}
Outputs: {Id: {Value: !GetAtt Inner.Outputs.Id}, Stack: {Value: !Ref Inner}}
`;
  await create('outer', outer('one'));
  const { Id, Stack } = await settled('outer', 'CREATE_COMPLETE');
  assert.match(Id ?? '', /^us-east-1_/);
  assert.match(Stack ?? '', /:stack\/outer-Inner-[A-Z0-9]{12}\//);
  await update('outer', outer('two'));
  assert.equal((await settled('outer', 'UPDATE_COMPLETE'))['Id'], Id);
  const { Stacks } = await client.send(new cfn.DescribeStacksCommand({ StackName: 'outer' }));
  await client.send(new cfn.DeleteStackCommand({ StackName: 'outer' }));
  await settled(Stacks?.[0]?.StackId ?? '', 'DELETE_COMPLETE');
  await settled(Stack ?? '', 'DELETE_COMPLETE');

  const included = `
Parameters: {Where: {Type: String, Default: s3://templates/pool.yaml}}
Resources:
  Pool:
    Type: AWS::Cognito::UserPool
    Properties:
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: !Ref Where}}
Outputs: {Arn: {Value: !GetAtt Pool.Arn}}
`;
  await assert.rejects(create('included', included), {
    name: 'ValidationError',
    message: /^Transform AWS::Include failed with: /,
  });
  const Body = '{"UserPoolName": {"Ref": "AWS::StackName"}}';
  await store.send(new s3.PutObjectCommand({ Bucket: 'templates', Key: 'pool.yaml', Body }));
  await create('included', included);
  await settled('included', 'CREATE_COMPLETE');
  const { TemplateBody } = await client.send(
    new cfn.GetTemplateCommand({ StackName: 'included', TemplateStage: 'Processed' }),
  );
  assert.deepEqual(JSON.parse(TemplateBody ?? '').Resources.Pool.Properties, {
    UserPoolName: { Ref: 'AWS::StackName' },
  });
});

test('a transform that fails is a failed change set', async () => {
  const TemplateBody =
    'Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function, Properties: {Foo: 1}}}';
  await client.send(
    new cfn.CreateChangeSetCommand({
      StackName: 'wrong',
      ChangeSetName: 'one',
      ChangeSetType: 'CREATE',
      TemplateBody,
    }),
  );
  const set = await client.send(
    new cfn.DescribeChangeSetCommand({ StackName: 'wrong', ChangeSetName: 'one' }),
  );
  assert.equal(set.Status, 'FAILED');
  assert.match(
    set.StatusReason ?? '',
    /^Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless/,
  );
});
