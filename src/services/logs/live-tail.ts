import type { LiveTailSessionLogEvent, LogsOperations } from '../../model/gen/logs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { type Matcher, parsePattern } from './filter-pattern.ts';
import { fault, groupNameOf, readGroup } from './group.ts';
import { layout, type StreamRow } from './layout.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html */
const MOST_GROUPS = 10;
const SESSION_MS = 3 * 3_600_000;
const MOST_EVENTS = 500;
/** An update comes so often whatever happens, and so soon after something did. */
const UPDATE_MS = 1_000;
const SOON_MS = 100;

interface Tailed {
  readonly name: string;
  readonly id: string;
  /** By stream id: the number of the run that comes next. */
  readonly seen: Map<string, number>;
}

interface Wanted {
  readonly matches: Matcher;
  readonly stream: (name: string) => boolean;
}

async function streamsOf(ctx: Context, group: Tailed) {
  const { streams } = layout.at(ctx.account, ctx.region);
  return streams.all(ctx.store, [group.id]);
}

/** The events of runs that were not there when this was asked last. */
async function newEvents(ctx: Context, group: Tailed, wanted: Wanted): Promise<LiveTailSessionLogEvent[]> {
  const found: LiveTailSessionLogEvent[] = [];
  for (const { key, value } of await streamsOf(ctx, group)) {
    const from = group.seen.get(value.id) ?? 0;
    if (value.nextSequence <= from) continue;
    group.seen.set(value.id, value.nextSequence);
    if (wanted.stream(key[1])) await readRuns(ctx, group, { name: key[1], row: value, from }, wanted, found);
  }
  return found;
}

async function readRuns(
  ctx: Context,
  group: Tailed,
  stream: { readonly name: string; readonly row: StreamRow; readonly from: number },
  { matches }: Wanted,
  into: LiveTailSessionLogEvent[],
): Promise<void> {
  const { runs } = layout.at(ctx.account, ctx.region);
  let left = stream.row.nextSequence - stream.from;
  let after: [string, number, number] | undefined;
  // The newest are at the end, unless their times are old.
  do {
    const page: Awaited<ReturnType<typeof runs.page>> = await runs.page(ctx.store, [stream.row.id], {
      reverse: true,
      limit: 64,
      ...(after === undefined ? {} : { after }),
    });
    for (const { key, value } of page.rows) {
      if (key[2] < stream.from || key[2] >= stream.row.nextSequence) continue;
      left--;
      for (const [timestamp, message] of value.events) {
        if (!matches(message)) continue;
        into.push({
          logStreamName: stream.name,
          logGroupIdentifier: `${ctx.account}:${group.name}`,
          message,
          timestamp,
          ingestionTime: value.ingestedAtMs,
        });
      }
    }
    after = page.next;
  } while (left > 0 && after !== undefined);
}

/** Waits for something to be written, an update's time, or the client's leaving. */
function rest(ctx: Context, mark: { rung: boolean; wake: () => void }): Promise<void> {
  return new Promise((resolve) => {
    const cancel = ctx.world.timers.after(UPDATE_MS, resolve);
    let soon = false;
    mark.wake = () => {
      if (soon) return;
      soon = true;
      cancel();
      ctx.world.timers.after(ctx.signal.aborted ? 0 : SOON_MS, resolve);
    };
    if (mark.rung || ctx.signal.aborted) mark.wake();
  });
}

async function* session(
  ctx: Context,
  groups: readonly Tailed[],
  wanted: Wanted,
  start: Readonly<Record<string, unknown>>,
): AsyncGenerator<unknown> {
  const { clock, random } = ctx.world;
  const mark = { rung: true, wake: () => {} };
  const ring = () => {
    mark.rung = true;
    mark.wake();
  };
  const { runs } = layout.at(ctx.account, ctx.region);
  const unwatch = ctx.store.watch(runs.rangeOf([]), ring);
  ctx.signal.addEventListener('abort', ring, { once: true });
  const endsAt = clock.monotonic() + SESSION_MS;
  try {
    yield { sessionStart: { requestId: ctx.requestId, sessionId: random.uuid(), ...start } };
    while (!ctx.signal.aborted) {
      if (clock.monotonic() >= endsAt) {
        yield { SessionTimeoutException: { message: 'The session timed out.' } };
        return;
      }
      const before = mark.rung;
      mark.rung = false;
      const found = before ? await Promise.all(groups.map((group) => newEvents(ctx, group, wanted))) : [];
      const events = found.flat().sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
      yield {
        sessionUpdate: {
          sessionMetadata: { sampled: events.length > MOST_EVENTS },
          sessionResults: events.slice(0, MOST_EVENTS),
        },
      };
      await rest(ctx, mark);
    }
  } finally {
    unwatch();
    ctx.signal.removeEventListener('abort', ring);
  }
}

export const liveTail = {
  async StartLiveTail(input, ctx) {
    const { logGroupIdentifiers, logStreamNames, logStreamNamePrefixes, logEventFilterPattern } = input;
    if (logGroupIdentifiers.length > MOST_GROUPS) {
      throw fault('InvalidParameterException', `At most ${MOST_GROUPS} log groups can be tailed at a time.`);
    }
    if (logStreamNames !== undefined && logStreamNamePrefixes !== undefined) {
      throw fault(
        'InvalidParameterException',
        'logStreamNames and logStreamNamePrefixes cannot be specified together.',
      );
    }
    if ((logStreamNames ?? logStreamNamePrefixes) !== undefined && logGroupIdentifiers.length > 1) {
      throw fault('InvalidParameterException', 'Log streams can be named for one log group only.');
    }
    const matches = parsePattern(logEventFilterPattern ?? '');
    const groups: Tailed[] = [];
    for (const logGroupIdentifier of logGroupIdentifiers) {
      const name = groupNameOf({ logGroupIdentifier }, ctx);
      const { id } = await readGroup(ctx.store, ctx, name);
      const group: Tailed = { name, id, seen: new Map() };
      for (const { value } of await streamsOf(ctx, group)) group.seen.set(value.id, value.nextSequence);
      groups.push(group);
    }
    const stream = (name: string) =>
      logStreamNames?.includes(name) ??
      logStreamNamePrefixes?.some((prefix) => name.startsWith(prefix)) ??
      true;
    const start = { logGroupIdentifiers, logStreamNames, logStreamNamePrefixes, logEventFilterPattern };
    return { responseStream: session(ctx, groups, { matches, stream }, start) };
  },
} satisfies Group<LogsOperations>;
