import type { Context } from '../../service/context.ts';
import type { BlobRef } from '../../store/blobs.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import type { World } from '../../world/world.ts';
import type { Bucket } from './bucket.ts';
import { invalidArgument } from './fault.ts';
import { type BucketRow, type ObjectRow, type StoredPart, s3Rows } from './layout.ts';

const RANDOM_LENGTH = 23;
const SEQUENCE_LENGTH = 9;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
export const NULL_VERSION = 'null';

/** The random part of a version id; the whole ends with where the version is found. Drawn before a transaction. */
export function newVersionSeed(world: World): string {
  return world.random.id(RANDOM_LENGTH, ALPHABET);
}

function versionId(seed: string, sequence: number): string {
  return seed + sequence.toString(36).padStart(SEQUENCE_LENGTH, '0');
}

/** The sequence in a version id, or undefined when it is none of ours. */
function sequenceOf(id: string): number | undefined {
  const sequence = Number.parseInt(id.slice(RANDOM_LENGTH), 36);
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}

/** Throws for what cannot be a version's id: in buckets that never were versioned, all but the null version's. */
export function checkVersionId(bucket: Bucket, id: string | undefined): void {
  if (id === undefined || id === NULL_VERSION) return;
  if (bucket.row.versioning !== undefined && VERSION_ID.test(id)) return;
  throw invalidArgument('Invalid version id specified', 'versionId', id);
}

const VERSION_ID = new RegExp(`^[A-Za-z0-9]{${RANDOM_LENGTH}}[0-9a-z]{${SEQUENCE_LENGTH}}$`);

/** The version id that the answer to an upload shows: the null version is not told. */
export function writtenVersion({ versionId: id }: ObjectRow): string | undefined {
  return id;
}

/** The version id that answers show: none in buckets that never were versioned. */
export function shownVersion(bucket: Bucket, row: ObjectRow): string | undefined {
  return bucket.row.versioning === undefined ? undefined : (row.versionId ?? NULL_VERSION);
}

/** A version of a key by its id; the newest one without an id. */
export async function findVersion(
  reader: Reader,
  bucket: Bucket,
  key: string,
  id: string | undefined,
): Promise<ObjectRow | undefined> {
  const { objects, versions } = s3Rows(bucket.account);
  const newest = await objects.get(reader, [bucket.row.id, key]);
  if (newest === undefined || id === undefined) return newest;
  const wanted = id === NULL_VERSION ? undefined : id;
  if (newest.versionId === wanted) return newest;
  const sequence = wanted === undefined ? newest.nullSequence : sequenceOf(wanted);
  if (sequence === undefined) return undefined;
  const row = await versions.get(reader, [bucket.row.id, key, -sequence]);
  return row?.versionId === wanted ? row : undefined;
}

/** What a new version says of itself, its place in the key's history aside. */
export type NewVersion = Omit<ObjectRow, 'versionId' | 'sequence' | 'nullSequence' | 'content'>;
/** Bytes, one blob not yet held, or parts that are held already. */
export type NewContent = Uint8Array | BlobRef | readonly StoredPart[];

/**
 * Makes a version the newest of its key, as the bucket's versioning asks: beside the others, or in the place of the
 * null version. `existing` is the newest one so far, read in the same transaction.
 */
export async function addVersion(
  tx: Transaction,
  ctx: Context,
  place: { readonly bucket: Bucket; readonly current: BucketRow; readonly key: string },
  existing: ObjectRow | undefined,
  seed: string,
  version: NewVersion,
  content: NewContent,
): Promise<ObjectRow> {
  const { bucket, current, key } = place;
  const rows = s3Rows(bucket.account);
  const sequence = (existing?.sequence ?? 0) + 1;
  let nullSequence = existing?.nullSequence;
  const own = current.versioning === 'Enabled' ? versionId(seed, sequence) : undefined;
  if (own === undefined) {
    if (existing !== undefined && existing.versionId === undefined)
      await dropContent(tx, ctx, bucket, key, existing);
    else if (existing !== undefined)
      rows.versions.set(tx, [current.id, key, -existing.sequence], plain(existing));
    if (nullSequence !== undefined) await dropOlder(tx, ctx, bucket, key, nullSequence);
    nullSequence = undefined;
  } else if (existing !== undefined) {
    rows.versions.set(tx, [current.id, key, -existing.sequence], plain(existing));
    if (existing.versionId === undefined) nullSequence = existing.sequence;
  }
  const row: ObjectRow = {
    ...version,
    sequence,
    content: await keep(tx, ctx, bucket, key, sequence, content),
    ...(own === undefined ? {} : { versionId: own }),
    ...(nullSequence === undefined ? {} : { nullSequence }),
  };
  rows.objects.set(tx, [current.id, key], row);
  return row;
}

