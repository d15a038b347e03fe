import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import { deliver } from './destinations.ts';
import { matchesPattern, readPattern } from './event-pattern.ts';
import { type CheckpointRow, layout, type MappingRow } from './layout.ts';
import { sourceKind } from './mapping.ts';
import { emptyQueue } from './queue-polling.ts';
import { type Target, targetOf } from './reading.ts';
import { type Outcome, runningOf } from './running.ts';
import { type SourceRecord, StreamSource } from './stream-source.ts';

/** A batch that failed comes back after a second, then ever later, up to a minute. */
const RETRY_MS = 1_000;
const MOST_RETRY_MS = 60_000;
/** What an event may hold. */
const MOST_EVENT_BYTES = 6 * 1024 * 1024;

interface Reading {
  readonly ctx: Context;
  readonly mapping: MappingRow;
  readonly target: Target;
  readonly source: StreamSource;
  readonly role: string;
}

/** Reads what stands at a mapping's source and hands it to the function; ends when there is no more. */
export async function poll({ uuid }: { readonly uuid: string }, ctx: Context): Promise<void> {
  const { mappings } = layout.at(ctx.account, ctx.region);
  const mapping = await mappings.get(ctx.store, [uuid]);
  if (mapping === undefined || !mapping.enabled) return;
  const target = targetOf(ctx, mapping.functionArn);
  try {
    if (sourceKind(mapping.sourceArn) === 'queue') {
      const { result, lookAgainMs } = await emptyQueue(ctx, mapping, target);
      if (result !== undefined) await note(ctx, uuid, result);
      if (Number.isFinite(lookAgainMs)) await pollLater(ctx, uuid, lookAgainMs);
      return;
    }
    const { version } = await runningOf(ctx).resolve(target);
    const source = new StreamSource(ctx, mapping, version.role, version.name);
    const reading = { ctx, mapping, target, source, role: version.role };
    const shards = await source.shards();
    const waits = await Promise.all(shards.map((shard) => drain(reading, shard)));
    const soonest = Math.min(...waits);
    if (Number.isFinite(soonest)) await pollLater(ctx, uuid, soonest);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    // The function or its source has gone, or the role may not read: the mapping says so and waits for a change.
    await note(ctx, uuid, `PROBLEM: ${error.message}`);
  }
}

/** Writes a poll that is due after a while. */
export async function pollLater(ctx: Context, uuid: string, delayMs: number): Promise<void> {
  await ctx.transact(async (tx) => {
    ctx.enqueue(tx, {
      kind: 'poll',
      payload: { uuid },
      dueAtMs: ctx.world.clock.now() + delayMs,
      shard: `mapping:${uuid}`,
    });
  });
}

async function note(ctx: Context, uuid: string, lastResult: string): Promise<void> {
  const { mappings } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    const row = await mappings.get(tx, [uuid]);
    if (row !== undefined && row.lastResult !== lastResult) mappings.set(tx, [uuid], { ...row, lastResult });
  });
}

/** Reads one shard to its end. Answers after how long it wants to be looked at again, infinity for not by itself. */
async function drain(reading: Reading, shard: string): Promise<number> {
  const { ctx, mapping, source } = reading;
  const { checkpoints } = layout.at(ctx.account, ctx.region);
  const patterns = mapping.filters.map((text) => readPattern(text) ?? {});
  for (;;) {
    const checkpoint = (await checkpoints.get(ctx.store, [mapping.uuid, shard])) ?? { failures: 0 };
    const limit = checkpoint.limit ?? mapping.batchSize;
    const { records } = await source.read(shard, checkpoint.sequence, limit);
    const [first] = records;
    const last = records.at(-1);
    if (first === undefined || last === undefined) return Number.POSITIVE_INFINITY;
    const now = ctx.world.clock.now();
    const windowEndsAt = first.createdAtMs + mapping.windowSeconds * 1000;
    if (checkpoint.failures === 0 && records.length < limit && now < windowEndsAt) return windowEndsAt - now;
    const wanted =
      patterns.length === 0
        ? records
        : records.filter(({ event }) => patterns.some((pattern) => matchesPattern(pattern, event)));
    const done =
      wanted.length === 0 ? { through: last.sequence } : await hand(reading, shard, wanted, last, checkpoint);
    await advance(reading, shard, checkpoint, done);
    if (done.delayMs !== undefined) return done.delayMs;
  }
}

/** What became of a batch. */
interface Done {
  /** Everything up to here is settled; undefined when nothing is. */
  readonly through?: string | undefined;
  /** The rest comes back after this. */
  readonly delayMs?: number;
  /** It comes back in batches of at most this many. */
  readonly limit?: number;
}

async function advance(
  { ctx, mapping }: Reading,
  shard: string,
  before: CheckpointRow,
  done: Done,
): Promise<void> {
  const { checkpoints, mappings } = layout.at(ctx.account, ctx.region);
  await ctx.transact(async (tx) => {
    // A mapping that was deleted meanwhile leaves nothing behind.
    if ((await mappings.get(tx, [mapping.uuid])) === undefined) return;
    checkpoints.set(tx, [mapping.uuid, shard], {
      sequence: done.through ?? before.sequence,
      failures: done.delayMs === undefined ? 0 : before.failures + 1,
      limit: done.limit,
    });
  });
}

