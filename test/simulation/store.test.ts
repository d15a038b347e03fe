import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { keyspace, rows } from '../../src/store/keyspace.ts';
import { type MemoryDisk, memoryDisk, openMemory } from '../../src/store/memory.ts';
import { ContentionError, type Store, type Transaction } from '../../src/store/store.ts';
import { type SimulatedWorld, simulatedWorld } from '../../src/world/simulated.ts';
import { Interleaving } from '../support/interleaving.ts';
import { forSeeds } from '../support/seeds.ts';
import { scaled } from '../support/tier.ts';

const layout = keyspace('simulation', {
  counter: rows<[name: string], number>('counter'),
  balances: rows<[account: number], number>('balances'),
  log: rows<[index: number], string>('log'),
  /** What an operation did, written in its transaction. */
  done: rows<[operation: string], { readonly kind: Kind; readonly saw: number }>('done'),
});
const { counter, balances, log, done } = layout.global();

const KINDS = ['increment', 'transfer', 'append', 'audit'] as const;
type Kind = (typeof KINDS)[number];
const ACCOUNTS = 4;
const START_BALANCE = 10;
const CLIENTS = 5;
const OPERATIONS = 6;
const LIVES = 3;

class Overdrawn extends Error {}

/** What the clients were told. */
interface Told {
  readonly committed: Map<string, number>;
  /** Told that it did not happen. */
  readonly refused: Set<string>;
}

type Body = (tx: Transaction) => Promise<number>;

async function increment(tx: Transaction): Promise<number> {
  const count = (await counter.get(tx, ['hits'])) ?? 0;
  counter.set(tx, ['hits'], count + 1);
  return count;
}

function transfer(from: number, to: number, amount: number): Body {
  return async (tx) => {
    const available = (await balances.get(tx, [from])) ?? 0;
    if (available < amount) throw new Overdrawn();
    balances.set(tx, [from], available - amount);
    balances.set(tx, [to], ((await balances.get(tx, [to])) ?? 0) + amount);
    return available;
  };
}

/** A phantom would make two entries share an index. */
function append(operation: string): Body {
  return async (tx) => {
    const { rows: last } = await log.page(tx, [], { limit: 1, reverse: true });
    const index = (last[0]?.key[0] ?? -1) + 1;
    log.set(tx, [index], operation);
    return index;
  };
}

async function audit(tx: Transaction): Promise<number> {
  const all = await balances.all(tx, []);
  const total = all.reduce((sum, { value }) => sum + value, 0);
  assert.equal(total, ACCOUNTS * START_BALANCE, 'a transaction sees money that is not there');
  return total;
}

function body(kind: Kind, operation: string, { random }: SimulatedWorld): Body {
  if (kind === 'increment') return increment;
  if (kind === 'append') return append(operation);
  if (kind === 'audit') return audit;
  const from = random.below(ACCOUNTS);
  return transfer(from, (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS, 1 + random.below(12));
}

async function client(name: string, store: Store, world: SimulatedWorld, told: Told): Promise<void> {
  for (let i = 0; i < OPERATIONS; i++) {
    const operation = `${name}/${i}`;
    const kind = KINDS[world.random.below(KINDS.length)] as Kind;
    const run = body(kind, operation, world);
    try {
      const saw = await store.transact(
        async (tx) => {
          const result = await run(tx);
          done.set(tx, [operation], { kind, saw: result });
          return result;
        },
        world.random.below(3) === 0 ? { queueKey: kind } : undefined,
      );
      told.committed.set(operation, saw);
    } catch (error) {
      if (!(error instanceof Overdrawn || error instanceof ContentionError)) throw error;
      told.refused.add(operation);
    }
  }
}

/** Everything acknowledged is there, nothing is there by half, and some serial order explains it. */
async function check(store: Store, told: Told): Promise<void> {
  const happened = new Map((await done.all(store, [])).map(({ key, value }) => [key[0], value]));
  for (const [operation, saw] of told.committed) {
    assert.equal(happened.get(operation)?.saw, saw, `${operation} was acknowledged and is lost`);
  }
  for (const operation of told.refused) assert.ok(!happened.has(operation), `${operation} was refused`);
  const ofKind = (kind: Kind) => [...happened].filter(([, value]) => value.kind === kind);
  const sawUpTo = (kind: Kind) =>
    assert.deepEqual(
      ofKind(kind)
        .map(([, { saw }]) => saw)
        .sort((a, b) => a - b),
      ofKind(kind).map((_, i) => i),
      `each ${kind} saw the one before it`,
    );
  sawUpTo('increment');
  assert.equal((await counter.get(store, ['hits'])) ?? 0, ofKind('increment').length);
  sawUpTo('append');
  for (const { key, value } of await log.all(store, [])) assert.equal(happened.get(value)?.saw, key[0]);
  await store.transact(audit);
}

async function oneLife(
  life: number,
  disk: MemoryDisk,
  world: SimulatedWorld,
  told: Told,
  crashAfter: number,
): Promise<number> {
  const turns = new Interleaving(world);
  const store = openMemory({
    world,
    disk,
    faults: { reach: () => turns.reach(), conflict: () => world.random.below(8) === 0 },
  });
  let running = CLIENTS;
  let failure: unknown;
  for (let i = 0; i < CLIENTS; i++) {
    client(`${life}/${i}`, store, world, told)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => running--);
  }
  let steps = 0;
  while (steps < crashAfter && (await turns.step())) steps++;
  if (failure !== undefined) throw failure;
  assert.ok(steps === crashAfter || running === 0, `${running} clients wait for what never comes`);
  turns.crash();
  return steps;
}

async function simulate(seed: number): Promise<readonly number[]> {
  const world = simulatedWorld(seed);
  const disk = memoryDisk();
  await openMemory({ world, disk }).transact(async (tx) => {
    for (let account = 0; account < ACCOUNTS; account++) balances.set(tx, [account], START_BALANCE);
  });
  const told: Told = { committed: new Map(), refused: new Set() };
  const steps: number[] = [];
  for (let life = 0; life < LIVES; life++) {
    const crashAfter = life === LIVES - 1 ? Number.POSITIVE_INFINITY : 1 + world.random.below(200);
    steps.push(await oneLife(life, disk, world, told, crashAfter));
    await check(openMemory({ world, disk }), told);
  }
  return [...steps, told.committed.size, told.refused.size];
}

test('whatever the order, the conflicts and the crashes, transactions are serial and what is acknowledged stays', () =>
  forSeeds(scaled(5_000, 60), async (seed) => {
    await simulate(seed);
  }));

test('a seed is a run: the same one goes the same way twice', async () => {
  assert.deepEqual(await simulate(42), await simulate(42));
});
