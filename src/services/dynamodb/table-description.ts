import { formatArn } from '../../base/arn.ts';
import type {
  GlobalSecondaryIndexDescription,
  IndexStatus,
  LocalSecondaryIndexDescription,
  ProvisionedThroughputDescription,
  TableDescription,
  TableStatus,
} from '../../model/gen/dynamodb.ts';
import { decreasesToday } from './quota.ts';
import { NO_STATISTICS, type Statistics } from './statistics.ts';
import { tableArn } from './table.ts';
import type { IndexRow, TableRow, Throughput } from './table-row.ts';
import { warmthOf } from './warm-throughput.ts';

/** How DescribeTable and its like show a table. `status` is what the answer says, when it differs from the row. */
export function describeTable(
  row: TableRow,
  account: string,
  region: string,
  statistics: Statistics,
  nowMs: number,
  status: TableStatus = row.status,
): TableDescription {
  const arn = tableArn(account, region, row.name);
  const creating = status === 'CREATING';
  const locals = row.indexes.filter(({ kind }) => kind === 'local');
  const globals = row.indexes.filter(({ kind }) => kind === 'global');
  return {
    AttributeDefinitions: row.attributes,
    TableName: row.name,
    KeySchema: row.keySchema,
    TableStatus: status,
    CreationDateTime: new Date(row.createdAtMs),
    ProvisionedThroughput: describeThroughput(row.throughput, nowMs),
    TableSizeBytes: statistics.table.bytes,
    ItemCount: statistics.table.items,
    TableArn: arn,
    TableId: row.id,
    BillingModeSummary:
      row.onDemandSinceMs === undefined
        ? undefined
        : {
            BillingMode: row.billingMode,
            LastUpdateToPayPerRequestDateTime: new Date(row.onDemandSinceMs),
          },
    LocalSecondaryIndexes: nonEmpty(locals.map((index) => describeLocal(index, arn, statistics))),
    GlobalSecondaryIndexes: nonEmpty(
      globals.map((index) =>
        describeGlobal(row, index, arn, statistics, nowMs, creating ? 'CREATING' : index.status),
      ),
    ),
    SSEDescription:
      row.encryption?.Enabled === true
        ? {
            Status: 'ENABLED',
            SSEType: row.encryption.SSEType ?? 'KMS',
            KMSMasterKeyArn: keyArn(row.encryption.KMSMasterKeyId, account, region),
          }
        : undefined,
    TableClassSummary: row.tableClass && { TableClass: row.tableClass },
    StreamSpecification: row.stream && { StreamEnabled: true, StreamViewType: row.stream.view },
    LatestStreamLabel: row.latestStream,
    LatestStreamArn: row.latestStream && `${arn}/stream/${row.latestStream}`,
    GlobalTableVersion: row.bound ? '2017.11.29' : row.replicas && '2019.11.21',
    Replicas: row.bound
      ? undefined
      : row.replicas?.map((replica) => ({ RegionName: replica.region, ReplicaStatus: replica.status })),
    RestoreSummary: row.restored && {
      SourceBackupArn: row.restored.source.backup,
      SourceTableArn: row.restored.source.table,
      RestoreDateTime: new Date(row.restored.atMs),
      RestoreInProgress: row.restored.inProgress,
    },
    DeletionProtectionEnabled: row.deletionProtection,
    OnDemandThroughput: row.onDemandThroughput,
    WarmThroughput: shownWarmth(row, row, creating, 'ACTIVE' as const),
  };
}

/** A key named by its id is shown by its ARN. */
function keyArn(name: string | undefined, account: string, region: string): string | undefined {
  return name === undefined || !/^(?:mrk-)?[0-9a-f-]{32,36}$/.test(name)
    ? name
    : formatArn('kms', region, account, `key/${name}`);
}

/** What DeleteTable answers: the schema and the indexes are no longer shown. */
export function describeDeleted(
  row: TableRow,
  { account, region }: { readonly account: string; readonly region: string },
  nowMs: number,
): TableDescription {
  const {
    AttributeDefinitions: _attributes,
    KeySchema: _keys,
    CreationDateTime: _created,
    LocalSecondaryIndexes: _locals,
    GlobalSecondaryIndexes: _globals,
    WarmThroughput: _warm,
    ...shown
  } = describeTable(row, account, region, NO_STATISTICS, nowMs, 'DELETING');
  return shown;
}

/** While a table is being created only what was asked for is shown. */
function shownWarmth<Status extends string>(
  { billingMode }: TableRow,
  of: TableRow | IndexRow,
  creating: boolean,
  status: Status,
) {
  if (creating && of.warmth === undefined) return undefined;
  const { reads, writes } = warmthOf(billingMode, of);
  return {
    ReadUnitsPerSecond: reads,
    WriteUnitsPerSecond: writes,
    Status: creating ? ('UPDATING' as const) : status,
  };
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function describeThroughput(throughput: Throughput, nowMs: number): ProvisionedThroughputDescription {
  const { reads, writes, lastIncreaseAtMs, lastDecreaseAtMs } = throughput;
  return {
    LastIncreaseDateTime: lastIncreaseAtMs === undefined ? undefined : new Date(lastIncreaseAtMs),
    LastDecreaseDateTime: lastDecreaseAtMs === undefined ? undefined : new Date(lastDecreaseAtMs),
    NumberOfDecreasesToday: decreasesToday(throughput, nowMs),
    ReadCapacityUnits: reads,
    WriteCapacityUnits: writes,
  };
}

function describeLocal(index: IndexRow, arn: string, statistics: Statistics): LocalSecondaryIndexDescription {
  const { bytes = 0, items = 0 } = statistics.indexes.get(index.number) ?? {};
  return {
    IndexName: index.name,
    KeySchema: index.keySchema,
    Projection: { ProjectionType: index.projection, NonKeyAttributes: index.nonKeyAttributes },
    IndexSizeBytes: bytes,
    ItemCount: items,
    IndexArn: `${arn}/index/${index.name}`,
  };
}

function describeGlobal(
  row: TableRow,
  index: IndexRow,
  arn: string,
  statistics: Statistics,
  nowMs: number,
  status: IndexStatus,
): GlobalSecondaryIndexDescription {
  return {
    ...describeLocal(index, arn, statistics),
    IndexStatus: status,
    Backfilling: index.status === 'CREATING' ? true : undefined,
    ProvisionedThroughput: describeThroughput(index.throughput, nowMs),
    OnDemandThroughput: index.onDemandThroughput,
    WarmThroughput: shownWarmth(row, index, status === 'CREATING' && index.status === 'ACTIVE', index.status),
  };
}
