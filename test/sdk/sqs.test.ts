import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  type CreateQueueCommandInput,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  RemovePermissionCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const sqs = lambent.client(SQSClient);

function client(accessKeyId: string): SQSClient {
  return lambent.client(SQSClient, { credentials: { accessKeyId, secretAccessKey: 'test' } });
}

async function make(
  QueueName: string,
  Attributes: CreateQueueCommandInput['Attributes'] = {},
): Promise<string> {
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl;
}

const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
const send = (QueueUrl: string, MessageBody: string, more: Partial<SendMessageCommandInput> = {}) =>
  sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));

async function receive(
  QueueUrl: string,
  more: Partial<ReceiveMessageCommandInput> = {},
): Promise<readonly Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...more }),
  );
  return Messages;
}
const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);
const remove = (QueueUrl: string, { ReceiptHandle }: Message) =>
  sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
async function attributes(QueueUrl: string): Promise<Record<string, string>> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );
  return Attributes;
}
const refuses = (name: string, message?: RegExp) => (error: Error) => {
  assert.equal(error.name, name);
  if (message !== undefined) assert.match(error.message, message);
  return true;
};

test('queues come, are found, listed in pages and go', async () => {
  const url = await make('life-a', { VisibilityTimeout: '45' });
  assert.equal(url, `${lambent.endpoint}/000000000000/life-a`);
  assert.equal(await make('life-a', { VisibilityTimeout: '45' }), url);
  await assert.rejects(
    make('life-a', { VisibilityTimeout: '46' }),
    refuses('QueueNameExists', /different value for attribute VisibilityTimeout/),
  );
  await make('life-b');
  const found = await sqs.send(new GetQueueUrlCommand({ QueueName: 'life-a' }));
  assert.equal(found.QueueUrl, url);
  const first = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'life-', MaxResults: 1 }));
  assert.deepEqual(first.QueueUrls, [url]);
  const second = await sqs.send(
    new ListQueuesCommand({ QueueNamePrefix: 'life-', MaxResults: 1, NextToken: first.NextToken }),
  );
  assert.equal(second.QueueUrls?.length, 1);
  assert.equal(second.NextToken, undefined);
  const shown = await attributes(url);
  assert.equal(shown['VisibilityTimeout'], '45');
  assert.equal(shown['QueueArn'], arnOf('life-a'));
  assert.equal(shown['SqsManagedSseEnabled'], 'true');
  await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
  await assert.rejects(
    sqs.send(new GetQueueUrlCommand({ QueueName: 'life-a' })),
    refuses('QueueDoesNotExist', /^The specified queue does not exist\.$/),
  );
  await assert.rejects(send(url, 'x'), refuses('QueueDoesNotExist'));
});

test('what a queue cannot be is refused by name', async () => {
  await assert.rejects(make('a b'), refuses('InvalidParameterValue', /Can only include alphanumeric/));
  await assert.rejects(make('plain.fifo'), refuses('InvalidParameterValue'));
  await assert.rejects(
    make('plain', { FifoQueue: 'true' }),
    refuses('InvalidParameterValue', /\.fifo suffix/),
  );
  await assert.rejects(make('plain', { VisibilityTimeout: '43201' }), refuses('InvalidAttributeValue'));
  await assert.rejects(
    make('plain', { Colour: 'red' } as CreateQueueCommandInput['Attributes']),
    refuses('InvalidAttributeName', /Unknown Attribute Colour\./),
  );
  await assert.rejects(
    make('plain', {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('none'), maxReceiveCount: 2 }),
    }),
    refuses('InvalidParameterValue', /Dead letter target does not exist\./),
  );
});

