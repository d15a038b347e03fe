import type { ContinuousBackupsDescription, DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalid } from './fault.ts';
import { endHistory, scheduleTrim } from './history.ts';
import { changeTable } from './table-change.ts';
import type { TableRow } from './table-row.ts';
import { addressOf, lookUpTable, type TableAddress } from './tables-cache.ts';

/** Days that point-in-time recovery reaches back. */
const RECOVERY_DAYS = 35;
const DAY_MS = 86_400_000;
/** The latest time that can be restored is this long ago. */
const LATEST_MS = 5 * 60_000;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html */
export const continuousBackups = {
  DescribeContinuousBackups: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    const { row } = await requireTable(ctx, address);
    return { ContinuousBackupsDescription: describe(row, ctx.world.clock.now()) };
  },

  UpdateContinuousBackups: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    const { PointInTimeRecoveryEnabled: enabled, RecoveryPeriodInDays: days } =
      input.PointInTimeRecoverySpecification;
    if (!enabled && days !== undefined) {
      throw invalid(
        'Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.',
      );
    }
    await requireTable(ctx, address);
    const nowMs = ctx.world.clock.now();
    const owner = ctx.as(address);
    const row = await changeTable(ctx, address, ({ recovery, ...rest }, tx) => {
      if (!enabled) {
        if (recovery !== undefined) endHistory(owner, tx, rest, nowMs);
        return rest;
      }
      const sinceMs = recovery?.sinceMs ?? ctx.world.clock.now();
      if (recovery === undefined) {
        scheduleTrim(owner, tx, { table: rest.number, name: rest.name, sinceMs }, nowMs);
      }
      return { ...rest, recovery: { sinceMs, days: days ?? recovery?.days ?? RECOVERY_DAYS } };
    });
    return { ContinuousBackupsDescription: describe(row, nowMs) };
  },
} satisfies Group<DynamodbOperations>;

type Recovery = NonNullable<TableRow['recovery']>;

export function restorableSinceMs({ sinceMs, days }: Recovery, nowMs: number): number {
  return Math.max(sinceMs, nowMs - days * DAY_MS);
}

export function latestRestorableMs({ sinceMs }: Recovery, nowMs: number): number {
  return Math.max(sinceMs, nowMs - LATEST_MS);
}

async function requireTable(ctx: Context, address: TableAddress) {
  const table = await lookUpTable(ctx, address);
  if (table !== undefined) return table;
  throw fault('TableNotFoundException', `Table not found: ${address.name}`);
}

function describe({ recovery }: TableRow, nowMs: number): ContinuousBackupsDescription {
  if (recovery === undefined) {
    return {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
    };
  }
  return {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: recovery.days,
      EarliestRestorableDateTime: new Date(restorableSinceMs(recovery, nowMs)),
      LatestRestorableDateTime: new Date(latestRestorableMs(recovery, nowMs)),
    },
  };
}
