import type { CreateTableInput, DynamodbOperations } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { fault, invalid } from './fault.ts';
import { layout } from './layout.ts';
import { checkOnDemand } from './on-demand.ts';
import { checkUnits, MOST_TABLES, tooManyTables } from './quota.ts';
import { leaveReplicas } from './replicas.ts';
import { boundPolicy } from './resource-policies.ts';
import { countTable, NO_STATISTICS } from './statistics.ts';
import { checkStream, closeStream, withStream } from './stream-change.ts';
import { changeTable, noTable, setTable } from './table-change.ts';
import { checkDefinition, type Definition, indexRow, throughputOf } from './table-definition.ts';
import { describeDeleted, describeTable } from './table-description.ts';
import { nextNumber } from './table-number.ts';
import type { IndexRow, TableRow } from './table-row.ts';
import { addressOf, forgetTables, lookUpTable, type TableAddress } from './tables-cache.ts';
import { checkTags } from './tags.ts';
import { withWarmth } from './warm-throughput.ts';

const LIST_LIMIT = 100;

export const tables = {
  CreateTable: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    refuseUnwritten(input);
    const definition = checkDefinition(input);
    checkStream(input.StreamSpecification, 'created');
    checkTags(input.Tags ?? []);
    checkQuotas(input, address.region);
    await checkCount(ctx, address);
    const { ResourcePolicy: given, ...asked } = input;
    const policy = given === undefined ? undefined : await boundPolicy(given, address.account, ctx);
    const wanted = policy === undefined ? asked : { ...asked, ResourcePolicy: policy };
    const id = ctx.world.random.uuid();
    const nowMs = ctx.world.clock.now();
    const row = await ctx.transact(async (tx) => {
      const { tables: rows, tags } = layout.at(address.account, address.region);
      const existing = await rows.get(tx, [address.name]);
      if (existing !== undefined) {
        throw fault(
          'ResourceInUseException',
          existing.status === 'DELETING'
            ? `Attempt to change a resource which is still in use: Table is being deleted: ${address.name}`
            : `Table already exists: ${address.name}`,
        );
      }
      const number = await nextNumber(tx, address);
      const created = await withStream(
        ctx.as(address),
        tx,
        newTable(wanted, definition, address, number, id, nowMs),
        input.StreamSpecification,
        nowMs,
        true,
      );
      setTable(tx, address, created);
      for (const { Key, Value } of input.Tags ?? []) tags.set(tx, [number, Key], Value);
      return created;
    });
    forgetTables(ctx, address);
    return {
      TableDescription: describeTable(row, address.account, address.region, NO_STATISTICS, nowMs, 'CREATING'),
    };
  },

  DescribeTable: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    const table = await lookUpTable(ctx, address);
    if (table === undefined) throw noTable(address.name);
    const statistics = await countTable(ctx.as(address), table.row);
    return {
      Table: describeTable(table.row, address.account, address.region, statistics, ctx.world.clock.now()),
    };
  },

  ListTables: async (input, ctx) => {
    const { tables: rows } = layout.at(ctx.account, ctx.region);
    const { Limit: limit = LIST_LIMIT, ExclusiveStartTableName: start } = input;
    const page = await rows.page(ctx.store, [], {
      limit,
      ...(start === undefined ? {} : { after: [start] }),
    });
    return {
      TableNames: page.rows.map(({ value }) => value.name),
      LastEvaluatedTableName: page.next?.[0],
    };
  },

  DeleteTable: async (input, ctx) => {
    const address = addressOf(input.TableName, ctx);
    const row = await changeTable(ctx, address, async (found, tx) => {
      if (found.deletionProtection) {
        throw invalid(
          'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
        );
      }
      if (found.status === 'DELETING') {
        throw fault(
          'ResourceInUseException',
          `Attempt to change a resource which is still in use: Table is being deleted: ${found.name}`,
        );
      }
      const used =
        found.status === 'CREATING' ? 'being created' : found.readers && 'being read by a backup or restore';
      if (used) {
        throw fault(
          'ResourceInUseException',
          `Attempt to change a resource which is still in use: Table is ${used}: ${found.name}`,
        );
      }
      const owner = ctx.as(address);
      enqueuePurge(owner, tx, found);
      await leaveReplicas(owner, tx, found);
      const nowMs = ctx.world.clock.now();
      return { ...(await closeStream(owner, tx, found, nowMs)), status: 'DELETING' };
    });
    for (const { region } of row.replicas ?? []) forgetTables(ctx, { ...address, region });
    return { TableDescription: describeDeleted(row, address, ctx.world.clock.now()) };
  },
} satisfies Group<DynamodbOperations>;

