import { strict as assert } from 'node:assert';
import { createVerify } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  type PublishCommandInput,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  type SubscribeCommandInput,
  TagResourceCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { withLambent } from '../support/clients.ts';
import { refuses } from '../support/refusals.ts';

const lambent = await withLambent();
const sns = lambent.client(SNSClient);
const sqs = lambent.client(SQSClient);

async function topic(Name: string, Attributes: Record<string, string> = {}): Promise<string> {
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name, Attributes }));
  return TopicArn;
}

/** A queue that takes what a topic sends. */
async function queue(QueueName: string, topicArn?: string): Promise<{ arn: string; url: string }> {
  const fifo = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const arn = `arn:aws:sqs:us-east-1:000000000000:${QueueName}`;
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: arn,
        Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
      },
    ],
  };
  const { QueueUrl: url = '' } = await sqs.send(
    new CreateQueueCommand({
      QueueName,
      Attributes: { ...fifo, ...(topicArn === undefined ? {} : { Policy: JSON.stringify(policy) }) },
    }),
  );
  return { arn, url };
}

async function subscribe(
  TopicArn: string,
  Protocol: string,
  Endpoint: string,
  Attributes: SubscribeCommandInput['Attributes'] = {},
): Promise<string> {
  const { SubscriptionArn = '' } = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes, ReturnSubscriptionArn: true }),
  );
  return SubscriptionArn;
}

const publish = (TopicArn: string, Message: string, more: Partial<PublishCommandInput> = {}) =>
  sns.send(new PublishCommand({ TopicArn, Message, ...more }));

async function receive(QueueUrl: string, WaitTimeSeconds = 5): Promise<readonly Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  for (const { ReceiptHandle } of Messages) {
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
  return Messages;
}

interface Notification {
  readonly [name: string]: string;
}

async function inbox(): Promise<readonly { kind: string; to: string; subject: string; text: string }[]> {
  const answer = await fetch(`${lambent.endpoint}/_lambent/inbox`, {
    headers: { accept: 'application/json' },
  });
  return ((await answer.json()) as { messages: [] }).messages;
}

/** Verifies a message as receivers do: by the certificate its address names. */
async function isGenuine(message: Notification): Promise<boolean> {
  const names =
    message['Type'] === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const certificate = await (await fetch(message['SigningCertURL'] ?? '')).text();
  const verify = createVerify(message['SignatureVersion'] === '2' ? 'RSA-SHA256' : 'RSA-SHA1');
  for (const name of names) if (message[name] !== undefined) verify.update(`${name}\n${message[name]}\n`);
  return verify.verify(certificate, message['Signature'] ?? '', 'base64');
}

