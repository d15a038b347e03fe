import type { AttributeMap, DynamodbOperations, WriteRequest } from '../../model/gen/dynamodb.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import { collectionMetrics, shown } from './answer.ts';
import { checkAttributes, type Item } from './attribute-value.ts';
import { readUnits, writeUnits } from './capacity.ts';
import { asksUsage, UsageSum } from './consumed-capacity.ts';
import { checkAttributesToGet, checkExpressionParameters } from './expression-parameters.ts';
import { invalid } from './fault.ts';
import { itemText } from './item-codec.ts';
import { type CheckedWrite, checkedDelete, checkedPut, checkItemSize } from './item-request.ts';
import { type ItemWrite, performTogether, performWrite, type WriteOutcome, withTable } from './item-write.ts';
import { readProjection } from './items.ts';
import { checkBatchItemKeys, checkKey, checkKeyPaths } from './key-check.ts';
import { project } from './projection.ts';
import { StoredItem } from './stored-item.ts';
import { itemKey, type Table } from './table.ts';
import { addressOf, type TableAddress, tableFor } from './tables-cache.ts';
import { isThrottle, limitsOf } from './throughput-limits.ts';

const MOST_READS = 100;
const MOST_WRITES = 25;
/** Bytes of items one BatchGetItem answers. */
const READ_BYTES = 16 << 20;

type Input<Name extends keyof DynamodbOperations> = DynamodbOperations[Name]['input'];
type KeysAndAttributes = Input<'BatchGetItem'>['RequestItems'][string];

export const batches = {
  BatchGetItem: async (input, ctx) => {
    const requests = checkGets(input, ctx);
    const usage = new UsageSum();
    const responses: Record<string, AttributeMap[]> = {};
    const unprocessed: Record<string, KeysAndAttributes> = {};
    let bytes = 0;
    let served = false;
    let throttled: Fault | undefined;
    for (const { address, name, request, projection } of requests) {
      const table = await tableFor(ctx, address);
      for (const key of request.Keys) checkKey(table, key);
      if (projection !== undefined) checkKeyPaths(table, projection.paths);
      const shownItems: AttributeMap[] = [];
      const left: Item[] = [];
      const limit = limitsOf(ctx, table)?.reading();
      let units = 0;
      for (const key of request.Keys) {
        if (bytes >= READ_BYTES) {
          left.push(key);
          continue;
        }
        const place = itemKey(table, key);
        const throttle = throttleOf(() => limit?.admit(place, ctx.world.clock.now()));
        if (throttle !== undefined) {
          throttled = throttle;
          left.push(key);
          continue;
        }
        const found = await ctx.store.get(place);
        served = true;
        const stored = found === undefined ? undefined : new StoredItem(found);
        const taken = readUnits(stored?.size ?? 0, request.ConsistentRead === true);
        limit?.take(place, taken);
        units += taken;
        if (stored === undefined) continue;
        bytes += stored.size;
        shownItems.push(projection === undefined ? shown(ctx, stored) : project(stored.item, projection));
      }
      responses[name] = shownItems;
      if (left.length > 0) unprocessed[name] = { ...request, Keys: left };
      usage.add({ tableName: name, table: units, indexes: [] });
    }
    // A batch of which nothing could be read fails as a single read would.
    if (throttled !== undefined && !served) throw throttled;
    return {
      Responses: responses,
      UnprocessedKeys: unprocessed,
      ConsumedCapacity: usage.show(input.ReturnConsumedCapacity),
    };
  },

  BatchWriteItem: async (input, ctx) => {
    const requests = checkWrites(input, ctx);
    const usage = new UsageSum();
    const metrics: Record<string, NonNullable<ReturnType<typeof collectionMetrics>>[]> = {};
    const counts = asksUsage(input.ReturnConsumedCapacity);
    const batches: Batch[] = [];
    // Every table and key is checked before the first item is written.
    for (const request of requests) batches.push(await batchOf(ctx, request, counts));
    const unprocessed: Record<string, WriteRequest[]> = {};
    let served = false;
    let throttled: Fault | undefined;
    const note = (
      table: Table,
      name: string,
      key: Item,
      { before, after, indexUnits }: WriteOutcome,
    ): void => {
      served = true;
      usage.add({
        tableName: name,
        table: writeUnits(before?.size ?? 0, after?.size ?? 0),
        indexes: indexUnits,
      });
      const metric = collectionMetrics(table, input.ReturnItemCollectionMetrics, key);
      if (metric !== undefined) (metrics[name] ??= []).push(metric);
    };
    const writeEach = ({ address, name, writes, on }: Batch) =>
      writes.map(async ({ request, key }, index) => {
        try {
          await withTable(ctx, address, async (table) => {
            note(table, name, key, await performWrite(ctx, on(table)[index] as ItemWrite));
          });
        } catch (error) {
          if (!Fault.is(error) || !isThrottle(error)) throw error;
          throttled = error;
          (unprocessed[name] ??= []).push(request);
        }
      });
    await Promise.all(
      batches.map(async (batch) => {
        const { address, name, writes, on } = batch;
        const together = await withTable(ctx, address, async (table) => {
          const outcomes = await performTogether(ctx, table, on(table));
          for (const [index, { key }] of writes.entries()) {
            if (outcomes !== undefined) note(table, name, key, outcomes[index] as WriteOutcome);
          }
          return outcomes !== undefined;
        });
        if (!together) await Promise.all(writeEach(batch));
      }),
    );
    if (throttled !== undefined && !served) throw throttled;
    return {
      UnprocessedItems: unprocessed,
      ItemCollectionMetrics: Object.keys(metrics).length === 0 ? undefined : metrics,
      ConsumedCapacity: usage.show(input.ReturnConsumedCapacity),
    };
  },
} satisfies Group<DynamodbOperations>;

