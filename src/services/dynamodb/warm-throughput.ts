import type { BillingMode, UpdateTableInput, WarmThroughput } from '../../model/gen/dynamodb.ts';
import { fault, invalidParameter } from './fault.ts';
import { TABLE_UNITS } from './quota.ts';
import type { TableRow, Throughput } from './table-row.ts';

/**
 * What a table or global index can take at once, in units a second: the most it was ever given or asked to be warmed
 * for. It only grows. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
 */
export interface Warmth {
  readonly reads: number;
  readonly writes: number;
}

/** Of tables and indexes on demand that are new. */
const INITIAL: Warmth = { reads: 12_000, writes: 4_000 };

interface Warmed {
  readonly throughput: Throughput;
  readonly warmth?: Warmth;
}

export function warmthOf(mode: BillingMode, { throughput, warmth }: Warmed): Warmth {
  return most(warmth, mode === 'PAY_PER_REQUEST' ? INITIAL : throughput);
}

function most(one: Warmth | undefined, other: Warmth): Warmth {
  return {
    reads: Math.max(one?.reads ?? 0, other.reads),
    writes: Math.max(one?.writes ?? 0, other.writes),
  };
}

/** A table or index, named for messages: `table`, `index by-kind`. */
type What = 'table' | `index ${string}`;

/** The row of a new table or index that is warmed for what is asked. Throws when that is less than it has anyway. */
export function withWarmth<Row extends Warmed>(
  row: Row,
  mode: BillingMode,
  requested: WarmThroughput | undefined,
  what: What,
  region: string,
): Row {
  if (requested === undefined) return row;
  const lower = (side: Side) =>
    mode === 'PAY_PER_REQUEST'
      ? 'initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial'
      : `${side}CapacityUnits of ProvisionedThroughput`;
  return { ...row, warmth: checked(requested, warmthOf(mode, row), what, region, lower) };
}

/** A table and its global indexes after a change: each keeps what it was warm for, or is warmed for what is asked. */
export function warmed(before: TableRow, after: TableRow, input: UpdateTableInput, region: string): TableRow {
  const modes = { before: before.billingMode, after: after.billingMode };
  return {
    ...after,
    warmth: nextWarmth(modes, before, after, input.WarmThroughput, 'table', region),
    indexes: after.indexes.map((index) => {
      if (index.kind === 'local') return index;
      const what = `index ${index.name}` as const;
      const updates = input.GlobalSecondaryIndexUpdates ?? [];
      const old = before.indexes.find(({ number }) => number === index.number);
      if (old === undefined) {
        const made = updates.find(({ Create }) => Create?.IndexName === index.name)?.Create;
        return withWarmth(index, modes.after, made?.WarmThroughput, what, region);
      }
      const asked = updates.find(({ Update }) => Update?.IndexName === index.name)?.Update;
      return { ...index, warmth: nextWarmth(modes, old, index, asked?.WarmThroughput, what, region) };
    }),
  };
}

function nextWarmth(
  modes: { readonly before: BillingMode; readonly after: BillingMode },
  before: Warmed,
  after: Warmed,
  requested: WarmThroughput | undefined,
  what: What,
  region: string,
): Warmth {
  const kept = most(warmthOf(modes.before, before), warmthOf(modes.after, after));
  if (requested === undefined) return kept;
  if (requested.ReadUnitsPerSecond === undefined && requested.WriteUnitsPerSecond === undefined) {
    throw invalidParameter(
      `WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for ${what.replace(' ', ': ')}`,
    );
  }
  return checked(requested, kept, what, region);
}

type Side = 'Read' | 'Write';

function checked(
  { ReadUnitsPerSecond: reads, WriteUnitsPerSecond: writes }: WarmThroughput,
  current: Warmth,
  what: What,
  region: string,
  lower: (side: Side) => string = () => 'current WarmThroughput, decreasing WarmThroughput is not supported',
): Warmth {
  for (const [name, units, least] of [
    ['Read', reads, current.reads],
    ['Write', writes, current.writes],
  ] as const) {
    if (units === undefined) continue;
    const requested = `Requested ${name}UnitsPerSecond for WarmThroughput for ${what}`;
    if (units < least) throw invalidParameter(`${requested} is lower than ${lower(name)}`);
    if (units > TABLE_UNITS) {
      throw fault(
        'LimitExceededException',
        `Subscriber limit exceeded: ${requested} exceeds TableMax${name}CapacityUnits of the account in region ${region}`,
      );
    }
  }
  return { reads: reads ?? current.reads, writes: writes ?? current.writes };
}
