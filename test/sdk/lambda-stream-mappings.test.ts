import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { IAMClient } from '@aws-sdk/client-iam';
import {
  CreateEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  LambdaClient,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Lambent, startLambent } from 'lambent/testing';
import { makeFunction, printed } from '../support/functions.ts';
import { makeFunctionRole } from '../support/roles.ts';

const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-mappings-'));
let lambent = await startLambent({ dataFolder });
let { lambda, dynamodb, iam, logs, sqs } = clients(lambent);

function clients({ endpoint, region, credentials }: Lambent) {
  const options = { endpoint, region, credentials, maxAttempts: 1 };
  return {
    lambda: new LambdaClient(options),
    dynamodb: new DynamoDBClient(options),
    iam: new IAMClient(options),
    logs: new CloudWatchLogsClient(options),
    sqs: new SQSClient(options),
  };
}

async function restart(): Promise<void> {
  for (const client of [lambda, dynamodb, iam, logs, sqs]) client.destroy();
  await lambent.stop();
  lambent = await startLambent({ dataFolder });
  ({ lambda, dynamodb, iam, logs, sqs } = clients(lambent));
}

after(async () => {
  for (const client of [lambda, dynamodb, iam, logs, sqs]) client.destroy();
  await lambent.stop();
  await rm(dataFolder, { recursive: true, force: true });
});

const role = await makeFunctionRole(
  iam,
  'reader',
  'AWSLambdaDynamoDBExecutionRole',
  'AWSLambdaSQSQueueExecutionRole',
);

async function makeTable(TableName: string): Promise<string> {
  const { TableDescription } = await dynamodb.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  );
  return TableDescription?.LatestStreamArn ?? '';
}

const put = (TableName: string, id: string, n: number) =>
  dynamodb.send(new PutItemCommand({ TableName, Item: { id: { S: id }, n: { N: String(n) } } }));

const READ = 'const read = ({ dynamodb: { NewImage: { id, n } } }) => [id.S, Number(n.N)];';

interface Seen {
  readonly n: readonly number[];
  readonly state: { readonly sum?: number };
  readonly final: boolean;
  readonly early: boolean;
  readonly window: { readonly start: string; readonly end: string };
  readonly shard: string;
}

test('a tumbling window carries its state through its batches and ends once', async () => {
  const EventSourceArn = await makeTable('sales');
  await makeFunction(
    lambda,
    'totals',
    role,
    `${READ}
exports.handler = async (event) => {
  const { Records, state, window, isFinalInvokeForWindow: final, isWindowTerminatedEarly: early } = event;
  const n = Records.map((r) => read(r)[1]);
  console.log('@@' + JSON.stringify({ n, state, final, early, window, shard: event.shardId }));
  if (n.includes(-1)) return {};
  if (n.includes(99)) return { state: 'x'.repeat(1100000) };
  return { state: { sum: n.reduce((a, b) => a + b, state.sum ?? 0) } };
};`,
  );
  const made = await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn,
      FunctionName: 'totals',
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 1,
      TumblingWindowInSeconds: 900,
      MaximumRetryAttempts: 0,
    }),
  );
  assert.equal(made.TumblingWindowInSeconds, 900);
  for (const n of [1, 2, 3]) await put('sales', 'a', n);
  const first = (await printed(logs, 'totals', 3)) as Seen[];
  assert.deepEqual(
    first.map(({ n, state, final }) => [n, state, final]),
    [
      [[1], {}, false],
      [[2], { sum: 1 }, false],
      [[3], { sum: 3 }, false],
    ],
  );
  const [{ window, shard } = {} as Seen] = first;
  assert.match(window.start, /^\d{4}-\d\d-\d\dT\d\d:(00|15|30|45):00Z$/);
  assert.equal(Date.parse(window.end) - Date.parse(window.start), 900_000);
  assert.match(shard, /^shardId-/);
  // The state is a row: it outlives the server.
  await restart();
  await lambent.advance(901);
  const ended = (await printed(logs, 'totals', 4)) as Seen[];
  assert.deepEqual(ended[3], { n: [], state: { sum: 6 }, final: true, early: false, window, shard });
  // An answer without a state is a failure, here one that is given up; one that is too long ends the window.
  for (const n of [5, -1, 99]) await put('sales', 'a', n);
  const later = (await printed(logs, 'totals', 8)) as Seen[];
  assert.deepEqual(
    later.slice(4).map(({ n, state, final, early }) => [n, state, final, early]),
    [
      [[5], {}, false, false],
      [[-1], { sum: 5 }, false, false],
      [[99], { sum: 5 }, false, false],
      [[], { sum: 5 }, true, true],
    ],
  );
  await lambent.advance(2000);
  assert.equal((await printed(logs, 'totals', 8)).length, 8);
});

