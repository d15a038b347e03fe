import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { keyspace, rows } from '../store/keyspace.ts';
import { type MemoryFaults, memoryDisk, openMemory } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { type SimulatedWorld, simulatedWorld } from '../world/simulated.ts';
import type { NewJob } from './context.ts';
import { cancelJob, enqueueJob, type JobRow, jobLayout } from './jobs.ts';
import { createPump, type Pump } from './pump.ts';

const SCOPE = { service: 'example', account: '000000000000', region: 'us-east-1' };

interface Bench {
  readonly world: SimulatedWorld;
  readonly store: Store;
  readonly pump: Pump;
  readonly ran: string[];
  readonly errors: { readonly final: boolean }[];
  enqueue(job: NewJob): Promise<string>;
}

function bench(
  run: (job: JobRow, bench: Bench) => Promise<void> = async () => {},
  disk = memoryDisk(),
): Bench {
  const world = simulatedWorld(7);
  const store = openMemory({ world, disk });
  const ran: string[] = [];
  const errors: { final: boolean }[] = [];
  const made: Bench = {
    world,
    store,
    ran,
    errors,
    pump: createPump({
      store,
      world,
      run: async (job) => {
        ran.push(String(job.payload));
        await run(job, made);
      },
      onError: (_job, _error, final) => errors.push({ final }),
    }),
    enqueue: (job) => store.transact(async (tx) => enqueueJob(tx, world, SCOPE, job)),
  };
  return made;
}

async function rowsDue(store: Store): Promise<number> {
  return (await jobLayout.due.all(store, [])).length;
}

test('a job written before the start and one written after both run, and their rows go', async () => {
  const { enqueue, pump, world, ran, store } = bench();
  await enqueue({ kind: 'k', payload: 'before' });
  await pump.start();
  await world.advance(1);
  await enqueue({ kind: 'k', payload: 'after' });
  await world.advance(1);
  assert.deepEqual(ran, ['before', 'after']);
  assert.equal(await rowsDue(store), 0);
  await pump.stop();
});

test('a flood of one service leaves room for the others', async () => {
  const { enqueue, pump, world, ran, store } = bench((_job, { world: w }) => w.timers.sleep(1_000));
  for (let i = 0; i < 200; i++) await enqueue({ kind: 'k', payload: 'flood' });
  await pump.start();
  await world.advance(1);
  assert.equal(ran.length, 48);
  for (const service of ['first', 'second']) {
    for (let i = 0; i < 12; i++) {
      await store.transact(async (tx) =>
        enqueueJob(tx, world, { ...SCOPE, service }, { kind: 'k', payload: service }),
      );
    }
  }
  await world.advance(100);
  const count = (what: string) => ran.filter((payload) => payload === what).length;
  assert.deepEqual([count('flood'), count('first'), count('second')], [48, 8, 8]);
  await world.advance(20_000);
  assert.deepEqual([count('flood'), count('first'), count('second')], [200, 12, 12]);
  await pump.stop();
});

test('a job waits for its time', async () => {
  const { enqueue, pump, world, ran } = bench();
  await pump.start();
  await enqueue({ kind: 'k', payload: 'later', dueAtMs: world.clock.now() + 5000 });
  await world.advance(4990);
  assert.deepEqual(ran, []);
  await world.advance(20);
  assert.deepEqual(ran, ['later']);
  await pump.stop();
});

test('jobs of one shard run one at a time, in order of due time', async () => {
  let running = 0;
  const { enqueue, pump, world, ran } = bench(async (_job, { world: w }) => {
    running++;
    assert.equal(running, 1, 'two jobs of a shard run at once');
    await w.timers.sleep(10);
    running--;
  });
  const now = world.clock.now();
  for (const n of [3, 1, 2]) await enqueue({ kind: 'k', payload: n, shard: 's', dueAtMs: now - 10 + n });
  await pump.start();
  await world.advance(100);
  assert.deepEqual(ran, ['1', '2', '3']);
  await pump.stop();
});

test('a failed job is tried again after a growing pause and set aside in the end', async () => {
  const { enqueue, pump, world, ran, store, errors } = bench(async () => {
    throw new Error('no');
  });
  await pump.start();
  await enqueue({ kind: 'k', payload: 'x' });
  await world.advance(500);
  assert.equal(ran.length, 1);
  await world.advance(1000);
  assert.equal(ran.length, 2);
  await world.advance(2 * 3_600_000);
  assert.equal(ran.length, 20);
  assert.equal(await rowsDue(store), 0);
  assert.equal((await jobLayout.dead.all(store, [])).length, 1);
  assert.deepEqual(errors.at(-1), { final: true });
  await pump.stop();
});

test('a cancelled job does not run', async () => {
  const { enqueue, pump, world, ran, store } = bench();
  await pump.start();
  const id = await enqueue({ kind: 'k', payload: 'x', dueAtMs: world.clock.now() + 1000 });
  await store.transact(async (tx) => cancelJob(tx, id));
  await world.advance(5000);
  assert.deepEqual(ran, []);
  await pump.stop();
});

test('what ran but was not settled before a crash runs again; what was settled does not', async () => {
  const disk = memoryDisk();
  const first = bench(async (job) => {
    if (job.payload === 'hangs') await new Promise(() => {});
  }, disk);
  await first.enqueue({ kind: 'k', payload: 'done' });
  await first.enqueue({ kind: 'k', payload: 'hangs' });
  await first.pump.start();
  await first.world.advance(10);
  assert.deepEqual(first.ran.toSorted(), ['done', 'hangs']);
  const second = bench(undefined, disk);
  await second.world.advance(10_500);
  await second.pump.start();
  await second.world.advance(5000);
  assert.deepEqual(second.ran, ['hangs']);
  await second.pump.stop();
});

