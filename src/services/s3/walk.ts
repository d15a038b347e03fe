import type { Reader } from '../../store/store.ts';
import type { Bucket } from './bucket.ts';
import { type ObjectRow, s3Rows } from './layout.ts';

/** Where a listing begins. */
export interface WalkStart {
  readonly prefix: string;
  /** Keys after this one only. */
  readonly after?: string | undefined;
}

/** What a walk meets: an object, or all the keys that share a prefix up to the delimiter. */
export type Step =
  | { readonly kind: 'object'; readonly key: string; readonly row: ObjectRow }
  | { readonly kind: 'prefix'; readonly prefix: string };

const PAGE = 1000;
const MOST_BYTES = 1 << 20;
/** The last code point: no key has more of it than a key has room for. */
const LAST = '\u{10ffff}'.repeat(256);

/**
 * The newest versions of a bucket's keys in the order of their UTF-8 bytes, keys of one common prefix once. A common
 * prefix of many keys is leapt over. `wanted` leaves out rows, delete markers say.
 */
export async function* walk(
  reader: Reader,
  bucket: Bucket,
  { prefix, after }: WalkStart,
  delimiter: string | undefined,
  wanted: (row: ObjectRow) => boolean,
): AsyncGenerator<Step> {
  const { objects } = s3Rows(bucket.account);
  const { id } = bucket.row;
  let from = after === undefined || order(after, prefix) < 0 ? undefined : after;
  if (from === undefined) {
    // Reading goes on after a key; the prefix itself may be one.
    const row = prefix === '' ? undefined : await objects.get(reader, [id, prefix]);
    if (row !== undefined && wanted(row)) yield { kind: 'object', key: prefix, row };
    from = prefix;
  }
  let common = delimiter === undefined ? undefined : commonPrefix(from, prefix, delimiter);
  // Begun inside a common prefix, or at it: its keys have been told of, unless the start is a mere key before them.
  if (common !== undefined && after !== common) common = undefined;
  for (;;) {
    const start: string = common === undefined ? from : common + LAST;
    const page = await objects.page(reader, [id], { after: [id, start], limit: PAGE, maxBytes: MOST_BYTES });
    common = undefined;
    for (const {
      key: [, key],
      value: row,
    } of page.rows) {
      if (!key.startsWith(prefix)) return;
      from = key;
      if (!wanted(row)) continue;
      const shared: string | undefined =
        delimiter === undefined ? undefined : commonPrefix(key, prefix, delimiter);
      if (shared === undefined) {
        common = undefined;
        yield { kind: 'object', key, row };
      } else if (shared !== common) {
        common = shared;
        yield { kind: 'prefix', prefix: shared };
      }
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
export function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
