import type {
  CreateReplicationGroupMemberAction,
  ReplicationGroupUpdate,
  UpdateReplicationGroupMemberAction,
} from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { invalid, invalidParameter } from './fault.ts';
import { layout } from './layout.ts';
import { closeStream, withStream } from './stream-change.ts';
import { setTable } from './table-change.ts';
import { nextNumber } from './table-number.ts';
import type { TableRow } from './table-row.ts';
import { unwritten } from './tables.ts';

/** The payload of the job that fills a new replica. */
export interface ReplicaFill {
  /** The replica. */
  readonly table: number;
  readonly name: string;
  /** The region, and there the number, of the table it is a replica of. */
  readonly from: string;
  readonly source: number;
}

/** Throws for updates that name what replicas of one server cannot have. */
export function checkReplicaUpdates(updates: readonly ReplicationGroupUpdate[], region: string): void {
  for (const { Create: create, Update: update, Delete: remove } of updates) {
    const given = [create, update, remove].filter((action) => action !== undefined);
    const [action] = given;
    if (action === undefined || given.length > 1) {
      throw invalidParameter('One of Create, Update or Delete must be specified for each replica update');
    }
    const { RegionName: name, ...more } = action;
    for (const [member, value] of Object.entries(more)) {
      // Units and keys are the same in all regions; a table class may be each region's own.
      if (value !== undefined && member !== 'TableClassOverride') {
        throw unwritten(`ReplicaUpdates.${create === undefined ? 'Update' : 'Create'}.${member}`);
      }
    }
    if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(name)) throw invalid(`Invalid region: ${name}`);
    if (name === region) {
      throw invalid(
        'Cannot add, delete, or update the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.',
      );
    }
  }
  if (updates.length > 1) {
    throw invalidParameter('Only one replica can be created, updated or deleted in one request');
  }
}

/** The row of a table whose replicas are changed; `ctx` is in its scope. */
export async function withReplicas(
  ctx: Context,
  tx: Transaction,
  row: TableRow,
  updates: readonly ReplicationGroupUpdate[],
  id: string,
  nowMs: number,
): Promise<TableRow> {
  if (row.bound && updates.length > 0) {
    throw invalidParameter('A global table of version 2017.11.29 is changed by UpdateGlobalTable');
  }
  let changed = row;
  for (const { Create: create, Update: update, Delete: remove } of updates) {
    if (create !== undefined) changed = await addReplica(ctx, tx, changed, create, id, nowMs);
    if (update !== undefined) await updateReplica(ctx, tx, changed, update);
    if (remove !== undefined) changed = await removeReplica(ctx, tx, changed, remove.RegionName, nowMs);
  }
  return changed;
}

async function addReplica(
  ctx: Context,
  tx: Transaction,
  row: TableRow,
  { RegionName: region, TableClassOverride: tableClass }: CreateReplicationGroupMemberAction,
  id: string,
  nowMs: number,
): Promise<TableRow> {
  if (row.stream !== undefined && row.stream.view !== 'NEW_AND_OLD_IMAGES') {
    throw invalidParameter(
      'Table must have a stream of NEW_AND_OLD_IMAGES, or none, before a replica can be created',
    );
  }
  const there = ctx.as({ region });
  if ((await layout.at(ctx.account, region).tables.get(tx, [row.name])) !== undefined) {
    throw invalid(
      `Failed to create a the new replica of table with name: '${row.name}' because one or more replicas already existed as tables.`,
    );
  }
  const specification = { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } as const;
  const streaming = row.stream === undefined ? await withStream(ctx, tx, row, specification, nowMs) : row;
  await startAtEnd(ctx, tx, streaming);
  const number = await nextNumber(tx, there);
  const { stream, latestStream, policy, recovery, readers, restored, ...shared } = streaming;
  const replica: TableRow = {
    ...shared,
    ...(tableClass === undefined ? {} : { tableClass }),
    number,
    version: 1,
    id,
    status: 'CREATING',
    createdAtMs: nowMs,
    deletionProtection: false,
    indexes: shared.indexes
      .filter(({ status }) => status !== 'DELETING')
      .map((index) => ({ ...index, status: 'ACTIVE' })),
    replicas: [{ region: ctx.region, status: 'ACTIVE' }, ...(row.replicas ?? [])],
  };
  const made = await withStream(there, tx, replica, specification, nowMs);
  setTable(tx, { account: ctx.account, region, name: row.name }, made);
  await startAtEnd(there, tx, made);
  const added = { region, status: 'CREATING' } as const;
  for (const other of row.replicas ?? []) {
    await changeOther(ctx, tx, other.region, row.name, (found) => ({
      ...found,
      replicas: [...(found.replicas ?? []), added],
    }));
  }
  const payload: ReplicaFill = { table: number, name: row.name, from: ctx.region, source: row.number };
  there.enqueue(tx, { kind: 'fillReplica', payload });
  return { ...streaming, replicas: [...(row.replicas ?? []), added] };
}