test('lanes of a shard run side by side and keep each item in order, also when their number changes', async () => {
  const EventSourceArn = await makeTable('laps');
  await makeFunction(
    lambda,
    'laps',
    role,
    `${READ}
exports.handler = async ({ Records }) => {
  const from = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 150));
  console.log('@@' + JSON.stringify({ laps: Records.map(read), from, to: Date.now() }));
};`,
  );
  const laps = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) for (const id of ['a', 'b', 'c', 'd']) await put('laps', id, n);
  };
  await laps(1, 2);
  const { UUID } = await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn,
      FunctionName: 'laps',
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 1,
      ParallelizationFactor: 4,
    }),
  );
  await printed(logs, 'laps', 8);
  await laps(3, 4);
  await printed(logs, 'laps', 16);
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID, ParallelizationFactor: 1, BatchSize: 10 }));
  await laps(5, 5);
  const seenAll = async () => {
    for (let i = 0; ; i++) {
      const batches = (await printed(logs, 'laps', 17)) as {
        laps: [string, number][];
        from: number;
        to: number;
      }[];
      const found = batches.flatMap((batch) => batch.laps);
      if (['a', 'b', 'c', 'd'].every((id) => found.some(([one, n]) => one === id && n === 5))) return batches;
      assert.ok(i < 100, JSON.stringify(found));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const batches = await seenAll();
  const early = batches.slice(0, 8);
  assert.ok(
    early.some((one) => early.some((other) => one !== other && other.from < one.to && one.from < other.to)),
    'some batches overlap',
  );
  for (const id of ['a', 'b', 'c', 'd']) {
    const seen = batches.flatMap((batch) => batch.laps.filter(([one]) => one === id).map(([, n]) => n));
    assert.deepEqual([...new Set(seen)], [1, 2, 3, 4, 5], id);
  }
  const { ParallelizationFactor } = await lambda.send(new GetEventSourceMappingCommand({ UUID }));
  assert.equal(ParallelizationFactor, 1);
});

test('a server that stops in the middle of a stream and a FIFO queue loses nothing and keeps the order', async () => {
  const EventSourceArn = await makeTable('steps');
  const source = (read: string) => `exports.handler = async ({ Records }) => {
  for (const r of Records) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    console.log('@@' + JSON.stringify(${read}));
  }
};`;
  await makeFunction(lambda, 'steps', role, source('Number(r.dynamodb.NewImage.n.N)'));
  await makeFunction(lambda, 'jobs', role, source('[r.attributes.MessageGroupId, Number(r.body)]'));
  const { QueueUrl = '' } = await sqs.send(
    new CreateQueueCommand({
      QueueName: 'jobs.fifo',
      Attributes: { FifoQueue: 'true', ContentBasedDeduplication: 'true', VisibilityTimeout: '5' },
    }),
  );
  const url = () => `${lambent.endpoint}${new URL(QueueUrl).pathname}`;
  await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn,
      FunctionName: 'steps',
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 3,
    }),
  );
  await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:jobs.fifo',
      FunctionName: 'jobs',
      BatchSize: 3,
    }),
  );
  const send = async (n: number) => {
    await put('steps', 'one', n);
    for (const group of ['a', 'b']) {
      const sent = { QueueUrl: url(), MessageBody: String(n), MessageGroupId: group };
      await sqs.send(new SendMessageCommand({ ...sent, MessageDeduplicationId: `${group}${n}` }));
    }
  };
  for (let n = 0; n < 24; n++) {
    await send(n);
    if (n === 8 || n === 16) await restart();
  }
  const all = Array.from({ length: 24 }, (_, n) => n);
  const complete = async (name: string, of: (line: unknown) => number | undefined) => {
    for (let i = 0; ; i++) {
      const lines = (await printed(logs, name, 1)).map(of).filter((n) => n !== undefined);
      // Environments write their logs each on its own: what ran first may come last.
      const seen = [...new Set(lines)];
      if (all.every((n) => seen.includes(n))) return seen;
      assert.ok(i < 100, `${name}: ${seen}`);
      await lambent.advance(6);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  assert.deepEqual(await complete('steps', (line) => line as number), all);
  for (const group of ['a', 'b']) {
    const seen = await complete('jobs', (line) => {
      const [of, n] = line as [string, number];
      return of === group ? n : undefined;
    });
    assert.deepEqual(seen, all, group);
  }
});

test('a shard is read when its parent has been, also after a restart', async () => {
  const EventSourceArn = await makeTable('lineage');
  await put('lineage', 'a', 1);
  await lambent.advance(4 * 3600);
  await put('lineage', 'a', 2);
  await makeFunction(
    lambda,
    'heir',
    role,
    `${READ}
let failed = false;
exports.handler = async ({ Records }) => {
  console.log('@@' + JSON.stringify(Records.map(read)));
  if (!failed) {
    failed = true;
    throw new Error('not yet');
  }
};`,
  );
  await lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn,
      FunctionName: 'heir',
      StartingPosition: 'TRIM_HORIZON',
      ParallelizationFactor: 2,
    }),
  );
  assert.deepEqual(await printed(logs, 'heir', 3), [[['a', 1]], [['a', 1]], [['a', 2]]]);
  await restart();
  await lambent.advance(4 * 3600);
  await put('lineage', 'a', 3);
  const seen = await printed(logs, 'heir', 4);
  assert.deepEqual(seen[3], [['a', 3]]);
});
