import { Readable } from 'node:stream';
import type { Context } from '../../service/context.ts';
import type { Reader } from '../../store/store.ts';
import type { Bucket } from './bucket.ts';
import type { ByteRange } from './byte-range.ts';
import { type ObjectRow, type StoredPart, s3Rows } from './layout.ts';
import { findVersion } from './version.ts';

/** A version and, where its bytes are not one blob, the rows that hold them or say where they are. */
export interface FoundObject {
  readonly row: ObjectRow;
  readonly inline?: Uint8Array | undefined;
  readonly parts?: readonly StoredPart[] | undefined;
}

/** Finds a version and its bytes' place in one snapshot, so that an overwrite in between mixes nothing up. */
export function findObject(
  ctx: Context,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Promise<FoundObject | undefined> {
  return ctx.store.snapshot(async (reader) => {
    const row = await findVersion(reader, bucket, key, versionId);
    return row === undefined ? undefined : { row, ...(await placeOf(reader, bucket, key, row)) };
  });
}

async function placeOf(reader: Reader, bucket: Bucket, key: string, { content, sequence }: ObjectRow) {
  const rows = s3Rows(bucket.account);
  if (content === 'inline') return { inline: await rows.bodies.get(reader, [bucket.row.id, key, sequence]) };
  if (content === 'parts') return { parts: await rows.parts.get(reader, [bucket.row.id, key, sequence]) };
  return {};
}

const NOTHING = new Uint8Array(0);

/** The bytes of a range: themselves where the object is small, else a stream. */
export function bytesOf(
  ctx: Context,
  { row, inline, parts }: FoundObject,
  { start, end }: ByteRange,
): Uint8Array | Readable {
  if (row.content === 'inline') {
    const bytes = inline ?? NOTHING;
    return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
  }
  if (row.content !== 'parts') return ctx.blobs.open(row.content, { start, end });
  return Readable.from(bytesOfParts(ctx, parts ?? [], { start, end }), { objectMode: false });
}

async function* bytesOfParts(
  ctx: Context,
  parts: readonly StoredPart[],
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const { blob, size } of parts) {
    const from = Math.max(start - at, 0);
    const to = Math.min(end - at, size);
    if (from < to) yield* ctx.blobs.open(blob, { start: from, end: to });
    at += size;
    if (at >= end) return;
  }
}

/** Where part `number` of an object is; an object of one PUT is its own first part. Undefined when there is none. */
export function rangeOfPart({ row, parts }: FoundObject, number: number): ByteRange | undefined {
  if (parts === undefined) return number === 1 ? { start: 0, end: row.size } : undefined;
  const part = parts[number - 1];
  if (part === undefined) return undefined;
  const start = parts.slice(0, number - 1).reduce((sum, { size }) => sum + size, 0);
  return { start, end: start + part.size };
}