/** The payload of the job that removes a table and all it held. */
export interface Purge {
  readonly table: number;
  readonly name: string;
}

function enqueuePurge(ctx: Context, tx: Transaction, { number, name }: TableRow): void {
  const payload: Purge = { table: number, name };
  ctx.enqueue(tx, { kind: 'purge', payload });
}

function newTable(
  input: CreateTableInput,
  { attributes, keySchema }: Definition,
  { name, region }: TableAddress,
  number: number,
  id: string,
  nowMs: number,
): TableRow {
  const billingMode = input.BillingMode ?? 'PROVISIONED';
  let next = 1;
  const indexes: readonly IndexRow[] = [
    ...(input.LocalSecondaryIndexes ?? []).map((index) => indexRow(index, 'local', next++, 'ACTIVE')),
    ...(input.GlobalSecondaryIndexes ?? []).map((index) =>
      withWarmth(
        indexRow(index, 'global', next++, 'ACTIVE'),
        billingMode,
        index.WarmThroughput,
        `index ${index.IndexName}`,
        region,
      ),
    ),
  ];
  const row: TableRow = {
    number,
    version: 1,
    id,
    name,
    status: 'ACTIVE',
    createdAtMs: nowMs,
    attributes,
    keySchema,
    billingMode,
    ...(billingMode === 'PAY_PER_REQUEST' ? { onDemandSinceMs: nowMs } : {}),
    throughput: throughputOf(input.ProvisionedThroughput),
    ...(input.OnDemandThroughput === undefined ? {} : { onDemandThroughput: input.OnDemandThroughput }),
    indexes,
    nextIndex: next,
    ...(input.TableClass === undefined ? {} : { tableClass: input.TableClass }),
    deletionProtection: input.DeletionProtectionEnabled ?? false,
    ...(input.SSESpecification === undefined ? {} : { encryption: input.SSESpecification }),
    ...(input.ResourcePolicy === undefined
      ? {}
      : { policy: { document: input.ResourcePolicy, revision: String(nowMs) } }),
  };
  return withWarmth(row, billingMode, input.WarmThroughput, 'table', region);
}

function checkQuotas(input: CreateTableInput, region: string): void {
  const mode = input.BillingMode ?? 'PROVISIONED';
  checkUnits(input.ProvisionedThroughput, region);
  checkOnDemand(input.OnDemandThroughput, mode, region, { isNew: true });
  for (const { IndexName: index, ...given } of input.GlobalSecondaryIndexes ?? []) {
    checkUnits(given.ProvisionedThroughput, region, index);
    checkOnDemand(given.OnDemandThroughput, mode, region, { index, isNew: true });
  }
}

/** Tables of one region; those made at the same moment may pass it a little. */
async function checkCount(ctx: Context, { account, region }: TableAddress): Promise<void> {
  const page = await layout.at(account, region).tables.page(ctx.store, [], { limit: MOST_TABLES });
  if (page.rows.length === MOST_TABLES) throw tooManyTables();
}

/** What is not there yet is refused by name rather than ignored. */
function refuseUnwritten(input: CreateTableInput): void {
  if (input.VectorIndexes !== undefined) throw unwritten('VectorIndexes');
  if (input.GlobalTableSourceArn !== undefined) throw unwritten('GlobalTableSourceArn');
  if (input.GlobalTableSettingsReplicationMode !== undefined) {
    throw unwritten('GlobalTableSettingsReplicationMode');
  }
}

export function unwritten(parameter: string) {
  return fault('NotImplemented', `Lambent does not have DynamoDB's ${parameter} yet`);
}