interface Posted {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An HTTP endpoint that keeps what is posted and answers as told. */
async function endpoint(answer: (count: number) => number) {
  const posted: Posted[] = [];
  let wake = () => {};
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posted.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer(posted.length));
      response.end(() => wake());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    posted,
    until: async (count: number) => {
      while (posted.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

test('topics come, are shown, changed, tagged, listed and go', async () => {
  const arn = await topic('life', { DisplayName: 'Life' });
  assert.equal(arn, 'arn:aws:sns:us-east-1:000000000000:life');
  assert.equal(await topic('life'), arn);
  await assert.rejects(topic('life', { DisplayName: 'Death' }), refuses('InvalidParameterException'));
  await assert.rejects(
    topic('no spaces'),
    refuses('InvalidParameterException', /^Invalid parameter: Topic Name$/),
  );
  await sns.send(
    new SetTopicAttributesCommand({ TopicArn: arn, AttributeName: 'SignatureVersion', AttributeValue: '2' }),
  );
  await sns.send(new TagResourceCommand({ ResourceArn: arn, Tags: [{ Key: 'a', Value: '1' }] }));
  const { Tags } = await sns.send(new ListTagsForResourceCommand({ ResourceArn: arn }));
  assert.deepEqual(Tags, [{ Key: 'a', Value: '1' }]);
  await sns.send(
    new AddPermissionCommand({
      TopicArn: arn,
      Label: 'guests',
      AWSAccountId: ['111111111111'],
      ActionName: ['Publish'],
    }),
  );
  const { Attributes = {} } = await sns.send(new GetTopicAttributesCommand({ TopicArn: arn }));
  assert.equal(Attributes['DisplayName'], 'Life');
  assert.equal(Attributes['SignatureVersion'], '2');
  assert.match(Attributes['Policy'] ?? '', /__default_statement_ID.*guests/);
  const guest = lambent.client(SNSClient, {
    credentials: { accessKeyId: '111111111111', secretAccessKey: 'test' },
  });
  await guest.send(new PublishCommand({ TopicArn: arn, Message: 'hi' }));
  await assert.rejects(
    guest.send(new DeleteTopicCommand({ TopicArn: arn })),
    refuses('AuthorizationErrorException'),
  );
  guest.destroy();
  const { Topics } = await sns.send(new ListTopicsCommand({}));
  assert.ok(Topics?.some(({ TopicArn }) => TopicArn === arn));
  await sns.send(new DeleteTopicCommand({ TopicArn: arn }));
  await sns.send(new DeleteTopicCommand({ TopicArn: arn }));
  await assert.rejects(publish(arn, 'x'), refuses('NotFoundException', /^Topic does not exist$/));
});

test('a queue gets a signed notification, when its policy lets the topic in', async () => {
  const arn = await topic('to-queues');
  const open = await queue('open', arn);
  const shut = await queue('shut');
  const subscription = await subscribe(arn, 'sqs', open.arn);
  const dead = await queue('dead-letters', arn);
  await subscribe(arn, 'sqs', shut.arn, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }) });
  const { MessageId } = await publish(arn, 'häng on', {
    Subject: 'News',
    MessageAttributes: { kind: { DataType: 'String', StringValue: 'a' } },
  });
  const [message] = await receive(open.url);
  const notification = JSON.parse(message?.Body ?? '') as Notification;
  assert.deepEqual(
    [notification['Type'], notification['MessageId'], notification['Message'], notification['Subject']],
    ['Notification', MessageId, 'häng on', 'News'],
  );
  assert.deepEqual(notification['MessageAttributes'], { kind: { Type: 'String', Value: 'a' } });
  assert.equal(await isGenuine(notification), true);
  assert.equal(await isGenuine({ ...notification, Message: 'forged' }), false);
  const [letter] = await receive(dead.url);
  assert.equal((JSON.parse(letter?.Body ?? '') as Notification)['MessageId'], MessageId);
  assert.deepEqual(await receive(shut.url, 0), []);
  await sns.send(
    new SetTopicAttributesCommand({ TopicArn: arn, AttributeName: 'SignatureVersion', AttributeValue: '2' }),
  );
  await sns.send(
    new PublishBatchCommand({
      TopicArn: arn,
      PublishBatchRequestEntries: [
        { Id: 'a', Message: 'one' },
        { Id: 'b', Message: 'two' },
      ],
    }),
  );
  const [second] = await receive(open.url);
  const again = JSON.parse(second?.Body ?? '') as Notification;
  assert.deepEqual([again['SignatureVersion'], await isGenuine(again)], ['2', true]);
  assert.equal(
    again['UnsubscribeURL'],
    `${lambent.endpoint}/?Action=Unsubscribe&SubscriptionArn=${subscription}`,
  );
  // Who owns a queue ends its subscription, and not who reads its messages.
  assert.equal((await fetch(again['UnsubscribeURL'] ?? '')).status, 403);
  await sns.send(new UnsubscribeCommand({ SubscriptionArn: subscription }));
  await assert.rejects(
    sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: subscription })),
    refuses('NotFoundException', /^Subscription does not exist$/),
  );
});

