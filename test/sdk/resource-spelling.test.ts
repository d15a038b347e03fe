import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import { APIGatewayClient, CreateRestApiCommand, GetTagsCommand } from '@aws-sdk/client-api-gateway';
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateTableCommand,
  DynamoDBClient,
  ListTagsOfResourceCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { CreatePolicyCommand, GetPolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  GetLayerVersionByArnCommand,
  GetLayerVersionCommand,
  LambdaClient,
  ListTagsCommand,
  PublishLayerVersionCommand,
} from '@aws-sdk/client-lambda';
import { CreateTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ListMessageMoveTasksCommand, SQSClient } from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { makeFunctionRole } from '../support/roles.ts';
import { makeUser } from '../support/users.ts';

/** A deny by exact ARN holds however a request spells what the ARN names. */
const lambent = await withLambent();
const own = (service: string, resource: string) => `arn:aws:${service}:us-east-1:000000000000:${resource}`;
const ROLE = 'arn:aws:iam::000000000000:role/secret';
const POLICY = 'arn:aws:iam::000000000000:policy/secret';
const code = zipSync({ 'index.js': Buffer.from('exports.handler = async () => 1;') });
const TemplateBody = JSON.stringify({ Resources: { Queue: { Type: 'AWS::SQS::Queue' } } });

let keys: Awaited<ReturnType<typeof makeUser>>;
let api = '';
let stack = '';
let changeSet = '';

before(async () => {
  const iam = lambent.client(IAMClient);
  const cloudformation = lambent.client(CloudFormationClient);
  const lambda = lambent.client(LambdaClient);
  await makeFunctionRole(iam, 'secret');
  await Promise.all([
    lambent.client(SNSClient).send(new CreateTopicCommand({ Name: 'secret' })),
    lambent.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'secret' })),
    lambent.client(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: 'secret' })),
    lambent.client(DynamoDBClient).send(
      new CreateTableCommand({
        TableName: 'secret',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    ),
    iam.send(
      new CreatePolicyCommand({
        PolicyName: 'secret',
        PolicyDocument:
          '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}',
      }),
    ),
    lambda.send(new PublishLayerVersionCommand({ LayerName: 'secret', Content: { ZipFile: code } })),
    lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'secret',
        Role: ROLE,
        Runtime: 'nodejs20.x',
        Handler: 'index.handler',
        Code: { ZipFile: code },
      }),
    ),
  ]);
  api = (await lambent.client(APIGatewayClient).send(new CreateRestApiCommand({ name: 'secret' }))).id ?? '';
  const made = await cloudformation.send(new CreateStackCommand({ StackName: 'secret', TemplateBody }));
  stack = made.StackId ?? '';
  const staged = await cloudformation.send(
    new CreateChangeSetCommand({
      StackName: 'new',
      ChangeSetName: 'c',
      ChangeSetType: 'CREATE',
      TemplateBody,
    }),
  );
  changeSet = staged.Id ?? '';
  keys = await makeUser(
    iam,
    'evil',
    { Effect: 'Allow', Action: '*', Resource: '*' },
    {
      Effect: 'Deny',
      Action: '*',
      Resource: [
        own('sns', 'secret'),
        own('sqs', 'secret'),
        own('logs', 'log-group:secret'),
        own('dynamodb', 'table/secret'),
        own('lambda', 'function:secret'),
        own('lambda', 'layer:secret:1'),
        ROLE,
        POLICY,
        stack,
        staged.StackId ?? '',
        `arn:aws:apigateway:us-east-1::/tags/${encodeURIComponent(`arn:aws:apigateway:us-east-1::/restapis/${api}`)}`,
      ],
    },
  );
});

/** Every part of the ARN spelled otherwise. */
function spellings(arn: string): readonly string[] {
  const parts = arn.split(':');
  const part = (index: number, text: string) => parts.map((old, i) => (i === index ? text : old)).join(':');
  return [
    arn,
    part(1, 'aws-cn'),
    part(1, 'AWS'),
    part(2, (parts[2] ?? '').toUpperCase()),
    part(3, ''),
    part(3, 'eu-west-1'),
    part(3, 'US-EAST-1'),
    part(4, ''),
    `${arn}:`,
    `${arn}/`,
    ` ${arn}`,
    arn.replace(/:1$/, ':01'),
  ];
}

