import type {
  AttributeDefinition,
  DynamodbOperations,
  GlobalSecondaryIndexUpdate,
  ProvisionedThroughput,
  UpdateTableInput,
} from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { fault, invalid, invalidParameter } from './fault.ts';
import type { IndexJob } from './index-jobs.ts';
import { checkOnDemand } from './on-demand.ts';
import { checkUnits, countDecrease, countSwitch } from './quota.ts';
import { changeReplicas, checkReplicaUpdates, withReplicas } from './replicas.ts';
import { countTable } from './statistics.ts';
import { checkStream, withStream } from './stream-change.ts';
import { tableOf } from './table.ts';
import { changeTable } from './table-change.ts';
import { checkGlobal, checkThroughput, indexRow, MOST_GLOBAL, throughputOf } from './table-definition.ts';
import { describeTable } from './table-description.ts';
import type { IndexRow, TableRow, Throughput } from './table-row.ts';
import { unwritten } from './tables.ts';
import { addressOf, forgetTables } from './tables-cache.ts';
import { limitsOf } from './throughput-limits.ts';
import { warmed } from './warm-throughput.ts';

export const tableUpdates = {
  UpdateTable: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    checkUpdate(input, address.region);
    checkReplicaUpdates(input.ReplicaUpdates ?? [], address.region);
    const id = ctx.world.random.uuid();
    const nowMs = ctx.world.clock.now();
    const owner = ctx.as(address);
    let before: TableRow | undefined;
    const row = await changeTable(ctx, address, async (found, tx) => {
      before = found;
      if (found.status === 'DELETING' || found.status === 'CREATING') {
        throw fault(
          'ResourceInUseException',
          `Attempt to change a resource which is still in use: Table is being ${found.status === 'DELETING' ? 'deleted' : 'created'}: ${found.name}`,
        );
      }
      const changed = await updated(owner, tx, found, input, nowMs);
      await changeReplicas(owner, tx, found, (there, replica) =>
        updated(there, tx, replica, sharedIn(input), nowMs),
      );
      return withReplicas(owner, tx, changed, input.ReplicaUpdates ?? [], id, nowMs);
    });
    for (const { region } of [...(before?.replicas ?? []), ...(row.replicas ?? [])]) {
      forgetTables(ctx, { ...address, region });
    }
    // New limits hold from this moment, not from the next request.
    limitsOf(ctx, tableOf(row, address.account, address.region));
    const statistics = await countTable(owner, row);
    return {
      // The answer still shows the old throughput: DescribeTable shows the new one once the table is ACTIVE.
      TableDescription: describeTable(
        { ...row, throughput: before?.throughput ?? row.throughput },
        address.account,
        address.region,
        statistics,
        nowMs,
        'UPDATING',
      ),
    };
  },
} satisfies Group<DynamodbOperations>;

/** Parameters that change something by themselves. */
const CHANGES = [
  'ProvisionedThroughput',
  'BillingMode',
  'GlobalSecondaryIndexUpdates',
  'SSESpecification',
  'StreamSpecification',
  'TableClass',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'WarmThroughput',
  'ReplicaUpdates',
] as const;

