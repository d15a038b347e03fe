import type { LogsOperations, OutputLogEvent } from '../../model/gen/logs.ts';
import type { Group } from '../../service/service.ts';
import { groupNameOf, oldestKept, readGroup, readStream } from './group.ts';
import { layout } from './layout.ts';
import { compare, eventId, type Position, positionOf } from './position.ts';
import { type StoredEvent, scan } from './scan.ts';
import { invalidToken } from './token.ts';

/** What one answer holds at most. */
const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_048_576;
const EVENT_OVERHEAD = 26;

/** `f/<event>/s`: after that event. `b/<event>/s`: before it. */
function readToken(token: string): { readonly forward: boolean; readonly position: Position } {
  const match = /^([fb])\/(\d{56})\/s$/.exec(token);
  if (match === null) throw invalidToken();
  return { forward: match[1] === 'f', position: positionOf(match[2] ?? '') };
}

/** Counts events into one answer. */
export class Answer {
  readonly events: StoredEvent[] = [];
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number | undefined) {
    this.#limit = limit ?? MOST_EVENTS;
  }

  /** False when there is no more room. */
  add(event: StoredEvent): boolean {
    this.#bytes += Buffer.byteLength(event.message) + EVENT_OVERHEAD;
    if (this.events.length > 0 && this.#bytes > MOST_BYTES) return false;
    this.events.push(event);
    return this.events.length < this.#limit;
  }
}

const BEGINNING: Position = { timestampMs: 0, sequence: 0, index: 0 };

export const getting = {
  async GetLogEvents(input, ctx) {
    const rows = layout.at(ctx.account, ctx.region);
    const group = await readGroup(ctx.store, ctx, groupNameOf(input, ctx));
    const stream = await readStream(ctx.store, ctx, group, input.logStreamName);
    const token = input.nextToken === undefined ? undefined : readToken(input.nextToken);
    const forward = token?.forward ?? input.startFromHead ?? false;
    let fromMs = Math.max(input.startTime ?? 0, oldestKept(group, ctx.world.clock.now()));
    let toMs = input.endTime ?? Number.POSITIVE_INFINITY;
    if (token !== undefined) {
      if (forward) fromMs = Math.max(fromMs, token.position.timestampMs);
      else toMs = Math.min(toMs, token.position.timestampMs + 1);
    }
    const answer = new Answer(input.limit);
    search: for await (const page of scan(ctx.store, rows.runs, stream.id, { fromMs, toMs }, !forward)) {
      for (const event of page) {
        if (token !== undefined) {
          const order = compare(event, token.position);
          if (forward ? order <= 0 : order >= 0) continue;
        }
        if (!answer.add(event)) break search;
      }
    }
    const events = forward ? answer.events : answer.events.reverse();
    const first = events[0] ?? token?.position ?? BEGINNING;
    const last = events.at(-1) ?? token?.position ?? BEGINNING;
    return {
      events: events.map(
        ({ timestampMs, message, ingestedAtMs }): OutputLogEvent => ({
          timestamp: timestampMs,
          message,
          ingestionTime: ingestedAtMs,
        }),
      ),
      nextForwardToken: `f/${eventId(stream.id, last)}/s`,
      nextBackwardToken: `b/${eventId(stream.id, first)}/s`,
    };
  },
} satisfies Group<LogsOperations>;
