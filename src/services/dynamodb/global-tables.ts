import { formatArn } from '../../base/arn.ts';
import type {
  DynamodbOperations,
  GlobalTableDescription,
  GlobalTableStatus,
  ReplicaUpdate,
} from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { fault, invalid, invalidParameter } from './fault.ts';
import { layout } from './layout.ts';
import { startAtEnd } from './replicas.ts';
import { setTable } from './table-change.ts';
import type { TableRow } from './table-row.ts';
import { addressOf, forgetTables } from './tables-cache.ts';

const LIST_LIMIT = 100;
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** A table that belongs to a global table. */
export interface Member {
  readonly region: string;
  readonly row: TableRow;
}

function globalRows(account: string) {
  return layout.at(account, '').globalTables;
}

export function noGlobalTable(name: string) {
  return fault('GlobalTableNotFoundException', `Global table with name: '${name}' does not exist.`);
}

/** The tables of a global table; throws when there is none of that name. */
export async function membersOf(reader: Reader, account: string, name: string): Promise<readonly Member[]> {
  const members = await foundMembers(reader, account, name);
  if (members.length === 0) throw noGlobalTable(name);
  return members;
}

async function foundMembers(reader: Reader, account: string, name: string): Promise<readonly Member[]> {
  const found = await globalRows(account).get(reader, [name]);
  const members: Member[] = [];
  for (const region of found?.regions ?? []) {
    const row = await layout.at(account, region).tables.get(reader, [name]);
    if (row?.bound && row.status !== 'DELETING') members.push({ region, row });
  }
  return members;
}

function describe(
  account: string,
  name: string,
  createdAtMs: number,
  regions: readonly string[],
  status: GlobalTableStatus,
): GlobalTableDescription {
  return {
    ReplicationGroup: regions.map((RegionName) => ({ RegionName })),
    GlobalTableArn: globalTableArn(account, name),
    CreationDateTime: new Date(createdAtMs),
    GlobalTableStatus: status,
    GlobalTableName: name,
  };
}

export function globalTableArn(account: string, name: string): string {
  return formatArn('dynamodb', '', account, `global-table/${name}`);
}

/** The tables to bind: there, alike, empty, and with a stream that shows both images. */
async function bindable(
  ctx: Context,
  tx: Transaction,
  name: string,
  regions: readonly string[],
): Promise<readonly Member[]> {
  const members: Member[] = [];
  for (const region of regions) {
    const rows = layout.at(ctx.account, region);
    const row = await rows.tables.get(tx, [name]);
    if (row === undefined || row.status === 'DELETING') {
      throw fault('TableNotFoundException', `Table not found: ${name} in region ${region}`);
    }
    if (row.replicas !== undefined && !row.bound) {
      throw invalidParameter(`Table ${name} in region ${region} has replicas of version 2019.11.21`);
    }
    if (row.stream?.view !== 'NEW_AND_OLD_IMAGES') {
      throw invalidParameter(`Table ${name} in region ${region} must have a stream of NEW_AND_OLD_IMAGES`);
    }
    if ((await tx.range(rows.items.rangeOf([row.number, 0]), { limit: 1 })).length > 0) {
      throw invalidParameter(`Table ${name} in region ${region} must be empty`);
    }
    const [first] = members;
    if (first !== undefined && shapeOf(first.row) !== shapeOf(row)) {
      throw invalidParameter(
        `Table ${name} in region ${region} must have the keys and indexes of the others`,
      );
    }
    members.push({ region, row });
  }
  return members;
}

/** What tables of one global table have in common. */
function shapeOf({ keySchema, indexes }: TableRow): string {
  const shapes = indexes.map(({ name, kind, keySchema: keys, projection, nonKeyAttributes }) =>
    JSON.stringify([name, kind, keys, projection, nonKeyAttributes]),
  );
  return JSON.stringify([keySchema, shapes.sort()]);
}

/** Makes each table the others' replica. */
async function bind(ctx: Context, tx: Transaction, members: readonly Member[]): Promise<void> {
  for (const { region, row } of members) {
    const { replicas: _before, ...own } = row;
    const others = members.filter((member) => member.region !== region);
    const replicas = others.map((member) => ({ region: member.region, status: 'ACTIVE' as const }));
    await startAtEnd(ctx.as({ region }), tx, row);
    setTable(
      tx,
      { account: ctx.account, region, name: row.name },
      { ...own, bound: true, ...(replicas.length === 0 ? {} : { replicas }), version: row.version + 1 },
    );
  }
}

function unbind(ctx: Context, tx: Transaction, { region, row }: Member): void {
  const { replicas: _others, bound: _bound, ...own } = row;
  setTable(tx, { account: ctx.account, region, name: row.name }, { ...own, version: row.version + 1 });
}

function forget(ctx: Context, name: string, regions: Iterable<string>): void {
  for (const region of regions) forgetTables(ctx, { account: ctx.account, region, name });
}

