import { parseArn } from '../../base/arn.ts';
import { after, type MaybePromise } from '../../base/maybe-promise.ts';
import type { Context } from '../../service/context.ts';
import type { Store } from '../../store/store.ts';
import { fault, invalid } from './fault.ts';
import { layout } from './layout.ts';
import { type Table, tableOf } from './table.ts';

/** The tables of one account and region, decoded, until one of them changes. */
class Scope {
  readonly tables = new Map<string, Table>();
  /** Counts invalidations: what was read before one is not kept after it. */
  generation = 0;

  forget(): void {
    this.generation++;
    this.tables.clear();
  }
}

/** By store, region and account: found for every request, so without making a key of them. */
const scopes = new WeakMap<Store, Map<string, Map<string, Scope>>>();

function scopeOf(store: Store, account: string, region: string): Scope {
  let regions = scopes.get(store);
  if (regions === undefined) scopes.set(store, (regions = new Map()));
  let accounts = regions.get(region);
  if (accounts === undefined) regions.set(region, (accounts = new Map()));
  let scope = accounts.get(account);
  if (scope === undefined) {
    const created = new Scope();
    accounts.set(account, (scope = created));
    store.watch(layout.at(account, region).tables.rangeOf([]), () => created.forget());
  }
  return scope;
}

/** Where the parameter `TableName` points: a name here, or an ARN. */
export interface TableAddress {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

const NAME = /^[a-zA-Z0-9_.-]+$/;

/**
 * Throws AWS's fault for a name no table can have, and for none: operations on tables say that in words of their own.
 * `parameter` is its path in the message.
 */
export function addressOf(
  tableName: string | undefined,
  { account, region }: { readonly account: string; readonly region: string },
  parameter = 'tableName',
): TableAddress {
  if (tableName === undefined) {
    throw invalid("The parameter 'TableName' is required but was not present in the request");
  }
  if (tableName.startsWith('arn:')) {
    const arn = parseArn(tableName);
    const name = arn === undefined ? undefined : /^table\/([^/]+)$/.exec(arn.resource)?.[1];
    if (arn?.service !== 'dynamodb' || name === undefined) throw invalid('Invalid table ARN');
    return { account: arn.account, region: arn.region, name };
  }
  const broken =
    tableName === ''
      ? 'Member must have length greater than or equal to 1'
      : tableName.length < 3
        ? 'Member must have length greater than or equal to 3'
        : tableName.length > 255
          ? 'Member must have length less than or equal to 255'
          : NAME.test(tableName)
            ? undefined
            : 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+';
  if (broken !== undefined) {
    throw invalid(
      `1 validation error detected: Value '${tableName}' at '${parameter}' failed to satisfy constraint: ${broken}`,
    );
  }
  return { account, region, name: tableName };
}

/** A bad name is reported alone, whatever else is wrong with a request. */
export function refuseName({ TableName }: Readonly<Record<string, unknown>>): void {
  if (typeof TableName === 'string') addressOf(TableName, { account: '', region: '' });
}

/** The table, if the cache knows it: no read, no promise. */
export function cachedTable(ctx: Pick<Context, 'store'>, address: TableAddress): Table | undefined {
  return scopes.get(ctx.store)?.get(address.region)?.get(address.account)?.tables.get(address.name);
}

/** The table in whatever status, or undefined. */
export async function lookUpTable(
  ctx: Pick<Context, 'store'>,
  address: TableAddress,
): Promise<Table | undefined> {
  const scope = scopeOf(ctx.store, address.account, address.region);
  const cached = scope.tables.get(address.name);
  if (cached !== undefined) return cached;
  const { generation } = scope;
  const row = await layout.at(address.account, address.region).tables.get(ctx.store, [address.name]);
  if (row === undefined) return undefined;
  const table = tableOf(row, address.account, address.region);
  if (scope.generation === generation) scope.tables.set(address.name, table);
  return table;
}

/** Drops what is cached, for a caller that has seen it to be out of date. */
export function forgetTables(ctx: Pick<Context, 'store'>, { account, region }: TableAddress): void {
  scopes.get(ctx.store)?.get(region)?.get(account)?.forget();
}

/** The table for work on its items, at once when the cache knows it; a fault when there is none or it is being deleted. */
export function tableFor(ctx: Context, address: TableAddress): MaybePromise<Table> {
  return after(cachedTable(ctx, address) ?? lookUpTable(ctx, address), workable);
}

function workable(table: Table | undefined): Table {
  if (table === undefined || table.row.status === 'DELETING' || table.row.status === 'CREATING') {
    throw fault('ResourceNotFoundException', 'Requested resource not found');
  }
  return table;
}