/** Which spellings were let through. */
async function passed(arn: string, ask: (arn: string) => Promise<unknown>): Promise<readonly string[]> {
  const answered: string[] = [];
  for (const spelling of spellings(arn)) {
    await ask(spelling).then(
      () => answered.push(spelling),
      () => undefined,
    );
  }
  return answered;
}

test('a topic, a queue, a log group and a table have one name each', async () => {
  const sns = lambent.client(SNSClient, { credentials: keys });
  const sqs = lambent.client(SQSClient, { credentials: keys });
  const logs = lambent.client(CloudWatchLogsClient, { credentials: keys });
  const dynamodb = lambent.client(DynamoDBClient, { credentials: keys });
  assert.deepEqual(
    [
      ...(await passed(own('sns', 'secret'), (TopicArn) =>
        sns.send(new PublishCommand({ TopicArn, Message: 'x' })),
      )),
      ...(await passed(own('sqs', 'secret'), (SourceArn) =>
        sqs.send(new ListMessageMoveTasksCommand({ SourceArn })),
      )),
      ...(await passed(own('logs', 'log-group:secret'), (resourceArn) =>
        logs.send(new ListTagsForResourceCommand({ resourceArn })),
      )),
      ...(await passed(own('dynamodb', 'table/secret'), (ResourceArn) =>
        dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn })),
      )),
    ],
    [],
  );
});

test('so have functions, layers, roles to pass and policies', async () => {
  const lambda = lambent.client(LambdaClient, { credentials: keys });
  const iam = lambent.client(IAMClient, { credentials: keys });
  const creation = (Role: string) => ({
    FunctionName: 'evil',
    Role,
    Runtime: 'nodejs20.x' as const,
    Handler: 'index.handler',
    Code: { ZipFile: code },
  });
  assert.deepEqual(
    [
      ...(await passed(own('lambda', 'function:secret'), (FunctionName) =>
        lambda.send(new GetFunctionConfigurationCommand({ FunctionName })),
      )),
      ...(await passed(own('lambda', 'function:secret'), (Resource) =>
        lambda.send(new ListTagsCommand({ Resource })),
      )),
      ...(await passed(own('lambda', 'layer:secret'), (LayerName) =>
        lambda.send(new GetLayerVersionCommand({ LayerName, VersionNumber: 1 })),
      )),
      ...(await passed(own('lambda', 'layer:secret:1'), (Arn) =>
        lambda.send(new GetLayerVersionByArnCommand({ Arn })),
      )),
      ...(await passed(ROLE, (Role) => lambda.send(new CreateFunctionCommand(creation(Role))))),
      ...(await passed(POLICY, (PolicyArn) => iam.send(new GetPolicyCommand({ PolicyArn })))),
    ],
    [],
  );
});

test('a stack is judged as itself, by whatever name or id it is asked for', async () => {
  const cloudformation = lambent.client(CloudFormationClient, { credentials: keys });
  const [, name, id] = /stack\/([^/]+)\/(.+)$/.exec(stack) ?? [];
  const names = [
    name ?? '',
    stack,
    stack.replace(`/${name}/`, '/other/'),
    stack.replace('us-east-1', 'eu-west-1'),
  ];
  for (const StackName of [...names, own('cloudformation', `stack/${id}/${id}`)])
    await assert.rejects(cloudformation.send(new DescribeStacksCommand({ StackName })), StackName);
  for (const ChangeSetName of [changeSet, changeSet.replace('/c/', '/other/')])
    await assert.rejects(
      cloudformation.send(new DescribeChangeSetCommand({ ChangeSetName })),
      /is not authorized to perform: cloudformation:DescribeChangeSet|does not exist/,
    );
});

test('and so is the tagged resource of an API', async () => {
  const apigateway = lambent.client(APIGatewayClient, { credentials: keys });
  const passing = await passed(`arn:aws:apigateway:us-east-1::/restapis/${api}`, (resourceArn) =>
    apigateway.send(new GetTagsCommand({ resourceArn })),
  );
  assert.deepEqual(passing, []);
});

test('a request that names nothing is decided all the same', async () => {
  const nobody = await makeUser(lambent.client(IAMClient), 'nobody', {
    Effect: 'Allow',
    Action: 'sts:GetCallerIdentity',
    Resource: '*',
  });
  const dynamodb = lambent.client(DynamoDBClient, { credentials: nobody });
  await assert.rejects(dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{}] })), {
    name: 'AccessDeniedException',
    message: /is not authorized to perform: dynamodb:TransactWriteItems on resource: \*/,
  });
});
