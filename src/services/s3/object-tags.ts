import type { S3Operations, Tag } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { type Bucket, bucketFor } from './bucket.ts';
import { findObject } from './content.ts';
import { noSuchKey } from './fault.ts';
import type { ObjectRow } from './layout.ts';
import { markerRefusal, objectFor } from './object-reads.ts';
import { checkTags, MOST_OBJECT_TAGS } from './tag.ts';
import { findVersion, rewriteVersion, shownVersion } from './version.ts';

export const objectTags = {
  GetObjectTagging: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    const { row } = await taggedObject(ctx, bucket, input, 'GET');
    return { TagSet: row.tags ?? [], VersionId: shownVersion(bucket, row) };
  },

  PutObjectTagging: (input, ctx) => {
    const { TagSet = [] } = input.Tagging;
    checkTags(TagSet, MOST_OBJECT_TAGS);
    return retag(ctx, input, TagSet, 'PUT');
  },

  DeleteObjectTagging: (input, ctx) => retag(ctx, input, [], 'DELETE'),
} satisfies Group<S3Operations>;

interface TagInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string | undefined;
  readonly Key: string;
  readonly VersionId?: string | undefined;
}

/** Delete markers have no tags: that is said of the newest one, too. */
async function taggedObject(ctx: Context, bucket: Bucket, { Key, VersionId }: TagInput, method: string) {
  const found = await findObject(ctx, bucket, Key, VersionId);
  if (found?.row.deleteMarker === true) throw markerRefusal(found.row, method);
  return objectFor(ctx, bucket, Key, VersionId);
}

async function retag(ctx: Context, input: TagInput, tags: readonly Tag[], method: string) {
  const bucket = await bucketFor(ctx, input);
  const found = await taggedObject(ctx, bucket, input, method);
  const VersionId = shownVersion(bucket, found.row);
  await ctx.transact(async (tx) => {
    const row = await findVersion(tx, bucket, input.Key, VersionId ?? input.VersionId);
    if (row === undefined || row.deleteMarker === true) throw noSuchKey(input.Key);
    const { tags: _, ...rest } = row;
    const tagged: ObjectRow = tags.length === 0 ? rest : { ...rest, tags };
    await rewriteVersion(tx, bucket, input.Key, tagged);
  });
  return { VersionId };
}
