import { join } from 'node:path';
import { packageFolder } from '../src/base/package-folder.ts';
import type { SigningCredentials } from '../src/wire/sigv4-client.ts';
import { start } from '../test/support/process.ts';
import { dynamodbCall, type SignedCall, signedRequest } from '../test/support/signed.ts';
import { compare } from './dynamodb.ts';
import { startDynamodbLocal } from './dynamodb-local.ts';
import { type Line, ratioLine } from './report.ts';
import { fillTable, item, keyOf, TABLE } from './setup.ts';

const ITEMS = 10_000;
/** The first two make both sides warm: a compiler of a virtual machine is not done after one. */
const ROUNDS = 9;
const WARM_UP = 2;
const CONNECTIONS = 32;

interface Workload {
  readonly what: string;
  readonly requests: number;
  /** A commit is synced on a thread of its own, which needs the processor that a generator kept awake would take. */
  readonly writes?: boolean;
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
    writes: true,
    target: 1.15,
    call: (index, round) => dynamodbCall('PutItem', { TableName: TABLE, Item: item(index, round + 1) }),
  },
  {
    what: 'Query of ten',
    requests: ITEMS,
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
    requests: ITEMS,
    writes: true,
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
    requests: 800,
    writes: true,
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
    requests: 2_000,
    target: 1,
    call: () => dynamodbCall('Scan', { TableName: TABLE, Limit: 100 }),
  },
];

/** Which dynalite does not have. */
const TRANSACTION: Workload = {
  what: 'TransactWriteItems of 4',
  requests: 1_000,
  target: 3,
  call: (index, round) =>
    dynamodbCall('TransactWriteItems', {
      TransactItems: Array.from({ length: 4 }, (_, i) => ({
        Put: { TableName: TABLE, Item: item((index * 4 + i) % ITEMS, round + 20) },
      })),
    }),
};

/** What is asked of us against DynamoDB Local, for each line. */
const LOCAL_TARGET = 3;

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
      lines.push(
        ...(await besidePeer({ name, port: peer.port, manyThreads: false }, port, credentials, WORKLOADS)),
      );
    } finally {
      await peer.stop();
    }
  }
  return lines;
}

/** The same against Amazon's DynamoDB Local, in memory, which checks no signature; a text says why it is not there. */
export async function benchDynamodbLocal(
  port: number,
  credentials: SigningCredentials,
): Promise<readonly Line[] | string> {
  const peer = await startDynamodbLocal();
  if (typeof peer === 'string') return peer;
  try {
    const workloads = [...WORKLOADS, TRANSACTION].map((each) => ({ ...each, target: LOCAL_TARGET }));
    return await besidePeer(
      { name: 'DynamoDB Local', port: peer.port, manyThreads: true },
      port,
      credentials,
      workloads,
    );
  } finally {
    await peer.stop();
  }
}

interface Peer {
  readonly name: string;
  readonly port: number;
  readonly manyThreads: boolean;
}

async function besidePeer(
  { name, port: peerPort, manyThreads }: Peer,
  port: number,
  credentials: SigningCredentials,
  workloads: readonly Workload[],
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  await fillTable(peerPort, ITEMS);
  for (const { what, requests, writes = false, call, target } of workloads) {
    const rounds = (to: number) =>
      Array.from({ length: ROUNDS }, (_, round) =>
        Array.from({ length: requests }, (_, index) => signedRequest(to, credentials, call(index, round))),
      );
    const { measured, bare } = await compare(peerPort, port, CONNECTIONS, rounds(port), {
      awake: !writes && !manyThreads,
      bareRounds: rounds(peerPort),
      warmUp: WARM_UP,
    });
    lines.push(ratioLine(`${what} / ${name}`, measured, bare, target));
  }
  return lines;
}
