import type {
  BackupDescription,
  DynamodbOperations,
  GlobalSecondaryIndexInfo,
  LocalSecondaryIndexInfo,
} from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import {
  type BackupAddress,
  type BackupRow,
  backupAddress,
  backupArn,
  backupDetails,
  backupSummary,
  noBackup,
} from './backup.ts';
import type { BackUp } from './backup-jobs.ts';
import { fault } from './fault.ts';
import { withReaders } from './history.ts';
import { layout } from './layout.ts';
import { tableArn } from './table.ts';
import { changeTable } from './table-change.ts';
import { nextNumber } from './table-number.ts';
import type { IndexRow } from './table-row.ts';
import { addressOf, lookUpTable } from './tables-cache.ts';

const LIST_LIMIT = 100;
const HEX = '0123456789abcdef';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Backup.Tutorial.html */
export const backups = {
  CreateBackup: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    const owner = ctx.as(address);
    if ((await lookUpTable(ctx, address)) === undefined) {
      throw fault('TableNotFoundException', `Table not found: ${address.name}`);
    }
    const createdAtMs = ctx.world.clock.now();
    const id = `${String(createdAtMs).padStart(14, '0')}-${ctx.world.random.id(8, HEX)}`;
    let backup: BackupRow | undefined;
    await changeTable(ctx, address, async (row, tx) => {
      if (row.status !== 'ACTIVE') {
        throw fault('TableInUseException', `Table is not in ACTIVE state: ${row.name}`);
      }
      const number = await nextNumber(tx, owner);
      // The time is taken here, where it stands between the writes before and those after.
      const atMs = ctx.world.clock.now();
      backup = {
        id,
        name: input.BackupName,
        number,
        status: 'CREATING',
        createdAtMs: atMs,
        table: row,
        readers: 0,
      };
      layout.at(address.account, address.region).backups.set(tx, [row.name, id], backup);
      const payload: BackUp = { table: row.name, number: row.number, id, atMs };
      owner.enqueue(tx, { kind: 'backUp', payload });
      return withReaders(row, 1);
    });
    return { BackupDetails: backup && backupDetails(address.account, address.region, backup) };
  },

  DescribeBackup: async (input, ctx) => {
    const address = backupAddress(input.BackupArn);
    return { BackupDescription: describe(address, await requireBackup(ctx, input.BackupArn, address)) };
  },

  ListBackups: async (input, ctx) => {
    const { backups: rows } = layout.at(ctx.account, ctx.region);
    const table = input.TableName === undefined ? undefined : addressOf(input.TableName, ctx).name;
    const { Limit: limit = LIST_LIMIT, ExclusiveStartBackupArn: start } = input;
    const from = start === undefined ? undefined : backupAddress(start);
    const lower = input.TimeRangeLowerBound?.getTime() ?? Number.NEGATIVE_INFINITY;
    const upper = input.TimeRangeUpperBound?.getTime() ?? Number.POSITIVE_INFINITY;
    const none = input.BackupType === 'SYSTEM' || input.BackupType === 'AWS_BACKUP';
    const all = none ? [] : await rows.all(ctx.store, table === undefined ? [] : [table]);
    const wanted = all
      .map(({ value }) => value)
      .filter(({ createdAtMs }) => createdAtMs >= lower && createdAtMs < upper)
      .filter(
        (row) =>
          from === undefined ||
          row.table.name > from.table ||
          (row.table.name === from.table && row.id > from.id),
      );
    const page = wanted.slice(0, limit);
    const last = page.at(-1);
    return {
      BackupSummaries: page.map((row) => backupSummary(ctx.account, ctx.region, row)),
      LastEvaluatedBackupArn:
        wanted.length > page.length && last !== undefined
          ? backupArn(ctx.account, ctx.region, last)
          : undefined,
    };
  },

  DeleteBackup: async (input, ctx) => {
    const address = backupAddress(input.BackupArn);
    const owner = ctx.as(address);
    const { backups: rows } = layout.at(address.account, address.region);
    const row = await ctx.transact(async (tx) => {
      const found = await rows.get(tx, [address.table, address.id]);
      if (found === undefined) throw noBackup(input.BackupArn);
      if (found.status === 'CREATING') {
        throw fault('BackupInUseException', `Backup is being created: ${input.BackupArn}`);
      }
      if (found.readers > 0) {
        throw fault('BackupInUseException', `Backup is being used by a restore: ${input.BackupArn}`);
      }
      rows.delete(tx, [address.table, address.id]);
      owner.enqueue(tx, { kind: 'dropBackup', payload: { number: found.number } });
      return found;
    });
    const description = describe(address, row);
    return {
      BackupDescription: {
        ...description,
        BackupDetails: { ...backupDetails(address.account, address.region, row), BackupStatus: 'DELETED' },
      },
    };
  },
} satisfies Group<DynamodbOperations>;

/** The backup, or the fault that there is none. */
export async function requireBackup(ctx: Context, arn: string, address: BackupAddress): Promise<BackupRow> {
  const { backups: rows } = layout.at(address.account, address.region);
  const row = await rows.get(ctx.store, [address.table, address.id]);
  if (row === undefined) throw noBackup(arn);
  return row;
}

function describe({ account, region }: BackupAddress, backup: BackupRow): BackupDescription {
  const { table, count } = backup;
  const { reads, writes } = table.throughput;
  const locals = table.indexes.filter(({ kind }) => kind === 'local').map(localInfo);
  const globals = table.indexes.filter(({ kind }) => kind === 'global').map(globalInfo);
  return {
    BackupDetails: backupDetails(account, region, backup),
    SourceTableDetails: {
      TableName: table.name,
      TableId: table.id,
      TableArn: tableArn(account, region, table.name),
      TableSizeBytes: count?.bytes,
      KeySchema: table.keySchema,
      TableCreationDateTime: new Date(table.createdAtMs),
      ProvisionedThroughput: { ReadCapacityUnits: reads, WriteCapacityUnits: writes },
      OnDemandThroughput: table.onDemandThroughput,
      ItemCount: count?.items,
      BillingMode: table.billingMode,
    },
    SourceTableFeatureDetails: {
      LocalSecondaryIndexes: locals.length === 0 ? undefined : locals,
      GlobalSecondaryIndexes: globals.length === 0 ? undefined : globals,
      StreamDescription: table.stream && { StreamEnabled: true, StreamViewType: table.stream.view },
      TimeToLiveDescription:
        table.expiryAttribute === undefined
          ? undefined
          : { TimeToLiveStatus: 'ENABLED', AttributeName: table.expiryAttribute },
    },
  };
}

function localInfo(index: IndexRow): LocalSecondaryIndexInfo {
  return {
    IndexName: index.name,
    KeySchema: index.keySchema,
    Projection: { ProjectionType: index.projection, NonKeyAttributes: index.nonKeyAttributes },
  };
}

function globalInfo(index: IndexRow): GlobalSecondaryIndexInfo {
  const { reads, writes } = index.throughput;
  return {
    ...localInfo(index),
    ProvisionedThroughput: { ReadCapacityUnits: reads, WriteCapacityUnits: writes },
    OnDemandThroughput: index.onDemandThroughput,
  };
}
