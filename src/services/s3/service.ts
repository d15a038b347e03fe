import type { Context } from '../../service/context.ts';
import { defineService } from '../../service/service.ts';
import { absences } from './absences.ts';
import { authorisation } from './authorisation.ts';
import { withBodyCheck } from './body-check.ts';
import { type Bucket, findBucket } from './bucket.ts';
import { bucketAccess } from './bucket-access.ts';
import { bucketSettings } from './bucket-settings.ts';
import { buckets } from './buckets.ts';
import { copies } from './copies.ts';
import { crossOrigin } from './cross-origin.ts';
import { refuseInput } from './fault.ts';
import { formDoor } from './form-door.ts';
import { lifecycles, sweepLifecycle } from './lifecycles.ts';
import { objectAttributes } from './object-attributes.ts';
import { objectDeletes } from './object-deletes.ts';
import { objectLists } from './object-lists.ts';
import { objectReads } from './object-reads.ts';
import { objectTags } from './object-tags.ts';
import { objectWrites } from './object-writes.ts';
import { effectivePolicy } from './public-access.ts';
/** https://docs.aws.amazon.com/AmazonS3/latest/API/ */
import { requestKey } from './request-key.ts';
import { siteDoor } from './site-door.ts';
import { forgetParts, forgetUploads } from './upload-cleaning.ts';
import { uploadParts } from './upload-parts.ts';
import { uploads } from './uploads.ts';
import { versionLists } from './version-lists.ts';

export const s3 = defineService({
  name: 's3',
  model: 's3',
  operations: {
    ...withBodyCheck({
      ...buckets,
      ...bucketSettings,
      ...bucketAccess,
      ...lifecycles,
      ...objectTags,
      ...objectDeletes,
    }),
    ...absences,
    ...objectReads,
    ...versionLists,
    ...objectAttributes,
    ...objectWrites,
    ...objectLists,
    ...copies,
    ...uploads,
    ...uploadParts,
  },
  authorisation,
  validationCode: 'InvalidArgument',
  refuseAlone: refuseInput,
  jobs: { forgetUploads, forgetParts, sweepLifecycle },
  resourcePolicy: policyOf,
  resourceTags: tagsOf,
  requestKey,
  crossOrigin,
  frontDoors: [siteDoor, formDoor],
});

/** The bucket an ARN names, or whose object it names. */
function bucketOf(resourceArn: string, ctx: Context): Promise<Bucket | undefined> {
  const [, name] = /^arn:aws:s3:::([^/]+)/.exec(resourceArn) ?? [];
  return name === undefined ? Promise.resolve(undefined) : findBucket(ctx, name);
}

/**
 * The bucket's tags, where it lets them count: for what is done to it and to what is in it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
 */
async function tagsOf(
  resourceArn: string,
  ctx: Context,
): Promise<Readonly<Record<string, string>> | undefined> {
  const bucket = await bucketOf(resourceArn, ctx);
  if (bucket?.settings.abac !== true) return undefined;
  return Object.fromEntries((bucket.settings.tags ?? []).map(({ Key, Value }) => [Key, Value]));
}

async function policyOf(resourceArn: string, ctx: Context): Promise<string | undefined> {
  const bucket = await bucketOf(resourceArn, ctx);
  return bucket === undefined ? undefined : effectivePolicy(bucket, ctx.principal);
}
