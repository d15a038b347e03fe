import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import { failedItems, readAnswer } from './batch-answer.ts';
import type { Bell } from './bell.ts';
import { matchesPattern, readPattern } from './event-pattern.ts';
import { MOST_EVENT_BYTES } from './handing.ts';
import { layout, type MappingRow } from './layout.ts';
import { runsInChain } from './lineage.ts';
import { note } from './polling.ts';
import { filterView, type QueueMessage, type QueueRecord, QueueSource } from './queue-source.ts';
import { QueueStock } from './queue-stock.ts';
import { type Target, targetOf } from './reading.ts';
import { runningOf } from './running.ts';

/**
 * Batches in the function's hands at a time: so many at first, so many more each second while there is work, and in the
 * end so many, unless the mapping says fewer.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
const FIRST_CONCURRENCY = 5;
const MORE_A_SECOND = 5;
const MOST_CONCURRENCY = 1_250;
/** How soon a queue is looked at again whose function had no room. */
const THROTTLED_MS = 1_000;
const BUSY_MS = 50;

interface Polling {
  readonly ctx: Context;
  readonly mapping: MappingRow;
  readonly target: Target;
  readonly source: QueueSource;
  readonly stock: QueueStock;
}

/** A batch the function has had, or could not take. */
interface Handed {
  readonly done: readonly QueueMessage[];
  readonly throttled: boolean;
}

/**
 * Hands what a queue holds to the function, batch by batch, some at a time. What the function fails stays in the queue
 * and comes back when its visibility timeout is over; the queue's own redrive policy gives up on it. Answers after how
 * many milliseconds the queue is to be looked at again, infinity for not by itself.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export async function pollQueue(ctx: Context, mapping: MappingRow, bell: Bell): Promise<number> {
  const { clock } = ctx.world;
  const { mappings } = layout.at(ctx.account, ctx.region);
  const target = targetOf(ctx, mapping.functionArn);
  const { version } = await runningOf(ctx).resolve(target);
  const source = new QueueSource(ctx, mapping.sourceArn, version.role, version.name);
  const stock = new QueueStock(source);
  const polling = { ctx, mapping, target, source, stock };
  const startedAt = clock.monotonic();
  const most = () => {
    // A quick function gains nothing by more environments, and each costs the start of one.
    const seconds = stock.isQuick ? 0 : (clock.monotonic() - startedAt) / 1_000;
    return Math.min(
      mapping.maximumConcurrency ?? MOST_CONCURRENCY,
      FIRST_CONCURRENCY + Math.floor(MORE_A_SECOND * seconds),
    );
  };
  let failure: { readonly error: unknown } | undefined;
  let restMs = Number.POSITIVE_INFINITY;
  let throttled = false;
  const workers = new Set<Promise<void>>();
  const work = async () => {
    const mine = { ...polling, ctx: ctx.as({}) };
    // What was received ahead is handed on, though the mapping may have changed meanwhile.
    while (failure === undefined && !throttled && (restMs > 0 || !stock.isEmpty)) {
      if (stock.isEmpty) {
        if (((await source.nextAtMs()) ?? Number.POSITIVE_INFINITY) > clock.now()) return;
        const gatherMs = await gathering(mine);
        if (gatherMs !== undefined) {
          restMs = Math.min(restMs, gatherMs);
          return;
        }
      }
      const messages = await stock.take(mapping.batchSize);
      if (messages.length === 0) return;
      // There may be more than one batch: somebody else looks while this one is with the function.
      if (messages.length >= mapping.batchSize) employ();
      const settled = await settle(mine, messages);
      if (settled.throttled) {
        throttled = true;
        restMs = Math.min(restMs, THROTTLED_MS);
      }
      const now = await mappings.get(ctx.store, [mapping.uuid]);
      if (now?.lastModifiedMs !== mapping.lastModifiedMs) restMs = 0;
    }
  };
  const employ = () => {
    if (workers.size >= most() || throttled) return;
    const worker = work()
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        workers.delete(worker);
        bell.nudge();
      });
    workers.add(worker);
  };
  while (workers.size > 0 || (failure === undefined && restMs > 0 && bell.rung)) {
    if (bell.take() && failure === undefined && restMs > 0) employ();
    if (workers.size > 0) await bell.heard(Number.POSITIVE_INFINITY);
  }
  await stock.settled();
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
  if (Number.isFinite(restMs)) return restMs;
  const next = await source.nextAtMs();
  // What is due is with another receiver at this moment.
  return next === undefined ? restMs : Math.max(BUSY_MS, next - clock.now());
}

/** The batching window: for how long a queue with less than a batch is to be left alone; undefined when it is not. */
async function gathering({ ctx, mapping, source }: Polling): Promise<number | undefined> {
  if (mapping.windowSeconds === 0) return undefined;
  const { checkpoints } = layout.at(ctx.account, ctx.region);
  const waiting = await source.waiting();
  const now = ctx.world.clock.now();
  const key: [string, string] = [mapping.uuid, 'queue'];
  return ctx.transact(async (tx) => {
    const until = (await checkpoints.get(tx, key))?.gatherUntilMs;
    if (waiting === 0 || waiting >= mapping.batchSize || (until !== undefined && now >= until)) {
      if (until !== undefined) checkpoints.delete(tx, key);
      return undefined;
    }
    if (until !== undefined) return until - now;
    // The first message opens the window.
    const windowMs = mapping.windowSeconds * 1000;
    checkpoints.set(tx, key, { failures: 0, gatherUntilMs: now + windowMs });
    return windowMs;
  });
}

