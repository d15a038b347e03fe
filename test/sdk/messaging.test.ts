import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as cfn from '@aws-sdk/client-cloudformation';
import { GetTopicAttributesCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { signRequest } from '../../src/wire/sigv4-client.ts';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const client = lambent.client(cfn.CloudFormationClient);
const sns = lambent.client(SNSClient);
const sqs = lambent.client(SQSClient);

async function rest(StackName: string): Promise<cfn.Stack> {
  for (let looks = 0; looks < 1200; looks++) {
    const { Stacks = [] } = await client.send(new cfn.DescribeStacksCommand({ StackName }));
    const [stack] = Stacks;
    if (stack !== undefined && !stack.StackStatus?.endsWith('IN_PROGRESS')) return stack;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return assert.fail(`${StackName} does not rest`);
}

const template = (timeout: number, filter: string) => `
Resources:
  Dead: {Type: AWS::SQS::Queue}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: ${timeout}
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
      Tags: [{Key: team, Value: a}]
  Ordered: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: News}}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Topic
      Protocol: sqs
      Endpoint: !GetAtt Queue.Arn
      RawMessageDelivery: true
      FilterPolicy: ${filter}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {Service: sns.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Queue.Arn
            Condition: {ArnEquals: {aws:SourceArn: !Ref Topic}}
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sns:Publish, Resource: !Ref Topic}]
Outputs:
  QueueUrl: {Value: !Ref Queue}
  TopicArn: {Value: !Ref Topic}
  OrderedName: {Value: !GetAtt Ordered.QueueName}
`;

test('a stack of queues and topics delivers', async () => {
  const StackName = 'messaging';
  await client.send(new cfn.CreateStackCommand({ StackName, TemplateBody: template(40, '{kind: [a]}') }));
  const made = await rest(StackName);
  assert.equal(made.StackStatus, 'CREATE_COMPLETE', made.StackStatusReason);
  const outputs = Object.fromEntries(
    (made.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
  );
  const { QueueUrl, TopicArn } = outputs;
  assert.match(outputs['OrderedName'] ?? '', /^messaging-Ordered-\w+\.fifo$/);
  const publish = (kind: string) =>
    sns.send(
      new PublishCommand({
        TopicArn,
        Message: kind,
        MessageAttributes: { kind: { DataType: 'String', StringValue: kind } },
      }),
    );
  await publish('b');
  await publish('a');
  const read = () =>
    sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MaxNumberOfMessages: 10 }));
  assert.deepEqual(
    (await read()).Messages?.map(({ Body }) => Body),
    ['a'],
  );
  await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody: template(50, '{kind: [b]}') }));
  assert.equal((await rest(StackName)).StackStatus, 'UPDATE_COMPLETE');
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] }),
  );
  assert.equal(Attributes?.VisibilityTimeout, '50');
  await publish('b');
  assert.deepEqual(
    (await read()).Messages?.map(({ Body }) => Body),
    ['b'],
  );
  await client.send(new cfn.DeleteStackCommand({ StackName: made.StackId }));
  assert.equal((await rest(made.StackId ?? '')).StackStatus, 'DELETE_COMPLETE');
});

const whole = (more: string, logged: string) => `
Resources:
  Kept:
    Type: AWS::SNS::Topic
    Properties:
      FifoTopic: true
      ContentBasedDeduplication: true
      FifoThroughputScope: MessageGroup
${more}
  Large:
    Type: AWS::SNS::Topic
    Properties:
      MaximumMessageSize: 1048576
      SignatureVersion: '2'
      DataProtectionPolicy:
        Name: none
        Version: '2021-06-01'
        Statement: [{Sid: s, DataDirection: Inbound, Principal: ['*'], DataIdentifier: [], Operation: {Deny: {}}}]
      DeliveryStatusLogging:
        - {Protocol: ${logged}, FailureFeedbackRoleArn: 'arn:aws:iam::000000000000:role/log', SuccessFeedbackSampleRate: '50'}
  Open:
    Type: AWS::SNS::TopicInlinePolicy
    Properties:
      TopicArn: !Ref Large
      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: sns:Publish, Resource: !Ref Large}]}
  Queue: {Type: AWS::SQS::Queue}
  OpenQueue:
    Type: AWS::SQS::QueueInlinePolicy
    Properties:
      Queue: !Ref Queue
      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}]}
Outputs:
  Kept: {Value: !Ref Kept}
  Large: {Value: !Ref Large}
  Queue: {Value: !Ref Queue}
`;