test('a message is sent, received with its attributes, hidden, and deleted', async () => {
  const url = await make('one');
  const sent = await send(url, 'grüße', {
    MessageAttributes: {
      kind: { DataType: 'String.sort', StringValue: 'greeting' },
      count: { DataType: 'Number', StringValue: '12.5' },
      raw: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2, 3) },
    },
    MessageSystemAttributes: {
      AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-5759e988-bd862e3fe1be46a994272793' },
    },
  });
  assert.equal(sent.MD5OfMessageBody, createHash('md5').update('grüße').digest('hex'));
  const [message, ...others] = await receive(url, {
    MessageAttributeNames: ['All'],
    MessageSystemAttributeNames: ['All'],
  });
  assert.deepEqual(others, []);
  assert.equal(message?.MessageId, sent.MessageId);
  assert.equal(message?.Body, 'grüße');
  assert.equal(message?.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.equal(message?.MessageAttributes?.['kind']?.StringValue, 'greeting');
  assert.deepEqual([...(message?.MessageAttributes?.['raw']?.BinaryValue ?? [])], [1, 2, 3]);
  assert.equal(message?.Attributes?.ApproximateReceiveCount, '1');
  assert.equal(message?.Attributes?.SenderId, '000000000000');
  assert.match(message?.Attributes?.AWSTraceHeader ?? '', /^Root=/);
  assert.deepEqual(await receive(url), []);
  assert.equal((await attributes(url))['ApproximateNumberOfMessagesNotVisible'], '1');
  await lambent.advance(31);
  const [again] = await receive(url, { MessageAttributeNames: ['ki.*'], AttributeNames: ['All'] });
  assert.equal(again?.Attributes?.ApproximateReceiveCount, '2');
  assert.notEqual(again?.ReceiptHandle, message?.ReceiptHandle);
  await remove(url, message as Message);
  assert.equal(
    (await attributes(url))['ApproximateNumberOfMessagesNotVisible'],
    '0',
    'an old handle deletes, too',
  );
  await remove(url, again as Message);
  await lambent.advance(31);
  assert.deepEqual(await receive(url), []);
  await assert.rejects(
    remove(url, { ReceiptHandle: 'nonsense' }),
    refuses('ReceiptHandleIsInvalid', /The input receipt handle "nonsense" is not a valid receipt handle\./),
  );
});

test('delays and retention follow the virtual clock, and counts tell them apart', async () => {
  const url = await make('timed', { MessageRetentionPeriod: '120', DelaySeconds: '10' });
  await send(url, 'delayed');
  await send(url, 'now', { DelaySeconds: 0 });
  assert.deepEqual(bodies(await receive(url, { VisibilityTimeout: 0 })), ['now']);
  const counts = await attributes(url);
  assert.equal(counts['ApproximateNumberOfMessages'], '1');
  assert.equal(counts['ApproximateNumberOfMessagesDelayed'], '1');
  await lambent.advance(11);
  assert.deepEqual(bodies(await receive(url, { VisibilityTimeout: 0 })).sort(), ['delayed', 'now']);
  await lambent.advance(300);
  assert.deepEqual(await receive(url), []);
  assert.equal((await attributes(url))['ApproximateNumberOfMessages'], '0');
});

test('batches take ten distinct entries and say which failed', async () => {
  const url = await make('batches');
  const Entries = [
    { Id: 'a', MessageBody: '1' },
    { Id: 'b', MessageBody: '\u0001' },
    { Id: 'c', MessageBody: '3', DelaySeconds: 901 },
  ];
  const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  assert.deepEqual(
    sent.Successful?.map(({ Id }) => Id),
    ['a'],
  );
  assert.deepEqual(
    sent.Failed?.map(({ Id, Code }) => [Id, Code]),
    [
      ['b', 'InvalidMessageContents'],
      ['c', 'InvalidParameterValue'],
    ],
  );
  const batch = (entries: typeof Entries) =>
    sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
  const entry = (Id: string, MessageBody = 'x') => ({ Id, MessageBody });
  await assert.rejects(batch([]), refuses('EmptyBatchRequest'));
  await assert.rejects(
    batch([entry('a'), entry('a')]),
    refuses('BatchEntryIdsNotDistinct', /Id a repeated\./),
  );
  await assert.rejects(batch([entry('a b')]), refuses('InvalidBatchEntryId'));
  const eleven = Array.from({ length: 11 }, (_, index) => entry(`e${index}`));
  await assert.rejects(batch(eleven), refuses('TooManyEntriesInBatchRequest', /You have sent 11\./));
  const long = 'x'.repeat(600_000);
  await assert.rejects(batch([entry('a', long), entry('b', long)]), refuses('BatchRequestTooLong'));
  const messages = await receive(url);
  const deleted = await sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl: url,
      Entries: [
        ...messages.map(({ ReceiptHandle }) => ({ Id: 'ok', ReceiptHandle })),
        { Id: 'bad', ReceiptHandle: 'x' },
      ],
    }),
  );
  assert.deepEqual(
    [deleted.Successful?.[0]?.Id, deleted.Failed?.[0]?.Code],
    ['ok', 'ReceiptHandleIsInvalid'],
  );
});

