import type { FilteredLogEvent, LogsOperations } from '../../model/gen/logs.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { parsePattern } from './filter-pattern.ts';
import { Answer } from './getting.ts';
import { fault, groupNameOf, oldestKept, readGroup, readStream } from './group.ts';
import { type GroupRow, layout, type StreamRow } from './layout.ts';
import { compare, eventId, type Position } from './position.ts';
import { type StoredEvent, scan } from './scan.ts';
import { invalidToken } from './token.ts';

/** A call looks at this many events and then answers with a token, found or not. */
const MOST_LOOKED_AT = 100_000;

interface Source {
  readonly name: string;
  readonly id: string;
  readonly pages: AsyncGenerator<readonly StoredEvent[]>;
  page: readonly StoredEvent[];
  at: number;
}

/** The last event looked at, and its stream. */
interface Cursor extends Position {
  readonly stream: string;
}

function readCursor(token: string): Cursor {
  try {
    const [stream, timestampMs, sequence, index] = JSON.parse(
      Buffer.from(token, 'base64url').toString(),
    ) as unknown[];
    if (
      typeof stream === 'string' &&
      typeof timestampMs === 'number' &&
      typeof sequence === 'number' &&
      typeof index === 'number'
    ) {
      return { stream, timestampMs, sequence, index };
    }
  } catch {
    // Not one of ours.
  }
  throw invalidToken();
}

function sealCursor({ stream, timestampMs, sequence, index }: Cursor): string {
  return Buffer.from(JSON.stringify([stream, timestampMs, sequence, index])).toString('base64url');
}

/** Events of a group stand by time, then by stream, then as they came. */
function isAfter(event: StoredEvent, stream: string, cursor: Cursor): boolean {
  if (event.timestampMs !== cursor.timestampMs) return event.timestampMs > cursor.timestampMs;
  if (stream !== cursor.stream) return stream > cursor.stream;
  return compare(event, cursor) > 0;
}

async function streamsOf(
  ctx: Context,
  group: GroupRow,
  names: readonly string[] | undefined,
  prefix: string,
): Promise<readonly (readonly [name: string, stream: StreamRow])[]> {
  const { streams } = layout.at(ctx.account, ctx.region);
  if (names !== undefined) {
    return Promise.all(
      names.map(async (name) => [name, await readStream(ctx.store, ctx, group, name)] as const),
    );
  }
  const all = await streams.all(ctx.store, [group.id]);
  return all.filter(({ key }) => key[1].startsWith(prefix)).map(({ key, value }) => [key[1], value] as const);
}

/** The source whose next event comes first. */
async function earliest(sources: Set<Source>): Promise<Source | undefined> {
  let best: Source | undefined;
  let bestEvent: StoredEvent | undefined;
  for (const source of sources) {
    while (source.at >= source.page.length) {
      const next = await source.pages.next();
      if (next.done === true) break;
      source.page = next.value;
      source.at = 0;
    }
    const event = source.page[source.at];
    if (event === undefined) sources.delete(source);
    else if (
      best === undefined ||
      bestEvent === undefined ||
      event.timestampMs < bestEvent.timestampMs ||
      (event.timestampMs === bestEvent.timestampMs && source.name < best.name)
    ) {
      best = source;
      bestEvent = event;
    }
  }
  return best;
}

export const filtering = {
  async FilterLogEvents(input, ctx) {
    const { logStreamNames: names, logStreamNamePrefix: prefix } = input;
    if (names !== undefined && prefix !== undefined) {
      throw fault(
        'InvalidParameterException',
        'logStreamNames and logStreamNamePrefix cannot be specified together.',
      );
    }
    if (input.startFromHead === false) {
      throw fault(
        'InvalidParameterException',
        'FilterLogEvents answers the earliest events first: startFromHead can only be true.',
      );
    }
    const matches = parsePattern(input.filterPattern ?? '');
    const rows = layout.at(ctx.account, ctx.region);
    const group = await readGroup(ctx.store, ctx, groupNameOf(input, ctx));
    const cursor = input.nextToken === undefined ? undefined : readCursor(input.nextToken);
    const fromMs = Math.max(
      input.startTime ?? 0,
      oldestKept(group, ctx.world.clock.now()),
      cursor?.timestampMs ?? 0,
    );
    const toMs = input.endTime === undefined ? Number.POSITIVE_INFINITY : input.endTime + 1;
    const sources = new Set<Source>();
    for (const [name, stream] of await streamsOf(ctx, group, names, prefix ?? '')) {
      const { firstEventMs, lastEventMs } = stream;
      if (firstEventMs === undefined || lastEventMs === undefined) continue;
      if (lastEventMs < fromMs || firstEventMs >= toMs) continue;
      const pages = scan(ctx.store, rows.runs, stream.id, { fromMs, toMs }, false);
      sources.add({ name, id: stream.id, pages, page: [], at: 0 });
    }
    const answer = new Answer(input.limit);
    const events: FilteredLogEvent[] = [];
    let next: Cursor | undefined;
    let looked = 0;
    for (;;) {
      const source = await earliest(sources);
      const event = source?.page[source.at];
      if (source === undefined || event === undefined) {
        next = undefined;
        break;
      }
      if (next !== undefined && (looked >= MOST_LOOKED_AT || events.length >= (input.limit ?? 10_000))) break;
      source.at++;
      if (cursor !== undefined && !isAfter(event, source.name, cursor)) continue;
      looked++;
      if (matches(event.message)) {
        const fits = answer.events.length;
        answer.add(event);
        // No room for it: the next answer begins with it.
        if (answer.events.length === fits) break;
        events.push({
          logStreamName: source.name,
          timestamp: event.timestampMs,
          message: event.message,
          ingestionTime: event.ingestedAtMs,
          eventId: eventId(source.id, event),
        });
      }
      next = {
        stream: source.name,
        timestampMs: event.timestampMs,
        sequence: event.sequence,
        index: event.index,
      };
    }
    return {
      events,
      searchedLogStreams: [],
      nextToken: next === undefined ? undefined : sealCursor(next),
    };
  },
} satisfies Group<LogsOperations>;
