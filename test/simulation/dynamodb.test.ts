import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Context } from '../../src/service/context.ts';
import { Fault } from '../../src/service/faults.ts';
import { items } from '../../src/services/dynamodb/items.ts';
import { reads } from '../../src/services/dynamodb/reads.ts';
import { streams } from '../../src/services/dynamodb/streams.ts';
import { tables } from '../../src/services/dynamodb/tables.ts';
import { transactions } from '../../src/services/dynamodb/transactions.ts';
import { memoryBlobs } from '../../src/store/blobs.ts';
import { type MemoryDisk, type MemoryFaults, memoryDisk, openMemory } from '../../src/store/memory.ts';
import { type SimulatedWorld, simulatedWorld } from '../../src/world/simulated.ts';
import { Interleaving } from '../support/interleaving.ts';
import { isLinearisable } from '../support/linearisability.ts';
import { type Call, type Recorder, RegisterClient, registers, TABLE } from '../support/registers.ts';
import { forSeeds } from '../support/seeds.ts';
import { serviceContext } from '../support/service-context.ts';
import { scaled } from '../support/tier.ts';

const CLIENTS = 4;
const ACTIONS = 5;
const LIVES = 3;
const INDEX = 'byNumber';

function contextOf(world: SimulatedWorld, disk: MemoryDisk, faults?: MemoryFaults): Context {
  const store = openMemory({ world, disk, ...(faults === undefined ? {} : { faults }) });
  const ctx = serviceContext({ service: 'dynamodb', store, world, blobs: memoryBlobs({ store, world }) });
  return Object.assign(ctx, { inside: true });
}

const OPERATIONS = { ...items, ...transactions } as Readonly<
  Record<string, (input: unknown, ctx: Context) => Promise<object>>
>;

function caller(ctx: Context): Call {
  return async (operation, input) => {
    try {
      return { output: (await OPERATIONS[operation]?.(input, ctx)) ?? assert.fail() };
    } catch (error) {
      if (!Fault.is(error)) throw error;
      const reasons = (error.detail['CancellationReasons'] ?? []) as readonly { readonly Code: string }[];
      return { fault: error.code, reasons: reasons.map(({ Code }) => Code), output: {} };
    }
  };
}

async function oneLife(
  world: SimulatedWorld,
  disk: MemoryDisk,
  recorder: Recorder,
  crashAfter: number,
): Promise<void> {
  const turns = new Interleaving(world);
  const ctx = contextOf(world, disk, {
    reach: () => turns.reach(),
    conflict: () => world.random.below(10) === 0,
  });
  let running = CLIENTS;
  let failure: unknown;
  for (let number = 0; number < CLIENTS; number++) {
    const client = new RegisterClient(caller(ctx), world.random, recorder);
    const run = async () => {
      for (let action = 0; action < ACTIONS; action++) await client.act();
    };
    run()
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => running--);
  }
  let steps = 0;
  while (running > 0 && steps < crashAfter && failure === undefined && (await turns.step())) steps++;
  if (failure !== undefined) throw failure;
  assert.ok(steps === crashAfter || running === 0, `${running} clients wait for what never comes`);
  turns.crash();
}

const shown = (image: unknown) => JSON.stringify(image);

/** Every record continues what came before it, and all together make the table. */
async function followStream(ctx: Context, table: ReadonlyMap<string, object>): Promise<void> {
  const { Streams = [] } = await streams.ListStreams({ TableName: TABLE }, ctx);
  const StreamArn = String(Streams[0]?.StreamArn);
  const { StreamDescription } = await streams.DescribeStream({ StreamArn }, ctx);
  const made = new Map<string, object>();
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const at = { StreamArn, ShardId: String(ShardId), ShardIteratorType: 'TRIM_HORIZON' as const };
    const { ShardIterator } = await streams.GetShardIterator(at, ctx);
    const { Records = [] } = await streams.GetRecords({ ShardIterator: String(ShardIterator) }, ctx);
    for (const { dynamodb } of Records) {
      const id = String(dynamodb?.Keys?.['id']?.S);
      assert.equal(shown(dynamodb?.OldImage), shown(made.get(id)), `a record of ${id} continues the last`);
      assert.ok(dynamodb?.NewImage !== undefined, 'nothing is deleted here');
      made.set(id, dynamodb.NewImage);
    }
  }
  assert.deepEqual(
    [...made.values()].map(shown).sort(),
    [...table.values()].map(shown).sort(),
    'the stream agrees',
  );
}

async function simulate(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const disk = memoryDisk();
  await tables.CreateTable(
    {
      TableName: TABLE,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        ...(seed % 3 === 0 ? [] : [{ AttributeName: 'n', AttributeType: 'N' as const }]),
      ],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      ...(seed % 3 === 0
        ? {}
        : {
            GlobalSecondaryIndexes: [
              {
                IndexName: INDEX,
                KeySchema: [{ AttributeName: 'n', KeyType: 'HASH' }],
                Projection: { ProjectionType: 'ALL' },
              },
            ],
          }),
      ...(seed % 2 === 0
        ? {}
        : { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }),
    },
    contextOf(world, disk),
  );
  let now = 0;
  const recorder: Recorder = { history: [], tick: () => now++ };
  for (let life = 0; life < LIVES; life++) {
    const last = life === LIVES - 1;
    await oneLife(world, disk, recorder, last ? Number.POSITIVE_INFINITY : 1 + world.random.below(150));
  }
  assert.ok(isLinearisable(registers, recorder.history), JSON.stringify(recorder.history));
  const ctx = contextOf(world, disk);
  const { Items: found = [] } = await reads.Scan({ TableName: TABLE }, ctx);
  const table = new Map(found.map((item) => [String(item['id']?.S), item]));
  if (seed % 3 !== 0) {
    const { Items: entries = [] } = await reads.Scan({ TableName: TABLE, IndexName: INDEX }, ctx);
    assert.deepEqual(entries.map(shown).sort(), [...table.values()].map(shown).sort(), 'the index agrees');
  }
  if (seed % 2 !== 0) await followStream(ctx, table);
}

test('conditional writes and transactions are linearisable through conflicts and crashes', () =>
  forSeeds(scaled(1000, 40), simulate));
