import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Context } from '../../src/service/context.ts';
import { Fault } from '../../src/service/faults.ts';
import { items } from '../../src/services/dynamodb/items.ts';
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

async function simulate(seed: number): Promise<void> {
  const world = simulatedWorld(seed);
  const disk = memoryDisk();
  await tables.CreateTable(
    {
      TableName: TABLE,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      ...(seed % 2 === 0
        ? {}
        : { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } }),
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
}

test('conditional writes and transactions are linearisable through conflicts and crashes', () =>
  forSeeds(scaled(1000, 40), simulate));
