import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Lambent, startLambent } from 'lambent/testing';

function clients({ endpoint, region, credentials }: Lambent) {
  const options = { endpoint, region, credentials, maxAttempts: 1 };
  return { sqs: new SQSClient(options), sns: new SNSClient(options) };
}

test('queues and deliveries go on where a server stopped', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-restart-'));
  const posted: string[] = [];
  let status = 200;
  let wake = () => {};
  const hook = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posted.push(Buffer.concat(chunks).toString());
      response.writeHead(status).end(() => wake());
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const until = async (count: number) => {
    while (posted.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };

  let lambent = await startLambent({ dataFolder });
  let { sqs, sns } = clients(lambent);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'kept' }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'one' }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x'.repeat(100_000) }));
  const before = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  assert.equal(before.Messages?.[0]?.Body, 'one');
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'kept' }));
  const Endpoint = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint }));
  await until(1);
  await fetch((JSON.parse(posted[0] ?? '') as { SubscribeURL: string }).SubscribeURL);
  status = 503;
  await sns.send(new PublishCommand({ TopicArn, Message: 'late' }));
  await until(2);
  const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  assert.equal((await waiting).Messages?.length, 1);
  // A long poll does not hold the server up.
  const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 })).catch(() => 'gone');
  await new Promise((resolve) => setTimeout(resolve, 30));
  const stopping = performance.now();
  sns.destroy();
  await lambent.stop();
  await poll;
  assert.ok(performance.now() - stopping < 5000);
  sqs.destroy();

  lambent = await startLambent({ dataFolder });
  ({ sqs, sns } = clients(lambent));
  const url = `${lambent.endpoint}/000000000000/kept`;
  const hidden = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
  assert.equal(hidden.Messages, undefined, 'what was in flight is so still');
  await sqs.send(
    new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: before.Messages?.[0]?.ReceiptHandle }),
  );
  status = 200;
  await lambent.advance(31);
  await until(3);
  assert.equal((JSON.parse(posted[2] ?? '') as { Message: string }).Message, 'late');
  const after = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }));
  assert.deepEqual(
    after.Messages?.map(({ Body }) => Body?.length),
    [100_000],
  );
  sqs.destroy();
  sns.destroy();
  await lambent.stop();
  await new Promise((resolve) => hook.close(resolve));
  await rm(dataFolder, { recursive: true, force: true });
});
