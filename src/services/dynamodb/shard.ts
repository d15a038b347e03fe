import { HASHES } from './item-key.ts';
import { PARTITION_WRITES } from './throughput.ts';

/**
 * The shards of a stream: each takes the changes of the items in a range of hashes, for some hours or until it has to
 * take too many. What follows it takes what comes later, so an item's changes are in order from parent to child.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
export interface ShardRow {
  /** Numbered within the stream, parents before their children. */
  readonly number: number;
  readonly parent?: { readonly number: number; readonly openedAtMs: number };
  readonly openedAtMs: number;
  /** The number of the first record it may have. */
  readonly first: number;
  /** It takes no more records: none has a number above this. */
  readonly closed?: { readonly last: number; readonly atMs: number };
  /** Records up to this number have been dropped. */
  readonly trimmed?: number;
}

/** A shard that takes records, as the stream's end knows it. */
export interface OpenShard {
  readonly number: number;
  /** Hashes, the first it takes and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly openedAtMs: number;
  /** Write units since a moment. */
  readonly heat: { readonly sinceMs: number; readonly units: number };
}

/** Where a stream's next record goes: every write to its table passes here. */
export interface StreamEnd {
  /** The last record's number, of all shards; 0 before the first. */
  readonly last: number;
  /** The hour whose trimming is scheduled. */
  readonly hour: number;
  readonly shards: readonly OpenShard[];
  /** The number the next shard takes. */
  readonly nextShard: number;
}

export interface Placed {
  readonly end: StreamEnd;
  /** Of the record. */
  readonly sequence: number;
  readonly shard: number;
  /** The shard the record would have gone to, when others follow it now, and those. */
  readonly closed?: number;
  readonly opened: readonly ShardRow[];
}

/** A shard takes records for this long. */
export const SHARD_LIFE_MS = 4 * 3_600_000;
/** A shard splits when it took more than one partition may write, all through this time. */
const HEAT_MS = 10_000;
const MOST_HEAT = (PARTITION_WRITES * HEAT_MS) / 1000;
/** Shards with fewer hashes do not split. */
const LEAST_WIDTH = HASHES / 4096;

/** The end of a new stream of a table with so many partitions. */
export function newEnd(partitions: number, nowMs: number): StreamEnd {
  return {
    last: 0,
    hour: 0,
    shards: Array.from({ length: partitions }, (_, index) => ({
      number: index + 1,
      from: Math.ceil((HASHES * index) / partitions),
      to: Math.ceil((HASHES * (index + 1)) / partitions),
      openedAtMs: nowMs,
      heat: { sinceMs: nowMs, units: 0 },
    })),
    nextShard: partitions + 1,
  };
}

/** The rows of the shards of a new end. */
export function firstRows({ shards }: StreamEnd): readonly ShardRow[] {
  return shards.map(({ number, openedAtMs }) => ({ number, openedAtMs, first: 1 }));
}

export interface Arrival {
  /** Of the item's partition key; asked only where there are several shards. */
  readonly hash: () => number;
  /** The write's capacity units. */
  readonly units: number;
  readonly nowMs: number;
  /** Partitions of the table. */
  readonly partitions: number;
}

/** Gives a record its number and its shard, which may be a new one: the old one was open long enough, or too busy. */
export function placeRecord(end: StreamEnd, { hash, units, nowMs, partitions }: Arrival): Placed {
  const sequence = end.last + 1;
  const isOnly = end.shards.length === 1;
  const place = isOnly ? 0 : hash();
  const shard = isOnly ? end.shards[0] : end.shards.find(({ from, to }) => place >= from && place < to);
  if (shard === undefined) throw new RangeError(`no shard takes ${place}`);
  const { from, to, heat } = shard;
  const isOver = nowMs >= heat.sinceMs + HEAT_MS;
  const total = isOver ? units : heat.units + units;
  const splits = to - from > LEAST_WIDTH && (total > MOST_HEAT || to - from > Math.ceil(HASHES / partitions));
  if (!splits && nowMs < shard.openedAtMs + SHARD_LIFE_MS) {
    const warmer = { ...shard, heat: { sinceMs: isOver ? nowMs : heat.sinceMs, units: total } };
    return {
      end: { ...end, last: sequence, shards: replaced(end.shards, shard, [warmer]) },
      sequence,
      shard: shard.number,
      opened: [],
    };
  }
  const middle = from + Math.ceil((to - from) / 2);
  const ranges = splits
    ? [
        { from, to: middle },
        { from: middle, to },
      ]
    : [{ from, to }];
  const following = ranges.map(
    (range, index): OpenShard => ({
      ...range,
      number: end.nextShard + index,
      openedAtMs: nowMs,
      heat: { sinceMs: nowMs, units: 0 },
    }),
  );
  const next: StreamEnd = {
    ...end,
    shards: replaced(end.shards, shard, following),
    nextShard: end.nextShard + following.length,
  };
  const taken = splits && hash() >= middle ? following[1] : following[0];
  return {
    end: { ...next, last: sequence },
    sequence,
    shard: (taken as OpenShard).number,
    closed: shard.number,
    opened: following.map(({ number }) => ({
      number,
      parent: { number: shard.number, openedAtMs: shard.openedAtMs },
      openedAtMs: nowMs,
      first: sequence,
    })),
  };
}

function replaced(
  shards: readonly OpenShard[],
  old: OpenShard,
  by: readonly OpenShard[],
): readonly OpenShard[] {
  if (shards.length === 1) return by;
  return shards.flatMap((shard) => (shard === old ? by : shard));
}
