import type { Context } from '../../service/context.ts';
import type { Fault } from '../../service/faults.ts';
import type { Store } from '../../store/store.ts';
import { fault } from './fault.ts';
import type { IndexUnits } from './index-entries.ts';
import { hashIn } from './item-key.ts';
import type { Index, Table } from './table.ts';
import type { IndexRow, TableRow } from './table-row.ts';
import {
  Limit,
  type LimitReached,
  type LimitSettings,
  PARTITION_READS,
  PARTITION_WRITES,
  partitionCount,
} from './throughput.ts';

type Side = 'Read' | 'Write';

/** The limit of one side of a table or global index, and how its fault names it. */
export class NamedLimit {
  readonly #limit: Limit;
  readonly #side: Side;
  readonly #arn: string;
  readonly #index: boolean;
  /** Bytes of a key before its hash. */
  readonly #prefix: number;

  constructor(limit: Limit, side: Side, arn: string, index: boolean, prefix: Uint8Array) {
    this.#limit = limit;
    this.#side = side;
    this.#arn = arn;
    this.#index = index;
    this.#prefix = prefix.length;
  }

  /** Throws DynamoDB's fault for a request to the partition of `key` that has to wait. */
  admit(key: Uint8Array, nowMs: number): void {
    const reached = this.#limit.reached(hashIn(key, this.#prefix), nowMs);
    if (reached !== undefined) throw this.#exceeded(reached);
  }

  /** Counts what a request took. */
  take(key: Uint8Array, units: number): void {
    this.#limit.take(hashIn(key, this.#prefix), units);
  }

  #exceeded(reached: LimitReached): Fault {
    const reason = `${this.#index ? 'Index' : 'Table'}${this.#side}${reached}ThroughputExceeded`;
    const reasons = [{ reason, resource: this.#arn }];
    if (reached === 'MaxOnDemand') {
      return fault(
        'ThrottlingException',
        'Throughput exceeds the maximum OnDemandThroughput configured on table or index',
        { throttlingReasons: reasons },
      );
    }
    return fault(
      'ProvisionedThroughputExceededException',
      this.#index && this.#side === 'Write'
        ? 'The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. ' +
            'Consider provisioning your under-provisioned global secondary indexes with the UpdateTable API'
        : 'The level of configured provisioned throughput for the table was exceeded. ' +
            'Consider increasing your provisioning level with the UpdateTable API.',
      { ThrottlingReasons: reasons },
    );
  }
}

/** Limits of a table and its global indexes. */
export class TableLimits {
  readonly #reads: ReadonlyMap<number, NamedLimit>;
  readonly #writes: ReadonlyMap<number, NamedLimit>;

  constructor(reads: ReadonlyMap<number, NamedLimit>, writes: ReadonlyMap<number, NamedLimit>) {
    this.#reads = reads;
    this.#writes = writes;
  }

  /** Of reading the table, or the index named; a local index is its table's. */
  reading(index?: Index): NamedLimit | undefined {
    return this.#reads.get(index?.row.kind === 'global' ? index.row.number : 0);
  }

  /** Throws when the table cannot take another write of the item under `key` yet. */
  admitWrite(key: Uint8Array, nowMs: number): void {
    this.#writes.get(0)?.admit(key, nowMs);
  }

  /** Throws when an index that a write has to change cannot take it: the whole write waits. */
  admitIndexWrites(indexUnits: readonly IndexUnits[], nowMs: number): void {
    for (const { index, units, key } of indexUnits) {
      if (units > 0 && key !== undefined) this.#writes.get(index.row.number)?.admit(key, nowMs);
    }
  }

