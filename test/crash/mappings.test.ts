import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { IAMClient } from '@aws-sdk/client-iam';
import { CreateEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { seededRandom } from '../../src/world/simulated.ts';
import { makeFunction } from '../support/functions.ts';
import { type Started, startServer } from '../support/process.ts';
import { makeFunctionRole } from '../support/roles.ts';
import { scaled } from '../support/tier.ts';
import { until } from '../support/until.ts';

const KILLS = scaled(12, 1);
const GROUPS = 3;
const PATIENCE_MS = 40_000;
/** What a killed server's function held comes back when this is over. */
const VISIBILITY_SECONDS = 1;

function clients({ port }: Started) {
  const options = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  return { lambda: new LambdaClient(options), sqs: new SQSClient(options), iam: new IAMClient(options) };
}

/** Where the function tells what it gets, by group, in the order it got it. */
async function startWitness() {
  const heard: number[][] = Array.from({ length: GROUPS }, () => []);
  const server = createServer((request, response) => {
    const [, group = '', n = ''] = /^\/(\d+)\/(\d+)$/.exec(request.url ?? '') ?? [];
    heard[Number(group)]?.push(Number(n));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { heard, server, port: (server.address() as AddressInfo).port };
}

async function prepare({ lambda, sqs, iam }: ReturnType<typeof clients>, witness: number): Promise<void> {
  const role = await makeFunctionRole(iam, 'runner', 'AWSLambdaSQSQueueExecutionRole');
  const Attributes = {
    FifoQueue: 'true',
    ContentBasedDeduplication: 'true',
    VisibilityTimeout: String(VISIBILITY_SECONDS),
  };
  await sqs.send(new CreateQueueCommand({ QueueName: 'work.fifo', Attributes }));
  await makeFunction(
    lambda,
    'runner',
    role,
    `const { get } = require('node:http');
exports.handler = ({ Records: [{ body }] }) => new Promise((resolve, reject) => {
  get('http://127.0.0.1:${witness}/' + body, (answer) => { answer.resume(); answer.on('end', resolve); }).on('error', reject);
});`,
    VISIBILITY_SECONDS,
  );
  await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:work.fifo',
      FunctionName: 'runner',
      BatchSize: 1,
    }),
  );
}

test(`a function gets each group of a queue whole and in order, after ${KILLS} kills`, async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-mappings-'));
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  const { heard, server: witness, port } = await startWitness();
  const sent = Array.from({ length: GROUPS }, () => 0);
  let server = await startServer(['--data', dataFolder, '--quiet']);
  try {
    await prepare(clients(server), port);
    for (let round = 0; round < KILLS; round++) {
      const { sqs } = clients(server);
      const QueueUrl = `http://127.0.0.1:${server.port}/000000000000/work.fifo`;
      const senders = sent.map(async (_, group) => {
        for (;;) {
          const MessageBody = `${group}/${sent[group]}`;
          try {
            await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: `g${group}` }));
          } catch {
            return;
          }
          sent[group] = (sent[group] ?? 0) + 1;
        }
      });
      const before = [...sent];
      await until(() => sent.every((count, group) => count > (before[group] ?? 0) + 1));
      await new Promise((resolve) => setTimeout(resolve, 600 + random.below(500)));
      await server.kill();
      await Promise.all(senders);
      server = await startServer(['--data', dataFolder, '--quiet']);
    }
    assert.ok(Math.min(...sent) > KILLS, 'there was something to lose');
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const late = sent.filter((count, group) => (heard[group]?.at(-1) ?? -1) < count - 1);
      if (late.length === 0) break;
      assert.ok(performance.now() < end, `${heard.map((ns) => ns.at(-1))} of ${sent} came, seed ${seed}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const ns of heard) {
      // One may come again, as its end was not noted; none is passed over or comes late.
      for (const [index, n] of ns.entries()) {
        const before = ns[index - 1] ?? -1;
        assert.ok(n === before || n === before + 1, `${n} after ${before}, seed ${seed}`);
      }
    }
  } finally {
    await server.stop();
    witness.close();
    await rm(dataFolder, { recursive: true, force: true });
  }
});