test('raw messages, messages for each protocol, and long ones', async () => {
  const arn = await topic('raw');
  const { arn: queueArn, url } = await queue('raw', arn);
  const subscription = await subscribe(arn, 'sqs', queueArn, { RawMessageDelivery: 'true' });
  await publish(arn, JSON.stringify({ default: 'anyone', sqs: 'queues' }), {
    MessageStructure: 'json',
    MessageAttributes: {
      n: { DataType: 'Number', StringValue: '7' },
      b: { DataType: 'Binary', BinaryValue: Uint8Array.of(7) },
    },
  });
  const [message] = await receive(url);
  assert.equal(message?.Body, 'queues');
  assert.equal(message?.MessageAttributes?.['n']?.StringValue, '7');
  assert.deepEqual([...(message?.MessageAttributes?.['b']?.BinaryValue ?? [])], [7]);
  await publish(arn, 'x'.repeat(262_144));
  assert.equal((await receive(url))[0]?.Body?.length, 262_144);
  await assert.rejects(
    publish(arn, 'x'.repeat(262_145)),
    refuses('InvalidParameterException', /Message too long/),
  );
  await assert.rejects(
    publish(arn, '{}', { MessageStructure: 'json' }),
    refuses('InvalidParameterException', /No default entry/),
  );
  await assert.rejects(publish(arn, ''), refuses('InvalidParameterException', /Empty message/));
  await assert.rejects(
    sns.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn: subscription,
        AttributeName: 'RawMessageDelivery',
        AttributeValue: 'perhaps',
      }),
    ),
    refuses('InvalidParameterException'),
  );
});

test('filter policies choose by attributes or by body', async () => {
  const arn = await topic('filtered');
  const byAttributes = await queue('by-attributes', arn);
  const byBody = await queue('by-body', arn);
  await subscribe(arn, 'sqs', byAttributes.arn, {
    RawMessageDelivery: 'true',
    FilterPolicy: JSON.stringify({ kind: ['order', { prefix: 'pay' }], price: [{ numeric: ['>=', 100] }] }),
  });
  await subscribe(arn, 'sqs', byBody.arn, {
    RawMessageDelivery: 'true',
    FilterPolicyScope: 'MessageBody',
    FilterPolicy: JSON.stringify({ store: { city: [{ 'anything-but': ['Ulm'] }] } }),
  });
  const attributes = (kind: string, price: number) => ({
    MessageAttributes: {
      kind: { DataType: 'String', StringValue: kind },
      price: { DataType: 'Number', StringValue: String(price) },
    },
  });
  await publish(arn, '{"store":{"city":"Ulm"}}', attributes('payment', 100));
  await publish(arn, '{"store":{"city":"Bonn"}}', attributes('order', 99));
  await publish(arn, 'no json', attributes('other', 500));
  assert.deepEqual(
    (await receive(byAttributes.url)).map(({ Body }) => Body),
    ['{"store":{"city":"Ulm"}}'],
  );
  assert.deepEqual(
    (await receive(byBody.url)).map(({ Body }) => Body),
    ['{"store":{"city":"Bonn"}}'],
  );
  assert.deepEqual(await receive(byAttributes.url, 0), []);
  await assert.rejects(
    subscribe(arn, 'sms', '+4915112345678', { FilterPolicy: '{"kind":"order"}' }),
    refuses('InvalidParameterException', /FilterPolicy/),
  );
});

test('a FIFO topic keeps order and takes a message once', async () => {
  const arn = await topic('ordered.fifo', { FifoTopic: 'true', ContentBasedDeduplication: 'true' });
  const { arn: queueArn, url } = await queue('ordered-sub.fifo', arn);
  await subscribe(arn, 'sqs', queueArn, { RawMessageDelivery: 'true' });
  const bodies = Array.from({ length: 8 }, (_, index) => `m${index}`);
  for (const body of bodies) await publish(arn, body, { MessageGroupId: 'g' });
  const again = await publish(arn, 'm0', { MessageGroupId: 'g' });
  assert.match(again.SequenceNumber ?? '', /^\d{20}$/);
  const found: (string | undefined)[] = [];
  while (found.length < bodies.length) found.push(...(await receive(url)).map(({ Body }) => Body));
  assert.deepEqual(found, bodies);
  assert.deepEqual(await receive(url, 0), []);
  await assert.rejects(
    publish(arn, 'x'),
    refuses('InvalidParameterException', /MessageGroupId parameter is required/),
  );
  await assert.rejects(subscribe(arn, 'email', 'a@b.example'), refuses('InvalidParameterException'));
});

