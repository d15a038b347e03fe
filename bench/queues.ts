import { AttachRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { SigningCredentials } from '../src/wire/sigv4-client.ts';
import { JsonClient } from '../test/support/json-client.ts';
import { startElasticmq } from './elasticmq.ts';
import { makeFunction } from './invoke.ts';
import { invokeRequest } from './invoke-extremes.ts';
import { runLoad } from './load.ts';
import { type Line, ratioLine } from './report.ts';
import { clientOptions } from './setup.ts';

const CYCLES = 3_000;
const CLIENTS = 16;
const ROUNDS = 3;
const MESSAGES = 2_000;
const BODY = 'x'.repeat(100);

class Queue {
  readonly #client: JsonClient;
  readonly #url: string;

  private constructor(client: JsonClient, url: string) {
    this.#client = client;
    this.#url = url;
  }

  static async make(port: number, QueueName: string): Promise<Queue> {
    const client = new JsonClient(port);
    const { output } = await client.call('sqs', 'AmazonSQS.CreateQueue', { QueueName });
    return new Queue(client, String(output['QueueUrl']));
  }

  async call(operation: string, input: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const { status, text } = await this.#client.raw('sqs', `AmazonSQS.${operation}`, {
      QueueUrl: this.#url,
      ...input,
    });
    if (status !== 200) throw new Error(`${operation}: ${text}`);
    // ElasticMQ answers some with no body at all.
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  }

  /** Sends a message, receives one and deletes it. */
  async cycle(): Promise<void> {
    await this.call('SendMessage', { MessageBody: BODY });
    for (;;) {
      const { Messages } = await this.call('ReceiveMessage', { MaxNumberOfMessages: 1 });
      const [message] = (Messages ?? []) as readonly { readonly ReceiptHandle: string }[];
      if (message === undefined) continue;
      await this.call('DeleteMessage', { ReceiptHandle: message.ReceiptHandle });
      return;
    }
  }

  async left(): Promise<number> {
    const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
    const { Attributes } = await this.call('GetQueueAttributes', { AttributeNames: names });
    const counts = Attributes as Readonly<Record<string, string>>;
    return names.reduce((sum, name) => sum + Number(counts[name]), 0);
  }

  close(): void {
    this.#client.close();
  }
}

async function cyclesPerSecond(queue: Queue): Promise<number> {
  let left = CYCLES;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (left-- > 0) await queue.cycle();
    }),
  );
  return (CYCLES / (performance.now() - began)) * 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Send, receive and delete, one message at a time, against ElasticMQ, which keeps its queues in memory. */
async function benchCycles(port: number, notes: string[]): Promise<readonly Line[]> {
  const peer = await startElasticmq();
  if (typeof peer === 'string') {
    notes.push(`ElasticMQ is not compared: ${peer}`);
    return [];
  }
  const ours = await Queue.make(port, 'bench-cycles');
  const theirs = await Queue.make(peer.port, 'bench-cycles');
  try {
    const measured: number[] = [];
    const reference: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      reference.push(await cyclesPerSecond(theirs));
      measured.push(await cyclesPerSecond(ours));
    }
    // The first round warms both up.
    const [a, b] = [median(measured.slice(1)), median(reference.slice(1))];
    return [ratioLine('SQS send + receive + delete, unbatched, 16 clients / ElasticMQ in memory', a, b, 0.5)];
  } finally {
    ours.close();
    theirs.close();
    await peer.stop();
  }
}

/** Messages a function is handed one by one, against invocations of the same function over HTTP. */
async function benchMapping(port: number, credentials: SigningCredentials): Promise<Line> {
  const name = 'bench-consumer';
  await makeFunction(port, name, 'export const handler = async (event) => event;');
  const options = clientOptions(port);
  await new IAMClient(options).send(
    new AttachRolePolicyCommand({
      RoleName: name,
      PolicyArn: 'arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole',
    }),
  );
  const request = invokeRequest(port, credentials);
  const requests = Array.from({ length: MESSAGES }, (_, index) => request(name, { index }));
  const queue = await Queue.make(port, 'bench-mapped');
  await new LambdaClient(options).send(
    new CreateEventSourceMappingCommand({
      EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:bench-mapped',
      FunctionName: name,
      BatchSize: 1,
    }),
  );
  try {
    const measured: number[] = [];
    const reference: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      reference.push((await runLoad(port, 8, requests)).perSecond);
      measured.push(await consumedPerSecond(queue));
    }
    // The first round warms both up.
    return ratioLine(
      'SQS → function, unbatched / the same function invoked over HTTP',
      median(measured.slice(1)),
      median(reference.slice(1)),
      0.3,
    );
  } finally {
    queue.close();
  }
}

/** Sends messages in batches; from the first send until the last message is deleted. */
async function consumedPerSecond(queue: Queue): Promise<number> {
  let sent = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (sent < MESSAGES) {
        const first = sent;
        sent += 10;
        await queue.call('SendMessageBatch', {
          Entries: Array.from({ length: 10 }, (_, n) => ({ Id: String(n), MessageBody: `${first + n}` })),
        });
      }
    }),
  );
  while ((await queue.left()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  return (MESSAGES / (performance.now() - began)) * 1000;
}

export async function benchQueues(
  port: number,
  credentials: SigningCredentials,
  notes: string[],
): Promise<readonly Line[]> {
  return [...(await benchCycles(port, notes)), await benchMapping(port, credentials)];
}
