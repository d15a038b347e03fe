import { createHash } from 'node:crypto';
import type { Context } from '../../service/context.ts';
import type { Reader, Store, Transaction } from '../../store/store.ts';
import { fault, noSuchBucket } from './fault.ts';
import { BUCKET_NAMES, type BucketRow, type BucketSettings, s3Rows } from './layout.ts';

/** A bucket with everything set on it, as its rows say; shared by those who look it up. */
export interface Bucket {
  readonly name: string;
  /** Its owner. */
  readonly account: string;
  readonly row: BucketRow;
  readonly settings: BucketSettings;
}

export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`;
}

/** The canonical user id of an account: 64 hex digits. */
export function canonicalId(account: string): string {
  return createHash('sha256').update(`canonical user of ${account}`).digest('hex');
}

/** Buckets decoded, by name, until a row of their owner's changes. */
class Cache {
  readonly buckets = new Map<string, Bucket>();
  readonly watched = new Set<string>();
  /** Counts invalidations: what was read before one is not kept after it. */
  generation = 0;

  forget(account: string): void {
    this.generation++;
    for (const [name, bucket] of this.buckets) if (bucket.account === account) this.buckets.delete(name);
  }
}

const caches = new WeakMap<Store, Cache>();

function cacheOf(store: Store): Cache {
  let cache = caches.get(store);
  if (cache === undefined) caches.set(store, (cache = new Cache()));
  return cache;
}

function watch(cache: Cache, store: Store, account: string): void {
  if (cache.watched.has(account)) return;
  cache.watched.add(account);
  const { buckets, settings } = s3Rows(account);
  store.watch(buckets.rangeOf([]), () => cache.forget(account));
  store.watch(settings.rangeOf([]), () => cache.forget(account));
}

/** The bucket of that name, whoever owns it. */
export async function findBucket(ctx: Context, name: string): Promise<Bucket | undefined> {
  const cache = cacheOf(ctx.store);
  const known = cache.buckets.get(name);
  if (known !== undefined) return known;
  const entry = await ctx.ports.directory.lookup(ctx.store, BUCKET_NAMES, name);
  if (entry === undefined) return undefined;
  watch(cache, ctx.store, entry.account);
  const { generation } = cache;
  const bucket = await ctx.store.snapshot((reader) => readBucket(reader, entry.account, name));
  if (bucket !== undefined && cache.generation === generation) cache.buckets.set(name, bucket);
  return bucket;
}

async function readBucket(reader: Reader, account: string, name: string): Promise<Bucket | undefined> {
  const { buckets, settings } = s3Rows(account);
  const row = await buckets.get(reader, [name]);
  if (row === undefined) return undefined;
  const set = await settings.all(reader, [row.id]);
  return { name, account, row, settings: Object.fromEntries(set.map(({ key, value }) => [key[1], value])) };
}

/** What operations on a bucket have in common. */
export interface BucketInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string | undefined;
}

/**
 * The bucket an operation is on. Throws when there is none, when it is somebody else's than expected, and when the
 * request was signed for another region than the bucket is in.
 */
export async function bucketFor(ctx: Context, input: BucketInput): Promise<Bucket> {
  const bucket = await findBucket(ctx, input.Bucket);
  if (bucket === undefined) throw noSuchBucket(input.Bucket);
  const { ExpectedBucketOwner: owner } = input;
  if (owner !== undefined && !/^\d{12}$/.test(owner)) {
    throw fault(
      'InvalidBucketOwnerAWSAccountID',
      `The value of the expected bucket owner parameter must be an AWS Account ID... [${owner}]`,
    );
  }
  if (owner !== undefined && owner !== bucket.account) {
    throw fault('AccessDenied', 'Access Denied');
  }
  const { kind } = ctx.principal;
  // Addresses signed by Signature Version 2 name no region.
  if (bucket.row.region !== ctx.region && ctx.region !== '' && kind !== 'anonymous' && kind !== 'service') {
    throw elsewhere(bucket);
  }
  return bucket;
}

function elsewhere({ name, row }: Bucket) {
  return fault(
    'PermanentRedirect',
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    { Endpoint: `${name}.s3.${row.region}.amazonaws.com`, Bucket: name, BucketRegion: row.region },
  );
}

/** The bucket's row as the transaction sees it: what is written into a bucket must not outlive it. */
export async function currentRow(tx: Transaction, { account, name, row }: Bucket): Promise<BucketRow> {
  const current = await s3Rows(account).buckets.get(tx, [name]);
  if (current === undefined || current.id !== row.id) throw noSuchBucket(name);
  return current;
}