function checkUpdate(input: UpdateTableInput, region: string): void {
  for (const name of [
    'VectorIndexUpdates',
    'GlobalTableWitnessUpdates',
    'MultiRegionConsistency',
    'DisassociationProtectionEnabled',
    'GlobalTableSettingsReplicationMode',
  ] as const) {
    if (input[name] !== undefined) throw unwritten(name);
  }
  const indexUpdates = input.GlobalSecondaryIndexUpdates ?? [];
  if (
    CHANGES.every(
      (name) => input[name] === undefined || (name.startsWith('Global') && indexUpdates.length === 0),
    )
  ) {
    throw invalid(
      'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ' +
        'ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, ' +
        'OnDemandThroughput, WarmThroughput or TableClass is required',
    );
  }
  checkThroughput(input.ProvisionedThroughput);
  checkUnits(input.ProvisionedThroughput, region);
  checkStream(input.StreamSpecification, 'updated');
  checkTogether(input);
  const seen = new Set<string>();
  for (const update of indexUpdates) {
    const name = (update.Update ?? update.Create ?? update.Delete)?.IndexName;
    if (name === undefined) {
      throw invalidParameter(
        'One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null',
      );
    }
    if (seen.has(name)) {
      throw invalidParameter(
        `Only one global secondary index update per index is allowed simultaneously. Index: ${name}`,
      );
    }
    seen.add(name);
    if ([update.Update, update.Create, update.Delete].filter((action) => action !== undefined).length > 1) {
      throw invalidParameter(
        'Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object',
      );
    }
    checkThroughput(update.Update?.ProvisionedThroughput);
    checkUnits((update.Update ?? update.Create)?.ProvisionedThroughput, region, name);
  }
  if (indexUpdates.filter(({ Create, Delete }) => (Create ?? Delete) !== undefined).length > 1) {
    throw fault(
      'LimitExceededException',
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    );
  }
}

/** Changes DynamoDB makes one at a time. */
const ALONE = [
  ['SSESpecification', 'Server-Side Encryption'],
  ['TableClass', 'TableClass'],
  ['DeletionProtectionEnabled', 'DeletionProtection'],
] as const;

function checkTogether(input: UpdateTableInput): void {
  const changes = CHANGES.filter((name) => input[name] !== undefined);
  for (const [name, shown] of ALONE) {
    if (input[name] !== undefined && changes.length > 1) {
      throw invalidParameter(`${shown} modification must be the only operation in the request`);
    }
  }
  const throughput = input.ProvisionedThroughput !== undefined;
  const stream = input.StreamSpecification !== undefined;
  const indexes = (input.GlobalSecondaryIndexUpdates ?? []).some(
    ({ Create, Delete }) => (Create ?? Delete) !== undefined,
  );
  if (throughput && stream) {
    throw invalidParameter('You cannot modify stream status while updating table IOPS');
  }
  if (throughput && indexes) {
    throw invalidParameter('You cannot create or delete index while updating table IOPS');
  }
  if (stream && indexes) {
    throw invalidParameter('You cannot create or delete index while changing stream status');
  }
}

/** What the replicas of a table have in common. */
function sharedIn(input: UpdateTableInput): UpdateTableInput {
  return {
    TableName: input.TableName,
    AttributeDefinitions: input.AttributeDefinitions,
    BillingMode: input.BillingMode,
    ProvisionedThroughput: input.ProvisionedThroughput,
    WarmThroughput: input.WarmThroughput,
    GlobalSecondaryIndexUpdates: input.GlobalSecondaryIndexUpdates,
  };
}

async function updated(
  ctx: Context,
  tx: Transaction,
  row: TableRow,
  input: UpdateTableInput,
  nowMs: number,
): Promise<TableRow> {
  const billed = withBilling(row, input, nowMs);
  checkOnDemand(input.OnDemandThroughput, billed.billingMode, ctx.region);
  const defined: TableRow = {
    ...billed,
    attributes: mergedAttributes(row.attributes, input.AttributeDefinitions ?? []),
    ...(input.TableClass === undefined ? {} : { tableClass: input.TableClass }),
    ...(input.DeletionProtectionEnabled === undefined
      ? {}
      : { deletionProtection: input.DeletionProtectionEnabled }),
    ...(input.SSESpecification === undefined ? {} : { encryption: input.SSESpecification }),
    ...(input.OnDemandThroughput === undefined ? {} : { onDemandThroughput: input.OnDemandThroughput }),
  };
  const streaming = await withStream(ctx, tx, defined, input.StreamSpecification, nowMs);
  const changed = (input.GlobalSecondaryIndexUpdates ?? []).reduce(
    (next, update) => withIndexUpdate(ctx, tx, next, update, input.AttributeDefinitions ?? [], nowMs),
    streaming,
  );
  return { ...warmed(row, changed, input, ctx.region), attributes: usedAttributes(changed) };
}

