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
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type MemoryDisk, memoryDisk, openMemory } from '../../src/store/memory.ts';
import { type Lambent, startLambent } from '../../src/testing/index.ts';
import { makeFunction } from '../support/functions.ts';
import { makeFunctionRole } from '../support/roles.ts';
import { scaled } from '../support/tier.ts';

const ROUNDS = scaled(40, 6);
const CRASHES = scaled(8, 1);
/** A sync takes this long: whoever acknowledges before it is found out. */
const SYNC_MS = 5;
const PATIENCE_MS = 30_000;
const TOPIC = 'arn:aws:sns:us-east-1:000000000000:news';
const QUEUES = ['ran', 'told', 'sent'] as const;
const arn = (queue: string) => `arn:aws:sqs:us-east-1:000000000000:${queue}`;

/** A server whose disk holds what was synced and nothing else. */
function start(dataFolder: string, disk: MemoryDisk): Promise<Lambent> {
  return startLambent({
    dataFolder,
    openStore: async ({ world }) =>
      openMemory({
        world,
        disk,
        faults: {
          reach: async (point) => {
            if (point === 'sync') await new Promise((resolve) => setTimeout(resolve, SYNC_MS));
          },
          conflict: () => false,
        },
      }),
  });
}

function clients({ endpoint, region, credentials }: Lambent) {
  const options = { endpoint, region, credentials, maxAttempts: 1 };
  return {
    lambda: new LambdaClient(options),
    sns: new SNSClient(options),
    sqs: new SQSClient(options),
    iam: new IAMClient(options),
  };
}

/** A function whose successes go to a queue, a topic with another, and a third of its own. */
async function prepare({ lambda, sns, sqs, iam }: ReturnType<typeof clients>): Promise<void> {
  const role = await makeFunctionRole(iam, 'runner', 'AWSLambdaBasicExecutionRole');
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonSQSFullAccess';
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'runner', PolicyArn }));
  for (const QueueName of QUEUES) {
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

/** Takes out of a queue what is in it. */
async function drain(sqs: SQSClient, endpoint: string, queue: string): Promise<readonly string[]> {
  const QueueUrl = `${endpoint}/000000000000/${queue}`;
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

test('what was acknowledged was synced: it arrives from a disk that lost all that was not', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-lost-'));
  const disk = memoryDisk();
  /** What had been acknowledged of each kind at a moment, and what the disk held then. */
  const moments: {
    readonly counts: Readonly<Record<string, number>>;
    readonly image: MemoryDisk['image'];
  }[] = [];
  const counts = { ran: 0, told: 0, sent: 0 };
  const server = await start(dataFolder, disk);
  try {
    const { lambda, sns, sqs, ...rest } = clients(server);
    await prepare({ lambda, sns, sqs, ...rest });
    const acknowledged = (queue: keyof typeof counts) => {
      counts[queue]++;
      moments.push({ counts: { ...counts }, image: disk.image });
    };
    const QueueUrl = `${server.endpoint}/000000000000/sent`;
    await Promise.all([
      (async () => {
        for (let n = 0; n < ROUNDS; n++) {
          const Payload = Buffer.from(`${n}`);
          await lambda.send(new InvokeCommand({ FunctionName: 'runner', InvocationType: 'Event', Payload }));
          acknowledged('ran');
        }
      })(),
      (async () => {
        for (let n = 0; n < ROUNDS; n++) {
          await sns.send(new PublishCommand({ TopicArn: TOPIC, Message: `${n}` }));
          acknowledged('told');
        }
      })(),
      (async () => {
        for (let n = 0; n < ROUNDS; n++) {
          await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `${n}` }));
          acknowledged('sent');
        }
      })(),
    ]);
  } finally {
    await server.stop();
  }
  try {
    for (let crash = 1; crash <= CRASHES; crash++) {
      const moment = moments[Math.floor((moments.length * crash) / (CRASHES + 1))];
      assert.ok(moment !== undefined);
      const again = await start(dataFolder, { image: moment.image });
      try {
        const { sqs } = clients(again);
        const end = performance.now() + PATIENCE_MS;
        const missing = new Set(
          QUEUES.flatMap((queue) =>
            Array.from({ length: moment.counts[queue] ?? 0 }, (_, n) => `${queue} ${n}`),
          ),
        );
        while (missing.size > 0) {
          for (const queue of QUEUES) {
            for (const body of await drain(sqs, again.endpoint, queue)) {
              const n =
                queue === 'ran' ? (JSON.parse(body) as { requestPayload: number }).requestPayload : body;
              missing.delete(`${queue} ${n}`);
            }
          }
          assert.ok(performance.now() < end, `lost: ${[...missing].join(', ')}`);
        }
      } finally {
        await again.stop();
      }
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
});
