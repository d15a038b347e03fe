import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startLambent } from 'lambent/testing';
import { JsonClient } from '../support/json-client.ts';

const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-shards-'));
let lambent = await startLambent({ dataFolder });
let client = new JsonClient(lambent.port);

async function restart(): Promise<void> {
  client.close();
  await lambent.stop();
  lambent = await startLambent({ dataFolder });
  client = new JsonClient(lambent.port);
}

after(async () => {
  client.close();
  await lambent.stop();
  await rm(dataFolder, { recursive: true, force: true });
});

async function call<Answer>(target: string, input: object): Promise<Answer> {
  const { status, output } = await client.call('dynamodb', target, input);
  if (status !== 200) {
    throw Object.assign(new Error(String(output['message'])), {
      name: String(output['__type']).split('#').at(-1),
    });
  }
  return output as Answer;
}

const table = <Answer>(operation: string, input: object) =>
  call<Answer>(`DynamoDB_20120810.${operation}`, input);
const stream = <Answer>(operation: string, input: object) =>
  call<Answer>(`DynamoDBStreams_20120810.${operation}`, input);

async function create(TableName: string, billing: object = { BillingMode: 'PAY_PER_REQUEST' }) {
  const { TableDescription } = await table<{ TableDescription: { LatestStreamArn: string } }>('CreateTable', {
    TableName,
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    ...billing,
  });
  return TableDescription.LatestStreamArn;
}

const put = (TableName: string, id: string, n: number, pad = '') =>
  table('PutItem', { TableName, Item: { id: { S: id }, n: { N: String(n) }, pad: { S: pad } } });

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string;
    readonly EndingSequenceNumber?: string;
  };
}

interface Description {
  readonly Shards: readonly Shard[];
  readonly LastEvaluatedShardId?: string;
}

async function describe(StreamArn: string, more: object = {}): Promise<Description> {
  return (await stream<{ StreamDescription: Description }>('DescribeStream', { StreamArn, ...more }))
    .StreamDescription;
}

interface Seen {
  readonly shard: string;
  readonly id: string;
  readonly n: number;
  readonly sequence: bigint;
}

/** Reads a shard from its oldest record to what is its end by now; tells whether it is over. */
async function readShard(StreamArn: string, ShardId: string, Limit?: number) {
  const seen: Seen[] = [];
  let { ShardIterator: iterator } = await stream<{ ShardIterator?: string }>('GetShardIterator', {
    StreamArn,
    ShardId,
    ShardIteratorType: 'TRIM_HORIZON',
  });
  while (iterator !== undefined) {
    const page: {
      Records: readonly {
        dynamodb: { SequenceNumber: string; NewImage: { id: { S: string }; n: { N: string } } };
      }[];
      NextShardIterator?: string;
    } = await stream('GetRecords', { ShardIterator: iterator, Limit });
    for (const { dynamodb } of page.Records) {
      const { id, n } = dynamodb.NewImage;
      seen.push({ shard: ShardId, id: id.S, n: Number(n.N), sequence: BigInt(dynamodb.SequenceNumber) });
    }
    iterator = page.NextShardIterator;
    if (page.Records.length === 0 && iterator !== undefined) return { seen, over: false };
  }
  return { seen, over: true };
}

/** All records, shard by shard, parents first. */
async function readAll(StreamArn: string): Promise<readonly Seen[]> {
  const all: Seen[] = [];
  for (const shard of (await describe(StreamArn)).Shards) {
    const { seen, over } = await readShard(StreamArn, shard.ShardId);
    const { StartingSequenceNumber: start, EndingSequenceNumber: end } = shard.SequenceNumberRange;
    assert.equal(over, end !== undefined, 'a shard is over when it is closed');
    for (const { sequence } of seen) {
      assert.ok(sequence >= BigInt(start), `${sequence} is not before ${start}`);
      assert.ok(end === undefined || sequence <= BigInt(end), `${sequence} is not after ${end}`);
    }
    all.push(...seen);
  }
  return all;
}

