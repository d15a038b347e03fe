import type { Context } from '../../service/context.ts';
import type { KeyRange } from '../../store/store.ts';
import type { Item } from './attribute-value.ts';
import { readUnits } from './capacity.ts';
import { after } from './item-key.ts';
import { StoredItem } from './stored-item.ts';
import type { Index, Table } from './table.ts';
import { limitsOf, type TableLimits } from './throughput-limits.ts';

/** A page evaluates items until their sizes pass this. */
export const PAGE_BYTES = 1 << 20;
/** Read from the store at once; stored text is a little longer than the size DynamoDB counts. */
const CHUNK_ENTRIES = 1000;
const CHUNK_BYTES = PAGE_BYTES + (PAGE_BYTES >> 2);

export interface PageRequest {
  /** What the page's bytes are counted against. */
  readonly capacity: PageCapacity;
  readonly range: KeyRange;
  readonly reverse: boolean;
  /** Items to evaluate at most. */
  readonly limit: number | undefined;
  /** Bytes that may still be evaluated; those of a whole page if absent. */
  readonly bytesLeft?: number;
  readonly filter: ((item: Item) => boolean) | undefined;
  /** Reads the table's item of an index entry, when the entry has too little of it. */
  readonly fetch: ((entry: StoredItem) => Promise<StoredItem | undefined>) | undefined;
}

export interface ItemPage {
  readonly items: readonly StoredItem[];
  readonly scanned: number;
  /** Bytes evaluated, of which capacity is counted. */
  readonly bytes: number;
  /** Bytes of each fetched item. */
  readonly fetched: readonly number[];
  /** The last entry evaluated, if there may be more after it. */
  readonly last: StoredItem | undefined;
}

/** What is read, and how: it decides which limit a page is counted against. */
export interface PageCapacity {
  readonly table: Table;
  readonly index: Index | undefined;
  readonly consistent: boolean;
}

/** Evaluates one page of a range, within the throughput of what is read. */
export function readPage(ctx: Context, request: PageRequest): Promise<ItemPage> {
  const limits = limitsOf(ctx, request.capacity.table);
  return limits === undefined ? evaluatePage(ctx, request) : limitedPage(ctx, request, limits);
}

async function limitedPage(ctx: Context, request: PageRequest, limits: TableLimits): Promise<ItemPage> {
  const { index, consistent } = request.capacity;
  const { start } = request.range;
  limits.reading(index)?.admit(start, ctx.world.clock.now());
  const page = await evaluatePage(ctx, request);
  limits.reading(index)?.take(start, readUnits(page.bytes, consistent));
  for (const bytes of page.fetched) limits.reading()?.take(start, readUnits(bytes, consistent));
  return page;
}

async function evaluatePage(ctx: Context, request: PageRequest): Promise<ItemPage> {
  const { reverse, limit = Number.POSITIVE_INFINITY, bytesLeft = PAGE_BYTES, filter, fetch } = request;
  let { range } = request;
  const items: StoredItem[] = [];
  const fetched: number[] = [];
  let scanned = 0;
  let bytes = 0;
  while (Buffer.compare(range.start, range.end) < 0) {
    const wanted = Math.min(limit - scanned, CHUNK_ENTRIES);
    const entries = await ctx.store.range(range, { limit: wanted, reverse, maxBytes: CHUNK_BYTES });
    let read = 0;
    for (const { key, value } of entries) {
      read += key.length + value.length;
      const entry = new StoredItem(value);
      scanned++;
      bytes += entry.size;
      const stored = fetch === undefined ? entry : await fetch(entry);
      if (stored !== undefined) {
        if (fetch !== undefined) fetched.push(stored.size);
        if (filter === undefined || filter(stored.item)) items.push(stored);
      }
      if (scanned >= limit || bytes >= bytesLeft) return { items, scanned, bytes, fetched, last: entry };
    }
    const last = entries.at(-1);
    if (last === undefined || (entries.length < wanted && read < CHUNK_BYTES)) break;
    range = reverse ? { start: range.start, end: last.key } : { start: after(last.key), end: range.end };
  }
  return { items, scanned, bytes, fetched, last: undefined };
}
