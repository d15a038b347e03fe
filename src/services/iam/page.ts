import type { Rows } from '../../store/keyspace.ts';
import type { Reader } from '../../store/store.ts';
import { fault } from './fault.ts';

/** IAM's paging: `MaxItems` at a time, `Marker` goes on. */
export interface PageInput {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface IamPage<T> {
  readonly items: readonly T[];
  readonly IsTruncated: boolean;
  readonly Marker: string | undefined;
}

const DEFAULT_ITEMS = 100;
const SCANNED_ROWS = 200;

/** One page of a list in memory, in the order of `keyOf`, which is unique. */
export function pageOfList<T>(
  list: readonly T[],
  { Marker, MaxItems = DEFAULT_ITEMS }: PageInput,
  keyOf: (item: T) => string,
): IamPage<T> {
  const after = Marker === undefined ? undefined : readMarker(Marker);
  const sorted = list
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => after === undefined || key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const last = sorted[MaxItems - 1];
  const more = sorted.length > MaxItems && last !== undefined;
  return {
    items: sorted.slice(0, MaxItems).map(({ item }) => item),
    IsTruncated: more,
    Marker: more ? writeMarker(last.key) : undefined,
  };
}

/** One page of rows keyed by one name, those that `keep` lets through. */
export async function pageOfRows<V>(
  rows: Rows<[name: string], V>,
  reader: Reader,
  { Marker, MaxItems = DEFAULT_ITEMS }: PageInput,
  keep: (value: V) => boolean,
): Promise<IamPage<V>> {
  const items: V[] = [];
  let after: [string] | undefined = Marker === undefined ? undefined : [readMarker(Marker)];
  let last = '';
  for (;;) {
    const page = await rows.page(reader, [], {
      limit: SCANNED_ROWS,
      ...(after === undefined ? {} : { after }),
    });
    for (const { key, value } of page.rows) {
      if (!keep(value)) continue;
      if (items.length === MaxItems) return { items, IsTruncated: true, Marker: writeMarker(last) };
      items.push(value);
      last = key[0];
    }
    if (page.next === undefined) return { items, IsTruncated: false, Marker: undefined };
    after = page.next;
  }
}

function writeMarker(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function readMarker(marker: string): string {
  const key = Buffer.from(marker, 'base64url').toString();
  if (writeMarker(key) !== marker) throw fault('ValidationError', 'Invalid Marker.');
  return key;
}
