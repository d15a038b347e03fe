import type {
  DynamodbOperations,
  GlobalSecondaryIndex,
  LocalSecondaryIndex,
  RestoreTableFromBackupInput,
} from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { backupAddress, backupArn, noBackup } from './backup.ts';
import type { Restore } from './backup-jobs.ts';
import { latestRestorableMs, restorableSinceMs } from './continuous-backups.ts';
import { fault, invalid, invalidParameter } from './fault.ts';
import { withReaders } from './history.ts';
import { layout } from './layout.ts';
import { NO_STATISTICS } from './statistics.ts';
import { tableArn } from './table.ts';
import { changeTable, setTable } from './table-change.ts';
import { checkThroughput, throughputOf } from './table-definition.ts';
import { describeTable } from './table-description.ts';
import { nextNumber } from './table-number.ts';
import type { IndexRow, TableRow } from './table-row.ts';
import { usedAttributes } from './table-updates.ts';
import { unwritten } from './tables.ts';
import { addressOf, forgetTables, lookUpTable, type TableAddress } from './tables-cache.ts';

/** What may be otherwise in the restored table. */
type Overrides = Omit<RestoreTableFromBackupInput, 'TargetTableName' | 'BackupArn'>;

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.Tutorial.html */
export const restores = {
  RestoreTableFromBackup: async (input, ctx) => {
    const target = addressOf(input.TargetTableName, ctx);
    const from = backupAddress(input.BackupArn);
    if (from.account !== target.account || from.region !== target.region) throw noBackup(input.BackupArn);
    checkOverrides(input);
    const owner = ctx.as(target);
    const id = ctx.world.random.uuid();
    const nowMs = ctx.world.clock.now();
    const { backups } = layout.at(target.account, target.region);
    const row = await ctx.transact(async (tx) => {
      const backup = await backups.get(tx, [from.table, from.id]);
      if (backup === undefined) throw noBackup(input.BackupArn);
      if (backup.status === 'CREATING') {
        throw fault('BackupInUseException', `Backup is being created: ${input.BackupArn}`);
      }
      backups.set(tx, [from.table, from.id], { ...backup, readers: backup.readers + 1 });
      const number = await claim(tx, target);
      const restored = restoredRow(backup.table, input, target.name, number, id, nowMs, {
        backup: backupArn(target.account, target.region, backup),
        table: tableArn(target.account, target.region, backup.table.name),
      });
      setTable(tx, target, restored);
      const payload: Restore = {
        name: target.name,
        number,
        from: backup.number,
        atMs: backup.createdAtMs,
        sourceTable: backup.table.name,
        backup: backup.id,
      };
      owner.enqueue(tx, { kind: 'restore', payload });
      return restored;
    });
    return answer(ctx, target, row);
  },

  RestoreTableToPointInTime: async (input, ctx) => {
    const target = addressOf(input.TargetTableName, ctx);
    const source = addressOf(input.SourceTableArn ?? input.SourceTableName, ctx, 'sourceTableName');
    if (input.UseLatestRestorableTime === true && input.RestoreDateTime !== undefined) {
      throw invalid('Cannot specify both RestoreDateTime and UseLatestRestorableTime');
    }
    if (input.UseLatestRestorableTime !== true && input.RestoreDateTime === undefined) {
      throw invalid('Either RestoreDateTime or UseLatestRestorableTime must be specified');
    }
    checkOverrides(input);
    if (source.account !== target.account || source.region !== target.region) {
      throw unwritten('RestoreTableToPointInTime from another region');
    }
    if ((await lookUpTable(ctx, source)) === undefined) {
      throw fault('TableNotFoundException', `Table not found: ${source.name}`);
    }
    const owner = ctx.as(target);
    const id = ctx.world.random.uuid();
    const nowMs = ctx.world.clock.now();
    let restored: TableRow | undefined;
    await changeTable(ctx, source, async (row, tx) => {
      const { recovery } = row;
      if (recovery === undefined) {
        throw fault(
          'PointInTimeRecoveryUnavailableException',
          `Point in time recovery is not enabled for table '${source.name}'`,
        );
      }
      const latestMs = latestRestorableMs(recovery, nowMs);
      const atMs = input.RestoreDateTime?.getTime() ?? latestMs;
      if (atMs < restorableSinceMs(recovery, nowMs) || atMs > latestMs) {
        throw fault(
          'InvalidRestoreTimeException',
          'The restore time is not between EarliestRestorableDateTime and LatestRestorableDateTime',
        );
      }
      const number = await claim(tx, target);
      restored = restoredRow(row, input, target.name, number, id, nowMs, {
        table: tableArn(source.account, source.region, source.name),
      });
      setTable(tx, target, restored);
      const payload: Restore = {
        name: target.name,
        number,
        from: row.number,
        atMs,
        sourceTable: row.name,
      };
      owner.enqueue(tx, { kind: 'restore', payload });
      return withReaders(row, 1);
    });
    return restored === undefined ? {} : answer(ctx, target, restored);
  },
} satisfies Group<DynamodbOperations>;

