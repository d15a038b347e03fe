import { strict as assert } from 'node:assert';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { withLambent } from '../support/clients.ts';
import { refuses } from '../support/refusals.ts';

const lambent = await withLambent();
const sns = lambent.client(SNSClient);

interface Posted {
  readonly type: string;
  readonly json: Record<string, string>;
  readonly atMs: number;
}

/** An HTTP endpoint that confirms its subscriptions and remembers what it gets. */
const posted: Posted[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    const json = JSON.parse(body) as Record<string, string>;
    const type = String(request.headers['x-amz-sns-message-type']);
    posted.push({ type, json, atMs: performance.now() });
    if (type === 'SubscriptionConfirmation') void fetch(json['SubscribeURL'] ?? '');
    response.end();
  });
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
after(() => server.close());
const Endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;

async function until<T>(what: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 250; tries++) {
    const found = await what();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it never came');
}

async function subscribe(Name: string, Attributes: Record<string, string> = {}) {
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name }));
  const { SubscriptionArn = '' } = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint, Attributes, ReturnSubscriptionArn: true }),
  );
  const attributes = async () =>
    (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes ?? {};
  await until(async () => ((await attributes())['PendingConfirmation'] === 'false' ? true : undefined));
  return { TopicArn, SubscriptionArn, attributes };
}

test('an endpoint that is unsubscribed by a link is told, and may take it back', async () => {
  const { TopicArn, SubscriptionArn, attributes } = await subscribe('left');
  await sns.send(new PublishCommand({ TopicArn, Message: 'hello' }));
  const told = await until(() => posted.find(({ type }) => type === 'Notification'));
  await fetch(told.json['UnsubscribeURL'] ?? '');
  await assert.rejects(attributes(), refuses('NotFoundException'));
  const farewell = await until(() => posted.find(({ type }) => type === 'UnsubscribeConfirmation'));
  assert.equal(farewell.json['Type'], 'UnsubscribeConfirmation');
  assert.match(
    farewell.json['Message'] ?? '',
    new RegExp(`^You have chosen to deactivate subscription ${SubscriptionArn}`),
  );
  assert.equal(typeof farewell.json['Signature'], 'string');
  const back = await (await fetch(farewell.json['SubscribeURL'] ?? '')).text();
  assert.ok(back.includes(SubscriptionArn), back);
  const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  assert.deepEqual(
    Subscriptions?.map((each) => each.SubscriptionArn),
    [SubscriptionArn],
  );
});

test('an endpoint gets no more a second than its delivery policy says', async () => {
  const DeliveryPolicy = JSON.stringify({ throttlePolicy: { maxReceivesPerSecond: 10 } });
  const { TopicArn, attributes } = await subscribe('slow', { DeliveryPolicy });
  const effective = JSON.parse((await attributes())['EffectiveDeliveryPolicy'] ?? '') as Record<
    string,
    unknown
  >;
  assert.deepEqual(effective['throttlePolicy'], { maxReceivesPerSecond: 10 });
  const count = 6;
  for (let i = 0; i < count; i++) await sns.send(new PublishCommand({ TopicArn, Message: `slow ${i}` }));
  const times = await until(() => {
    const found = posted.filter(({ json }) => json['Message']?.startsWith('slow'));
    return found.length === count ? found.map(({ atMs }) => atMs).sort((a, b) => a - b) : undefined;
  });
  assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) >= 400, String(times));
  await assert.rejects(
    subscribe('never', { DeliveryPolicy: '{"throttlePolicy":{"maxReceivesPerSecond":0}}' }),
    refuses('InvalidParameterException', /maxReceivesPerSecond/),
  );
});