test('a body may be a mebibyte long and no longer', async () => {
  const url = await make('long');
  const body = 'é'.repeat(524_288);
  await send(url, body);
  const [message] = await receive(url);
  assert.equal(message?.Body, body);
  await remove(url, message as Message);
  await assert.rejects(
    send(url, `${body}x`),
    refuses('InvalidParameterValue', /Message must be shorter than 1048576 bytes\./),
  );
});

test('a long poll wakes when a message comes, and waits no longer than asked', async () => {
  const url = await make('polled', { ReceiveMessageWaitTimeSeconds: '20' });
  const started = performance.now();
  const waiting = receive(url);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await send(url, 'at last');
  assert.deepEqual(bodies(await waiting), ['at last']);
  assert.ok(performance.now() - started < 2000);
  assert.deepEqual(await receive(url, { WaitTimeSeconds: 0 }), []);
  const before = performance.now();
  assert.deepEqual(await receive(url, { WaitTimeSeconds: 1 }), []);
  assert.ok(performance.now() - before >= 950);
  await assert.rejects(receive(url, { WaitTimeSeconds: 21 }), refuses('InvalidParameterValue'));
  await assert.rejects(receive(url, { MaxNumberOfMessages: 11 }), refuses('InvalidParameterValue'));
});

test('a client that has left receives nothing', async () => {
  const url = await make('left');
  const leaving = new AbortController();
  const input = new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 });
  const waiting = sqs.send(input, { abortSignal: leaving.signal });
  await new Promise((resolve) => setTimeout(resolve, 50));
  leaving.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await send(url, 'for somebody who stays');
  assert.equal((await receive(url)).length, 1);
});

test('visibility can be changed, within twelve hours', async () => {
  const url = await make('seen');
  await send(url, 'x');
  const [message] = await receive(url);
  const change = (VisibilityTimeout: number) =>
    sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout,
      }),
    );
  await change(100);
  await lambent.advance(60);
  assert.deepEqual(await receive(url), []);
  await assert.rejects(change(43_200), refuses('InvalidParameterValue', /beyond the limit/));
  await change(0);
  // What is visible again is hidden once more.
  await change(10);
  assert.deepEqual(await receive(url), []);
  await lambent.advance(11);
  assert.equal((await receive(url)).length, 1);
  // An earlier receive's handle does it, too.
  await change(0);
  assert.equal((await receive(url)).length, 1);
});

test('a group waits behind what is in flight, not before it', async () => {
  const url = await make('behind.fifo', { FifoQueue: 'True', ContentBasedDeduplication: 'TRUE' });
  assert.equal((await attributes(url))['ContentBasedDeduplication'], 'true');
  for (const body of ['a', 'b', 'c']) await send(url, body, { MessageGroupId: 'g' });
  const all = await receive(url, { MaxNumberOfMessages: 3, VisibilityTimeout: 5 });
  assert.deepEqual(bodies(all), ['a', 'b', 'c']);
  await sqs.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: url,
      ReceiptHandle: all[1]?.ReceiptHandle,
      VisibilityTimeout: 20,
    }),
  );
  await lambent.advance(6);
  const [first, ...others] = await receive(url, { MaxNumberOfMessages: 3, VisibilityTimeout: 30 });
  assert.deepEqual([first?.Body, others], ['a', []]);
  await remove(url, first as Message);
  assert.deepEqual(await receive(url), []);
  await lambent.advance(15);
  assert.deepEqual(bodies(await receive(url, { MaxNumberOfMessages: 3 })), ['b', 'c']);
});

test('a redrive policy is shown as SQS writes it', async () => {
  await make('letters');
  const RedrivePolicy = `{ "maxReceiveCount": "3", "deadLetterTargetArn": "${arnOf('letters')}" }`;
  const url = await make('redriven', { RedrivePolicy });
  const shown = { deadLetterTargetArn: arnOf('letters'), maxReceiveCount: 3 };
  assert.equal((await attributes(url))['RedrivePolicy'], JSON.stringify(shown));
  assert.equal(await make('redriven', { RedrivePolicy }), url);
});

test('a purged FIFO queue has forgotten what was sent', async () => {
  const url = await make('purged.fifo', { FifoQueue: 'true' });
  const sent = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  await send(url, 'one', sent);
  await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
  await send(url, 'two', sent);
  assert.deepEqual(bodies(await receive(url)), ['two']);
});

