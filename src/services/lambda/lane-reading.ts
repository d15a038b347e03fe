import type { Context } from '../../service/context.ts';
import { discard } from './discarding.ts';
import { matchesPattern, type Pattern } from './event-pattern.ts';
import { handRecords } from './handing.ts';
import { inLane, type Lane, laneKey } from './lane.ts';
import { type CheckpointRow, layout, type MappingRow, type WindowRow } from './layout.ts';
import type { Target } from './reading.ts';
import type { SourceRecord, StreamSource } from './stream-source.ts';
import { LATE_MS, windowEnd, windowStart } from './window.ts';

/** A batch that failed comes back after a second, then ever later, up to a minute. */
const RETRY_MS = 1_000;
const MOST_RETRY_MS = 60_000;

/** What all lanes of a mapping's poll share. */
export interface Reading {
  readonly ctx: Context;
  readonly mapping: MappingRow;
  readonly target: Target;
  readonly source: StreamSource;
  readonly role: string;
  readonly patterns: readonly Pattern[];
}

/** What is next in a lane. */
type Next =
  /** Nothing, for so long; infinity for not by itself. */
  | { readonly kind: 'rest'; readonly waitMs: number }
  /** Nothing, for good. */
  | { readonly kind: 'end' }
  /** Records of other lanes. */
  | { readonly kind: 'pass'; readonly through: string }
  /** The open window is over. */
  | { readonly kind: 'close'; readonly window: WindowRow }
  | {
      readonly kind: 'batch';
      readonly records: readonly [SourceRecord, ...SourceRecord[]];
      readonly window: WindowRow | undefined;
    };

/** What {@link drainLane} answers of a lane that has been read whole and gets no more. */
export const ENDED = -1;

/**
 * Reads a lane to its end, a batch at a time. Answers after how many milliseconds it wants to be looked at again,
 * infinity for not by itself, {@link ENDED} for never again. A checkpoint moves in one transaction with what is known of a batch, after the function
 * had it: a batch whose end nobody saw comes again.
 */
export async function drainLane(reading: Reading, lane: Lane): Promise<number> {
  const { ctx, mapping } = reading;
  const { checkpoints } = layout.at(ctx.account, ctx.region);
  for (;;) {
    const before =
      (await checkpoints.get(ctx.store, [mapping.uuid, laneKey(lane)])) ??
      fresh(await checkpoints.get(ctx.store, [mapping.uuid, lane.shard]));
    if (before.ended === true) return ENDED;
    const now = ctx.world.clock.now();
    if (before.retryAtMs !== undefined && before.retryAtMs > now) return before.retryAtMs - now;
    const next = await nextIn(reading, lane, before);
    if (next.kind === 'rest') return next.waitMs;
    const { after, result } = await settleNext(reading, lane, before, next);
    if (!(await advance(reading, lane, before, after, result))) return 0;
  }
}

function settleNext(
  reading: Reading,
  lane: Lane,
  before: CheckpointRow,
  next: Exclude<Next, { kind: 'rest' }>,
): Promise<Settled> | Settled {
  switch (next.kind) {
    case 'end':
      return { after: { ...before, ended: true } };
    case 'pass':
      return { after: { ...before, sequence: next.through } };
    case 'close':
      return close(reading, lane, before, next.window);
    case 'batch':
      return settle(reading, lane, before, next.records, next.window);
  }
}

/** Where a lane begins that has not been read: where its shard stands. */
function fresh(ofShard: CheckpointRow | undefined): CheckpointRow {
  return { sequence: ofShard?.sequence, ended: ofShard?.ended, failures: 0 };
}

async function nextIn(reading: Reading, lane: Lane, before: CheckpointRow): Promise<Next> {
  const { ctx, mapping, source } = reading;
  const { window: open } = before;
  const {
    records: found,
    through,
    ended,
  } = await source.readLane(lane.shard, before.sequence, mapping.batchSize, (record) => inLane(lane, record));
  const [first] = found;
  const now = ctx.world.clock.now();
  const seconds = mapping.tumblingSeconds;
  if (open !== undefined && seconds > 0) {
    const over =
      open.early === true ||
      (first === undefined
        ? ended || now >= windowEnd(open, seconds) + LATE_MS
        : windowStart(first.createdAtMs, seconds) > open.startMs);
    if (over) return { kind: 'close', window: open };
  }
  const toWindowEnd =
    open === undefined || seconds === 0
      ? Number.POSITIVE_INFINITY
      : Math.max(1, windowEnd(open, seconds) + LATE_MS - now);
  if (first === undefined) {
    if (ended && open === undefined && through === before.sequence) return { kind: 'end' };
    return through === undefined || through === before.sequence
      ? { kind: 'rest', waitMs: toWindowEnd }
      : { kind: 'pass', through };
  }
  const startMs = seconds === 0 ? 0 : (open?.startMs ?? windowStart(first.createdAtMs, seconds));
  const records = cut(found, before.ends?.at(-1), (record) =>
    seconds === 0 ? true : windowStart(record.createdAtMs, seconds) <= startMs,
  );
  const gatheredAtMs = first.createdAtMs + mapping.windowSeconds * 1000;
  const gathers =
    before.failures === 0 &&
    before.ends === undefined &&
    found.length === records.length &&
    records.length < mapping.batchSize &&
    !ended;
  if (gathers && now < gatheredAtMs)
    return { kind: 'rest', waitMs: Math.min(gatheredAtMs - now, toWindowEnd) };
  return {
    kind: 'batch',
    records: [first, ...records.slice(1)],
    window: seconds === 0 ? undefined : (open ?? { startMs, state: {} }),
  };
}

