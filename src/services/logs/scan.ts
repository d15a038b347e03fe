import type { Reader } from '../../store/store.ts';
import { type layout, RUN_SPAN_MS } from './layout.ts';
import { compare, type Position } from './position.ts';

type Runs = ReturnType<typeof layout.at>['runs'];

export interface StoredEvent extends Position {
  readonly message: string;
  readonly ingestedAtMs: number;
}

/** Runs read at a time: a page of a busy stream is some tens of kilobytes. */
const PAGE_RUNS = 64;

/**
 * A stream's events from `fromMs` (inclusive) to `toMs` (exclusive), in pages: in order, or from the end backwards.
 * Runs overlap, but none reaches further than {@link RUN_SPAN_MS}, so what lies that far behind is complete.
 */
export async function* scan(
  reader: Reader,
  runs: Runs,
  streamId: string,
  range: { readonly fromMs: number; readonly toMs: number },
  backwards: boolean,
): AsyncGenerator<readonly StoredEvent[]> {
  const { fromMs, toMs } = range;
  let pending: StoredEvent[] = [];
  let after: [string, number, number] | undefined = backwards
    ? Number.isFinite(toMs)
      ? [streamId, toMs, 0]
      : undefined
    : [streamId, fromMs - RUN_SPAN_MS - 1, Number.MAX_SAFE_INTEGER];
  for (;;) {
    const page: Awaited<ReturnType<Runs['page']>> = await runs.page(reader, [streamId], {
      limit: PAGE_RUNS,
      reverse: backwards,
      ...(after === undefined ? {} : { after }),
    });
    let reachedMs = backwards ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    let over = page.next === undefined;
    for (const { key, value } of page.rows) {
      const [, firstMs, sequence] = key;
      if (backwards ? firstMs + RUN_SPAN_MS < fromMs : firstMs >= toMs) {
        over = true;
        break;
      }
      reachedMs = firstMs;
      value.events.forEach(([timestampMs, message], index) => {
        if (timestampMs < fromMs || timestampMs >= toMs) return;
        pending.push({ timestampMs, sequence, index, message, ingestedAtMs: value.ingestedAtMs });
      });
    }
    const isComplete = ({ timestampMs }: StoredEvent) =>
      over || (backwards ? timestampMs > reachedMs + RUN_SPAN_MS : timestampMs < reachedMs);
    const ready = pending.filter(isComplete).sort(compare);
    pending = pending.filter((event) => !isComplete(event));
    if (ready.length > 0) yield backwards ? ready.reverse() : ready;
    if (over) return;
    after = page.next;
  }
}
