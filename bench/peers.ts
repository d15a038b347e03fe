import { join } from 'node:path';
import { packageFolder } from '../src/base/package-folder.ts';
import type { SigningCredentials } from '../src/wire/sigv4-client.ts';
import { start } from '../test/support/process.ts';
import { dynamodbCall, type SignedCall, signedRequest } from '../test/support/signed.ts';
import { compare } from './dynamodb.ts';
import { type Line, ratioLine } from './report.ts';
import { fillTable, item, keyOf, TABLE } from './setup.ts';

const ITEMS = 5_000;
const CONNECTIONS = 32;

interface Workload {
  readonly what: string;
  readonly requests: number;
  readonly call: (index: number, round: number) => SignedCall;
  /** How many times a peer's rate is asked of us, from the table; undefined: ahead is enough. */
  readonly target: number;
}

const WORKLOADS: readonly Workload[] = [
  {
    what: 'GetItem',
    requests: ITEMS,
    target: 1.25,
    call: (index) => dynamodbCall('GetItem', { TableName: TABLE, Key: keyOf(index) }),
  },
  {
    what: 'PutItem',
    requests: ITEMS,
    target: 1.15,
    call: (index, round) => dynamodbCall('PutItem', { TableName: TABLE, Item: item(index, round + 1) }),
  },
  {
    what: 'Query of ten',
    requests: 2_500,
    target: 3,
    call: (index) =>
      dynamodbCall('Query', {
        TableName: TABLE,
        KeyConditionExpression: 'pk = :p',
        ExpressionAttributeValues: { ':p': { S: `user-${index % (ITEMS / 10)}` } },
      }),
  },
  {
    what: 'UpdateItem with a condition',
    requests: 2_500,
    target: 1,
    call: (index, round) =>
      dynamodbCall('UpdateItem', {
        TableName: TABLE,
        Key: keyOf(index),
        UpdateExpression: 'SET round = :r, seen = if_not_exists(seen, :zero) + :one',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':r': { N: String(round) }, ':zero': { N: '0' }, ':one': { N: '1' } },
      }),
  },
  {
    what: 'BatchWriteItem of 25',
    requests: 200,
    target: 1,
    call: (index, round) =>
      dynamodbCall('BatchWriteItem', {
        RequestItems: {
          [TABLE]: Array.from({ length: 25 }, (_, i) => ({
            PutRequest: { Item: item((index * 25 + i) % ITEMS, round + 10) },
          })),
        },
      }),
  },
  {
    what: 'Scan of 100',
    requests: 400,
    target: 1,
    call: () => dynamodbCall('Scan', { TableName: TABLE, Limit: 100 }),
  },
];

/** The same calls against Lambent, signed by a role and durable, and against dynalite, which checks and syncs nothing. */
export async function benchPeers(
  port: number,
  credentials: SigningCredentials,
  folder: string,
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const [name, options] of [
    ['dynalite in memory', []],
    ['dynalite on disk', [join(folder, 'dynalite')]],
  ] as const) {
    const peer = await start(join(packageFolder(), 'dist/bench/dynalite-server.js'), options, /ready (\d+)/);
    try {
      await fillTable(peer.port, ITEMS);
      for (const { what, requests, call, target } of WORKLOADS) {
        const rounds = (to: number) =>
          Array.from({ length: 3 }, (_, round) =>
            Array.from({ length: requests }, (_, index) =>
              signedRequest(to, credentials, call(index, round)),
            ),
          );
        const { measured, bare } = await compare(
          peer.port,
          port,
          CONNECTIONS,
          rounds(port),
          true,
          rounds(peer.port),
        );
        lines.push(ratioLine(`${what} / ${name}`, measured, bare, target));
      }
    } finally {
      await peer.stop();
    }
  }
  return lines;
}