function withBilling(row: TableRow, input: UpdateTableInput, nowMs: number): TableRow {
  const mode = input.BillingMode ?? row.billingMode;
  const requested = input.ProvisionedThroughput;
  if (mode === 'PAY_PER_REQUEST') {
    if (requested !== undefined) {
      throw invalidParameter(
        'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
      );
    }
    if (row.billingMode === mode) return row;
    const none = { reads: 0, writes: 0 };
    return {
      ...row,
      billingMode: mode,
      ...countSwitch(row.switchedMs ?? [], nowMs),
      throughput: none,
      indexes: row.indexes.map((index) => ({ ...index, throughput: none })),
    };
  }
  if (requested === undefined) {
    if (row.billingMode === mode) return row;
    throw invalidParameter('ProvisionedThroughput must be specified when BillingMode is PROVISIONED');
  }
  const { reads, writes } = row.throughput;
  const indexUpdates = input.GlobalSecondaryIndexUpdates ?? [];
  if (
    reads === requested.ReadCapacityUnits &&
    writes === requested.WriteCapacityUnits &&
    indexUpdates.length === 0
  ) {
    throw invalid(
      'The provisioned throughput for the table will not change. The requested value equals the current value. ' +
        `Current ReadCapacityUnits provisioned for the table: ${reads}. Requested ReadCapacityUnits: ${requested.ReadCapacityUnits}. ` +
        `Current WriteCapacityUnits provisioned for the table: ${writes}. Requested WriteCapacityUnits: ${requested.WriteCapacityUnits}. ` +
        'Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.',
    );
  }
  if (row.billingMode !== mode) requireIndexThroughput(row, indexUpdates);
  const { onDemandThroughput, ...rest } = row;
  return {
    ...rest,
    billingMode: mode,
    throughput: changedThroughput(row.throughput, requested, nowMs),
    indexes: row.indexes.map(({ onDemandThroughput: most, ...index }) => index),
  };
}

/** A table that becomes provisioned needs units for each of its global indexes. */
function requireIndexThroughput(row: TableRow, updates: readonly GlobalSecondaryIndexUpdate[]): void {
  const given = new Set(updates.map(({ Update, Delete }) => (Update ?? Delete)?.IndexName));
  const missing = row.indexes.filter(({ kind, name }) => kind === 'global' && !given.has(name));
  if (missing.length === 0) return;
  throw invalidParameter(
    `ProvisionedThroughput must be specified for index: ${missing.map(({ name }) => name).join(',')}`,
  );
}

function changedThroughput(old: Throughput, requested: ProvisionedThroughput, nowMs: number): Throughput {
  const next = throughputOf(requested);
  return {
    ...old,
    ...next,
    ...(next.reads > old.reads || next.writes > old.writes ? { lastIncreaseAtMs: nowMs } : {}),
    ...(next.reads < old.reads || next.writes < old.writes
      ? { lastDecreaseAtMs: nowMs, decreases: countDecrease(old, nowMs) }
      : {}),
  };
}

