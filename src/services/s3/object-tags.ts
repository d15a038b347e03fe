import type { S3Operations, Tag } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { bucketFor } from './bucket.ts';
import { noSuchKey } from './fault.ts';
import type { ObjectRow } from './layout.ts';
import { objectFor } from './object-reads.ts';
import { checkTags, MOST_OBJECT_TAGS } from './tag.ts';
import { findVersion, rewriteVersion, shownVersion } from './version.ts';

export const objectTags = {
  GetObjectTagging: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    const { row } = await objectFor(ctx, bucket, input.Key, input.VersionId);
    return { TagSet: row.tags ?? [], VersionId: shownVersion(bucket, row) };
  },

  PutObjectTagging: (input, ctx) => {
    checkTags(input.Tagging.TagSet, MOST_OBJECT_TAGS);
    return retag(ctx, input, input.Tagging.TagSet);
  },

  DeleteObjectTagging: (input, ctx) => retag(ctx, input, []),
} satisfies Group<S3Operations>;

interface TagInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string | undefined;
  readonly Key: string;
  readonly VersionId?: string | undefined;
}

async function retag(ctx: Context, input: TagInput, tags: readonly Tag[]) {
  const bucket = await bucketFor(ctx, input);
  const found = await objectFor(ctx, bucket, input.Key, input.VersionId);
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
