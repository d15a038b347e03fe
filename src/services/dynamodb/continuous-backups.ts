import type { ContinuousBackupsDescription, DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault, invalid } from './fault.ts';
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
    const row = await changeTable(ctx, address, ({ recovery, ...rest }) =>
      enabled
        ? {
            ...rest,
            recovery: { sinceMs: recovery?.sinceMs ?? nowMs, days: days ?? recovery?.days ?? RECOVERY_DAYS },
          }
        : rest,
    );
    return { ContinuousBackupsDescription: describe(row, nowMs) };
  },
} satisfies Group<DynamodbOperations>;

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
  const { sinceMs, days } = recovery;
  return {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: days,
      EarliestRestorableDateTime: new Date(Math.max(sinceMs, nowMs - days * DAY_MS)),
      LatestRestorableDateTime: new Date(Math.max(sinceMs, nowMs - LATEST_MS)),
    },
  };
}