/** Invokes the function with a batch and judges its answer. */
async function hand(
  reading: Reading,
  shard: string,
  wanted: readonly SourceRecord[],
  last: SourceRecord,
  checkpoint: CheckpointRow,
): Promise<Done> {
  const { ctx, mapping, target } = reading;
  const payload = Buffer.from(JSON.stringify({ Records: wanted.map(({ event }) => event) }));
  if (payload.byteLength > MOST_EVENT_BYTES && wanted.length > 1) {
    return { delayMs: 0, limit: Math.ceil(wanted.length / 2) };
  }
  let outcome: Outcome | undefined;
  let problem = '';
  try {
    const running = runningOf(ctx);
    outcome = await running.run(target, await running.resolve(target), {
      requestId: ctx.world.random.uuid(),
      payload,
      invokedArn: mapping.functionArn,
      wantsTail: false,
    });
    if (outcome.result.error !== undefined) problem = 'PROBLEM: Function call failed';
  } catch (error) {
    if (!Fault.is(error)) throw error;
    problem = `PROBLEM: ${error.message}`;
  }
  const delayMs = Math.min(RETRY_MS * 2 ** checkpoint.failures, MOST_RETRY_MS);
  let settled = checkpoint.sequence;
  if (problem === '' && outcome !== undefined) {
    const failedAt = mapping.reportsFailures ? firstFailure(wanted, outcome.result.payload) : undefined;
    if (failedAt === undefined) {
      await note(ctx, mapping.uuid, 'OK');
      return { through: last.sequence };
    }
    if (failedAt > 0) settled = wanted[failedAt - 1]?.sequence;
    problem = 'PROBLEM: Function call failed';
  }
  await note(ctx, mapping.uuid, problem);
  const tries = checkpoint.failures + 1;
  const age = ctx.world.clock.now() - (wanted[0]?.createdAtMs ?? 0);
  const tooOften = mapping.maximumRetries >= 0 && tries > mapping.maximumRetries;
  const tooOld = mapping.maximumAgeSeconds >= 0 && age > mapping.maximumAgeSeconds * 1000;
  if (!tooOften && !tooOld) {
    const limit = mapping.bisects && wanted.length > 1 ? Math.ceil(wanted.length / 2) : checkpoint.limit;
    return { through: settled, delayMs, ...(limit === undefined ? {} : { limit }) };
  }
  await giveUp(reading, shard, wanted, outcome, {
    tries,
    condition: tooOften ? 'RetryAttemptsExhausted' : 'RecordAgeExceeded',
  });
  return { through: last.sequence };
}

/** The first record a function says it failed; 0 when its word cannot be read, as AWS takes that for a failure of all. */
function firstFailure(wanted: readonly SourceRecord[], payload: Uint8Array): number | undefined {
  const answer = JSON.parse(Buffer.from(payload).toString()) as {
    batchItemFailures?: readonly { itemIdentifier?: string }[] | null;
  } | null;
  const failures = answer?.batchItemFailures ?? [];
  if (failures.length === 0) return undefined;
  const positions = failures.map(({ itemIdentifier }) =>
    wanted.findIndex(({ sequence }) => sequence === itemIdentifier),
  );
  return positions.includes(-1) ? 0 : Math.min(...positions);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html */
async function giveUp(
  { ctx, mapping, role, target }: Reading,
  shard: string,
  wanted: readonly SourceRecord[],
  outcome: Outcome | undefined,
  { tries, condition }: { readonly tries: number; readonly condition: string },
): Promise<void> {
  if (mapping.onFailure === undefined) return;
  const first = wanted[0];
  const last = wanted.at(-1);
  await deliver(ctx, {
    destination: mapping.onFailure,
    role,
    name: target.reference.name,
    succeeded: false,
    record: {
      requestContext: {
        requestId: ctx.world.random.uuid(),
        functionArn: mapping.functionArn,
        condition,
        approximateInvokeCount: tries,
      },
      ...(outcome === undefined
        ? {}
        : {
            responseContext: {
              statusCode: 200,
              executedVersion: outcome.version,
              functionError: outcome.result.error,
            },
          }),
      version: '1.0',
      timestamp: new Date(ctx.world.clock.now()).toISOString(),
      DDBStreamBatchInfo: {
        shardId: shard,
        startSequenceNumber: first?.sequence,
        endSequenceNumber: last?.sequence,
        approximateArrivalOfFirstRecord: new Date(first?.createdAtMs ?? 0).toISOString(),
        approximateArrivalOfLastRecord: new Date(last?.createdAtMs ?? 0).toISOString(),
        batchSize: wanted.length,
        streamArn: mapping.sourceArn,
      },
    },
  });
}