function withIndexUpdate(
  ctx: Context,
  tx: Transaction,
  row: TableRow,
  { Create, Update, Delete }: GlobalSecondaryIndexUpdate,
  defined: readonly AttributeDefinition[],
  nowMs: number,
): TableRow {
  const named = (name: string) => row.indexes.find((index) => index.kind === 'global' && index.name === name);
  const replaced = (old: IndexRow, next: IndexRow): TableRow => ({
    ...row,
    indexes: row.indexes.map((index) => (index === old ? next : index)),
  });
  if (Create !== undefined) {
    if (row.indexes.some(({ name }) => name === Create.IndexName)) {
      throw invalid('Attempting to create an index which already exists');
    }
    requireNoIndexUnderWay(row);
    checkGlobal(Create, defined);
    checkNewIndexBilling(Create.IndexName, Create.ProvisionedThroughput, row);
    checkOnDemand(Create.OnDemandThroughput, row.billingMode, ctx.region, { index: Create.IndexName });
    if (row.indexes.filter(({ kind }) => kind === 'global').length >= MOST_GLOBAL) {
      throw fault(
        'LimitExceededException',
        `Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of ${MOST_GLOBAL}`,
      );
    }
    const index = indexRow(Create, 'global', row.nextIndex, 'CREATING');
    const payload: IndexJob = { table: row.number, name: row.name, index: index.number };
    ctx.enqueue(tx, { kind: 'backfill', payload });
    return { ...row, indexes: [...row.indexes, index], nextIndex: row.nextIndex + 1 };
  }
  const name = (Update ?? Delete)?.IndexName ?? '';
  const index = named(name);
  if (index === undefined || index.status === 'DELETING') {
    if (row.indexes.some((local) => local.kind === 'local' && local.name === name)) {
      const action = Delete === undefined ? 'update' : 'delete';
      throw invalid(`Cannot ${action} an index that is not a GlobalSecondaryIndex: ${name}`);
    }
    throw fault(
      'ResourceNotFoundException',
      `Requested resource not found: Index ${name} for table ${row.name}`,
    );
  }
  if (Delete !== undefined) {
    requireNoIndexUnderWay(row);
    const payload: IndexJob = { table: row.number, name: row.name, index: index.number };
    ctx.enqueue(tx, { kind: 'dropIndex', payload });
    return replaced(index, { ...index, status: 'DELETING' });
  }
  const throughput = Update?.ProvisionedThroughput;
  const onDemandThroughput = Update?.OnDemandThroughput;
  checkOnDemand(onDemandThroughput, row.billingMode, ctx.region, { index: name });
  const most = onDemandThroughput?.MaxReadRequestUnits ?? onDemandThroughput?.MaxWriteRequestUnits;
  if (
    row.billingMode === 'PAY_PER_REQUEST' &&
    (throughput !== undefined || (most === undefined && Update?.WarmThroughput === undefined))
  ) {
    throw invalidParameter(
      `The only Updates for index: ${name} when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput`,
    );
  }
  return replaced(index, {
    ...index,
    ...(throughput === undefined
      ? {}
      : { throughput: changedThroughput(index.throughput, throughput, nowMs) }),
    ...(onDemandThroughput === undefined ? {} : { onDemandThroughput }),
  });
}

function checkNewIndexBilling(
  name: string,
  throughput: ProvisionedThroughput | undefined,
  { billingMode }: TableRow,
): void {
  if (billingMode === 'PAY_PER_REQUEST' && throughput !== undefined) {
    throw invalidParameter(
      `Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (billingMode === 'PROVISIONED' && throughput === undefined) {
    throw invalidParameter(
      `Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: ${name}`,
    );
  }
  checkThroughput(throughput);
}

function requireNoIndexUnderWay(row: TableRow): void {
  if (row.indexes.every(({ status }) => status === 'ACTIVE')) return;
  throw fault(
    'LimitExceededException',
    'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
  );
}

function mergedAttributes(
  old: readonly AttributeDefinition[],
  given: readonly AttributeDefinition[],
): readonly AttributeDefinition[] {
  const names = new Set(given.map(({ AttributeName }) => AttributeName));
  for (const { AttributeName: name, AttributeType: type } of given) {
    const before = old.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
    if (before === undefined || before === type) continue;
    throw invalidParameter(
      'Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. ' +
        `Existing schema: Schema:[SchemaElement: key{${name}:${before}:HASH}] New schema: Schema:[SchemaElement: key{${name}:${type}:HASH}]`,
    );
  }
  return [...old.filter(({ AttributeName }) => !names.has(AttributeName)), ...given];
}

/** Definitions that some key still needs. */
export function usedAttributes(row: TableRow): readonly AttributeDefinition[] {
  const keys = new Set(
    [row.keySchema, ...row.indexes.map(({ keySchema }) => keySchema)]
      .flat()
      .map(({ AttributeName }) => AttributeName),
  );
  return row.attributes.filter(({ AttributeName }) => keys.has(AttributeName));
}