test('a queue’s name does for its address, and names of any script for attributes', async () => {
  await make('named');
  const MessageAttributes = { 'größe.1': { DataType: 'String', StringValue: 'x' } };
  await send('named', 'm', { MessageAttributes });
  const [message] = await receive('named', { MessageAttributeNames: ['grö*'] });
  assert.deepEqual(message?.MessageAttributes, MessageAttributes);
  await assert.rejects(
    send('named', 'm', { MessageAttributes: { 'a§': { DataType: 'String', StringValue: 'x' } } }),
    refuses('InvalidParameterValue'),
  );
});

test('a FIFO queue keeps each group in order, one flight at a time', async () => {
  const url = await make('ordered.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  for (const [group, body] of [
    ['a', 'a1'],
    ['b', 'b1'],
    ['a', 'a2'],
    ['a', 'a3'],
  ] as const) {
    await send(url, body, { MessageGroupId: group });
  }
  const first = await receive(url, { MaxNumberOfMessages: 2, MessageSystemAttributeNames: ['All'] });
  assert.deepEqual(bodies(first), ['a1', 'a2']);
  assert.ok(String(first[0]?.Attributes?.SequenceNumber) < String(first[1]?.Attributes?.SequenceNumber));
  assert.equal(first[0]?.Attributes?.MessageGroupId, 'a');
  assert.deepEqual(bodies(await receive(url)), ['b1'], 'group a is locked');
  await remove(url, first[0] as Message);
  assert.deepEqual(await receive(url), []);
  await remove(url, first[1] as Message);
  const third = await receive(url);
  assert.deepEqual(bodies(third), ['a3']);
  await lambent.advance(31);
  await assert.rejects(remove(url, third[0] as Message), refuses('InvalidParameterValue', /has expired/));
  assert.deepEqual(bodies(await receive(url)), ['b1', 'a3']);
});

test('FIFO messages are taken once within five minutes', async () => {
  const url = await make('once.fifo', { FifoQueue: 'true' });
  const one = { MessageGroupId: 'g', MessageDeduplicationId: 'd' };
  const sent = await send(url, 'x', one);
  const again = await send(url, 'x', one);
  assert.deepEqual([again.MessageId, again.SequenceNumber], [sent.MessageId, sent.SequenceNumber]);
  assert.equal((await receive(url, { VisibilityTimeout: 0 })).length, 1);
  await lambent.advance(301);
  await send(url, 'x', one);
  assert.equal((await receive(url)).length, 2);
  await assert.rejects(
    send(url, 'x', { MessageGroupId: 'g' }),
    refuses('InvalidParameterValue', /ContentBasedDeduplication/),
  );
  await assert.rejects(send(url, 'x'), refuses('MissingParameter', /MessageGroupId/));
  await assert.rejects(send(url, 'x', { ...one, DelaySeconds: 1 }), refuses('InvalidParameterValue'));
});

test('a receive attempt may be repeated', async () => {
  const url = await make('attempts.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  await send(url, 'x', { MessageGroupId: 'g' });
  const [first] = await receive(url, { ReceiveRequestAttemptId: 'try' });
  const [again] = await receive(url, { ReceiveRequestAttemptId: 'try' });
  assert.equal(again?.ReceiptHandle, first?.ReceiptHandle);
  assert.deepEqual(await receive(url, { ReceiveRequestAttemptId: 'other' }), []);
});

test('dead letters leave after so many receives, and can be moved back', async () => {
  const dead = await make('dead');
  const url = await make('source', {
    VisibilityTimeout: '0',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: '2' }),
  });
  await send(url, 'poison');
  assert.equal((await receive(url)).length, 1);
  assert.equal((await receive(url)).length, 1);
  assert.equal((await receive(url)).length, 0);
  const sources = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }));
  assert.deepEqual(sources.queueUrls, [url]);
  const [letter] = await receive(dead, { MessageSystemAttributeNames: ['All'], VisibilityTimeout: 0 });
  assert.equal(letter?.Attributes?.DeadLetterQueueSourceArn, arnOf('source'));
  const { TaskHandle } = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arnOf('dead') }));
  await lambent.advance(1);
  const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: arnOf('dead') }));
  assert.deepEqual([Results?.[0]?.Status, Results?.[0]?.ApproximateNumberOfMessagesMoved], ['COMPLETED', 1]);
  await assert.rejects(
    sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })),
    refuses('UnsupportedOperation'),
  );
  assert.deepEqual(bodies(await receive(url)), ['poison']);
  await assert.rejects(
    sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arnOf('source') })),
    refuses('InvalidParameterValue', /Dead Letter Queue/),
  );
  await sqs.send(
    new SetQueueAttributesCommand({
      QueueUrl: dead,
      Attributes: { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' },
    }),
  );
  await assert.rejects(
    make('other-source', {
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 2 }),
    }),
    refuses('InvalidParameterValue'),
  );
});