async function updateReplica(
  ctx: Context,
  tx: Transaction,
  row: TableRow,
  { RegionName: region, TableClassOverride: tableClass }: UpdateReplicationGroupMemberAction,
): Promise<void> {
  if (!row.replicas?.some((replica) => replica.region === region)) throw noReplica(region);
  if (tableClass === undefined) return;
  await changeOther(ctx, tx, region, row.name, (found) => ({ ...found, tableClass }));
}

function noReplica(region: string) {
  return invalid(`Update global table operation failed because there is no replica in ${region}`);
}

/** What a table's stream has so far is not carried anywhere: a replica is filled with it. */
export async function startAtEnd(ctx: Context, tx: Transaction, { number, stream }: TableRow): Promise<void> {
  if (stream === undefined) return;
  const { carried, streamEnds } = layout.at(ctx.account, ctx.region);
  if ((await carried.get(tx, [number, stream.label])) !== undefined) return;
  const end = await streamEnds.get(tx, [number, stream.label]);
  carried.set(tx, [number, stream.label], end?.last ?? 0);
}

async function removeReplica(
  ctx: Context,
  tx: Transaction,
  row: TableRow,
  region: string,
  nowMs: number,
): Promise<TableRow> {
  if (!row.replicas?.some((replica) => replica.region === region)) throw noReplica(region);
  const there = ctx.as({ region });
  const found = await layout.at(ctx.account, region).tables.get(tx, [row.name]);
  if (found !== undefined) {
    const closed = await closeStream(there, tx, found, nowMs);
    setTable(
      tx,
      { account: ctx.account, region, name: row.name },
      { ...closed, replicas: [], status: 'DELETING', version: found.version + 1 },
    );
    there.enqueue(tx, { kind: 'purge', payload: { table: found.number, name: found.name } });
  }
  for (const other of row.replicas) {
    if (other.region !== region) await changeOther(ctx, tx, other.region, row.name, without(region));
  }
  return without(region)(row);
}

const without =
  (region: string) =>
  ({ replicas = [], ...row }: TableRow): TableRow => {
    const left = replicas.filter((replica) => replica.region !== region);
    return left.length === 0 ? row : { ...row, replicas: left };
  };

/** Takes a table that is being deleted out of the others' lists. */
export async function leaveReplicas(ctx: Context, tx: Transaction, row: TableRow): Promise<void> {
  for (const { region } of row.replicas ?? []) {
    await changeOther(ctx, tx, region, row.name, without(ctx.region));
  }
}

/** Changes the rows of a table's replicas; `change` gets a context in the scope of each. */
export async function changeReplicas(
  ctx: Context,
  tx: Transaction,
  row: TableRow,
  change: (there: Context, replica: TableRow) => Promise<TableRow>,
): Promise<void> {
  // Those of 2017 are changed one by one.
  if (row.bound) return;
  for (const { region } of row.replicas ?? []) {
    const replica = await layout.at(ctx.account, region).tables.get(tx, [row.name]);
    if (replica === undefined || replica.status === 'DELETING') continue;
    const changed = await change(ctx.as({ region }), replica);
    const address = { account: ctx.account, region, name: row.name };
    setTable(tx, address, { ...changed, version: replica.version + 1 });
  }
}

async function changeOther(
  ctx: Context,
  tx: Transaction,
  region: string,
  name: string,
  change: (row: TableRow) => TableRow,
): Promise<void> {
  const found = await layout.at(ctx.account, region).tables.get(tx, [name]);
  if (found === undefined) return;
  setTable(tx, { account: ctx.account, region, name }, { ...change(found), version: found.version + 1 });
}
