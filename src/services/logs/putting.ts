import type { InputLogEvent, LogsOperations, RejectedLogEventsInfo } from '../../model/gen/logs.ts';
import type { Group } from '../../service/service.ts';
import { fault, oldestKept, readGroup, readStream } from './group.ts';
import { type GroupRow, layout, RUN_SPAN_MS, type RunRow, type StreamRow } from './layout.ts';
import { sequenceToken } from './streams.ts';
import { tellSubscribers } from './subscribing.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const MOST_BYTES = 1_048_576;
const EVENT_OVERHEAD = 26;
const DAY_MS = 86_400_000;
const OLDEST_MS = 14 * DAY_MS;
const NEWEST_MS = 2 * 3_600_000;

/** The batch's size; throws for what a batch may not be. */
function checkBatch(events: readonly InputLogEvent[]): number {
  let bytes = 0;
  let previousMs = Number.NEGATIVE_INFINITY;
  for (const { timestamp, message } of events) {
    if (timestamp < previousMs) {
      throw fault(
        'InvalidParameterException',
        'Log events in a single PutLogEvents request must be in chronological order.',
      );
    }
    previousMs = timestamp;
    bytes += Buffer.byteLength(message) + EVENT_OVERHEAD;
  }
  if (bytes > MOST_BYTES) {
    throw fault(
      'InvalidParameterException',
      `Upload too large: ${bytes} bytes exceeds limit of ${MOST_BYTES}`,
    );
  }
  if (previousMs - (events[0]?.timestamp ?? previousMs) > DAY_MS) {
    throw fault(
      'InvalidParameterException',
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    );
  }
  return bytes;
}

/** The events that are neither too old nor too new, and where the others stand. */
function accept(
  events: readonly InputLogEvent[],
  group: GroupRow,
  nowMs: number,
): { readonly accepted: readonly InputLogEvent[]; readonly rejected: RejectedLogEventsInfo | undefined } {
  const expired = oldestKept(group, nowMs);
  const oldEnd = events.findIndex(({ timestamp }) => timestamp >= nowMs - OLDEST_MS);
  const old = oldEnd < 0 ? events.length : oldEnd;
  const expiredEnd = events.findIndex(({ timestamp }) => timestamp >= expired);
  const gone = expiredEnd < 0 ? events.length : expiredEnd;
  const newStart = events.findIndex(({ timestamp }) => timestamp > nowMs + NEWEST_MS);
  const end = newStart < 0 ? events.length : newStart;
  if (old === 0 && gone === 0 && end === events.length) return { accepted: events, rejected: undefined };
  return {
    accepted: events.slice(Math.max(old, gone), end),
    rejected: {
      tooOldLogEventEndIndex: old > 0 ? old : undefined,
      expiredLogEventEndIndex: gone > 0 ? gone : undefined,
      tooNewLogEventStartIndex: newStart < 0 ? undefined : newStart,
    },
  };
}

/** Cuts a batch into runs. */
function* runsOf(events: readonly InputLogEvent[], ingestedAtMs: number): Generator<RunRow> {
  let run: [number, string][] = [];
  let firstMs = 0;
  for (const { timestamp, message } of events) {
    if (run.length > 0 && timestamp - firstMs > RUN_SPAN_MS) {
      yield { ingestedAtMs, events: run };
      run = [];
    }
    if (run.length === 0) firstMs = timestamp;
    run.push([timestamp, message]);
  }
  if (run.length > 0) yield { ingestedAtMs, events: run };
}

export const putting = {
  async PutLogEvents(input, ctx) {
    const bytes = checkBatch(input.logEvents);
    const rows = layout.at(ctx.account, ctx.region);
    const now = ctx.world.clock.now();
    return ctx.transact(async (tx) => {
      const group = await readGroup(tx, ctx, input.logGroupName);
      const stream = await readStream(tx, ctx, group, input.logStreamName);
      const { accepted, rejected } = accept(input.logEvents, group, now);
      let sequence = stream.nextSequence;
      const runs: [firstMs: number, sequence: number][] = [];
      for (const run of runsOf(accepted, now)) {
        const firstMs = run.events[0]?.[0] ?? now;
        rows.runs.set(tx, [stream.id, firstMs, sequence], run);
        runs.push([firstMs, sequence]);
        sequence++;
      }
      if (runs.length > 0) {
        const place = { group: input.logGroupName, groupId: group.id, stream: input.logStreamName };
        await tellSubscribers(tx, ctx, { ...place, streamId: stream.id, runs });
      }
      const first = accepted[0]?.timestamp;
      const last = accepted.at(-1)?.timestamp;
      const after: StreamRow = {
        ...stream,
        nextSequence: sequence,
        firstEventMs:
          first === undefined ? stream.firstEventMs : Math.min(first, stream.firstEventMs ?? first),
        lastEventMs: last === undefined ? stream.lastEventMs : Math.max(last, stream.lastEventMs ?? last),
        lastIngestionMs: now,
        storedBytes: stream.storedBytes + bytes,
      };
      rows.streams.set(tx, [group.id, input.logStreamName], after);
      return { nextSequenceToken: sequenceToken(after), rejectedLogEventsInfo: rejected };
    });
  },
} satisfies Group<LogsOperations>;
