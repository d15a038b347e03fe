import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Context } from '../../src/service/context.ts';
import { Fault } from '../../src/service/faults.ts';
import { createPump } from '../../src/service/pump.ts';
import { layout } from '../../src/services/sns/layout.ts';
import { publications } from '../../src/services/sns/publications.ts';
import { sns } from '../../src/services/sns/service.ts';
import { subscriptions } from '../../src/services/sns/subscriptions.ts';
import { topics } from '../../src/services/sns/topics.ts';
import { memoryBlobs } from '../../src/store/blobs.ts';
import { type MemoryDisk, type MemoryFaults, memoryDisk, openMemory } from '../../src/store/memory.ts';
import { type SimulatedWorld, simulatedWorld } from '../../src/world/simulated.ts';
import { Interleaving } from '../support/interleaving.ts';
import { forSeeds } from '../support/seeds.ts';
import { serviceContext } from '../support/service-context.ts';
import { scaled } from '../support/tier.ts';

const PUBLISHERS = 2;
const MESSAGES = 4;
const LIVES = 3;
const MOST_STEPS = 20_000;
const QUEUES = ['one', 'two'];

/** What publishers were told and queues were sent; it outlives every crash. */
interface Told {
  readonly fifo: boolean;
  readonly published: Set<string>;
  readonly next: number[];
  /** By queue: what it took, in order. A FIFO queue takes a deduplication id once. */
  readonly arrived: Map<string, string[]>;
}

type Call = NonNullable<Parameters<typeof serviceContext>[0]['call']>;

function contextOf(world: SimulatedWorld, disk: MemoryDisk, faults?: MemoryFaults, call?: Call): Context {
  const store = openMemory({ world, disk, ...(faults === undefined ? {} : { faults }) });
  const blobs = memoryBlobs({ store, world });
  return serviceContext({ service: 'sns', store, world, blobs, ...(call === undefined ? {} : { call }) });
}

interface Sent {
  readonly QueueUrl: string;
  readonly MessageBody?: string;
  readonly Entries?: readonly { readonly Id: string; readonly MessageBody?: string }[];
}

/** A queue that sometimes has no time, and whose answer a crash may swallow. */
function queueService(world: SimulatedWorld, turns: Interleaving, told: Told): Call {
  return async (_service, operation, input) => {
    const { QueueUrl, Entries = [], ...one } = input as Sent;
    const sent = operation === 'SendMessageBatch' ? Entries : [{ Id: '0', ...one }];
    await turns.reach();
    if (world.random.below(4) === 0) throw new Fault('RequestThrottled', 'Not now.');
    const queue = told.arrived.get(QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1).replace('.fifo', '')) ?? [];
    const Failed = [];
    for (const { Id, MessageBody = '' } of sent) {
      if (operation === 'SendMessageBatch' && world.random.below(4) === 0) {
        Failed.push({ Id, Code: 'RequestThrottled' });
      } else if (!told.fifo || !queue.includes(MessageBody)) queue.push(MessageBody);
    }
    await turns.reach();
    return { Failed };
  };
}

async function publisher(number: number, TopicArn: string, ctx: Context, told: Told): Promise<void> {
  for (let index = told.next[number] ?? 0; index < MESSAGES; index++) {
    const body = `${number}/${index}`;
    const order = told.fifo ? { MessageGroupId: `g${number}`, MessageDeduplicationId: body } : {};
    await publications.Publish({ TopicArn, Message: body, ...order }, ctx);
    told.published.add(body);
    told.next[number] = index + 1;
    await ctx.world.timers.sleep(ctx.world.random.below(500));
  }
}

async function isDone(world: SimulatedWorld, disk: MemoryDisk): Promise<boolean> {
  const { store, account, region } = contextOf(world, disk);
  const { rows } = await layout.at(account, region).deliveries.page(store, [], { limit: 1 });
  return rows.length === 0;
}

async function oneLife(
  TopicArn: string,
  world: SimulatedWorld,
  disk: MemoryDisk,
  told: Told,
  crashAfter: number,
): Promise<void> {
  const turns = new Interleaving(world);
  const faults: MemoryFaults = {
    reach: () => turns.reach(),
    conflict: () => world.random.below(10) === 0,
  };
  const ctx = contextOf(world, disk, faults, queueService(world, turns, told));
  let failure: unknown;
  const fail = (error: unknown) => {
    failure ??= error;
  };
  const pump = createPump({
    store: ctx.store,
    world,
    run: ({ kind, payload }) => sns.jobs?.[kind]?.(payload, ctx) ?? Promise.resolve(undefined),
    onError: (_job, error) => fail(error),
  });
  pump.start().catch(fail);
  let running = PUBLISHERS;
  for (let i = 0; i < PUBLISHERS; i++) {
    publisher(i, TopicArn, ctx, told)
      .catch(fail)
      .finally(() => running--);
  }
  for (let steps = 0; steps < crashAfter; steps++) {
    assert.ok(steps < MOST_STEPS, 'what was published never arrives');
    if (failure !== undefined) throw failure;
    if (running === 0 && steps % 64 === 0 && (await isDone(world, disk))) break;
    await turns.step();
  }
  turns.crash();
}

async function simulate(seed: number, fifo: boolean): Promise<void> {
  const world = simulatedWorld(seed);
  const disk = memoryDisk();
  const ctx = contextOf(world, disk);
  const suffix = fifo ? '.fifo' : '';
  const { TopicArn = '' } = await topics.CreateTopic(
    { Name: `news${suffix}`, Attributes: fifo ? { FifoTopic: 'true' } : {} },
    ctx,
  );
  for (const queue of QUEUES) {
    const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${queue}${suffix}`;
    const Attributes = { RawMessageDelivery: 'true' };
    await subscriptions.Subscribe({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }, ctx);
  }
  const told: Told = {
    fifo,
    published: new Set(),
    next: [],
    arrived: new Map(QUEUES.map((queue) => [queue, []])),
  };
  for (let life = 0; life < LIVES; life++) {
    const crashAfter = life === LIVES - 1 ? Number.POSITIVE_INFINITY : 1 + world.random.below(300);
    await oneLife(TopicArn, world, disk, told, crashAfter);
  }
  for (const [queue, bodies] of told.arrived) {
    for (const body of told.published) assert.ok(bodies.includes(body), `${body} never came to ${queue}`);
    if (!fifo) continue;
    for (let group = 0; group < PUBLISHERS; group++) {
      const mine = bodies.filter((body) => body.startsWith(`${group}/`));
      assert.deepEqual(mine, [...mine].sort(), `${queue} took group ${group} out of order`);
    }
  }
}

test('what a topic acknowledged comes to every queue, whatever the order, the throttles and the crashes', () =>
  forSeeds(scaled(500, 10), (seed) => simulate(seed, false)));

test('a FIFO topic delivers each group in order', () =>
  forSeeds(scaled(500, 10), (seed) => simulate(seed, true)));
