import { createHash } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { emptyItem } from './attribute-value.ts';
import { writeUnits } from './capacity.ts';
import { itemText } from './item-codec.ts';
import { hashIn } from './item-key.ts';
import { itemSize } from './item-size.ts';
import { layout } from './layout.ts';
import type { Replicate } from './replication.ts';
import { placeRecord } from './shard.ts';
import type { StoredItem } from './stored-item.ts';
import { HOUR_MS, RECORD_LIFE_MS, type RecordRow } from './stream.ts';
import { itemKey, type Table } from './table.ts';
import { partitionCount } from './throughput.ts';

/** Who makes the deletions of time to live. */
export const BY_SERVICE = 'dynamodb.amazonaws.com';

/** The payload of the job that drops the records of one hour once they are a day old. */
export interface Trim {
  readonly table: number;
  readonly label: string;
  readonly hour: number;
}

/** Writes the record of a change, in the change's own transaction; a write that changes nothing has none. */
export async function appendRecord(
  ctx: Context,
  tx: Transaction,
  table: Table,
  before: StoredItem | undefined,
  after: StoredItem | undefined,
  { service, replicated }: { readonly service?: string; readonly replicated?: true } = {},
): Promise<void> {
  const { stream } = table.row;
  const some = after ?? before;
  if (stream === undefined || some === undefined) return;
  if (before !== undefined && after !== undefined && Buffer.compare(before.bytes, after.bytes) === 0) return;
  const { streamEnds, shards, records } = layout.at(table.account, table.region);
  const passesOn = table.row.replicas !== undefined && replicated === undefined;
  const nowMs = ctx.world.clock.now();
  const atMs = passesOn ? await noteOrigin(tx, table, some, nowMs) : nowMs;
  const hour = Math.floor(atMs / HOUR_MS);
  const end = await streamEnds.get(tx, [table.row.number, stream.label]);
  assert(end !== undefined, 'a stream has an end');
  const place: [table: number, label: string] = [table.row.number, stream.label];
  const placed = placeRecord(end, {
    hash: () => hashIn(itemKey(table, some.item), table.prefix.length),
    units: writeUnits(before?.size ?? 0, after?.size ?? 0),
    nowMs,
    partitions: partitionCount(table.row.throughput.reads, table.row.throughput.writes),
  });
  const { sequence, shard, closed, opened } = placed;
  streamEnds.set(tx, place, { ...placed.end, hour });
  if (closed !== undefined) {
    const row = await shards.get(tx, [...place, closed]);
    assert(row !== undefined, 'a shard that is open has a row');
    shards.set(tx, [...place, closed], { ...row, closed: { last: end.last, atMs: nowMs } });
    for (const fresh of opened) shards.set(tx, [...place, fresh.number], fresh);
  }
  if (end.hour !== hour) scheduleTrim(ctx, tx, table, stream.label, hour);

  const keys = emptyItem();
  for (const { name } of table.keys) {
    const value = some.item[name];
    if (value !== undefined) keys[name] = value;
  }
  const showsOld = stream.view === 'OLD_IMAGE' || stream.view === 'NEW_AND_OLD_IMAGES';
  const showsNew = stream.view === 'NEW_IMAGE' || stream.view === 'NEW_AND_OLD_IMAGES';
  const old = showsOld ? before : undefined;
  const fresh = showsNew ? after : undefined;
  const record: RecordRow = {
    id: createHash('md5').update(`${table.row.id}/${stream.label}/${sequence}`).digest('hex'),
    event: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    atMs,
    keys: itemText(keys),
    ...(old === undefined ? {} : { before: old.text }),
    ...(fresh === undefined ? {} : { after: fresh.text }),
    bytes: itemSize(keys) + (old?.size ?? 0) + (fresh?.size ?? 0),
    ...(service === undefined ? {} : { service }),
    ...(replicated === undefined ? {} : { replicated }),
  };
  records.set(tx, [...place, shard, sequence], record);
  if (passesOn) await passOn(ctx, tx, table, stream.label);
}

/** Notes a write of an item that other regions will compare with theirs: its time is later than every one before it. */
async function noteOrigin(tx: Transaction, table: Table, item: StoredItem, nowMs: number): Promise<number> {
  const { origins } = layout.at(table.account, table.region);
  const key = itemKey(table, item.item).subarray(table.prefix.length);
  const last = await origins.get(tx, [table.row.number, key]);
  const atMs = last === undefined ? nowMs : Math.max(nowMs, last.atMs + 1);
  origins.set(tx, [table.row.number, key], { atMs, region: table.region });
  return atMs;
}

/** Has a table's records carried to its replicas. */
async function passOn(ctx: Context, tx: Transaction, table: Table, label: string): Promise<void> {
  const { carrying } = layout.at(table.account, table.region);
  const { number, name } = table.row;
  if ((await carrying.get(tx, [number])) !== undefined) return;
  carrying.set(tx, [number], null);
  const payload: Replicate = { table: number, name, label };
  ctx
    .as({ account: table.account, region: table.region })
    .enqueue(tx, { kind: 'replicate', payload, shard: `replicate/${table.arn}` });
}

function scheduleTrim(ctx: Context, tx: Transaction, table: Table, label: string, hour: number): void {
  const payload: Trim = { table: table.row.number, label, hour };
  ctx
    .as({ account: table.account, region: table.region })
    .enqueue(tx, { kind: 'trim', payload, dueAtMs: (hour + 1) * HOUR_MS + RECORD_LIFE_MS });
}
