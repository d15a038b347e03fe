import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AttachRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { InvokeCommand, LambdaClient, PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { seededRandom } from '../../src/world/simulated.ts';
import { makeFunction } from '../support/functions.ts';
import { type Started, startServer } from '../support/process.ts';
import { makeFunctionRole } from '../support/roles.ts';
import { scaled } from '../support/tier.ts';

const KILLS = scaled(12, 1);
/** A killed server's jobs are another's ten seconds later. */
const PATIENCE_MS = 40_000;
const TOPIC = 'arn:aws:sns:us-east-1:000000000000:news';
const arn = (queue: string) => `arn:aws:sqs:us-east-1:000000000000:${queue}`;

function clients({ port }: Started) {
  const options = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  return {
    lambda: new LambdaClient(options),
    sns: new SNSClient(options),
    sqs: new SQSClient(options),
    iam: new IAMClient(options),
  };
}

/** A function whose successes go to a queue, and a topic with another. */
async function prepare({ lambda, sns, sqs, iam }: ReturnType<typeof clients>): Promise<void> {
  const role = await makeFunctionRole(iam, 'runner', 'AWSLambdaBasicExecutionRole');
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonSQSFullAccess';
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'runner', PolicyArn }));
  for (const QueueName of ['ran', 'told']) {
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: arn(QueueName) },
    ];
    const Attributes = { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) };
    await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  }
  await makeFunction(lambda, 'runner', role, 'exports.handler = async () => null;');
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: 'runner',
      DestinationConfig: { OnSuccess: { Destination: arn('ran') } },
    }),
  );
  await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const Attributes = { RawMessageDelivery: 'true' };
  await sns.send(
    new SubscribeCommand({ TopicArn: TOPIC, Protocol: 'sqs', Endpoint: arn('told'), Attributes }),
  );
}

async function kill({ child }: Started): Promise<void> {
  child.removeAllListeners('exit');
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Takes out of a queue what is in it. */
async function drain(sqs: SQSClient, port: number, queue: string): Promise<readonly string[]> {
  const QueueUrl = `http://127.0.0.1:${port}/000000000000/${queue}`;
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
  );
  if (Messages.length === 0) return [];
  await sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl,
      Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
    }),
  );
  return Messages.map(({ Body = '' }) => Body);
}

test(`every event and message that was accepted arrives, after ${KILLS} kills`, async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-events-'));
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  const wanted = { ran: new Set<number>(), told: new Set<number>() };
  let count = 0;
  let server = await startServer(['--data', dataFolder, '--quiet']);
  try {
    await prepare(clients(server));
    for (let round = 0; round < KILLS; round++) {
      const { lambda, sns } = clients(server);
      const work = async (into: Set<number>, send: (n: number) => Promise<unknown>) => {
        for (let n = count++; ; n = count++) {
          try {
            await send(n);
          } catch {
            return;
          }
          into.add(n);
        }
      };
      const workers = [0, 1].flatMap(() => [
        work(wanted.ran, (n) =>
          lambda.send(
            new InvokeCommand({
              FunctionName: 'runner',
              InvocationType: 'Event',
              Payload: Buffer.from(`${n}`),
            }),
          ),
        ),
        work(wanted.told, (n) => sns.send(new PublishCommand({ TopicArn: TOPIC, Message: String(n) }))),
      ]);
      await new Promise((resolve) => setTimeout(resolve, 300 + random.below(500)));
      await kill(server);
      await Promise.all(workers);
      server = await startServer(['--data', dataFolder, '--quiet']);
    }
    assert.ok(wanted.ran.size > KILLS && wanted.told.size > KILLS, 'there was something to lose');
    const { sqs } = clients(server);
    const end = performance.now() + PATIENCE_MS;
    while (wanted.ran.size + wanted.told.size > 0) {
      for (const body of await drain(sqs, server.port, 'ran')) {
        wanted.ran.delete((JSON.parse(body) as { requestPayload: number }).requestPayload);
      }
      for (const body of await drain(sqs, server.port, 'told')) wanted.told.delete(Number(body));
      const left = `${wanted.ran.size} events and ${wanted.told.size} messages are missing, seed ${seed}`;
      assert.ok(performance.now() < end, left);
    }
  } finally {
    await server.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
});