/** The fault of a request that has to wait; undefined when it may go ahead. */
function throttleOf(admit: () => void): Fault | undefined {
  try {
    admit();
    return undefined;
  } catch (error) {
    if (!Fault.is(error) || !isThrottle(error)) throw error;
    return error;
  }
}

function checkGets(input: Input<'BatchGetItem'>, ctx: Context) {
  const entries = Object.entries(input.RequestItems);
  if (entries.length === 0) throw invalid('The requestItems parameter is required for BatchGetItem');
  let count = 0;
  return entries.map(([name, request]) => {
    const address = addressOf(name, ctx, 'requestItems');
    if (request.Keys.length > MOST_READS) {
      throw invalid(
        `1 validation error detected: Value at 'RequestItems.${name}.member.Keys' failed to satisfy constraint: Member must have length less than or equal to ${MOST_READS}`,
      );
    }
    checkExpressionParameters(request, ['ProjectionExpression'], ['AttributesToGet']);
    checkAttributesToGet(request.AttributesToGet);
    const projection = readProjection(request);
    for (const key of request.Keys) checkAttributes(key);
    checkDistinctText(request.Keys);
    count += request.Keys.length;
    if (count > MOST_READS) throw invalid('Too many items requested for the BatchGetItem call');
    return { address, name, request, projection };
  });
}

interface CheckedRequest {
  readonly request: WriteRequest;
  readonly write: CheckedWrite;
  readonly key: Item;
  readonly isPut: boolean;
}

interface TableWrites {
  readonly address: TableAddress;
  readonly name: string;
  readonly writes: readonly CheckedRequest[];
}

function checkWrites(input: Input<'BatchWriteItem'>, ctx: Context): readonly TableWrites[] {
  const entries = Object.entries(input.RequestItems);
  if (entries.length === 0) throw invalid('The requestItems parameter is required for BatchWriteItem');
  let count = 0;
  return entries.map(([name, requests]) => {
    const address = addressOf(name, ctx, 'requestItems');
    count += requests.length;
    if (count > MOST_WRITES) throw invalid('Too many items requested for the BatchWriteItem call');
    return { address, name, writes: requests.map(checkWrite) };
  });
}

function checkWrite(request: WriteRequest): CheckedRequest {
  const { PutRequest: put, DeleteRequest: remove } = request;
  if ((put === undefined) === (remove === undefined)) {
    throw invalid(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
  if (put !== undefined) {
    checkAttributes(put.Item);
    checkItemSize(put.Item);
    return { request, write: checkedPut({}, put.Item), key: put.Item, isPut: true };
  }
  const key = remove?.Key ?? {};
  checkAttributes(key);
  return { request, write: checkedDelete({}, key), key, isPut: false };
}

/** The writes of one table. */
interface Batch {
  readonly address: TableAddress;
  readonly name: string;
  readonly writes: readonly CheckedRequest[];
  readonly on: (table: Table) => readonly ItemWrite[];
}

/** The batch, made for the table as it is now and, should it change, made again. */
async function batchOf(
  ctx: Context,
  { address, name, writes }: TableWrites,
  counts: boolean,
): Promise<Batch> {
  const table = await tableFor(ctx, address);
  for (const { key, isPut } of writes) if (isPut) checkBatchItemKeys(table, key);
  const make = (of: Table) => writes.map(({ write }) => write.on(of, counts));
  let made = { table, items: make(table) };
  checkDistinct(made.items.map(({ key }) => key));
  return {
    address,
    name,
    writes,
    on: (now) => {
      if (now !== made.table) made = { table: now, items: make(now) };
      return made.items;
    },
  };
}

/** Finds keys given twice before there is a table to make keys of them. */
function checkDistinctText(keys: readonly Item[]): void {
  const texts = keys.map((key) => itemText(Object.fromEntries(Object.entries(key).sort(byName))));
  if (new Set(texts).size < keys.length) throw invalid('Provided list of item keys contains duplicates');
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function checkDistinct(keys: readonly Uint8Array[]): void {
  const seen = new Set(keys.map((key) => Buffer.from(key).toString('latin1')));
  if (seen.size < keys.length) throw invalid('Provided list of item keys contains duplicates');
}
