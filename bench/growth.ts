import { join } from 'node:path';
import { JsonClient } from '../test/support/json-client.ts';
import { anonymousMemory, type Started, startServer } from '../test/support/process.ts';
import { dynamodbCall, type SignedCall, signedRequest } from '../test/support/signed.ts';
import { runLoad } from './load.ts';
import { type Line, mostLine, mostRatioLine } from './report.ts';
import { fillTable, item, keyOf, RESTED_MS } from './setup.ts';

const ROOT = { accessKeyId: 'test', secretAccessKey: 'test' };
const SMALL = 'Small';
const LARGE = 'Large';
const DOOMED = 'Doomed';
const SMALL_ITEMS = 10_000;
const MOST_REQUESTS = 20_000;
const ROUNDS = 5;
const CONNECTIONS = 32;
/** Beside a deletion or a backfill: enough to keep the server busy, few enough that waiting in line is not what is measured. */
const BESIDE = 8;
const BESIDE_REQUESTS = 4_000;
/** How long a deletion is watched: longer than it takes. */
const DELETION_MS = 20_000;

/** What the largest tables hold; the full figures take minutes to fill. */
export interface GrowthSize {
  readonly large: number;
  readonly doomed: number;
}

export const FULL_SIZE: GrowthSize = { large: 10_000_000, doomed: 1_000_000 };

/** Numbers below `count`, as if drawn, the same in each run. */
function spread(index: number, count: number): number {
  return Number((BigInt(index + 1) * 2_654_435_761n) % BigInt(count));
}

type Make = (table: string, items: number, index: number, round: number) => SignedCall;

const get: Make = (TableName, items, index) =>
  dynamodbCall('GetItem', { TableName, Key: keyOf(spread(index, items)) });
const put: Make = (TableName, items, index, round) =>
  dynamodbCall('PutItem', { TableName, Item: item(spread(index, items), round + 1) });
const query: Make = (TableName, items, index) =>
  dynamodbCall('Query', {
    TableName,
    KeyConditionExpression: 'pk = :p',
    ExpressionAttributeValues: { ':p': { S: `user-${Math.floor(spread(index, items) / 10)}` } },
  });

/** Microseconds a request took of the server, by its rate: the median of the rounds, the two tables in turn. */
async function costs(
  port: number,
  large: number,
  make: Make,
): Promise<{ readonly small: number; readonly large: number }> {
  const count = Math.min(MOST_REQUESTS, large);
  const took: { small: number[]; large: number[] } = { small: [], large: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [size, table, items] of [
      ['small', SMALL, SMALL_ITEMS],
      ['large', LARGE, large],
    ] as const) {
      const requests = Array.from({ length: count }, (_, index) =>
        signedRequest(port, ROOT, make(table, items, index + round * count, round)),
      );
      const { perSecond, errors, firstError } = await runLoad(port, CONNECTIONS, requests, true);
      if (errors > 0) throw new Error(`${errors} errors: ${firstError}`);
      // The first round warms both up.
      if (round > 0) took[size].push(1e6 / perSecond);
    }
  }
  return { small: median(took.small), large: median(took.large) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** The server's own anonymous memory once it has come to rest; undefined where nobody can tell. */
async function restingMemory(server: Started): Promise<number | undefined> {
  await new Promise((resolve) => setTimeout(resolve, RESTED_MS));
  return anonymousMemory(server.child.pid ?? 0)?.own;
}

/** The worst p99 of rounds of reads and writes of the small table while `goesOn` says so. */
async function worstBeside(port: number, goesOn: () => Promise<boolean>): Promise<number> {
  let worst = 0;
  for (let round = 0; await goesOn(); round++) {
    const requests = Array.from({ length: BESIDE_REQUESTS }, (_, index) =>
      signedRequest(port, ROOT, (index % 2 === 0 ? get : put)(SMALL, SMALL_ITEMS, index, round + 100)),
    );
    const { p99, errors, firstError } = await runLoad(port, BESIDE, requests);
    if (errors > 0) throw new Error(`${errors} errors: ${firstError}`);
    worst = Math.max(worst, p99);
  }
  return worst;
}

/**
 * What grows and what must not: the cost of requests and the memory with the size of a table, the latency of others
 * beside a backfill and a deletion. A server of its own, since it leaves a large file behind.
 */
export async function benchGrowth(folder: string, { large, doomed }: GrowthSize): Promise<readonly Line[]> {
  const server = await startServer(['--data', join(folder, 'growth'), '--quiet']);
  const client = new JsonClient(server.port);
  const lines: Line[] = [];
  try {
    const { port } = server;
    await fillTable(port, SMALL_ITEMS, SMALL);
    // So that what the server takes once, whatever its tables hold, is there.
    await worstBeside(port, rounds(10));
    const before = await restingMemory(server);
    await fillTable(port, large, LARGE);
    const after = await restingMemory(server);
    const name = large.toLocaleString('en');
    for (const [what, make] of [
      ['GetItem', get],
      ['PutItem', put],
      ['Query of ten', query],
    ] as const) {
      const cost = await costs(port, large, make);
      lines.push(mostRatioLine(`${what} at ${name} items / at 10,000`, cost.large, cost.small, 1.5, ' µs'));
    }
    if (before !== undefined && after !== undefined) {
      lines.push(
        mostRatioLine(`anonymous memory with ${name} items / with 10,000`, after, before, 1.3, ' MB'),
      );
    }
    lines.push(...(await besideJobs(client, port, doomed)));
  } finally {
    client.close();
    await server.stop();
  }
  return lines;
}

async function besideJobs(client: JsonClient, port: number, doomed: number): Promise<readonly Line[]> {
  const name = doomed.toLocaleString('en');
  await fillTable(port, doomed, DOOMED);
  const alone = await worstBeside(port, rounds(10));
  const { status, output } = await client.dynamodb('UpdateTable', {
    TableName: DOOMED,
    AttributeDefinitions: [{ AttributeName: 'version', AttributeType: 'N' }],
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: 'byVersion',
          KeySchema: [{ AttributeName: 'version', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      },
    ],
  });
  if (status !== 200) throw new Error(JSON.stringify(output));
  const backfilled = performance.now();
  const filling = await worstBeside(port, async () => !(await isIndexed(client)));
  const seconds = (performance.now() - backfilled) / 1000;
  await client.dynamodb('DeleteTable', { TableName: DOOMED });
  const deleting = await worstBeside(port, until(DELETION_MS));
  const reference = `${alone.toFixed(1)} ms alone`;
  return [
    mostLine(
      `p99 of other requests while an index of ${name} items is filled (${seconds.toFixed(0)} s), worst round`,
      filling,
      50,
      'ms',
      reference,
    ),
    mostLine(
      `p99 of other requests while ${name} items are deleted, worst round`,
      deleting,
      50,
      'ms',
      reference,
    ),
  ];
}

function rounds(count: number): () => Promise<boolean> {
  let left = count;
  return async () => left-- > 0;
}

function until(mostMs: number): () => Promise<boolean> {
  const end = performance.now() + mostMs;
  return async () => performance.now() < end;
}

async function isIndexed(client: JsonClient): Promise<boolean> {
  const { output } = await client.dynamodb('DescribeTable', { TableName: DOOMED });
  const { GlobalSecondaryIndexes: indexes = [] } = output['Table'] as {
    readonly GlobalSecondaryIndexes?: readonly { readonly IndexStatus: string }[];
  };
  return indexes.length > 0 && indexes.every(({ IndexStatus }) => IndexStatus === 'ACTIVE');
}