test('a node without the lease runs nothing, and takes over when the lease ends', async () => {
  const disk = memoryDisk();
  const world = simulatedWorld(1);
  const store = openMemory({ world, disk });
  const ran: string[] = [];
  const node = (name: string) =>
    createPump({
      store,
      world,
      run: async (job) => {
        ran.push(`${name}:${job.payload}`);
      },
      onError: (_job, error) => assert.fail(String(error)),
    });
  const [a, b] = [node('a'), node('b')];
  await a.start();
  await b.start();
  await store.transact(async (tx) => enqueueJob(tx, world, SCOPE, { kind: 'k', payload: 1 }));
  await world.advance(10);
  assert.deepEqual(ran, ['a:1']);
  await a.stop();
  await store.transact(async (tx) => enqueueJob(tx, world, SCOPE, { kind: 'k', payload: 2 }));
  await world.advance(10_000);
  assert.deepEqual(ran, ['a:1', 'b:2']);
  await b.stop();
});

test('who is alone with the store takes over at once what a killed process left', async () => {
  const disk = memoryDisk();
  const world = simulatedWorld(1);
  const store = openMemory({ world, disk });
  const ran: string[] = [];
  const node = (name: string, isSole: boolean) =>
    createPump({
      store,
      world,
      run: async (job) => {
        ran.push(`${name}:${job.payload}`);
      },
      onError: (_job, error) => assert.fail(String(error)),
      isSole,
    });
  await node('killed', true).start();
  await store.transact(async (tx) => {
    enqueueJob(tx, world, SCOPE, { kind: 'k', payload: 1, dueAtMs: world.clock.now() + 60_000 });
  });
  const next = node('next', true);
  await next.start();
  await next.advance(world.clock.now() + 60_000, (nowMs) =>
    world.clock.setOffset(nowMs - world.clock.realNow()),
  );
  assert.deepEqual(ran, ['next:1']);
  assert.equal(await rowsDue(store), 0);
  await next.stop();
});

test('advancing the clock runs what falls due in order, each at its own time, with what it sets off', async () => {
  const seen: string[] = [];
  const { enqueue, pump, world, store } = bench(async (job, { world: w, enqueue: again }) => {
    seen.push(`${job.payload}@${(w.clock.now() - start) / 1000}`);
    if (job.payload === 'a') await again({ kind: 'k', payload: 'set off', dueAtMs: w.clock.now() + 30_000 });
  });
  const start = world.clock.now();
  await pump.start();
  await enqueue({ kind: 'k', payload: 'b', dueAtMs: start + 60_000 });
  await enqueue({ kind: 'k', payload: 'a', dueAtMs: start + 10_000 });
  await enqueue({ kind: 'k', payload: 'beyond', dueAtMs: start + 200_000 });
  await pump.advance(start + 120_000, (nowMs) => world.clock.setOffset(nowMs - world.clock.realNow()));
  assert.deepEqual(seen, ['a@10', 'set off@40', 'b@60']);
  assert.equal(world.clock.now(), start + 120_000);
  assert.equal(await rowsDue(store), 1);
  await pump.stop();
});

/** A store that counts what commits. */
function counting(store: Store): { readonly store: Store; commits(): number } {
  let commits = 0;
  const counted: Store = {
    get: (key) => store.get(key),
    range: (range, options) => store.range(range, options),
    snapshot: (body) => store.snapshot(body),
    watch: (range, callback) => store.watch(range, callback),
    close: () => store.close(),
    transact: (body, options) => {
      commits++;
      return store.transact(body, options);
    },
  };
  return { store: counted, commits: () => commits };
}

test('jobs that end together end in one commit, with what they leave behind', async () => {
  const world = simulatedWorld(3);
  const faults: MemoryFaults = {
    reach: async (point) => {
      if (point === 'sync') await world.timers.sleep(5);
    },
    conflict: () => false,
  };
  const { store, commits } = counting(openMemory({ world, faults }));
  const written = async (work: Promise<unknown>) => {
    await world.advance(100);
    await work;
  };
  const left = keyspace('example', { left: rows<[name: string], number>('left') }).global().left;
  const failed: string[] = [];
  const pump = createPump({
    store,
    world,
    run: async ({ payload }) => {
      await world.timers.sleep(10);
      const name = String(payload);
      return async (tx) => {
        if (name === 'spoiler') throw new Error('no');
        left.set(tx, [name], 1);
      };
    },
    onError: (_job, error) => failed.push(String(error)),
  });
  await written(
    store.transact(async (tx) => {
      for (let i = 0; i < 40; i++) enqueueJob(tx, world, SCOPE, { kind: 'k', payload: `job ${i}` });
    }),
  );
  const started = pump.start();
  await world.advance(45);
  await started;
  const before = commits();
  await world.advance(100);
  assert.equal((await left.all(store, [])).length, 40);
  assert.equal(await rowsDue(store), 0);
  assert.ok(commits() - before <= 3, `${commits() - before} commits for 40 jobs`);
  // One whose last writes cannot be made has failed, and takes no other with it.
  await written(
    store.transact(async (tx) => {
      for (const payload of ['spoiler', 'one', 'two']) enqueueJob(tx, world, SCOPE, { kind: 'k', payload });
    }),
  );
  assert.equal((await left.all(store, [])).length, 42);
  assert.deepEqual(failed, ['Error: no']);
  assert.equal(await rowsDue(store), 1);
  await written(pump.stop());
});
