import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { withLambent } from '../support/clients.ts';
import { refuses } from '../support/refusals.ts';

const lambent = await withLambent();
const sns = lambent.client(SNSClient);
const sqs = lambent.client(SQSClient);

const KEPT = JSON.stringify({ MessageRetentionPeriod: '7' });

async function topic(Name: string, Attributes: Record<string, string> = {}): Promise<string> {
  const input = { Name, Attributes: { FifoTopic: 'true', ContentBasedDeduplication: 'true', ...Attributes } };
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand(input));
  return TopicArn;
}

async function queue(QueueName: string): Promise<{ readonly arn: string; readonly url: string }> {
  const arn = `arn:aws:sqs:us-east-1:000000000000:${QueueName}`;
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: arn,
      },
    ],
  });
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName, Attributes: { FifoQueue: 'true', Policy } }),
  );
  return { arn, url: QueueUrl };
}

/** The bodies of the next `count` messages, each deleted. */
async function take(QueueUrl: string, count: number): Promise<Record<string, string>[]> {
  const bodies: Record<string, string>[] = [];
  while (bodies.length < count) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
    );
    assert.notEqual(Messages.length, 0, `${bodies.length} of ${count} messages came`);
    for (const { Body = '', ReceiptHandle } of Messages) {
      bodies.push(JSON.parse(Body) as Record<string, string>);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
  return bodies;
}

const publish = (TopicArn: string, Message: string, MessageGroupId = 'g') =>
  sns.send(new PublishCommand({ TopicArn, Message, MessageGroupId }));

async function replayStatus(SubscriptionArn: string): Promise<string | undefined> {
  const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  return Attributes?.['ReplayStatus'];
}

test('replays what a FIFO topic has kept, in its order, and goes on with what is published', async () => {
  const TopicArn = await topic('kept.fifo', { ArchivePolicy: KEPT });
  const first = await queue('first.fifo');
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: first.arn }));
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
  assert.equal(Attributes?.['ArchivePolicy'], KEPT);
  const StartingPoint = Attributes?.['BeginningArchiveTime'] ?? '';
  assert.ok(Math.abs(Date.now() - Date.parse(StartingPoint)) < 60_000);

  for (let i = 0; i < 120; i++) await publish(TopicArn, `m${i}`, `g${i % 2}`);
  const sent = await take(first.url, 120);

  const late = await queue('late.fifo');
  const { SubscriptionArn = '' } = await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: late.arn,
      Attributes: { ReplayPolicy: JSON.stringify({ PointType: 'Timestamp', StartingPoint }) },
    }),
  );
  await publish(TopicArn, 'm120', 'g0');
  const again = await take(late.url, 121);
  for (const group of [0, 1]) {
    const inGroup = (bodies: readonly Record<string, string>[]) =>
      bodies.map(({ Message = '' }) => Number(Message.slice(1))).filter((n) => n % 2 === group);
    const wanted = Array.from({ length: 121 }, (_, n) => n).filter((n) => n % 2 === group);
    assert.deepEqual(inGroup(again), wanted);
  }
  const original = sent.find(({ Message }) => Message === 'm7');
  const replayed = again.find(({ Message }) => Message === 'm7');
  assert.deepEqual(
    [replayed?.['MessageId'], replayed?.['Timestamp'], replayed?.['SequenceNumber'], replayed?.['Replayed']],
    [original?.['MessageId'], original?.['Timestamp'], original?.['SequenceNumber'], 'true'],
  );
  assert.equal(original?.['Replayed'], undefined);
  assert.equal(await replayStatus(SubscriptionArn), 'Completed');
  await publish(TopicArn, 'after');
  assert.equal((await take(late.url, 1))[0]?.['Replayed'], undefined);
});

test('replays a part, through the filter, to a queue that has it already', async () => {
  const TopicArn = await topic('parts.fifo', { ArchivePolicy: KEPT });
  const { arn: Endpoint, url } = await queue('parts.fifo');
  const { SubscriptionArn = '' } = await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint,
      Attributes: { FilterPolicyScope: 'MessageBody', FilterPolicy: '{"n":[{"numeric":[">",1]}]}' },
    }),
  );
  for (let n = 0; n < 6; n++) await publish(TopicArn, JSON.stringify({ n }));
  const before = await take(url, 4);
  const replay = (policy: object) =>
    sns.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn,
        AttributeName: 'ReplayPolicy',
        AttributeValue: JSON.stringify(policy),
      }),
    );
  await replay({
    PointType: 'Timestamp',
    StartingPoint: before[1]?.['Timestamp'],
    EndingPoint: before[2]?.['Timestamp'],
  });
  const messages = (await take(url, 2)).map(({ Message }) => Message);
  assert.ok(messages.includes('{"n":3}') && messages.includes('{"n":4}'), String(messages));
  await replay({});
  assert.equal(await replayStatus(SubscriptionArn), undefined);
});

test('keeps a topic with an archive, and nothing after it', async () => {
  const TopicArn = await topic('held.fifo', { ArchivePolicy: KEPT });
  const set = (AttributeValue: string) =>
    sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'ArchivePolicy', AttributeValue }));
  await publish(TopicArn, 'kept');
  await assert.rejects(
    sns.send(new DeleteTopicCommand({ TopicArn })),
    refuses('InvalidStateException', /^Invalid state: Cannot delete a topic with an ArchivePolicy$/),
  );
  for (const text of ['', '{"MessageRetentionPeriod":"366"}', '{"Days":"1"}']) {
    await assert.rejects(set(text), refuses('InvalidParameterException', /ArchivePolicy/));
  }
  await set('{}');
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
  assert.deepEqual(
    [Attributes?.['ArchivePolicy'], Attributes?.['BeginningArchiveTime']],
    [undefined, undefined],
  );
  const { arn: Endpoint } = await queue('held.fifo');
  const ReplayPolicy = JSON.stringify({ PointType: 'Timestamp', StartingPoint: '2020-01-01T00:00:00.000Z' });
  await assert.rejects(
    sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes: { ReplayPolicy } })),
    refuses('InvalidParameterException', /ReplayPolicy/),
  );
  await sns.send(new DeleteTopicCommand({ TopicArn }));
});

test('archives FIFO topics alone', async () => {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'standard' }));
  await assert.rejects(
    sns.send(
      new SetTopicAttributesCommand({ TopicArn, AttributeName: 'ArchivePolicy', AttributeValue: KEPT }),
    ),
    refuses('InvalidParameterException', /AttributeName/),
  );
});