test('an HTTP endpoint confirms by its address, is tried again, and may refuse', async () => {
  const arn = await topic('hooks');
  const hook = await endpoint((count) => (count === 2 ? 503 : 200));
  const subscription = await subscribe(arn, 'http', hook.url, {
    DeliveryPolicy: JSON.stringify({ healthyRetryPolicy: { numRetries: 2, numNoDelayRetries: 2 } }),
  });
  await hook.until(1);
  const asked = JSON.parse(hook.posted[0]?.body ?? '') as Notification;
  assert.equal(hook.posted[0]?.headers['x-amz-sns-message-type'], 'SubscriptionConfirmation');
  assert.equal(await isGenuine(asked), true);
  await publish(arn, 'too early');
  const confirmed = await (await fetch(asked['SubscribeURL'] ?? '')).text();
  assert.match(confirmed, /ConfirmSubscriptionResponse/);
  assert.ok(confirmed.includes(subscription));
  await publish(arn, 'hello');
  await hook.until(3);
  const told = JSON.parse(hook.posted[2]?.body ?? '') as Notification;
  assert.equal(told['Message'], 'hello');
  assert.equal(hook.posted[2]?.headers['x-amz-sns-subscription-arn'], subscription);
  assert.equal(await isGenuine(told), true);
  await assert.rejects(
    sns.send(new ConfirmSubscriptionCommand({ TopicArn: arn, Token: 'made up' })),
    refuses('InvalidParameterException', 'Invalid token'),
  );
  await sns.send(new UnsubscribeCommand({ SubscriptionArn: subscription }));
  const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: arn }));
  assert.deepEqual(Subscriptions, []);
  await hook.close();
});

test('mail and text messages land in the inbox', async () => {
  const arn = await topic('people', { DisplayName: 'Shop' });
  await subscribe(arn, 'email', 'ann@example.com');
  await subscribe(arn, 'sms', '+4915112345678');
  const pending = await sns.send(new ListSubscriptionsCommand({}));
  assert.ok(
    pending.Subscriptions?.some(
      ({ SubscriptionArn, Endpoint }) =>
        Endpoint === 'ann@example.com' && SubscriptionArn === 'PendingConfirmation',
    ),
  );
  await lambent.advance(1);
  const [asked] = (await inbox()).filter(({ to }) => to === 'ann@example.com');
  const link = /http\S+/.exec(asked?.text ?? '')?.[0] ?? '';
  assert.match(await (await fetch(link)).text(), /Subscription confirmed/);
  await publish(arn, 'sale', { Subject: 'Now' });
  await sns.send(new PublishCommand({ PhoneNumber: '+12065550100', Message: 'code 1' }));
  await lambent.advance(1);
  const letters = await inbox();
  const mail = letters.find(({ to, subject }) => to === 'ann@example.com' && subject === 'Now');
  assert.match(mail?.text ?? '', /^sale\n/);
  assert.equal(letters.find(({ to }) => to === '+4915112345678')?.text, 'Shop> sale');
  assert.equal(letters.find(({ to }) => to === '+12065550100')?.text, 'code 1');
  await assert.rejects(
    sns.send(new PublishCommand({ PhoneNumber: 'nobody', Message: 'x' })),
    refuses('InvalidParameterException', /PhoneNumber/),
  );
});

test('what is not confirmed in two days goes', async () => {
  const arn = await topic('patience');
  await subscribe(arn, 'email', 'bob@example.com');
  await lambent.advance(2 * 86_400 + 1);
  const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: arn }));
  assert.deepEqual(Subscriptions, []);
});

test('a queue of another account confirms for itself', async () => {
  const arn = await topic('abroad');
  const theirs = lambent.client(SQSClient, {
    credentials: { accessKeyId: '222222222222', secretAccessKey: 'test' },
  });
  const { QueueUrl = '' } = await theirs.send(new CreateQueueCommand({ QueueName: 'abroad' }));
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: '*',
        Condition: { StringEquals: { 'aws:SourceAccount': '000000000000' } },
      },
    ],
  });
  await theirs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await subscribe(arn, 'sqs', 'arn:aws:sqs:us-east-1:222222222222:abroad');
  const { Messages = [] } = await theirs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
  const asked = JSON.parse(Messages[0]?.Body ?? '') as Notification;
  assert.equal(asked['Type'], 'SubscriptionConfirmation');
  const { SubscriptionArn } = await sns.send(
    new ConfirmSubscriptionCommand({ TopicArn: arn, Token: asked['Token'] }),
  );
  assert.match(SubscriptionArn ?? '', /^arn:aws:sns:us-east-1:000000000000:abroad:/);
  theirs.destroy();
});
