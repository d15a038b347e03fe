import type { S3Operations } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { checkNoAcl } from './acl.ts';
import { type Bucket, bucketFor, currentRow } from './bucket.ts';
import { checkKey } from './bucket-name.ts';
import { checkWritable, checkWriteConditions, quoted, type WriteConditions } from './condition.ts';
import { checkEncryption, ENCRYPTION } from './encryption.ts';
import { notImplemented } from './fault.ts';
import { type ObjectRow, s3Rows } from './layout.ts';
import { expirationHeader } from './lifecycle.ts';
import { keptHeaders } from './object-header.ts';
import { checksumOf } from './object-reads.ts';
import { receive } from './receiving.ts';
import { tagsOfHeader } from './tag.ts';
import { addVersion, type NewContent, type NewVersion, newVersionSeed, writtenVersion } from './version.ts';

export const objectWrites = {
  PutObject: async (input, ctx) => {
    checkKey(input.Key);
    checkEncryption(input);
    checkNoLock(input);
    checkWriteConditions(input);
    if (input.WriteOffsetBytes !== undefined) throw notImplemented('x-amz-write-offset-bytes');
    const headers = keptHeaders(ctx, input);
    const tags = tagsOfHeader(input.Tagging);
    const bucket = await bucketFor(ctx, input);
    checkNoAcl(input, bucket.settings.ownership);
    const body = await receive(ctx, input);
    const row = await writeObject(
      ctx,
      bucket,
      input.Key,
      input,
      {
        ...headers,
        lastModifiedMs: secondOf(ctx),
        size: body.size,
        etag: body.md5,
        checksum: { ...body.checksum, type: 'FULL_OBJECT' },
        ...(tags === undefined ? {} : { tags }),
      },
      body.content,
    );
    return {
      ETag: quoted(row.etag),
      ServerSideEncryption: ENCRYPTION,
      VersionId: writtenVersion(row),
      Expiration: expirationHeader(bucket.settings.lifecycle?.rules, input.Key, row),
      ...checksumOf(row),
    };
  },
} satisfies Group<S3Operations>;

/** Times of objects are whole seconds. */
export function secondOf(ctx: Context): number {
  return Math.floor(ctx.world.clock.now() / 1000) * 1000;
}

/** Writes a new newest version of a key, if its conditions hold, and whatever `also` adds to the transaction. */
export function writeObject(
  ctx: Context,
  bucket: Bucket,
  key: string,
  conditions: WriteConditions,
  version: NewVersion,
  content: NewContent,
): Promise<ObjectRow> {
  const seed = newVersionSeed(ctx.world);
  return ctx.transact(
    async (tx) => {
      const current = await currentRow(tx, bucket);
      const existing = await s3Rows(bucket.account).objects.get(tx, [current.id, key]);
      checkWritable(conditions, existing, key);
      return addVersion(tx, ctx, { bucket, current, key }, existing, seed, version, content);
    },
    { queueKey: `s3/${bucket.row.id}/${key}` },
  );
}

interface LockInput {
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
  readonly ObjectLockEventHold?: string | undefined;
}

/** Locks are not there: an object that should be locked is refused, not left open. */
export function checkNoLock(input: LockInput): void {
  if (input.ObjectLockMode !== undefined) throw notImplemented('x-amz-object-lock-mode');
  if (input.ObjectLockRetainUntilDate !== undefined)
    throw notImplemented('x-amz-object-lock-retain-until-date');
  if (input.ObjectLockLegalHoldStatus !== undefined) throw notImplemented('x-amz-object-lock-legal-hold');
  if (input.ObjectLockEventHold !== undefined) throw notImplemented('x-amz-object-lock-event-hold');
}
