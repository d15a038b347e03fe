import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Principal } from '../../service/principal.ts';

/** One environment's log stream, and what is yet to be written to it. */
interface Stream {
  readonly group: string;
  readonly name: string;
  /** In the function's own account and region. */
  readonly ctx: Context;
  readonly principal: () => Promise<Principal>;
  events: LogEvent[];
  bytes: number;
  /** When its environment had started. */
  readyAtMs: number;
  /** The time of the last event handed over. */
  latest: number;
  exists: boolean;
  /** The role may not write: the function runs without a log, as on AWS. */
  denied: boolean;
  writing: Promise<void> | undefined;
  scheduled: boolean;
  lastWriteAt: number;
}

export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

/** Soon after a quiet time, seldom under load: batches grow instead of writes. */
const SOON_MS = 20;
const BUSY_MS = 400;
/** PutLogEvents takes 10,000 events and 1 MB, 26 bytes for each event included. */
const MOST_EVENTS = 5_000;
const MOST_BYTES = 512 * 1024;
const EVENT_OVERHEAD = 26;
/** A stream's bookkeeping goes when its environment surely has. */
const MOST_STREAMS = 2_000;

/** Writes the functions' logs to CloudWatch Logs, behind their backs: an invocation never waits for it. */
export class LogWriter {
  readonly #streams = new Map<string, Stream>();

  /** Names the stream of a new environment; it is made with the first line. */
  open(environmentId: string, stream: Pick<Stream, 'group' | 'name' | 'ctx' | 'principal'>): void {
    this.#streams.set(environmentId, {
      ...stream,
      events: [],
      bytes: 0,
      readyAtMs: 0,
      latest: Number.NEGATIVE_INFINITY,
      exists: false,
      denied: false,
      writing: undefined,
      scheduled: false,
      lastWriteAt: Number.NEGATIVE_INFINITY,
    });
    for (const [id, { events, writing }] of this.#streams) {
      if (this.#streams.size <= MOST_STREAMS) break;
      if (events.length === 0 && writing === undefined) this.#streams.delete(id);
      else break;
    }
  }

  /** Writes what is worth no write of its own: it goes with the line that follows. */
  hold(environmentId: string, event: LogEvent): void {
    const stream = this.#streams.get(environmentId);
    if (stream !== undefined && !stream.denied) stream.events.push(event);
  }

  ready(environmentId: string, atMs: number): void {
    const stream = this.#streams.get(environmentId);
    if (stream !== undefined) stream.readyAtMs = atMs;
  }

  /** Zero when that is not known. */
  readyAt(environmentId: string): number {
    return this.#streams.get(environmentId)?.readyAtMs ?? 0;
  }

  write(environmentId: string, event: LogEvent): void {
    const stream = this.#streams.get(environmentId);
    if (stream === undefined || stream.denied) return;
    stream.events.push(event);
    stream.bytes += event.message.length + EVENT_OVERHEAD;
    if (stream.events.length >= MOST_EVENTS || stream.bytes >= MOST_BYTES) void this.#flush(stream);
    else if (!stream.scheduled) {
      stream.scheduled = true;
      const { clock, timers } = stream.ctx.world;
      const delay = clock.monotonic() - stream.lastWriteAt < 1_000 ? BUSY_MS : SOON_MS;
      timers.after(delay, () => {
        stream.scheduled = false;
        void this.#flush(stream);
      });
    }
  }

  /** Resolves when all that was written so far has been handed over. */
  async flush(): Promise<void> {
    await Promise.all([...this.#streams.values()].map((stream) => this.#flush(stream)));
  }

  /** One batch of a stream at a time, in order. */
  #flush(stream: Stream): Promise<void> {
    const previous = stream.writing;
    if (stream.events.length === 0) return previous ?? Promise.resolve();
    const events = inOrder(stream);
    stream.latest = events.at(-1)?.timestamp ?? stream.latest;
    stream.events = [];
    stream.bytes = 0;
    stream.lastWriteAt = stream.ctx.world.clock.monotonic();
    const work = (previous ?? Promise.resolve()).then(() => this.#put(stream, events));
    const settled: Promise<void> = work
      .catch((error: unknown) => {
        stream.ctx.log('warn', `the log of ${stream.group} was not written`, { error: String(error) });
      })
      .finally(() => {
        if (stream.writing === settled) stream.writing = undefined;
      });
    stream.writing = settled;
    return settled;
  }

  async #put(stream: Stream, events: readonly LogEvent[]): Promise<void> {
    if (stream.denied) return;
    const { ctx, group, name } = stream;
    const as = { principal: await stream.principal() };
    const call = (operation: string, input: Record<string, unknown>) =>
      ctx.call('logs', operation, input, { as });
    const put = () => call('PutLogEvents', { logGroupName: group, logStreamName: name, logEvents: events });
    const make = async () => {
      const makeStream = () =>
        unless('ResourceAlreadyExistsException', () =>
          call('CreateLogStream', { logGroupName: group, logStreamName: name }),
        );
      try {
        await makeStream();
      } catch (error) {
        if (!isFault(error, 'ResourceNotFoundException')) throw error;
        await unless('ResourceAlreadyExistsException', () => call('CreateLogGroup', { logGroupName: group }));
        await makeStream();
      }
      stream.exists = true;
    };
    try {
      if (!stream.exists) await make();
      try {
        await put();
      } catch (error) {
        // Somebody deleted the stream or its group.
        if (!isFault(error, 'ResourceNotFoundException')) throw error;
        await make();
        await put();
      }
    } catch (error) {
      if (!isFault(error, 'AccessDeniedException')) throw error;
      stream.denied = true;
      ctx.log('warn', `the role of ${group} may not write its log`, { reason: error.message });
    }
  }
}

/** PutLogEvents refuses a batch that goes back in time, and START, known last, is not read before what came before it. */
function inOrder({ events, latest: before }: Stream): readonly LogEvent[] {
  let latest = before;
  return events.map((event) => {
    latest = Math.max(latest, event.timestamp);
    return event.timestamp === latest ? event : { ...event, timestamp: latest };
  });
}

function isFault(error: unknown, code: string): error is Fault {
  return Fault.is(error) && error.code === code;
}

async function unless(code: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!isFault(error, code)) throw error;
  }
}
