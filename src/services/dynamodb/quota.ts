import type { ProvisionedThroughput } from '../../model/gen/dynamodb.ts';
import { fault } from './fault.ts';
import type { Throughput } from './table-row.ts';

/** What an account may use of one region. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
export const MOST_TABLES = 2_500;
/** Units a second, reads and writes each. */
export const ACCOUNT_UNITS = 80_000;
export const TABLE_UNITS = 40_000;

/** Decreases of a UTC day that need not wait for each other, and how long the others wait. */
const FREE_DECREASES = 4;
const DECREASE_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

export function tooManyTables() {
  return fault(
    'LimitExceededException',
    `Subscriber limit exceeded: There is a limit of ${MOST_TABLES} tables per subscriber`,
  );
}

/** Throws for more units than one table, or the index named, may be given. */
export function checkUnits(
  throughput: ProvisionedThroughput | undefined,
  region: string,
  index?: string,
): void {
  if (throughput === undefined) return;
  for (const name of ['ReadCapacityUnits', 'WriteCapacityUnits'] as const) {
    const units = throughput[name];
    if (units <= TABLE_UNITS) continue;
    const [of, per] = index === undefined ? ['', 'table'] : [` for index ${index}`, 'index'];
    throw fault(
      'LimitExceededException',
      `The requested ${name}${of}, ${units}, is above the per ${per} maximum for the account in ${region}. ` +
        `Per ${per} maximum: ${TABLE_UNITS}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
    );
  }
}

export function decreasesToday({ decreases }: Throughput, nowMs: number): number {
  return decreases?.day === Math.floor(nowMs / DAY_MS) ? decreases.count : 0;
}

/** Counts a decrease; throws when it comes too soon after the last of its day. */
export function countDecrease(
  throughput: Throughput,
  nowMs: number,
): { readonly day: number; readonly count: number } {
  const count = decreasesToday(throughput, nowMs);
  const lastMs = throughput.lastDecreaseAtMs ?? 0;
  if (count >= FREE_DECREASES && nowMs < lastMs + DECREASE_EVERY_MS) {
    throw fault(
      'LimitExceededException',
      'Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. ' +
        `After the first ${FREE_DECREASES} decreases, each subsequent decrease in the same UTC day can be performed at most once every ${DECREASE_EVERY_MS / 1000} seconds. ` +
        `Number of decreases today: ${count}. Last decrease at ${longTime(lastMs)}. Next decrease can be made at ${longTime(lastMs + DECREASE_EVERY_MS)}`,
    );
  }
  return { day: Math.floor(nowMs / DAY_MS), count: count + 1 };
}

/** A table may become on demand so many times in any 24 hours. */
const MOST_SWITCHES = 4;

/**
 * Counts a table's switch to on-demand mode; throws when there were too many within a day.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-switching-capacity-modes.html
 */
export function countSwitch(
  before: readonly number[],
  nowMs: number,
): { readonly onDemandSinceMs: number; readonly switchedMs: readonly number[] } {
  const recent = before.filter((atMs) => atMs + DAY_MS > nowMs);
  const [first = nowMs] = recent;
  if (recent.length >= MOST_SWITCHES) {
    throw fault(
      'LimitExceededException',
      `Subscriber limit exceeded: Update to PayPerRequest mode are limited to ${MOST_SWITCHES} times in 1 day(s). ` +
        `Last update at ${javaTime(recent.at(-1) ?? nowMs)}. Next update can be made at ${javaTime(first + DAY_MS)}`,
    );
  }
  return { onDemandSinceMs: nowMs, switchedMs: [...recent, nowMs] };
}

const PARTS = new Intl.DateTimeFormat('en-US', {
  weekday: 'short',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  year: 'numeric',
  timeZone: 'UTC',
});

/** `Sat Feb 23 03:07:45 UTC 2019` */
function javaTime(atMs: number): string {
  const part = Object.fromEntries(PARTS.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return `${part['weekday']} ${part['month']} ${part['day']} ${part['hour']}:${part['minute']}:${part['second']} UTC ${part['year']}`;
}

const LONG = new Intl.DateTimeFormat('en-US', { dateStyle: 'full', timeStyle: 'medium', timeZone: 'UTC' });

/** `Friday, October 9, 2026 at 12:21:34 AM Coordinated Universal Time` */
function longTime(atMs: number): string {
  return `${LONG.format(atMs).replaceAll('\u202f', ' ')} Coordinated Universal Time`;
}