/** The records up to the end of the part that is due, and of their window. */
function cut(
  records: readonly SourceRecord[],
  end: string | undefined,
  fits: (record: SourceRecord) => boolean,
): readonly SourceRecord[] {
  const taken: SourceRecord[] = [];
  for (const record of records) {
    if (!fits(record)) break;
    taken.push(record);
    if (record.sequence === end) break;
  }
  return taken;
}

interface Settled {
  readonly after: CheckpointRow;
  /** For the mapping; undefined when the function was not asked. */
  readonly result?: string | undefined;
}

/** The checkpoint behind a record that is settled. */
function past(before: CheckpointRow, sequence: string, window: WindowRow | undefined): CheckpointRow {
  const ends = before.ends?.filter((end) => end !== sequence);
  return { sequence, failures: 0, ends: ends?.length === 0 ? undefined : ends, window };
}

async function settle(
  reading: Reading,
  lane: Lane,
  before: CheckpointRow,
  records: readonly [SourceRecord, ...SourceRecord[]],
  window: WindowRow | undefined,
): Promise<Settled> {
  const { ctx, mapping, patterns } = reading;
  const last = records.at(-1) ?? records[0];
  const now = ctx.world.clock.now();
  const tooOld = ({ createdAtMs }: SourceRecord) =>
    mapping.maximumAgeSeconds >= 0 && now - createdAtMs > mapping.maximumAgeSeconds * 1000;
  const young = records.findIndex((record) => !tooOld(record));
  if (young !== 0) {
    const old = young === -1 ? records : records.slice(0, young);
    await discard(reading, lane.shard, old.filter(matching(patterns)), undefined, {
      tries: before.failures,
      condition: 'RecordAgeExceeded',
    });
    return { after: past(before, old.at(-1)?.sequence ?? last.sequence, before.window) };
  }
  const wanted = records.filter(matching(patterns));
  if (wanted.length === 0) return { after: past(before, last.sequence, before.window) };
  const handed = await handRecords(reading, lane.shard, wanted, window, false);
  if (handed === 'too-long') return { after: halved(before, wanted, last) };
  if (handed.failedAt === undefined) {
    return { after: past(before, last.sequence, handed.window), result: handed.result };
  }
  const failed = wanted.slice(handed.failedAt);
  const settledRecord = wanted[handed.failedAt - 1];
  // What the function did not name is done with, so the rest is another batch.
  const base =
    settledRecord === undefined
      ? before
      : { ...past(before, settledRecord.sequence, handed.window), ends: before.ends ?? [last.sequence] };
  const tries = base.failures + 1;
  if (mapping.bisects && handed.outcome?.result.error !== undefined && failed.length > 1) {
    return { after: halved(before, failed, last), result: handed.result };
  }
  if (mapping.maximumRetries >= 0 && tries > mapping.maximumRetries) {
    await discard(reading, lane.shard, failed, handed.outcome, {
      tries,
      condition: 'RetryAttemptsExhausted',
    });
    return { after: past(base, last.sequence, base.window), result: handed.result };
  }
  return { after: { ...base, failures: tries, retryAtMs: now + retryMs(tries) }, result: handed.result };
}

/** Cuts a batch in two. That costs no try: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html */
function halved(before: CheckpointRow, batch: readonly SourceRecord[], last: SourceRecord): CheckpointRow {
  const middle = batch[Math.ceil(batch.length / 2) - 1] ?? last;
  return { ...before, retryAtMs: undefined, ends: [...(before.ends ?? [last.sequence]), middle.sequence] };
}

/** The last invocation of a window. */
async function close(
  reading: Reading,
  lane: Lane,
  before: CheckpointRow,
  window: WindowRow,
): Promise<Settled> {
  const { ctx, mapping } = reading;
  const handed = await handRecords(reading, lane.shard, [], window, true);
  if (handed === 'too-long') return { after: { ...before, failures: 0, window: undefined } };
  const tries = before.failures + 1;
  const failed = handed.failedAt !== undefined;
  if (!failed || (mapping.maximumRetries >= 0 && tries > mapping.maximumRetries)) {
    return {
      after: { ...before, failures: 0, retryAtMs: undefined, window: undefined },
      result: handed.result,
    };
  }
  const retryAtMs = ctx.world.clock.now() + retryMs(tries);
  return { after: { ...before, failures: tries, retryAtMs }, result: handed.result };
}

function retryMs(tries: number): number {
  return Math.min(RETRY_MS * 2 ** (tries - 1), MOST_RETRY_MS);
}

function matching(patterns: readonly Pattern[]): (record: SourceRecord) => boolean {
  return ({ event }) => patterns.length === 0 || patterns.some((pattern) => matchesPattern(pattern, event));
}

/**
 * Moves a lane's checkpoint. False when the mapping is another by now or somebody else has moved it: the lane is to be
 * looked at anew.
 */
function advance(
  { ctx, mapping }: Reading,
  lane: Lane,
  before: CheckpointRow,
  after: CheckpointRow,
  result: string | undefined,
): Promise<boolean> {
  const { checkpoints, mappings } = layout.at(ctx.account, ctx.region);
  const key: [string, string] = [mapping.uuid, laneKey(lane)];
  return ctx.transact(async (tx) => {
    const row = await mappings.get(tx, [mapping.uuid]);
    // A mapping that was deleted meanwhile leaves nothing behind.
    if (row === undefined || row.parallelization !== mapping.parallelization) return false;
    const now = await checkpoints.get(tx, key);
    if (now !== undefined && now.sequence !== before.sequence) return false;
    checkpoints.set(tx, key, after);
    if (result !== undefined && row.lastResult !== result) {
      mappings.set(tx, [mapping.uuid], { ...row, lastResult: result });
    }
    return row.lastModifiedMs === mapping.lastModifiedMs;
  });
}
