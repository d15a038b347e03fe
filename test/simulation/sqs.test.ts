import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Context } from '../../src/service/context.ts';
import { Fault } from '../../src/service/faults.ts';
import { messages } from '../../src/services/sqs/messages.ts';
import { queues } from '../../src/services/sqs/queues.ts';
import { receives } from '../../src/services/sqs/receives.ts';
import { settlements } from '../../src/services/sqs/settlements.ts';
import { memoryBlobs } from '../../src/store/blobs.ts';
import { type MemoryDisk, type MemoryFaults, memoryDisk, openMemory } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { type SimulatedWorld, simulatedWorld } from '../../src/world/simulated.ts';
import { Interleaving } from '../support/interleaving.ts';
import { forSeeds } from '../support/seeds.ts';
import { serviceContext } from '../support/service-context.ts';
import { scaled } from '../support/tier.ts';

const SENDERS = 3;
const RECEIVERS = 3;
const MESSAGES = 6;
const LIVES = 3;
const VISIBILITY_SECONDS = 5;
const VISIBILITY_MS = VISIBILITY_SECONDS * 1000;
const URL = 'http://127.0.0.1:4566/000000000000/';

/** What clients did and were told; it outlives every crash. */
interface Told {
  /** By body: the message id of an acknowledged send. */
  readonly sent: Map<string, string>;
  /** By body: the id it is known by. */
  readonly ids: Map<string, string>;
  /** Bodies whose sending was tried at least once. */
  readonly tried: Set<string>;
  /** By message id: until when it is surely in flight, in virtual time. */
  readonly hidden: Map<string, number>;
  /** Bodies and ids a delete was asked for; in `deleted`, ids whose delete was acknowledged. */
  readonly deleting: Set<string>;
  readonly deleted: Set<string>;
  /** Every sender's next message. */
  readonly next: number[];
}

interface Received {
  readonly body: string;
  readonly id: string;
  readonly handle: string;
}

function contextOf(world: SimulatedWorld, disk: MemoryDisk, faults?: MemoryFaults): Context {
  const store = openMemory({ world, disk, ...(faults === undefined ? {} : { faults }) });
  return serviceContext({ service: 'sqs', store, world, blobs: memoryBlobs({ store, world }) });
}

/** The same rows as another process sees them: nothing that is kept in memory is shared. */
function elsewhere({ store, world, blobs }: Context): Context {
  const other: Store = {
    get: (key) => store.get(key),
    range: (range, options) => store.range(range, options),
    snapshot: (body) => store.snapshot(body),
    transact: (body, options) => store.transact(body, options),
    watch: (range, callback) => store.watch(range, callback),
    close: () => store.close(),
  };
  return serviceContext({ service: 'sqs', store: other, world, blobs });
}

/** However often it is sent, a FIFO queue takes a message once. */
function identify(told: Told, body: string, id: string): void {
  assert.equal(told.ids.get(body) ?? id, id, `${body} was taken twice`);
  told.ids.set(body, id);
}

/** A sender's messages form a group, each sent when the one before it was acknowledged, and again after a crash. */
async function sender(number: number, name: string, ctx: Context, told: Told): Promise<void> {
  const fifo = name.endsWith('.fifo');
  for (let index = told.next[number] ?? 0; index < MESSAGES; index++) {
    const body = `${number}/${index}`;
    told.tried.add(body);
    const { MessageId = '' } = await messages.SendMessage(
      {
        QueueUrl: URL + name,
        MessageBody: body,
        ...(fifo ? { MessageGroupId: `group-${number}`, MessageDeduplicationId: body } : {}),
      },
      ctx,
    );
    told.sent.set(body, MessageId);
    if (fifo) identify(told, body, MessageId);
    told.next[number] = index + 1;
    await ctx.world.timers.sleep(ctx.world.random.below(2000));
  }
}