function checkRegions(regions: readonly (string | undefined)[]): readonly string[] {
  if (regions.length === 0) throw invalidParameter('A global table needs at least one region');
  if (new Set(regions).size !== regions.length) throw invalidParameter('A region is named twice');
  return regions.map((region = '') => {
    if (!REGION.test(region)) throw invalid(`Invalid region: ${region}`);
    return region;
  });
}

/** Which regions a global table has after an update, and which left it. */
function changedRegions(before: readonly string[], updates: readonly ReplicaUpdate[]) {
  const regions = new Set(before);
  for (const { Create: create, Delete: remove } of updates) {
    if ((create === undefined) === (remove === undefined)) {
      throw invalidParameter('One of Create or Delete must be specified for each replica update');
    }
    if (create !== undefined) {
      const [region = ''] = checkRegions([create.RegionName]);
      if (regions.has(region)) {
        throw fault('ReplicaAlreadyExistsException', `The replica in region ${region} already exists`);
      }
      regions.add(region);
    } else if (remove !== undefined && !regions.delete(remove.RegionName)) {
      throw fault('ReplicaNotFoundException', `There is no replica in region ${remove.RegionName}`);
    }
  }
  return { regions: [...regions], left: before.filter((region) => !regions.has(region)) };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/globaltables.V1.html */
export const globalTables = {
  CreateGlobalTable: async (input, ctx) => {
    const { name } = addressOf(input.GlobalTableName, ctx, 'globalTableName');
    const regions = checkRegions(input.ReplicationGroup.map(({ RegionName }) => RegionName));
    const createdAtMs = Math.floor(ctx.world.clock.now());
    await ctx.transact(async (tx) => {
      if ((await foundMembers(tx, ctx.account, name)).length > 0) {
        throw fault('GlobalTableAlreadyExistsException', `Global table with name: '${name}' already exists.`);
      }
      await bind(ctx, tx, await bindable(ctx, tx, name, regions));
      globalRows(ctx.account).set(tx, [name], { createdAtMs, regions });
    });
    forget(ctx, name, regions);
    return { GlobalTableDescription: describe(ctx.account, name, createdAtMs, regions, 'CREATING') };
  },

  DescribeGlobalTable: async (input, ctx) => {
    const { name } = addressOf(input.GlobalTableName, ctx, 'globalTableName');
    const regions = (await membersOf(ctx.store, ctx.account, name)).map(({ region }) => region);
    const found = await globalRows(ctx.account).get(ctx.store, [name]);
    return {
      GlobalTableDescription: describe(ctx.account, name, found?.createdAtMs ?? 0, regions, 'ACTIVE'),
    };
  },

  ListGlobalTables: async (input, ctx) => {
    const { Limit: limit = LIST_LIMIT, ExclusiveStartGlobalTableName: start, RegionName: wanted } = input;
    const listed: {
      readonly GlobalTableName: string;
      readonly ReplicationGroup: { RegionName: string }[];
    }[] = [];
    for (const { key } of await globalRows(ctx.account).all(ctx.store, [])) {
      const [name] = key;
      if (start !== undefined && name <= start) continue;
      const regions = (await foundMembers(ctx.store, ctx.account, name)).map(({ region }) => region);
      if (regions.length === 0 || (wanted !== undefined && !regions.includes(wanted))) continue;
      listed.push({
        GlobalTableName: name,
        ReplicationGroup: regions.map((RegionName) => ({ RegionName })),
      });
      if (listed.length > limit) break;
    }
    const shown = listed.slice(0, limit);
    return {
      GlobalTables: shown,
      LastEvaluatedGlobalTableName: listed.length > limit ? shown.at(-1)?.GlobalTableName : undefined,
    };
  },

  UpdateGlobalTable: async (input, ctx) => {
    const { name } = addressOf(input.GlobalTableName, ctx, 'globalTableName');
    const { createdAtMs, regions, left } = await ctx.transact(async (tx) => {
      const members = await membersOf(tx, ctx.account, name);
      const before = members.map(({ region }) => region);
      const changed = changedRegions(before, input.ReplicaUpdates);
      const grows = changed.regions.some((region) => !before.includes(region));
      const kept = members.filter(({ region }) => changed.regions.includes(region));
      await bind(ctx, tx, grows ? await bindable(ctx, tx, name, changed.regions) : kept);
      for (const member of members) if (changed.left.includes(member.region)) unbind(ctx, tx, member);
      const found = await globalRows(ctx.account).get(tx, [name]);
      const row = { createdAtMs: found?.createdAtMs ?? 0, regions: changed.regions };
      globalRows(ctx.account).set(tx, [name], row);
      return { ...row, left: changed.left };
    });
    forget(ctx, name, [...regions, ...left]);
    return { GlobalTableDescription: describe(ctx.account, name, createdAtMs, regions, 'UPDATING') };
  },
} satisfies Group<DynamodbOperations>;
