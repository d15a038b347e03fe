import type { Context } from '../../service/context.ts';
import { defineService } from '../../service/service.ts';
import { absences } from './absences.ts';
import { authorisation } from './authorisation.ts';
import { withBodyCheck } from './body-check.ts';
import { findBucket } from './bucket.ts';
import { bucketAccess } from './bucket-access.ts';
import { bucketSettings } from './bucket-settings.ts';
import { buckets } from './buckets.ts';
import { copies } from './copies.ts';
import { crossOrigin } from './cross-origin.ts';
import { formDoor } from './form-door.ts';
import { lifecycles, sweepLifecycle } from './lifecycles.ts';
import { objectAttributes } from './object-attributes.ts';
import { objectDeletes } from './object-deletes.ts';
import { objectLists } from './object-lists.ts';
import { objectReads } from './object-reads.ts';
import { objectTags } from './object-tags.ts';
import { objectWrites } from './object-writes.ts';
import { effectivePolicy } from './public-access.ts';
import { siteDoor } from './site-door.ts';
import { forgetParts, forgetUploads } from './upload-cleaning.ts';
import { uploadParts } from './upload-parts.ts';
import { uploads } from './uploads.ts';
import { versionLists } from './version-lists.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ */
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
  jobs: { forgetUploads, forgetParts, sweepLifecycle },
  resourcePolicy: policyOf,
  crossOrigin,
  frontDoors: [siteDoor, formDoor],
});

/** The policy of the bucket an ARN names, or whose object it names. */
async function policyOf(resourceArn: string, ctx: Context): Promise<string | undefined> {
  const [, name] = /^arn:aws:s3:::([^/]+)/.exec(resourceArn) ?? [];
  const bucket = name === undefined ? undefined : await findBucket(ctx, name);
  return bucket === undefined ? undefined : effectivePolicy(bucket, ctx.principal);
}