/** Hands received messages to the function and removes from the queue what it has dealt with. */
async function settle(
  polling: Polling,
  messages: readonly QueueMessage[],
): Promise<{ readonly throttled: boolean }> {
  const { ctx, mapping, source, stock } = polling;
  const startedAt = ctx.world.clock.monotonic();
  const patterns = mapping.filters.map((text) => readPattern(text) ?? {});
  const wanted: { readonly message: QueueMessage; readonly record: QueueRecord }[] = [];
  const done: QueueMessage[] = [];
  for (const message of messages) {
    const record = source.recordOf(message);
    const view = patterns.length === 0 ? undefined : filterView(record);
    const fits = patterns.length === 0 || patterns.some((pattern) => matchesPattern(pattern, view));
    if (fits) wanted.push({ message, record });
    else done.push(message);
  }
  let throttled = false;
  let failed = false;
  for (const part of parts(wanted)) {
    const handed: Handed = await hand(polling, part);
    done.push(...handed.done);
    throttled ||= handed.throttled;
    failed ||= handed.done.length < part.length;
    // What follows a failed message of its group must not overtake it.
    if (throttled || (failed && source.fifo)) break;
  }
  await stock.remove(done, ctx.world.clock.monotonic() - startedAt);
  if (wanted.length > 0) await note(ctx, mapping.uuid, failed ? 'PROBLEM: Function call failed' : 'OK');
  return { throttled };
}

/** Batches no longer than an event may be. */
function* parts<Item extends { readonly message: QueueMessage; readonly record: QueueRecord }>(
  items: readonly Item[],
): Generator<readonly Item[]> {
  let part: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    // A body may grow when it is written as JSON, so a long one is measured.
    const { Body } = item.message;
    const size =
      Body.length > 10_000 ? Buffer.byteLength(JSON.stringify(item.record)) : 6 * Body.length + 5_000;
    if (part.length > 0 && bytes + size > MOST_EVENT_BYTES) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

async function hand(
  { ctx, mapping, target }: Polling,
  wanted: readonly { readonly message: QueueMessage; readonly record: QueueRecord }[],
): Promise<Handed> {
  const running = runningOf(ctx);
  const messages = wanted.map(({ message }) => message);
  try {
    const runnable = await running.resolve(target);
    const { result } = await running.run(target, runnable, {
      requestId: ctx.world.random.uuid(),
      traceHeader: longestChain(messages, runnable.functionArn),
      payload: Buffer.from(JSON.stringify({ Records: wanted.map(({ record }) => record) })),
      invokedArn: mapping.functionArn,
      wantsTail: false,
    });
    const failed = result.error !== undefined;
    if (failed || !mapping.reportsFailures) return { done: failed ? [] : messages, throttled: false };
    return { done: withoutFailures(messages, result.payload), throttled: false };
  } catch (error) {
    // The messages come back.
    if (!Fault.is(error)) throw error;
    return { done: [], throttled: error.code === 'TooManyRequestsException' };
  }
}

/** Of the messages' trace headers the one whose chain the function has been in most often. */
function longestChain(messages: readonly QueueMessage[], functionArn: string): string | undefined {
  let longest: string | undefined;
  for (const { Attributes } of messages) {
    const header = Attributes?.['AWSTraceHeader'];
    if (header === undefined) continue;
    if (longest === undefined || runsInChain(header, functionArn) > runsInChain(longest, functionArn)) {
      longest = header;
    }
  }
  return longest;
}

function withoutFailures(messages: readonly QueueMessage[], payload: Uint8Array): readonly QueueMessage[] {
  const answer = readAnswer(payload);
  const failed = answer && failedItems(answer.value, new Set(messages.map(({ MessageId }) => MessageId)));
  return failed === undefined ? [] : messages.filter(({ MessageId }) => !failed.has(MessageId));
}
