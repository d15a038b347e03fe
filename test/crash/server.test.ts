import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../../src/world/simulated.ts';
import { JsonClient } from '../support/json-client.ts';
import { type Started, startServer } from '../support/process.ts';
import { scaled } from '../support/tier.ts';

const KILLS = scaled(50, 3);
const WRITERS = 8;
const TABLE = 'Ledger';
const COUNTERS = 4;
const PAIRS = 6;

/** What clients were told, and what they asked for without ever hearing back. */
interface Promised {
  /** Item → the last version whose write was acknowledged, and the last one asked for. */
  readonly items: Map<string, { acknowledged: number; asked: number }>;
  /** Counter → increments acknowledged, and asked for. */
  readonly counters: Map<string, { acknowledged: number; asked: number }>;
  /** Pair → the same of its transactions. */
  readonly pairs: Map<string, { acknowledged: number; asked: number }>;
  /** Item that comes and goes → whether it is there; undefined when nobody knows. */
  readonly guests: Map<string, boolean | undefined>;
}

function entry(map: Promised['items'], key: string) {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = { acknowledged: 0, asked: 0 }));
  return found;
}

async function createTable(client: JsonClient): Promise<void> {
  const { status, output } = await client.dynamodb('CreateTable', {
    TableName: TABLE,
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'owner', AttributeType: 'S' },
      { AttributeName: 'version', AttributeType: 'N' },
    ],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byOwner',
        KeySchema: [
          { AttributeName: 'owner', KeyType: 'HASH' },
          { AttributeName: 'version', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
        ProvisionedThroughput: { ReadCapacityUnits: 9000, WriteCapacityUnits: 9000 },
      },
    ],
    // Several partitions, so that the stream has several shards.
    ProvisionedThroughput: { ReadCapacityUnits: 9000, WriteCapacityUnits: 9000 },
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
  assert.equal(status, 200, JSON.stringify(output));
  for (;;) {
    const { output: described } = await client.dynamodb('DescribeTable', { TableName: TABLE });
    if ((described['Table'] as { TableStatus: string }).TableStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** One writer: puts of its own items, increments and paired transactions of shared ones, until the server is gone. */
async function write(
  client: JsonClient,
  writer: number,
  promised: Promised,
  random: ReturnType<typeof seededRandom>,
): Promise<void> {
  try {
    for (;;) {
      const kind = random.below(4);
      if (kind === 0) {
        const pk = `item-${writer}-${random.below(20)}`;
        const item = entry(promised.items, pk);
        const version = ++item.asked;
        const { status } = await client.dynamodb('PutItem', {
          TableName: TABLE,
          Item: {
            pk: { S: pk },
            owner: { S: `w${writer}` },
            version: { N: String(version) },
            pad: { S: 'x'.repeat(100) },
          },
        });
        assert.equal(status, 200);
        item.acknowledged = version;
      } else if (kind === 1) {
        const pk = `counter-${random.below(COUNTERS)}`;
        const counter = entry(promised.counters, pk);
        counter.asked++;
        const { status, output } = await client.dynamodb('UpdateItem', {
          TableName: TABLE,
          Key: { pk: { S: pk } },
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
        });
        assert.equal(status, 200, JSON.stringify(output));
        counter.acknowledged++;
      } else if (kind === 2) {
        const pk = `guest-${writer}-${random.below(10)}`;
        const leaves = promised.guests.get(pk) === true;
        promised.guests.set(pk, undefined);
        const { status } = leaves
          ? await client.dynamodb('DeleteItem', { TableName: TABLE, Key: { pk: { S: pk } } })
          : await client.dynamodb('PutItem', {
              TableName: TABLE,
              Item: { pk: { S: pk }, owner: { S: `w${writer}` }, version: { N: '0' } },
            });
        assert.equal(status, 200);
        promised.guests.set(pk, !leaves);
      } else {
        const name = `pair-${writer}-${random.below(PAIRS)}`;
        const pair = entry(promised.pairs, name);
        const version = ++pair.asked;
        const put = (side: string) => ({
          Put: {
            TableName: TABLE,
            Item: { pk: { S: `${name}-${side}` }, owner: { S: name }, version: { N: String(version) } },
          },
        });
        const { status, output } = await client.dynamodb('TransactWriteItems', {
          TransactItems: [put('left'), put('right')],
        });
        assert.equal(status, 200, JSON.stringify(output));
        pair.acknowledged = version;
      }
    }
  } catch (error) {
    // The kill: the connection broke, so nobody knows of the last write. Anything else is a failure.
    if (error instanceof assert.AssertionError) throw error;
  }
}

async function readItem(
  client: JsonClient,
  pk: string,
): Promise<Record<string, { N?: string; S?: string }> | undefined> {
  const { status, output } = await client.dynamodb('GetItem', {
    TableName: TABLE,
    Key: { pk: { S: pk } },
    ConsistentRead: true,
  });
  assert.equal(status, 200);
  return output['Item'] as Record<string, { N?: string; S?: string }> | undefined;
}

/** Every item of the table, or every entry of the index, with its key; in order. */
async function scan(client: JsonClient, index?: string): Promise<readonly (readonly [string, string])[]> {
  const found: [string, string][] = [];
  let start: unknown;
  do {
    const { output } = await client.dynamodb('Scan', {
      TableName: TABLE,
      ...(index === undefined ? { ConsistentRead: true } : { IndexName: index }),
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    for (const item of output['Items'] as Record<string, { S?: string; N?: string }>[]) {
      found.push([String(item['pk']?.S), JSON.stringify(Object.entries(item).sort())]);
    }
    start = output['LastEvaluatedKey'];
  } while (start !== undefined);
  return found.sort(([a, one], [b, two]) => (a < b || (a === b && one < two) ? -1 : 1));
}

/** What a reader of the table's stream knows: the table, as the records make it, and how far it has read. */
interface Follower {
  readonly table: Map<string, string>;
  /** By shard. */
  readonly last: Map<string, string>;
}

type Image = Record<string, { S?: string; N?: string }>;

interface StreamRecord {
  readonly eventName: string;
  readonly dynamodb: {
    readonly SequenceNumber: string;
    readonly Keys: { readonly pk: { readonly S: string } };
    readonly OldImage?: Image;
    readonly NewImage?: Image;
  };
}

const shown = (image: Image | undefined) => image && JSON.stringify(Object.entries(image).sort());

/** Reads on where the follower stopped; every record must fit what came before it. */
async function follow(client: JsonClient, follower: Follower, context: string): Promise<void> {
  const streams = async (operation: string, input: object) => {
    const { status, output } = await client.call('dynamodb', `DynamoDBStreams_20120810.${operation}`, input);
    assert.equal(status, 200, `${context}: ${JSON.stringify(output)}`);
    return output;
  };
  const { Streams } = await streams('ListStreams', { TableName: TABLE });
  const [{ StreamArn }] = Streams as [{ StreamArn: string }];
  const { StreamDescription } = await streams('DescribeStream', { StreamArn });
  const { Shards } = StreamDescription as { Shards: { ShardId: string }[] };
  assert.ok(Shards.length > 1, `${context}: there are several shards`);
  for (const { ShardId } of Shards) {
    const last = follower.last.get(ShardId);
    const from = await streams('GetShardIterator', {
      StreamArn,
      ShardId,
      ...(last === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: last }),
    });
    let iterator = from['ShardIterator'];
    while (iterator !== undefined) {
      const { Records, NextShardIterator } = await streams('GetRecords', { ShardIterator: iterator });
      iterator = (Records as StreamRecord[]).length === 0 ? undefined : NextShardIterator;
      followRecords(follower, ShardId, Records as StreamRecord[], context);
    }
  }
}

function followRecords(
  follower: Follower,
  shard: string,
  records: readonly StreamRecord[],
  context: string,
): void {
  for (const { eventName, dynamodb } of records) {
    const { pk } = dynamodb.Keys;
    const sequence = dynamodb.SequenceNumber;
    const last = follower.last.get(shard);
    assert.ok(
      last === undefined || BigInt(sequence) > BigInt(last),
      `${context}: record ${sequence} comes after ${last}`,
    );
    assert.equal(
      shown(dynamodb.OldImage),
      follower.table.get(pk.S),
      `${context}: ${eventName} ${sequence} of ${pk.S} follows what came before`,
    );
    const image = shown(dynamodb.NewImage);
    if (image === undefined) follower.table.delete(pk.S);
    else follower.table.set(pk.S, image);
    follower.last.set(shard, sequence);
  }
}

async function verify(
  client: JsonClient,
  promised: Promised,
  follower: Follower,
  context: string,
): Promise<void> {
  for (const [pk, { acknowledged, asked }] of promised.items) {
    const version = Number((await readItem(client, pk))?.['version']?.N ?? 0);
    assert.ok(
      version >= acknowledged && version <= asked,
      `${context}: ${pk} is ${version}, acknowledged ${acknowledged}, asked ${asked}`,
    );
  }
  for (const [pk, { acknowledged, asked }] of promised.counters) {
    const n = Number((await readItem(client, pk))?.['n']?.N ?? 0);
    assert.ok(
      n >= acknowledged && n <= asked,
      `${context}: ${pk} is ${n}, acknowledged ${acknowledged}, asked ${asked}`,
    );
  }
  for (const [name, { acknowledged, asked }] of promised.pairs) {
    const [left, right] = [await readItem(client, `${name}-left`), await readItem(client, `${name}-right`)];
    const version = Number(left?.['version']?.N ?? 0);
    assert.equal(Number(right?.['version']?.N ?? 0), version, `${context}: half of a transaction on ${name}`);
    assert.ok(
      version >= acknowledged && version <= asked,
      `${context}: ${name} is ${version}, acknowledged ${acknowledged}, asked ${asked}`,
    );
  }
  for (const [pk, there] of promised.guests) {
    const isThere = (await readItem(client, pk)) !== undefined;
    if (there !== undefined) assert.equal(isThere, there, `${context}: ${pk}`);
    promised.guests.set(pk, isThere);
  }
  const table = await scan(client);
  const indexed = table.filter(([, item]) => item.includes('"owner"'));
  assert.deepEqual(await scan(client, 'byOwner'), indexed, `${context}: the index agrees with the table`);
  await follow(client, follower, context);
  assert.deepEqual(follower.table, new Map(table), `${context}: the stream agrees with the table`);
}

/** What a kill left unknown is known now: the next round counts from it. */
async function settle(client: JsonClient, promised: Promised): Promise<void> {
  for (const [pk, counter] of promised.counters) {
    counter.acknowledged = counter.asked = Number((await readItem(client, pk))?.['n']?.N ?? 0);
  }
}

test(`${KILLS} kills under a mixed write load lose nothing acknowledged and leave no half of a transaction`, async () => {
  const seed = Number(process.env['LAMBENT_SEED'] ?? Date.now() % 1_000_000_007);
  const random = seededRandom(seed);
  const folder = await mkdtemp(join(tmpdir(), 'lambent-crash-'));
  const promised: Promised = { items: new Map(), counters: new Map(), pairs: new Map(), guests: new Map() };
  const follower: Follower = { table: new Map(), last: new Map() };
  let server: Started | undefined;
  try {
    for (let kill = 0; kill <= KILLS; kill++) {
      server = await startServer(['--data', folder, '--quiet']);
      const client = new JsonClient(server.port);
      if (kill === 0) await createTable(client);
      else {
        await verify(client, promised, follower, `seed ${seed}, after kill ${kill}`);
        await settle(client, promised);
      }
      if (kill === KILLS) break;
      const writers = Array.from({ length: WRITERS }, (_, writer) => write(client, writer, promised, random));
      await new Promise((resolve) => setTimeout(resolve, 20 + random.below(300)));
      await server.kill();
      await Promise.all(writers);
      client.close();
    }
    const acknowledged = [...promised.items.values(), ...promised.pairs.values()].reduce(
      (sum, each) => sum + each.acknowledged,
      0,
    );
    assert.ok(acknowledged > KILLS, `the load wrote something: ${acknowledged}`);
  } finally {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
