import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { type Lambent, startLambent } from 'lambent/testing';

let lambent: Lambent;
let lambda: sdk.LambdaClient;
let sns: SNSClient;
let sqs: SQSClient;
let role = '';

before(async () => {
  lambent = await startLambent();
  const { endpoint, region, credentials } = lambent;
  const config = { endpoint, region, credentials, maxAttempts: 1 };
  lambda = new sdk.LambdaClient(config);
  sns = new SNSClient(config);
  sqs = new SQSClient(config);
  const iam = new IAMClient(config);
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'runner',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      }),
    }),
  );
  role = Role?.Arn ?? '';
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'runner',
      PolicyName: 'publish',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'sns:Publish', Resource: '*' }],
      }),
    }),
  );
  iam.destroy();
});
after(async () => {
  for (const client of [lambda, sns, sqs]) client.destroy();
  await lambent.stop();
});

/** A topic and a queue that hears all that is published there. */
async function topicWithQueue(name: string) {
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: name }));
  const QueueArn = `arn:aws:sqs:us-east-1:000000000000:${name}`;
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({
      QueueName: name,
      Attributes: {
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'sns.amazonaws.com' },
              Action: 'sqs:SendMessage',
              Resource: QueueArn,
            },
          ],
        }),
      },
    }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  assert.equal(Attributes?.['QueueArn'], QueueArn);
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: QueueArn,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  const next = async () => {
    for (let attempt = 0; attempt < 10; attempt++) {
      const { Messages } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1, MessageAttributeNames: ['All'] }),
      );
      if (Messages?.[0] !== undefined) return Messages[0];
    }
    throw new Error(`${name} heard nothing`);
  };
  return { TopicArn, next };
}

test('an event that is too old for its next try goes to a topic, and to the dead letters', async () => {
  const fates = await topicWithQueue('fates');
  const dead = await topicWithQueue('dead');
  await lambda.send(
    new sdk.CreateFunctionCommand({
      FunctionName: 'failer',
      Role: role,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      DeadLetterConfig: { TargetArn: dead.TopicArn },
      Code: {
        ZipFile: zipSync({
          'index.js': Buffer.from("exports.handler = async () => { throw new Error('never'); };"),
        }),
      },
    }),
  );
  await lambda.send(
    new sdk.PutFunctionEventInvokeConfigCommand({
      FunctionName: 'failer',
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: fates.TopicArn } },
    }),
  );
  await lambda.send(
    new sdk.InvokeCommand({ FunctionName: 'failer', InvocationType: 'Event', Payload: '{"n":1}' }),
  );
  const record = JSON.parse((await fates.next()).Body ?? '');
  assert.equal(record.requestContext.condition, 'EventAgeExceeded');
  assert.equal(record.requestContext.approximateInvokeCount, 1);
  assert.deepEqual(record.requestPayload, { n: 1 });
  assert.equal(record.responseContext.functionError, 'Unhandled');
  const letter = await dead.next();
  assert.equal(letter.Body, '{"n":1}');
  assert.equal(letter.MessageAttributes?.['ErrorMessage']?.StringValue, 'never');
  assert.equal(letter.MessageAttributes?.['ErrorCode']?.StringValue, '200');
});