function answer(ctx: Context, target: TableAddress, row: TableRow) {
  forgetTables(ctx, target);
  return {
    TableDescription: describeTable(row, target.account, target.region, NO_STATISTICS, ctx.world.clock.now()),
  };
}

/** The number of a new table; a fault when its name is taken. */
async function claim(tx: Transaction, target: TableAddress): Promise<number> {
  const { tables } = layout.at(target.account, target.region);
  if ((await tables.get(tx, [target.name])) !== undefined) {
    throw fault('TableAlreadyExistsException', `Table already exists: ${target.name}`);
  }
  return nextNumber(tx, target);
}

function checkOverrides(input: Overrides): void {
  if (input.VectorIndexOverride !== undefined) throw unwritten('VectorIndexOverride');
  checkThroughput(input.ProvisionedThroughputOverride);
  if (input.BillingModeOverride === 'PAY_PER_REQUEST' && input.ProvisionedThroughputOverride !== undefined) {
    throw invalidParameter(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  }
}

/** The row of a table made from another: neither its stream, time to live, policy, recovery nor protection go with it. */
function restoredRow(
  from: TableRow,
  overrides: Overrides,
  name: string,
  number: number,
  id: string,
  nowMs: number,
  source: { readonly table: string; readonly backup?: string },
): TableRow {
  const billingMode = overrides.BillingModeOverride ?? from.billingMode;
  const onDemand = billingMode === 'PAY_PER_REQUEST';
  const onDemandThroughput = overrides.OnDemandThroughputOverride ?? from.onDemandThroughput;
  const encryption = overrides.SSESpecificationOverride ?? from.encryption;
  const throughput =
    overrides.ProvisionedThroughputOverride === undefined
      ? { reads: from.throughput.reads, writes: from.throughput.writes }
      : throughputOf(overrides.ProvisionedThroughputOverride);
  if (!onDemand && throughput.reads === 0) {
    throw invalidParameter('ProvisionedThroughput must be specified when BillingMode is PROVISIONED');
  }
  const row: TableRow = {
    number,
    version: 1,
    id,
    name,
    status: 'CREATING',
    createdAtMs: nowMs,
    attributes: from.attributes,
    keySchema: from.keySchema,
    billingMode,
    ...(onDemand ? { onDemandSinceMs: nowMs } : {}),
    throughput: onDemand ? { reads: 0, writes: 0 } : throughput,
    ...(onDemand && onDemandThroughput !== undefined ? { onDemandThroughput } : {}),
    indexes: restoredIndexes(from, overrides).map((index) => ({
      ...index,
      throughput: onDemand ? { reads: 0, writes: 0 } : index.throughput,
    })),
    nextIndex: from.nextIndex,
    ...(from.tableClass === undefined ? {} : { tableClass: from.tableClass }),
    deletionProtection: false,
    ...(encryption === undefined ? {} : { encryption }),
    restored: { atMs: nowMs, inProgress: true, source },
  };
  return { ...row, attributes: usedAttributes(row) };
}

/** The indexes of the source, or those of them that are named. */
function restoredIndexes(from: TableRow, overrides: Overrides): readonly IndexRow[] {
  const kept = (
    kind: IndexRow['kind'],
    wanted: readonly (LocalSecondaryIndex | GlobalSecondaryIndex)[] | undefined,
  ): readonly IndexRow[] => {
    const all = from.indexes.filter((index) => index.kind === kind && index.status !== 'DELETING');
    if (wanted === undefined) return all.map((index) => ({ ...index, status: 'ACTIVE' }));
    return wanted.map((override) => {
      const index = all.find(({ name }) => name === override.IndexName);
      if (index === undefined) {
        throw invalidParameter(
          `Index ${override.IndexName} does not exist in the source table: indexes can only be left out`,
        );
      }
      const throughput = 'ProvisionedThroughput' in override ? override.ProvisionedThroughput : undefined;
      return {
        ...index,
        status: 'ACTIVE',
        throughput: throughput === undefined ? index.throughput : throughputOf(throughput),
      };
    });
  };
  return [
    ...kept('local', overrides.LocalSecondaryIndexOverride),
    ...kept('global', overrides.GlobalSecondaryIndexOverride),
  ];
}
