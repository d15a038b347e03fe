import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { JsonClient } from '../support/json-client.ts';
import { type Started, startServer } from '../support/process.ts';
import { scaled } from '../support/tier.ts';

const ITEMS = scaled(20_000, 4000);
const KILLS = scaled(5, 1);
const BATCH = 25;
const TABLE = 'Filled';
/** A lease outlives its holder by ten seconds; who is alone with the data folder does not wait for that. */
const PROMPT_MS = 6000;

type Item = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

async function call(client: JsonClient, operation: string, input: object): Promise<Record<string, unknown>> {
  const { status, output } = await client.dynamodb(operation, { TableName: TABLE, ...input });
  assert.equal(status, 200, `${operation}: ${JSON.stringify(output)}`);
  return output;
}

async function indexStatus(client: JsonClient): Promise<string | undefined> {
  const { Table } = await call(client, 'DescribeTable', {});
  const { GlobalSecondaryIndexes: indexes } = Table as {
    readonly GlobalSecondaryIndexes?: readonly { readonly IndexStatus: string }[];
  };
  return indexes?.[0]?.IndexStatus;
}

async function fill(client: JsonClient): Promise<void> {
  await call(client, 'CreateTable', {
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  for (let from = 0; from < ITEMS; from += 8 * BATCH) {
    const batches = Array.from({ length: 8 }, (_, batch) =>
      Array.from({ length: BATCH }, (_, i) => ({
        PutRequest: {
          Item: {
            pk: { S: `p${from + batch * BATCH + i}` },
            owner: { S: `o${i % 5}` },
            pad: { S: 'x'.repeat(200) },
          },
        },
      })),
    );
    await Promise.all(
      batches.map((requests) => client.dynamodb('BatchWriteItem', { RequestItems: { [TABLE]: requests } })),
    );
  }
}

/** Moves items from owner to owner until the server is gone. */
async function move(client: JsonClient): Promise<void> {
  try {
    for (let i = 0; ; i = (i + 37) % ITEMS) {
      const { status } = await client.dynamodb('UpdateItem', {
        TableName: TABLE,
        Key: { pk: { S: `p${i}` } },
        UpdateExpression: 'SET #o = :o',
        ExpressionAttributeNames: { '#o': 'owner' },
        ExpressionAttributeValues: { ':o': { S: `moved${i % 7}` } },
      });
      assert.equal(status, 200);
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  }
}

/** Every entry of the table or the index, in order of key. */
async function scan(client: JsonClient, index?: string): Promise<readonly string[]> {
  const found: string[] = [];
  let start: unknown;
  do {
    const page = await call(client, 'Scan', {
      ...(index === undefined ? {} : { IndexName: index }),
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    for (const { pk, owner } of page['Items'] as readonly Item[]) found.push(`${pk?.S} ${owner?.S}`);
    start = page['LastEvaluatedKey'];
  } while (start !== undefined);
  return found.sort();
}

test(`an index that ${KILLS} kills interrupt is finished soon after each start, and agrees with the table`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lambent-crash-'));
  let server: Started | undefined;
  try {
    server = await startServer(['--data', folder, '--quiet']);
    let client = new JsonClient(server.port);
    await fill(client);
    await call(client, 'UpdateTable', {
      AttributeDefinitions: [{ AttributeName: 'owner', AttributeType: 'S' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'byOwner',
            KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        },
      ],
    });
    for (let kill = 0; kill < KILLS; kill++) {
      const writers = [move(client), move(client)];
      await new Promise((resolve) => setTimeout(resolve, 40));
      if (kill === 0) assert.equal(await indexStatus(client), 'CREATING', 'the kill comes in the middle');
      await server.kill();
      await Promise.all(writers);
      client.close();
      server = await startServer(['--data', folder, '--quiet']);
      client = new JsonClient(server.port);
    }
    const began = performance.now();
    while ((await indexStatus(client)) !== 'ACTIVE') {
      assert.ok(performance.now() - began < PROMPT_MS, 'the job goes on without waiting for a lease');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const table = await scan(client);
    assert.equal(table.length, ITEMS);
    assert.deepEqual(await scan(client, 'byOwner'), table);
    client.close();
  } finally {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
