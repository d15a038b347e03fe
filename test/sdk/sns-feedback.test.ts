import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateTopicCommand,
  GetDataProtectionPolicyCommand,
  PublishCommand,
  PutDataProtectionPolicyCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const sns = lambent.client(SNSClient);
const sqs = lambent.client(SQSClient);
const iam = lambent.client(IAMClient);
const logs = lambent.client(CloudWatchLogsClient);

interface Entry {
  readonly notification: { readonly messageId: string; readonly topicArn: string };
  readonly delivery: { readonly destination: string; readonly attempts: number; readonly statusCode: number };
  readonly status: string;
}

async function entry(logGroupName: string): Promise<Entry> {
  for (let i = 0; ; i++) {
    const page = await logs.send(new FilterLogEventsCommand({ logGroupName })).catch(() => undefined);
    const message = page?.events?.[0]?.message;
    if (message !== undefined) return JSON.parse(message) as Entry;
    assert.ok(i < 200, `${logGroupName} has an event`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('what becomes of deliveries is logged under the roles a topic names', async () => {
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'feedback',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      }),
    }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'feedback',
      PolicyName: 'logs',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'logs:*', Resource: '*' }],
      }),
    }),
  );
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'told' }));
  const set = (AttributeName: string, AttributeValue = '') =>
    sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));
  await assert.rejects(set('SQSSuccessFeedbackSampleRate', '101'), /Sample rate/);
  await set('SQSSuccessFeedbackRoleArn', Role?.Arn);
  await set('SQSFailureFeedbackRoleArn', Role?.Arn);
  await set('SQSSuccessFeedbackSampleRate', '100');
  const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
  for (const QueueName of ['open', 'shut']) {
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: arn(QueueName) },
    ];
    const Attributes =
      QueueName === 'open' ? { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) } : {};
    await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn(QueueName) }));
  }
  const { MessageId } = await sns.send(new PublishCommand({ TopicArn, Message: 'hello' }));
  const good = await entry('sns/us-east-1/000000000000/told');
  assert.deepEqual(
    [good.status, good.delivery.destination, good.delivery.attempts, good.delivery.statusCode],
    ['SUCCESS', arn('open'), 1, 200],
  );
  assert.deepEqual([good.notification.messageId, good.notification.topicArn], [MessageId, TopicArn]);
  const bad = await entry('sns/us-east-1/000000000000/told/Failure');
  assert.deepEqual([bad.status, bad.delivery.destination], ['FAILURE', arn('shut')]);
});

test('a data protection policy is kept', async () => {
  const { TopicArn: ResourceArn } = await sns.send(new CreateTopicCommand({ Name: 'private' }));
  const DataProtectionPolicy = JSON.stringify({
    Name: 'p',
    Version: '2021-06-01',
    Statement: [{ Sid: 's', DataDirection: 'Inbound', Operation: { Deny: {} } }],
  });
  await sns.send(new PutDataProtectionPolicyCommand({ ResourceArn, DataProtectionPolicy }));
  const kept = await sns.send(new GetDataProtectionPolicyCommand({ ResourceArn }));
  assert.equal(kept.DataProtectionPolicy, DataProtectionPolicy);
  await assert.rejects(
    sns.send(new PutDataProtectionPolicyCommand({ ResourceArn, DataProtectionPolicy: '{}' })),
    /Version must be 2021-06-01/,
  );
});