test('dead letters of a FIFO queue keep their group', async () => {
  const fifo = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  const dead = await make('dead.fifo', fifo);
  const url = await make('source.fifo', {
    ...fifo,
    VisibilityTimeout: '0',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead.fifo'), maxReceiveCount: 1 }),
  });
  await send(url, 'one', { MessageGroupId: 'g' });
  await send(url, 'two', { MessageGroupId: 'g' });
  assert.deepEqual(bodies(await receive(url, { MaxNumberOfMessages: 1 })), ['one']);
  assert.deepEqual(bodies(await receive(url)), ['two']);
  assert.deepEqual(await receive(url), []);
  assert.deepEqual(bodies(await receive(dead)), ['one', 'two']);
});

test('a purge empties a queue, once a minute', async () => {
  const url = await make('purged');
  await send(url, 'x');
  await send(url, 'y'.repeat(100_000));
  await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
  assert.deepEqual(await receive(url), []);
  await assert.rejects(sqs.send(new PurgeQueueCommand({ QueueUrl: url })), refuses('PurgeQueueInProgress'));
  await send(url, 'z');
  assert.deepEqual(bodies(await receive(url)), ['z']);
  await lambent.advance(61);
  assert.equal((await receive(url, { VisibilityTimeout: 900 })).length, 1);
  const waiting = receive(url, { WaitTimeSeconds: 20 });
  await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
  await send(url, 'after'.repeat(2000));
  assert.equal((await waiting)[0]?.Body?.length, 10_000);
});

test('tags and permissions', async () => {
  const url = await make('shared');
  await sqs.send(new TagQueueCommand({ QueueUrl: url, Tags: { a: '1', b: '2' } }));
  await sqs.send(new UntagQueueCommand({ QueueUrl: url, TagKeys: ['a'] }));
  assert.deepEqual((await sqs.send(new ListQueueTagsCommand({ QueueUrl: url }))).Tags, { b: '2' });
  const other = client('111111111111');
  const theirs = () => other.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'hi' }));
  await assert.rejects(theirs(), refuses('AccessDenied', /not authorized to perform: sqs:SendMessage/));
  await sqs.send(
    new AddPermissionCommand({
      QueueUrl: url,
      Label: 'guests',
      AWSAccountIds: ['111111111111'],
      Actions: ['SendMessage'],
    }),
  );
  await theirs();
  assert.deepEqual(bodies(await receive(url)), ['hi']);
  await sqs.send(new RemovePermissionCommand({ QueueUrl: url, Label: 'guests' }));
  await assert.rejects(theirs());
  assert.equal((await attributes(url))['Policy'], undefined);
  other.destroy();
});

test('the name of a deleted queue is free again after a minute', async () => {
  const url = await make('reborn');
  await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
  await assert.rejects(make('reborn'), refuses('QueueDeletedRecently', /wait 60 seconds/));
  await lambent.advance(61);
  assert.equal(await make('reborn'), url);
});

test('a tenant that floods a queue does not hold up the others', async () => {
  const url = await make('fair', { VisibilityTimeout: '300' });
  for (let i = 0; i < 8; i++) {
    const Entries = Array.from({ length: 10 }, (_, n) => ({
      Id: String(n),
      MessageBody: `flood ${i * 10 + n}`,
      MessageGroupId: 'flood',
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  }
  await send(url, 'early', { MessageGroupId: 'early' });
  // In order, as long as nobody has too much.
  assert.equal(bodies(await receive(url))[0], 'flood 0');
  for (let i = 0; i < 2; i++) await receive(url);
  await send(url, 'late', { MessageGroupId: 'late' });
  await send(url, 'nobody’s');
  const next = bodies(await receive(url));
  assert.deepEqual(next.slice(0, 4), ['early', 'late', 'nobody’s', 'flood 30']);
  assert.equal(next.length, 10);
});
