import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { AttachRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { AddPermissionCommand, CreateEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { withLambent } from '../support/clients.ts';
import { makeFunction, printed } from '../support/functions.ts';
import { makeFunctionRole } from '../support/roles.ts';

const lambent = await withLambent();
const lambda = lambent.client(LambdaClient);
const sqs = lambent.client(SQSClient);
const sns = lambent.client(SNSClient);
const logs = lambent.client(CloudWatchLogsClient);
const iam = lambent.client(IAMClient);
const role = await makeFunctionRole(iam, 'looper', 'AWSLambdaSQSQueueExecutionRole');
for (const policy of ['AmazonSQSFullAccess', 'AmazonSNSFullAccess']) {
  await iam.send(
    new AttachRolePolicyCommand({ RoleName: 'looper', PolicyArn: `arn:aws:iam::aws:policy/${policy}` }),
  );
}

test('a loop through a queue ends after sixteen runs, and its message among the dead letters', async () => {
  const Attributes = { VisibilityTimeout: '10' };
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'ring', Attributes }));
  const dead = await sqs.send(new CreateQueueCommand({ QueueName: 'ring-dead' }));
  await sqs.send(
    new SetQueueAttributesCommand({
      QueueUrl,
      Attributes: {
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:ring-dead',
          maxReceiveCount: 1,
        }),
      },
    }),
  );
  await makeFunction(
    lambda,
    'ringer',
    role,
    `const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs');
const sqs = new SQSClient({});
exports.handler = async ({ Records }) => {
  const n = Number(Records[0].body);
  console.log('@@' + n);
  await sqs.send(new SendMessageCommand({ QueueUrl: '${QueueUrl}', MessageBody: String(n + 1) }));
};`,
  );
  await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:ring',
      FunctionName: 'ringer',
    }),
  );
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '1' }));
  const seen = await printed(logs, 'ringer', 16);
  await lambent.advance(11);
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: dead.QueueUrl, WaitTimeSeconds: 5 }),
  );
  assert.equal(Messages?.[0]?.Body, '17');
  assert.deepEqual(
    seen,
    Array.from({ length: 16 }, (_, i) => i + 1),
  );
  assert.equal((await printed(logs, 'ringer', 16)).length, 16);
});

test('a loop through a topic ends after sixteen runs', async () => {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'echo' }));
  await makeFunction(
    lambda,
    'echo',
    role,
    `const { SNSClient, PublishCommand } = require('@aws-sdk/client-sns');
const sns = new SNSClient({});
exports.handler = async ({ Records }) => {
  const n = Number(Records[0].Sns.Message);
  console.log('@@' + n);
  await sns.send(new PublishCommand({ TopicArn: '${TopicArn}', Message: String(n + 1) }));
};`,
  );
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: 'echo',
      StatementId: 'sns',
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
    }),
  );
  const Endpoint = 'arn:aws:lambda:us-east-1:000000000000:function:echo';
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint }));
  await sns.send(new PublishCommand({ TopicArn, Message: '1' }));
  await printed(logs, 'echo', 16);
  await lambent.advance(5);
  assert.equal((await printed(logs, 'echo', 16)).length, 16);
});