/** Checks what must hold whenever a receive returns. */
function check(batch: readonly Received[], at: number, fifo: boolean, nowMs: number, told: Told): void {
  const { body, id } = batch[at] as Received;
  assert.ok(told.tried.has(body), `${body} was received and nobody sent it`);
  assert.ok(!told.deleted.has(id), `${body} was received after its deletion was acknowledged`);
  assert.ok(nowMs >= (told.hidden.get(id) ?? 0), `${body} was received while it was in flight`);
  if (!fifo) return;
  identify(told, body, id);
  const [group = '', index = '0'] = body.split('/');
  for (let earlier = 0; earlier < Number(index); earlier++) {
    const other = `${group}/${earlier}`;
    const ahead = batch.slice(0, at).some((one) => one.body === other);
    assert.ok(ahead || told.deleting.has(other), `${body} was received before ${other}`);
  }
}

async function receiveSome(name: string, ctx: Context, told: Told): Promise<readonly Received[]> {
  const { clock, random } = ctx.world;
  const { Messages = [] } = await receives.ReceiveMessage(
    {
      QueueUrl: URL + name,
      MaxNumberOfMessages: 1 + random.below(4),
      VisibilityTimeout: VISIBILITY_SECONDS,
      WaitTimeSeconds: random.below(3),
      MessageSystemAttributeNames: ['ApproximateFirstReceiveTimestamp'],
    },
    ctx,
  );
  const batch = Messages.map(({ Body: body = '', MessageId: id = '', ReceiptHandle: handle = '' }) => ({
    body,
    id,
    handle,
  }));
  // Time stands still while a transaction takes its turns, so this is when the messages went in flight.
  const nowMs = clock.now();
  for (const at of batch.keys()) check(batch, at, name.endsWith('.fifo'), nowMs, told);
  for (const { id } of batch) told.hidden.set(id, nowMs + VISIBILITY_MS);
  return batch;
}

/** Gives a message another time in flight; while the answer is out, the shorter of both counts. */
async function prolong(name: string, ctx: Context, told: Told, { id, handle }: Received): Promise<void> {
  const { clock, random } = ctx.world;
  const seconds = random.below(2) === 0 ? 0 : VISIBILITY_SECONDS * 2;
  const before = told.hidden.get(id) ?? 0;
  told.hidden.set(id, Math.min(before, clock.now() + seconds * 1000));
  const QueueUrl = URL + name;
  try {
    await settlements.ChangeMessageVisibility(
      { QueueUrl, ReceiptHandle: handle, VisibilityTimeout: seconds },
      ctx,
    );
    // Another may have received it since it became visible.
    if (seconds > 0) told.hidden.set(id, Math.max(told.hidden.get(id) ?? 0, clock.now()));
  } catch (error) {
    // Its time was over.
    if (!Fault.is(error)) throw error;
  }
}

async function remove(name: string, ctx: Context, told: Told, taken: readonly Received[]): Promise<void> {
  if (taken.length === 0) return;
  for (const { body, id } of taken) told.deleting.add(body).add(id);
  const Entries = taken.map(({ handle }, index) => ({ Id: String(index), ReceiptHandle: handle }));
  const { Successful = [] } = await settlements.DeleteMessageBatch({ QueueUrl: URL + name, Entries }, ctx);
  // A standard queue's message that was received again is not deleted, and nobody is told.
  const sure = name.endsWith('.fifo') ? Successful : [];
  for (const { Id } of sure) told.deleted.add(taken[Number(Id)]?.id ?? '');
}

async function receiver(name: string, ctx: Context, told: Told): Promise<void> {
  const { clock, random, timers } = ctx.world;
  for (let round = 0; round < MESSAGES * 2; round++) {
    const batch = await receiveSome(name, ctx, told);
    const done: Received[] = [];
    for (const message of batch) {
      const choice = random.below(6);
      if (choice === 0) await prolong(name, ctx, told, message);
      else if (choice < 4) done.push(message);
    }
    if (done.length > 1 && random.below(2) === 0) await remove(name, ctx, told, done);
    else {
      for (const { body, id, handle } of done) {
        const surelyMine = clock.now() < (told.hidden.get(id) ?? 0);
        told.deleting.add(body).add(id);
        try {
          await settlements.DeleteMessage({ QueueUrl: URL + name, ReceiptHandle: handle }, ctx);
          if (surelyMine) told.deleted.add(id);
        } catch (error) {
          // Its time was over.
          if (!Fault.is(error)) throw error;
        }
      }
    }
    await timers.sleep(random.below(3000));
  }
}

