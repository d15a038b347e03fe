import type { TableRow } from './table-row.ts';

/**
 * How fast a table or index may be read or written, in capacity units.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
 */

/** Unused units are kept for this long. */
export const BURST_SECONDS = 300;
/** What one partition serves in a second, however much its table has. */
export const PARTITION_READS = 3000;
export const PARTITION_WRITES = 1000;

/**
 * A store of units that fills at a rate. A request goes ahead while any are left and may overdraw: what it takes is
 * known only afterwards, and the debt is waited for by those that come later.
 */
export class Bucket {
  #rate: number;
  #most: number;
  #left: number;
  #atMs: number;

  /** Starts full. */
  constructor(rate: number, seconds: number, nowMs: number) {
    this.#rate = rate;
    this.#most = rate * seconds;
    this.#left = this.#most;
    this.#atMs = nowMs;
  }

  /** Another rate from now on; what is left stays, as far as it fits. */
  change(rate: number, seconds: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#rate = rate;
    this.#most = rate * seconds;
    this.#left = Math.min(this.#left, this.#most);
  }

  hasAny(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#left > 0;
  }

  take(units: number): void {
    this.#left -= units;
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs === 0) return;
    this.#atMs = nowMs;
    // A clock that was set back fills nothing.
    if (elapsedMs > 0) this.#left = Math.min(this.#most, this.#left + (this.#rate * elapsedMs) / 1000);
  }
}

/** Why a request has to wait, as the last part of DynamoDB's reasons names it. */
export type LimitReached = 'Provisioned' | 'MaxOnDemand' | 'KeyRange';

/** Partitions a table with this throughput is spread over, each an equal range of hashes. */
export function partitionCount(reads: number, writes: number): number {
  return Math.max(1, Math.ceil(reads / PARTITION_READS + writes / PARTITION_WRITES));
}

export interface LimitSettings {
  /** Units a second. */
  readonly rate: number;
  readonly kind: 'Provisioned' | 'MaxOnDemand';
  readonly partitions: number;
  /** Units a second of each partition. */
  readonly partitionRate: number;
}

/** The limit of reading, or of writing, one table or index: its own bucket and one for each partition. */
export class Limit {
  #settings: LimitSettings;
  readonly #whole: Bucket;
  #partitions: readonly Bucket[];
  #taken = 0;
  #onTake: (() => void) | undefined;

  constructor(settings: LimitSettings, nowMs: number) {
    this.#settings = settings;
    this.#whole = new Bucket(settings.rate, BURST_SECONDS, nowMs);
    this.#partitions = partitionsOf(settings, nowMs);
  }

  change(settings: LimitSettings, nowMs: number): void {
    const { partitions } = this.#settings;
    this.#settings = settings;
    this.#whole.change(settings.rate, BURST_SECONDS, nowMs);
    if (partitions !== settings.partitions) this.#partitions = partitionsOf(settings, nowMs);
  }

  /** What keeps a request to the partition of `hash` (in [0, 2³²)) waiting; undefined when nothing does. */
  reached(hash: number, nowMs: number): LimitReached | undefined {
    if (!this.#whole.hasAny(nowMs)) return this.#settings.kind;
    return this.#partition(hash).hasAny(nowMs) ? undefined : 'KeyRange';
  }

  /** Units taken so far, all together. */
  get taken(): number {
    return this.#taken;
  }

  /** Calls back once, when something is taken next; takes the place of one that waits. */
  whenTaken(callback: () => void): void {
    this.#onTake = callback;
  }

  take(hash: number, units: number): void {
    this.#taken += units;
    if (this.#onTake !== undefined) this.#tell(this.#onTake);
    this.#whole.take(units);
    this.#partition(hash).take(units);
  }

  #tell(callback: () => void): void {
    this.#onTake = undefined;
    callback();
  }

  #partition(hash: number): Bucket {
    const partitions = this.#partitions;
    return partitions[Math.floor((hash / 2 ** 32) * partitions.length)] as Bucket;
  }
}

function partitionsOf({ partitions, partitionRate }: LimitSettings, nowMs: number): readonly Bucket[] {
  return Array.from({ length: partitions }, () => new Bucket(partitionRate, 1, nowMs));
}

/** Whether anything of a table is limited. */
export function isLimited(row: TableRow): boolean {
  return (
    row.billingMode === 'PROVISIONED' ||
    row.onDemandThroughput !== undefined ||
    row.indexes.some(({ onDemandThroughput }) => onDemandThroughput !== undefined)
  );
}
