import type { Page } from '../../store/keyspace.ts';
import type { Reader } from '../../store/store.ts';
import type { Bucket } from './bucket.ts';
import { type ObjectRow, s3Rows, type UploadRow } from './layout.ts';

/** Where a listing begins. */
export interface WalkStart {
  readonly prefix: string;
  /** Keys after this one only, or after this common prefix. */
  readonly after?: string | undefined;
  readonly delimiter?: string | undefined;
}

/** What a walk meets: a row, or all the keys that share a prefix up to the delimiter. */
export type Step<Row> =
  | { readonly kind: 'row'; readonly key: string; readonly at: WalkKey; readonly row: Row }
  | { readonly kind: 'prefix'; readonly prefix: string };

/** The key of a row: the bucket's id, the object's key, perhaps more. */
type WalkKey = readonly [bucketId: string, key: string, ...rest: readonly (string | number)[]];

/** Rows to walk over. */
export interface WalkSource<Row> {
  /** Rows behind a key, which need not exist; rows whose key extends it are behind it. */
  page(after: WalkKey, limit: number): Promise<Page<WalkKey, Row>>;
  /** The row whose key is no longer than the bucket and this. */
  exactly(key: string): Promise<Row | undefined>;
  readonly bucketId: string;
}

/** Pages grow while a walk goes straight on: what a leap or a short list would not use is not read. */
const FIRST_PAGE = 32;
const LARGEST_PAGE = 1000;
const maxBytes = 1 << 20;
/** More of the last code point than a key has room for. */
const LAST = '\u{10ffff}'.repeat(256);

/** The newest version of each key, delete markers among them. */
export function newestVersions(reader: Reader, bucket: Bucket): WalkSource<ObjectRow> {
  const { objects } = s3Rows(bucket.account);
  const bucketId = bucket.row.id;
  return {
    bucketId,
    page: (after, limit) =>
      objects.page(reader, [bucketId], { after: [...after] as [string, string], limit, maxBytes }),
    exactly: (key) => objects.get(reader, [bucketId, key]),
  };
}

/** Uploads under way. */
export function uploadsUnderWay(reader: Reader, bucket: Bucket): WalkSource<UploadRow> {
  const { uploads } = s3Rows(bucket.account);
  const bucketId = bucket.row.id;
  return {
    bucketId,
    page: (after, limit) =>
      uploads.page(reader, [bucketId], { after: [...after] as [string, string, string], limit, maxBytes }),
    exactly: () => Promise.resolve(undefined),
  };
}

/**
 * Walks rows in the order of their keys' UTF-8 bytes, keys of one common prefix once. A common prefix of many keys is
 * leapt over. `from` is the exact row to go on behind, where the start's `after` is not enough.
 */
export async function* walk<Row>(
  source: WalkSource<Row>,
  { prefix, after, delimiter }: WalkStart,
  wanted: (row: Row) => boolean = () => true,
  from?: WalkKey,
): AsyncGenerator<Step<Row>> {
  const { bucketId } = source;
  let position: WalkKey = from ?? [bucketId, after ?? prefix];
  /** The common prefix that was last told of. */
  let common: string | undefined;
  if (from === undefined && (after === undefined || order(after, prefix) < 0)) {
    // Reading goes on behind a key; the prefix itself may be one.
    const row = prefix === '' ? undefined : await source.exactly(prefix);
    if (row !== undefined && wanted(row)) yield { kind: 'row', key: prefix, at: [bucketId, prefix], row };
    position = [bucketId, prefix];
  } else if (delimiter !== undefined && after !== undefined) {
    // A common prefix is before every key that has it, so a list that begins at such a key is past it.
    common = commonPrefix(after, prefix, delimiter);
  }
  let limit = FIRST_PAGE;
  for (;;) {
    if (common !== undefined) limit = FIRST_PAGE;
    const page = await source.page(common === undefined ? position : [bucketId, common + LAST], limit);
    limit = Math.min(LARGEST_PAGE, limit * 4);
    for (const { key: at, value: row } of page.rows) {
      const [, key] = at;
      if (!key.startsWith(prefix)) return;
      position = at;
      if (!wanted(row)) continue;
      const shared = delimiter === undefined ? undefined : commonPrefix(key, prefix, delimiter);
      if (shared === undefined) yield { kind: 'row', key, at, row };
      else if (shared !== common) yield { kind: 'prefix', prefix: shared };
      common = shared;
    }
    if (page.next === undefined) return;
  }
}

function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** By UTF-8 bytes, which is by code points, not by JavaScript's units. */
function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