  /** Counts what a write took of the table, local indexes included, and of each global index. */
  takeWrite(key: Uint8Array, units: number, indexUnits: readonly IndexUnits[]): void {
    const whole = this.#writes.get(0);
    whole?.take(key, units);
    for (const used of indexUnits) {
      if (used.units === 0 || used.key === undefined) continue;
      if (used.index.row.kind === 'local') whole?.take(key, used.units);
      else this.#writes.get(used.index.row.number)?.take(used.key, used.units);
    }
  }
}

/** Every limit of a process, by side and by what it limits; derived, so that a restart starts with full buckets. */
const limits = new WeakMap<Store, Map<string, Limit>>();
/** The same as the tables in the cache see them. */
const known = new WeakMap<Table, TableLimits>();

/** The limits of a table; undefined when it has none. */
export function limitsOf(ctx: Pick<Context, 'store' | 'world'>, table: Table): TableLimits | undefined {
  if (!table.isLimited) return undefined;
  let found = known.get(table);
  if (found === undefined) known.set(table, (found = makeLimits(ctx, table)));
  return found;
}

function makeLimits(ctx: Pick<Context, 'store' | 'world'>, table: Table): TableLimits {
  let all = limits.get(ctx.store);
  if (all === undefined) limits.set(ctx.store, (all = new Map()));
  const every = all;
  const nowMs = ctx.world.clock.now();
  const reads = new Map<number, NamedLimit>();
  const writes = new Map<number, NamedLimit>();
  const add = (row: TableRow | IndexRow, number: number, arn: string, prefix: Uint8Array) => {
    for (const side of ['Read', 'Write'] as const) {
      const settings = settingsOf(table.row, row, side);
      const name = `${limitName(table)}${number}/${side}`;
      if (settings === undefined) {
        every.delete(name);
        continue;
      }
      let limit = every.get(name);
      if (limit === undefined) every.set(name, (limit = new Limit(settings, nowMs)));
      else limit.change(settings, nowMs);
      (side === 'Read' ? reads : writes).set(number, new NamedLimit(limit, side, arn, number !== 0, prefix));
    }
  };
  add(table.row, 0, table.arn, table.prefix);
  for (const { row, prefix } of table.indexes) {
    if (row.kind === 'global') add(row, row.number, `${table.arn}/index/${row.name}`, prefix);
  }
  return new TableLimits(reads, writes);
}

function settingsOf(table: TableRow, row: TableRow | IndexRow, side: Side): LimitSettings | undefined {
  const partitionRate = side === 'Read' ? PARTITION_READS : PARTITION_WRITES;
  if (table.billingMode === 'PROVISIONED') {
    const { reads, writes } = row.throughput;
    const rate = side === 'Read' ? reads : writes;
    return { rate, kind: 'Provisioned', partitions: partitionCount(reads, writes), partitionRate };
  }
  const most = row.onDemandThroughput;
  const rate = side === 'Read' ? most?.MaxReadRequestUnits : most?.MaxWriteRequestUnits;
  if (rate === undefined || rate < 0) return undefined;
  const partitions = partitionCount(
    Math.max(0, most?.MaxReadRequestUnits ?? 0),
    Math.max(0, most?.MaxWriteRequestUnits ?? 0),
  );
  return { rate, kind: 'MaxOnDemand', partitions, partitionRate };
}

/** The limit of one side of a table, or of its index of that number; undefined when it has none. */
export function limitOf(
  ctx: Pick<Context, 'store' | 'world'>,
  table: Table,
  index: number,
  side: Side,
): Limit | undefined {
  limitsOf(ctx, table);
  return limits.get(ctx.store)?.get(`${limitName(table)}${index}/${side}`);
}

interface TableNumber {
  readonly account: string;
  readonly region: string;
  readonly row: Pick<TableRow, 'number'>;
}

function limitName({ account, region, row: { number } }: TableNumber): string {
  return `${account}/${region}/${number}/`;
}

/** Forgets the limits of a table that is gone. */
export function forgetLimits(ctx: Pick<Context, 'store'>, table: TableNumber): void {
  const all = limits.get(ctx.store);
  const prefix = limitName(table);
  for (const name of all?.keys() ?? []) if (name.startsWith(prefix)) all?.delete(name);
}

const THROTTLES: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
]);

/** Whether a fault says to try again later. */
export function isThrottle({ code }: Fault): boolean {
  return THROTTLES.has(code);
}
