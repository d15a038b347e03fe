import type { WindowRow } from './layout.ts';

/**
 * Tumbling windows: records of a shard fall into spans of time of equal length, side by side; the function carries a
 * state through a span's batches and is invoked once more at its end.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html
 */
const MOST_STATE_BYTES = 1024 * 1024;

/** A record that was made within its window may be seen a little after the window's end. */
export const LATE_MS = 200;

export function windowStart(atMs: number, seconds: number): number {
  const lengthMs = seconds * 1000;
  return Math.floor(atMs / lengthMs) * lengthMs;
}

export function windowEnd({ startMs }: WindowRow, seconds: number): number {
  return startMs + seconds * 1000;
}

/** What an event says of its window beside its records. */
export function windowMembers(
  window: WindowRow,
  seconds: number,
  {
    shard,
    sourceArn,
    final,
  }: { readonly shard: string; readonly sourceArn: string; readonly final: boolean },
): Readonly<Record<string, unknown>> {
  return {
    window: { start: timeText(window.startMs), end: timeText(windowEnd(window, seconds)) },
    state: window.state,
    shardId: shard,
    eventSourceARN: sourceArn,
    isFinalInvokeForWindow: final,
    isWindowTerminatedEarly: final && window.early === true,
  };
}

/** The window after a batch, by the function's answer; undefined when that names no state, which is a failure. */
export function afterBatch(window: WindowRow, answer: unknown): WindowRow | undefined {
  const state = (answer as { readonly state?: unknown } | null)?.state;
  if (state === undefined || state === null) return undefined;
  const fits = Buffer.byteLength(JSON.stringify(state)) <= MOST_STATE_BYTES;
  return fits ? { startMs: window.startMs, state } : { ...window, early: true };
}

/** Whole seconds, as the event shows them. */
function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, -5)}Z`;
}
