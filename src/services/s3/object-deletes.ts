import type { Error_, ObjectIdentifier, S3Operations } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { actionOn, refusalOf } from './access.ts';
import { type Bucket, bucketFor, currentRow } from './bucket.ts';
import { preconditionFailed, quoted } from './condition.ts';
import { fault, malformedXml, noSuchKey, noSuchVersion, notImplemented } from './fault.ts';
import type { BucketRow, ObjectRow } from './layout.ts';
import { secondOf } from './object-writes.ts';
import {
  addVersion,
  checkVersionId,
  findVersion,
  NULL_VERSION,
  newVersionSeed,
  removeVersion,
} from './version.ts';

/** At most this many keys of one DeleteObjects. */
const MOST_KEYS = 1000;
/** Keys deleted in one transaction. */
const BATCH = 100;

export const objectDeletes = {
  DeleteObject: async (input, ctx) => {
    if (input.MFA !== undefined) throw notImplemented('x-amz-mfa');
    const bucket = await bucketFor(ctx, input);
    checkNoBypass(input);
    checkVersionId(bucket, input.VersionId);
    const seed = newVersionSeed(ctx.world);
    const deleted = await ctx.transact(async (tx) =>
      deleteOne(tx, ctx, { bucket, current: await currentRow(tx, bucket) }, seed, {
        Key: input.Key,
        VersionId: input.VersionId,
        ETag: input.IfMatch,
        LastModifiedTime: input.IfMatchLastModifiedTime,
        Size: input.IfMatchSize,
      }),
    );
    return {
      ...(deleted.marker ? { DeleteMarker: true } : {}),
      VersionId: deleted.versionId,
    };
  },

  DeleteObjects: async (input, ctx) => {
    const { Objects, Quiet = false } = input.Delete;
    if (Objects.length === 0 || Objects.length > MOST_KEYS) {
      throw malformedXml();
    }
    if (input.MFA !== undefined) throw notImplemented('x-amz-mfa');
    const bucket = await bucketFor(ctx, input);
    checkNoBypass(input);
    const allowed = await allowedOf(ctx, bucket, Objects);
    const results: (Deleted | Error_)[] = [];
    for (let at = 0; at < Objects.length; at += BATCH) {
      const batch = Objects.slice(at, at + BATCH);
      const seeds = batch.map(() => newVersionSeed(ctx.world));
      results.push(
        ...(await ctx.transact(async (tx) => {
          const current = await currentRow(tx, bucket);
          const done: (Deleted | Error_)[] = [];
          for (const [index, object] of batch.entries()) {
            const refusal = allowed.get(object);
            done.push(
              refusal ?? (await deleteQuietly(tx, ctx, { bucket, current }, seeds[index] ?? '', object)),
            );
          }
          return done;
        })),
      );
    }
    return {
      Deleted: Quiet
        ? []
        : results.flatMap((result) => ('requested' in result ? [deletedObject(result)] : [])),
      Errors: results.flatMap((result) => ('requested' in result ? [] : [result])),
    };
  },
} satisfies Group<S3Operations>;

/** Nothing is locked here. */
function checkNoBypass({
  BypassGovernanceRetention: bypass,
}: {
  readonly BypassGovernanceRetention?: boolean | undefined;
}) {
  if (bypass === undefined) return;
  throw fault(
    'InvalidArgument',
    'x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.',
    { ArgumentName: 'x-amz-bypass-governance-retention' },
  );
}

interface Place {
  readonly bucket: Bucket;
  readonly current: BucketRow;
}

interface Deleted {
  readonly requested: ObjectIdentifier;
  /** What was deleted, or made, is a delete marker. */
  readonly marker: boolean;
  readonly versionId?: string | undefined;
}

/** Each key of a batch is authorised by itself; what is refused is listed among the errors. */
async function allowedOf(
  ctx: Context,
  bucket: Bucket,
  objects: readonly ObjectIdentifier[],
): Promise<ReadonlyMap<ObjectIdentifier, Error_>> {
  const refused = new Map<ObjectIdentifier, Error_>();
  for (const object of objects) {
    const { Key, VersionId } = object;
    const action = VersionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
    const denial = await refusalOf(ctx, bucket, actionOn(bucket, action, Key));
    if (denial !== undefined) refused.set(object, { Key, VersionId, Code: 'AccessDenied', Message: denial });
  }
  return refused;
}

async function deleteQuietly(
  tx: Transaction,
  ctx: Context,
  place: Place,
  seed: string,
  object: ObjectIdentifier,
): Promise<Deleted | Error_> {
  try {
    const { Key, VersionId } = object;
    if (VersionId !== undefined && VersionId !== NULL_VERSION) {
      // Of one key alone this succeeds.
      const found = await findVersion(tx, place.bucket, Key, VersionId);
      if (found === undefined) throw noSuchVersion(Key, VersionId);
    }
    return await deleteOne(tx, ctx, place, seed, object);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    return { Key: object.Key, VersionId: object.VersionId, Code: error.code, Message: error.message };
  }
}

/** Deletes a version for good, or the object: by a delete marker where the bucket is versioned. */
export async function deleteOne(
  tx: Transaction,
  ctx: Context,
  { bucket, current }: Place,
  seed: string,
  requested: ObjectIdentifier,
): Promise<Deleted> {
  const { Key: key, VersionId } = requested;
  const row = await findVersion(tx, bucket, key, VersionId);
  checkDeletable(requested, row);
  if (VersionId !== undefined) {
    if (row !== undefined) await removeVersion(tx, ctx, bucket, key, row);
    return { requested, marker: row?.deleteMarker === true, versionId: VersionId };
  }
  if (current.versioning === undefined) {
    if (row !== undefined) await removeVersion(tx, ctx, bucket, key, row);
    return { requested, marker: false };
  }
  const marker = await addVersion(
    tx,
    ctx,
    { bucket, current, key },
    row,
    seed,
    { deleteMarker: true, lastModifiedMs: secondOf(ctx), size: 0, etag: '' },
    new Uint8Array(0),
  );
  return { requested, marker: true, versionId: marker.versionId ?? NULL_VERSION };
}

function checkDeletable(wanted: ObjectIdentifier, row: ObjectRow | undefined): void {
  const { ETag, LastModifiedTime, Size } = wanted;
  if (ETag === undefined && LastModifiedTime === undefined && Size === undefined) return;
  if (row === undefined || row.deleteMarker === true) throw noSuchKey(wanted.Key);
  if (ETag !== undefined && ETag !== '*' && ETag !== row.etag && ETag !== quoted(row.etag)) {
    throw preconditionFailed('If-Match');
  }
  if (LastModifiedTime !== undefined && LastModifiedTime.getTime() !== row.lastModifiedMs) {
    throw preconditionFailed('x-amz-if-match-last-modified-time');
  }
  if (Size !== undefined && Size !== row.size) throw preconditionFailed('x-amz-if-match-size');
}

function deletedObject({ requested, marker, versionId }: Deleted) {
  const { Key, VersionId } = requested;
  return {
    Key,
    ...(VersionId === undefined ? {} : { VersionId }),
    ...(marker ? { DeleteMarker: true, DeleteMarkerVersionId: versionId } : {}),
  };
}
