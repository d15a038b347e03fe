import type { SigningCredentials } from '../src/wire/sigv4-client.ts';
import { dynamodbCall, signedRequest } from '../test/support/signed.ts';
import { runLoad } from './load.ts';
import { type Line, ratioLine } from './report.ts';
import { fillTable, item, keyOf, TABLE } from './setup.ts';

const REQUESTS = 20_000;
const ITEMS = 20_000;
const CONNECTIONS = 32;
const ROUNDS = 5;
const AWAKE = { awake: true };

export interface CompareOptions {
  readonly awake?: boolean;
  /** The reference's requests, where they are others (signed for its address). */
  readonly bareRounds?: readonly (readonly Buffer[])[];
  /** Rounds that only make both sides warm. */
  readonly warmUp?: number;
}

/** Interleaves bare and measured rounds, so that both see the same weather; the round whose ratio is the median. */
export async function compare(
  barePort: number,
  port: number,
  connections: number,
  rounds: readonly (readonly Buffer[])[],
  { awake = false, bareRounds, warmUp = 1 }: CompareOptions = {},
): Promise<{ readonly measured: number; readonly bare: number }> {
  const pairs = [];
  for (const [round, requests] of rounds.entries()) {
    const reference = await runLoad(barePort, connections, bareRounds?.[round] ?? requests, awake);
    if (reference.errors > 0 && bareRounds !== undefined)
      throw new Error(`the peer: ${reference.firstError}`);
    const result = await runLoad(port, connections, requests, awake);
    if (result.errors > 0) throw new Error(`${result.errors} errors: ${result.firstError}`);
    pairs.push({ measured: result.perSecond, bare: reference.perSecond });
  }
  const counted = pairs.slice(warmUp).sort((a, b) => a.measured / a.bare - b.measured / b.bare);
  return counted[counted.length >> 1] ?? { measured: 0, bare: 0 };
}

export async function benchDynamodb(
  barePort: number,
  port: number,
  credentials: SigningCredentials,
): Promise<readonly Line[]> {
  await fillTable(port, ITEMS);
  const rounds = (make: (index: number, round: number) => ReturnType<typeof dynamodbCall>) =>
    Array.from({ length: ROUNDS + 1 }, (_, round) =>
      Array.from({ length: REQUESTS }, (_, index) => signedRequest(port, credentials, make(index, round))),
    );
  const lines: Line[] = [];
  const gets = await compare(
    barePort,
    port,
    CONNECTIONS,
    rounds((index) => dynamodbCall('GetItem', { TableName: TABLE, Key: keyOf(index) })),
    AWAKE,
  );
  lines.push(
    ratioLine('GetItem, 20,000 distinct, 32 connections / bare node:http', gets.measured, gets.bare, 0.4),
  );
  const puts = await compare(
    barePort,
    port,
    CONNECTIONS,
    rounds((index, round) => dynamodbCall('PutItem', { TableName: TABLE, Item: item(index, round + 1) })),
    // A commit is synced on a thread of its own, which needs the processor that a generator kept awake would take.
  );
  lines.push(
    ratioLine('PutItem, durable, each changing its item / bare node:http', puts.measured, puts.bare, 0.22),
  );
  const queries = await compare(
    barePort,
    port,
    CONNECTIONS,
    rounds((index) =>
      dynamodbCall('Query', {
        TableName: TABLE,
        KeyConditionExpression: 'pk = :p',
        ExpressionAttributeValues: { ':p': { S: `user-${index % (ITEMS / 10)}` } },
        Limit: 10 + (index >= ITEMS / 10 ? Math.floor((index * 10) / ITEMS) : 0),
      }),
    ),
    AWAKE,
  );
  lines.push(ratioLine('Query of ten 200-byte items / bare node:http', queries.measured, queries.bare, 0.22));
  return lines;
}