/** Every item's writes are there once, in order. */
function checkOrder(records: readonly Seen[], written: ReadonlyMap<string, number>): void {
  const found = new Map<string, number>();
  for (const { id, n } of records) {
    assert.equal(n, (found.get(id) ?? 0) + 1, `${id} is next`);
    found.set(id, n);
  }
  assert.deepEqual(new Map([...found].sort()), new Map([...written].sort()));
}

test('a shard is followed by its child after four hours, and goes when its records have', async () => {
  const arn = await create('rolling');
  await put('rolling', 'a', 1);
  await lambent.advance(3 * 3600);
  await put('rolling', 'a', 2);
  assert.equal((await describe(arn)).Shards.length, 1);
  await lambent.advance(3600);
  await put('rolling', 'a', 3);
  const { Shards } = await describe(arn);
  const [parent, child] = Shards;
  assert.equal(Shards.length, 2);
  assert.deepEqual(
    [parent?.ParentShardId, child?.ParentShardId, child?.SequenceNumberRange.EndingSequenceNumber],
    [undefined, parent?.ShardId, undefined],
  );
  assert.ok((parent?.ShardId ?? '') < (child?.ShardId ?? ''));
  checkOrder(await readAll(arn), new Map([['a', 3]]));
  assert.deepEqual((await describe(arn, { ExclusiveStartShardId: parent?.ShardId })).Shards, [child]);
  const first = await describe(arn, { Limit: 1 });
  assert.deepEqual(first, { ...first, Shards: [parent], LastEvaluatedShardId: parent?.ShardId });

  await lambent.advance(25 * 3600);
  const left = (await describe(arn)).Shards;
  assert.deepEqual(left, [child]);
  await assert.rejects(
    stream('GetShardIterator', {
      StreamArn: arn,
      ShardId: parent?.ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
    { name: 'ResourceNotFoundException' },
  );
});

test('a busy shard splits; no change is lost, repeated or out of order, through restarts too', async () => {
  const arn = await create('busy');
  const pad = 'x'.repeat(100_000);
  const written = new Map<string, number>();
  const write = async (count: number) => {
    for (let i = 0; i < count; i += 10) {
      await Promise.all(
        Array.from({ length: 10 }, (_, index) => {
          const id = `i${index}`;
          const n = (written.get(id) ?? 0) + 1;
          written.set(id, n);
          return put('busy', id, n, pad);
        }),
      );
    }
  };
  await write(120);
  const split = (await describe(arn)).Shards;
  assert.ok(split.length >= 3, `it has split: ${split.length}`);
  const [root] = split;
  const children = split.filter(({ ParentShardId }) => ParentShardId === root?.ShardId);
  assert.equal(children.length, 2);
  assert.deepEqual(
    (await describe(arn, { ShardFilter: { Type: 'CHILD_SHARDS', ShardId: root?.ShardId } })).Shards,
    children,
  );
  const before = await readAll(arn);
  checkOrder(before, written);
  assert.ok(new Set(before.map(({ shard }) => shard)).size >= 3, 'both children took their share');

  await restart();
  assert.deepEqual((await describe(arn)).Shards, split);
  assert.deepEqual(await readAll(arn), before);
  await lambent.advance(5 * 3600);
  await write(20);
  await restart();
  checkOrder(await readAll(arn), written);
});

test('a table with provisioned units has a shard for each of its partitions', async () => {
  const arn = await create('wide', {
    ProvisionedThroughput: { ReadCapacityUnits: 3000, WriteCapacityUnits: 2000 },
  });
  assert.equal((await describe(arn)).Shards.length, 3);
  const written = new Map<string, number>();
  for (let i = 0; i < 60; i++) {
    written.set(`i${i}`, 1);
    await put('wide', `i${i}`, 1);
  }
  const records = await readAll(arn);
  checkOrder(records, written);
  assert.equal(new Set(records.map(({ shard }) => shard)).size, 3);
  await table('UpdateTable', {
    TableName: 'wide',
    ProvisionedThroughput: { ReadCapacityUnits: 3000, WriteCapacityUnits: 5000 },
  });
  for (let i = 0; i < 60; i++) {
    written.set(`i${i}`, 2);
    await put('wide', `i${i}`, 2);
  }
  const open = (await describe(arn)).Shards.filter(
    ({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined,
  );
  assert.equal(open.length, 6);
  checkOrder(await readAll(arn), written);
});
