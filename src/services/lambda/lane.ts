import type { CheckpointRow } from './layout.ts';
import type { SourceRecord } from './stream-source.ts';

/**
 * A part of a shard that is read by itself: with a parallelisation factor of `of`, the items whose keys hash to
 * `number`. The records of one item stay in one lane, so they stay in order.
 */
export interface Lane {
  readonly shard: string;
  readonly number: number;
  readonly of: number;
}

export function lanesOf(shard: string, factor: number): readonly Lane[] {
  return Array.from({ length: factor }, (_, number) => ({ shard, number, of: factor }));
}

/** What the lane's checkpoint stands under: the shard itself when that is one lane. */
export function laneKey({ shard, number, of }: Lane): string {
  return of === 1 ? shard : `${shard}#${number}/${of}`;
}

/** The shard of a checkpoint's key. */
export function shardOfKey(key: string): string {
  return key.split('#', 1)[0] ?? key;
}

export function inLane({ number, of }: Lane, { event }: SourceRecord): boolean {
  if (of === 1) return true;
  const { Keys } = (event as { readonly dynamodb: { readonly Keys?: Readonly<Record<string, unknown>> } })
    .dynamodb;
  const text = JSON.stringify(Object.entries(Keys ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % of === number;
}

/**
 * How far a shard has been read by the slowest of its lanes, from which lanes of another number go on: what faster ones
 * had settled beyond it comes again.
 */
export function slowest(checkpoints: readonly CheckpointRow[]): CheckpointRow {
  let sequence: string | undefined;
  for (const [index, checkpoint] of checkpoints.entries()) {
    if (checkpoint.sequence === undefined) return { failures: 0 };
    if (index === 0 || isBefore(checkpoint.sequence, sequence ?? '')) sequence = checkpoint.sequence;
  }
  return { sequence, failures: 0 };
}

/** Sequence numbers are decimal and may differ in length. */
function isBefore(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}