test('a stack sets whatever a topic has, and takes it back', async () => {
  const StackName = 'whole';
  const archive = "      ArchivePolicy: {MessageRetentionPeriod: '3'}";
  await client.send(new cfn.CreateStackCommand({ StackName, TemplateBody: whole(archive, 'sqs') }));
  const made = await rest(StackName);
  assert.equal(made.StackStatus, 'CREATE_COMPLETE', made.StackStatusReason);
  const output = (name: string) =>
    made.Outputs?.find(({ OutputKey }) => OutputKey === name)?.OutputValue ?? '';
  const attributes = async (TopicArn: string) =>
    (await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes ?? {};
  const large = await attributes(output('Large'));
  assert.equal(large['MaximumMessageSize'], '1048576');
  assert.equal(large['SQSFailureFeedbackRoleArn'], 'arn:aws:iam::000000000000:role/log');
  assert.match(large['Policy'] ?? '', /"Action":"sns:Publish"/);
  assert.equal((await attributes(output('Kept')))['ArchivePolicy'], '{"MessageRetentionPeriod":"3"}');
  const Message = 'x'.repeat(600_000);
  await sns.send(new PublishCommand({ TopicArn: output('Large'), Message }));
  await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody: whole('', 'lambda') }));
  const updated = await rest(StackName);
  assert.equal(updated.StackStatus, 'UPDATE_COMPLETE', updated.StackStatusReason);
  assert.equal((await attributes(output('Kept')))['ArchivePolicy'], undefined);
  const after = await attributes(output('Large'));
  assert.deepEqual(
    [after['SQSFailureFeedbackRoleArn'], after['LambdaFailureFeedbackRoleArn']],
    [undefined, 'arn:aws:iam::000000000000:role/log'],
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: output('Queue'), AttributeNames: ['Policy'] }),
  );
  assert.match(Attributes?.Policy ?? '', /sqs:SendMessage/);
  await client.send(new cfn.DeleteStackCommand({ StackName: made.StackId }));
  assert.equal((await rest(made.StackId ?? '')).StackStatus, 'DELETE_COMPLETE');
});

/** A request as clients from before SQS's JSON send it. */
async function query(
  path: string,
  fields: Record<string, string>,
): Promise<{ status: number; text: string }> {
  const body = new URLSearchParams({ Version: '2012-11-05', ...fields }).toString();
  const { host } = new URL(lambent.endpoint);
  const headers = { host, 'content-type': 'application/x-www-form-urlencoded' };
  const { credentials, region } = lambent;
  const signed = signRequest(
    { method: 'POST', path, query: '', headers, body },
    { credentials, region, service: 'sqs', nowMs: Date.now() },
  );
  const { host: _host, ...sent } = signed;
  const answer = await fetch(`${lambent.endpoint}${path}`, { method: 'POST', headers: sent, body });
  return { status: answer.status, text: await answer.text() };
}

test('the query protocol posts to the address of the queue', async () => {
  const made = await query('/', {
    Action: 'CreateQueue',
    QueueName: 'old',
    'Attribute.1.Name': 'VisibilityTimeout',
    'Attribute.1.Value': '7',
  });
  assert.match(made.text, /<QueueUrl>http:\/\/127\.0\.0\.1:\d+\/000000000000\/old<\/QueueUrl>/);
  const sent = await query('/000000000000/old', {
    Action: 'SendMessage',
    MessageBody: 'hi',
    'MessageAttribute.1.Name': 'kind',
    'MessageAttribute.1.Value.DataType': 'String',
    'MessageAttribute.1.Value.StringValue': 'a',
  });
  assert.match(sent.text, /<MD5OfMessageBody>49f68a5c8493ec2c0bf489821c21fc3b<\/MD5OfMessageBody>/);
  const received = await query('/000000000000/old', {
    Action: 'ReceiveMessage',
    'AttributeName.1': 'All',
    'MessageAttributeName.1': 'All',
  });
  assert.match(received.text, /<Body>hi<\/Body>/);
  assert.match(received.text, /<MessageAttribute><Name>kind<\/Name>/);
  const none = await query('/000000000000/none', { Action: 'SendMessage', MessageBody: 'hi' });
  assert.equal(none.status, 400);
  assert.match(none.text, /<Code>AWS\.SimpleQueueService\.NonExistentQueue<\/Code>/);
});