async function oneLife(
  name: string,
  world: SimulatedWorld,
  disk: MemoryDisk,
  told: Told,
  crashAfter: number,
): Promise<void> {
  const turns = new Interleaving(world);
  const ctx = contextOf(world, disk, {
    reach: () => turns.reach(),
    conflict: () => world.random.below(10) === 0,
  });
  let running = SENDERS + RECEIVERS;
  let failure: unknown;
  const start = (work: Promise<void>) => {
    work
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => running--);
  };
  for (let i = 0; i < SENDERS; i++) start(sender(i, name, ctx, told));
  for (let i = 0; i < RECEIVERS; i++) start(receiver(name, i === 0 ? ctx : elsewhere(ctx), told));
  let steps = 0;
  while (running > 0 && steps < crashAfter && failure === undefined && (await turns.step())) steps++;
  if (failure !== undefined) throw failure;
  assert.ok(steps === crashAfter || running === 0, `${running} clients wait for what never comes`);
  turns.crash();
}

/** What is left, received until nothing is; each message once. By id, its body. */
async function drain(
  name: string,
  world: SimulatedWorld,
  disk: MemoryDisk,
): Promise<ReadonlyMap<string, string>> {
  const ctx = contextOf(world, disk);
  const left = new Map<string, string>();
  await world.advance(VISIBILITY_MS * 2);
  for (;;) {
    const input = { QueueUrl: URL + name, MaxNumberOfMessages: 10 };
    const { Messages = [] } = await receives.ReceiveMessage(input, ctx);
    if (Messages.length === 0) return left;
    for (const { Body = '', MessageId = '', ReceiptHandle = '' } of Messages) {
      assert.ok(!left.has(MessageId), `${Body} is there twice`);
      left.set(MessageId, Body);
      await settlements.DeleteMessage({ QueueUrl: URL + name, ReceiptHandle }, ctx);
    }
  }
}

const DEAD = 'dead';

async function simulate(seed: number, name: string, mostReceives?: number): Promise<void> {
  const world = simulatedWorld(seed);
  const disk = memoryDisk();
  const Attributes: Record<string, string> = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  if (mostReceives !== undefined) {
    await queues.CreateQueue({ QueueName: DEAD }, contextOf(world, disk));
    const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${DEAD}`;
    Attributes['RedrivePolicy'] = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: mostReceives });
  }
  await queues.CreateQueue({ QueueName: name, Attributes }, contextOf(world, disk));
  const told: Told = {
    sent: new Map(),
    ids: new Map(),
    tried: new Set(),
    hidden: new Map(),
    deleting: new Set(),
    deleted: new Set(),
    next: [],
  };
  for (let life = 0; life < LIVES; life++) {
    const last = life === LIVES - 1;
    await oneLife(name, world, disk, told, last ? Number.POSITIVE_INFINITY : 1 + world.random.below(300));
  }
  const left = new Map(await drain(name, world, disk));
  if (mostReceives !== undefined) {
    for (const [id, body] of await drain(DEAD, world, disk)) {
      assert.ok(!left.has(id), `${body} is in both queues`);
      left.set(id, body);
    }
  }
  for (const [body, id] of told.sent) {
    assert.ok(left.has(id) || told.deleting.has(id), `${body} was acknowledged and is lost`);
  }
  for (const [id, body] of left) {
    assert.ok(!told.deleted.has(id), `${body} was deleted and is there`);
    if (name.endsWith('.fifo')) identify(told, body, id);
  }
}

test('a queue loses nothing and hides what is in flight, whatever the order, the conflicts and the crashes', () =>
  forSeeds(scaled(2000, 25), (seed) => simulate(seed, 'plain')));

test('a FIFO queue keeps the order of each group as well, and takes what is sent again once', () =>
  forSeeds(scaled(2000, 25), (seed) => simulate(seed, 'ordered.fifo')));

test('dead letters are moved, neither lost nor doubled', () =>
  forSeeds(scaled(2000, 15), (seed) => simulate(seed, 'failing', 2)));