/** A row as it stands among the older ones. */
function plain({ nullSequence: _, ...row }: ObjectRow): ObjectRow {
  return row;
}

async function keep(
  tx: Transaction,
  ctx: Context,
  bucket: Bucket,
  key: string,
  sequence: number,
  content: NewContent,
): Promise<ObjectRow['content']> {
  const rows = s3Rows(bucket.account);
  if (content instanceof Uint8Array) {
    if (content.length > 0) rows.bodies.set(tx, [bucket.row.id, key, sequence], content);
    return 'inline';
  }
  if ('sha256' in content) {
    await ctx.blobs.retain(tx, content);
    return content;
  }
  rows.parts.set(tx, [bucket.row.id, key, sequence], content);
  return 'parts';
}

/** Deletes one version for good; the newest of the others takes its place where it was the newest. */
export async function removeVersion(
  tx: Transaction,
  ctx: Context,
  bucket: Bucket,
  key: string,
  row: ObjectRow,
): Promise<void> {
  const { objects, versions } = s3Rows(bucket.account);
  const at: [string, string] = [bucket.row.id, key];
  const newest = await objects.get(tx, at);
  await dropContent(tx, ctx, bucket, key, row);
  if (newest === undefined) return;
  if (newest.sequence !== row.sequence) {
    versions.delete(tx, [...at, -row.sequence]);
    if (newest.nullSequence === row.sequence) objects.set(tx, at, plain(newest));
    return;
  }
  const [next] = (await versions.page(tx, at, { limit: 1 })).rows;
  if (next === undefined) {
    objects.delete(tx, at);
    return;
  }
  versions.delete(tx, next.key);
  const { nullSequence } = newest;
  const older = nullSequence !== undefined && nullSequence !== next.value.sequence;
  objects.set(tx, at, older ? { ...next.value, nullSequence } : next.value);
}

async function dropOlder(
  tx: Transaction,
  ctx: Context,
  bucket: Bucket,
  key: string,
  sequence: number,
): Promise<void> {
  const { versions } = s3Rows(bucket.account);
  const row = await versions.get(tx, [bucket.row.id, key, -sequence]);
  if (row === undefined) return;
  versions.delete(tx, [bucket.row.id, key, -sequence]);
  await dropContent(tx, ctx, bucket, key, row);
}

async function dropContent(
  tx: Transaction,
  ctx: Context,
  bucket: Bucket,
  key: string,
  { sequence, content }: ObjectRow,
): Promise<void> {
  const rows = s3Rows(bucket.account);
  if (content === 'inline') rows.bodies.delete(tx, [bucket.row.id, key, sequence]);
  else if (content === 'parts') {
    const parts = (await rows.parts.get(tx, [bucket.row.id, key, sequence])) ?? [];
    for (const { blob } of parts) await ctx.blobs.release(tx, blob);
    rows.parts.delete(tx, [bucket.row.id, key, sequence]);
  } else await ctx.blobs.release(tx, content);
}

/** Writes a version anew in its place: its tags, say, have changed. */
export async function rewriteVersion(
  tx: Transaction,
  bucket: Bucket,
  key: string,
  row: ObjectRow,
): Promise<void> {
  const { objects, versions } = s3Rows(bucket.account);
  const at: [string, string] = [bucket.row.id, key];
  const newest = await objects.get(tx, at);
  if (newest?.sequence === row.sequence) objects.set(tx, at, row);
  else versions.set(tx, [...at, -row.sequence], plain(row));
}
