import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import { matchesPattern, readPattern } from './event-pattern.ts';
import { layout, type MappingRow } from './layout.ts';
import { runsInChain } from './lineage.ts';
import { filterView, type QueueMessage, QueueSource } from './queue-source.ts';
import type { Target } from './reading.ts';
import { runningOf } from './running.ts';

/** Batches in the function's hands at a time, unless the mapping says fewer. */
const CONCURRENCY = 10;
/** How often a queue is looked at whose messages time alone will show. */
const LOOK_AGAIN_MS = 1_000;

/** What a round of a queue came to. */
export interface Round {
  /** For the mapping; undefined when there was nothing. */
  readonly result: string | undefined;
  /** Infinity: not by itself. */
  readonly lookAgainMs: number;
}

/**
 * Hands what a queue holds to the function, batch by batch, some at a time. What the function fails stays in the queue
 * and comes back when its visibility timeout is over; the queue's own redrive policy gives up on it.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export async function emptyQueue(ctx: Context, mapping: MappingRow, target: Target): Promise<Round> {
  const { version } = await runningOf(ctx).resolve(target);
  const source = new QueueSource(ctx, mapping.sourceArn, version.role, version.name);
  const gatherMs = await gathering(ctx, mapping, source);
  if (gatherMs !== undefined) return { result: undefined, lookAgainMs: gatherMs };
  const patterns = mapping.filters.map((text) => readPattern(text) ?? {});
  const most = Math.min(mapping.maximumConcurrency ?? CONCURRENCY, CONCURRENCY);
  let result: string | undefined;
  let failure: { readonly error: unknown } | undefined;
  const workers: Promise<void>[] = [];
  const work = async () => {
    while (failure === undefined) {
      const messages = await source.receive(mapping.batchSize);
      if (messages.length === 0) return;
      // There may be more than one batch: somebody else looks while this one is with the function.
      if (workers.length < most) employ();
      const wanted: QueueMessage[] = [];
      const passed: QueueMessage[] = [];
      for (const message of messages) {
        const view = patterns.length === 0 ? undefined : filterView(source.recordOf(message));
        const fits = patterns.length === 0 || patterns.some((pattern) => matchesPattern(pattern, view));
        (fits ? wanted : passed).push(message);
      }
      const done = wanted.length === 0 ? [] : await hand(ctx, mapping, target, source, wanted);
      if (wanted.length > 0) result = done.length === wanted.length ? 'OK' : 'PROBLEM: Function call failed';
      await source.remove([...passed, ...done]);
    }
  };
  const employ = () => {
    workers.push(
      work().catch((error: unknown) => {
        failure ??= { error };
      }),
    );
  };
  employ();
  for (const worker of workers) await worker;
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
  return { result, lookAgainMs: (await source.hidesSome()) ? LOOK_AGAIN_MS : Number.POSITIVE_INFINITY };
}

/** The batching window: for how long a queue with less than a batch is to be left alone; undefined when it is not. */
async function gathering(
  ctx: Context,
  mapping: MappingRow,
  source: QueueSource,
): Promise<number | undefined> {
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
    // The first message opens the window; the poll at its end is written once.
    if (until !== undefined) return Number.POSITIVE_INFINITY;
    const windowMs = mapping.windowSeconds * 1000;
    checkpoints.set(tx, key, { failures: 0, gatherUntilMs: now + windowMs });
    return windowMs;
  });
}

/** The messages of a batch that the function has dealt with. */
async function hand(
  ctx: Context,
  mapping: MappingRow,
  target: Target,
  source: QueueSource,
  wanted: readonly QueueMessage[],
): Promise<readonly QueueMessage[]> {
  const running = runningOf(ctx);
  try {
    const runnable = await running.resolve(target);
    const { result } = await running.run(target, runnable, {
      requestId: ctx.world.random.uuid(),
      traceHeader: longestChain(wanted, runnable.functionArn),
      payload: Buffer.from(JSON.stringify({ Records: wanted.map((message) => source.recordOf(message)) })),
      invokedArn: mapping.functionArn,
      wantsTail: false,
    });
    if (result.error !== undefined) return [];
    return mapping.reportsFailures ? withoutFailures(wanted, result.payload) : wanted;
  } catch (error) {
    // Throttled, or gone: the messages come back.
    if (!Fault.is(error)) throw error;
    return [];
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

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting */
function withoutFailures(wanted: readonly QueueMessage[], payload: Uint8Array): readonly QueueMessage[] {
  const answer = JSON.parse(Buffer.from(payload).toString()) as {
    batchItemFailures?: readonly { itemIdentifier?: string }[] | null;
  } | null;
  const failed = new Set((answer?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
  const known = new Set<string | undefined>(wanted.map(({ MessageId }) => MessageId));
  // An answer that names no message of the batch fails all of it.
  for (const id of failed) if (!known.has(id)) return [];
  return wanted.filter(({ MessageId }) => !failed.has(MessageId));
}
