import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { attributeOf } from './attribute-value.ts';
import { layout } from './layout.ts';
import type { StoredItem } from './stored-item.ts';
import type { Table } from './table.ts';

/** Items that expired longer ago than this are kept: their time is taken for a mistake. */
const FIVE_YEARS_S = 5 * 365 * 24 * 3600;
const LATEST_S = 2 ** 43;

/** The payload of the job that deletes what expires in one minute. */
export interface Sweep {
  readonly table: number;
  readonly name: string;
  readonly minute: number;
}

/**
 * The second an item expires, by the number in its table's attribute; undefined when it does not.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
 */
export function expirySecond(table: Table, stored: StoredItem, nowMs: number): number | undefined {
  const attribute = table.row.expiryAttribute;
  const text = attribute === undefined ? undefined : attributeOf(stored.item, attribute)?.N;
  if (text === undefined) return undefined;
  const second = Math.floor(Number(text));
  return second > nowMs / 1000 - FIVE_YEARS_S && second < LATEST_S ? second : undefined;
}

/** Keeps `layout.expiries` and the sweeps up with a write. */
export async function updateExpiry(
  ctx: Context,
  tx: Transaction,
  table: Table,
  key: Uint8Array,
  before: StoredItem | undefined,
  after: StoredItem | undefined,
): Promise<void> {
  const nowMs = ctx.world.clock.now();
  const old = before && expirySecond(table, before, nowMs);
  const fresh = after && expirySecond(table, after, nowMs);
  if (old === fresh) return;
  const { expiries } = layout.at(table.account, table.region);
  if (old !== undefined) expiries.delete(tx, [table.row.number, old, key]);
  if (fresh !== undefined) await expireAt(ctx, tx, table, key, fresh);
}

/** Notes that an item expires, and sees to it that the minute after is swept. */
export async function expireAt(
  ctx: Context,
  tx: Transaction,
  table: Table,
  key: Uint8Array,
  second: number,
): Promise<void> {
  const { expiries, sweeps } = layout.at(table.account, table.region);
  const { number, name } = table.row;
  expiries.set(tx, [number, second, key], null);
  const minute = Math.floor(second / 60);
  if ((await sweeps.get(tx, [number, minute])) !== undefined) return;
  sweeps.set(tx, [number, minute], null);
  const payload: Sweep = { table: number, name, minute };
  ctx
    .as({ account: table.account, region: table.region })
    .enqueue(tx, { kind: 'sweep', payload, dueAtMs: (minute + 1) * 60_000 });
}
