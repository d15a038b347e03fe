import type { S3Operations, ServerSideEncryptionRule } from '../../model/gen/s3.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import { bucketFor, currentRow } from './bucket.ts';
import { checkCorsRules } from './cors.ts';
import { ENCRYPTION } from './encryption.ts';
import { fault, malformedXml, notImplemented } from './fault.ts';
import { s3Rows } from './layout.ts';
import { changeSetting } from './setting.ts';
import { checkTags, MOST_BUCKET_TAGS } from './tag.ts';
import { checkWebsite } from './website.ts';

const DEFAULT_ENCRYPTION: readonly ServerSideEncryptionRule[] = [
  { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: ENCRYPTION }, BucketKeyEnabled: false },
];

export const bucketSettings = {
  PutBucketVersioning: async (input, ctx) => {
    const { Status, MFADelete } = input.VersioningConfiguration;
    if (MFADelete === 'Enabled') throw notImplemented('x-amz-mfa');
    if (Status === undefined) {
      throw fault('IllegalVersioningConfigurationException', 'The Versioning element must be specified');
    }
    const bucket = await bucketFor(ctx, input);
    await ctx.transact(async (tx) => {
      const row = await currentRow(tx, bucket);
      s3Rows(bucket.account).buckets.set(tx, [bucket.name], { ...row, versioning: Status });
    });
    return {};
  },

  GetBucketVersioning: async (input, ctx) => {
    const { row } = await bucketFor(ctx, input);
    return row.versioning === undefined ? {} : { Status: row.versioning };
  },

  PutBucketTagging: (input, ctx) => {
    const { TagSet = [] } = input.Tagging;
    checkTags(TagSet, MOST_BUCKET_TAGS);
    return changeSetting(ctx, input, 'tags', TagSet);
  },

  GetBucketTagging: async (input, ctx) => {
    const { name, settings } = await bucketFor(ctx, input);
    if (settings.tags === undefined || settings.tags.length === 0) {
      throw fault('NoSuchTagSet', 'The TagSet does not exist', { BucketName: name });
    }
    return { TagSet: settings.tags };
  },

  DeleteBucketTagging: (input, ctx) => changeSetting(ctx, input, 'tags', undefined),

  /** Whether the bucket's tags count when policies ask for them. */
  PutBucketAbac: (input, ctx) =>
    changeSetting(ctx, input, 'abac', input.AbacStatus.Status === 'Enabled' ? true : undefined),

  GetBucketAbac: async (input, ctx) => {
    const { settings } = await bucketFor(ctx, input);
    return { AbacStatus: { Status: settings.abac === true ? 'Enabled' : 'Disabled' } };
  },

  PutBucketCors: (input, ctx) => {
    checkCorsRules(input.CORSConfiguration.CORSRules);
    return changeSetting(ctx, input, 'cors', input.CORSConfiguration);
  },

  GetBucketCors: async (input, ctx) => {
    const { name, settings } = await bucketFor(ctx, input);
    if (settings.cors === undefined) {
      throw fault('NoSuchCORSConfiguration', 'The CORS configuration does not exist', { BucketName: name });
    }
    return settings.cors;
  },

  DeleteBucketCors: (input, ctx) => changeSetting(ctx, input, 'cors', undefined),

  PutBucketWebsite: (input, ctx) => {
    checkWebsite(input.WebsiteConfiguration);
    return changeSetting(ctx, input, 'website', input.WebsiteConfiguration);
  },

  GetBucketWebsite: async (input, ctx) => {
    const { name, settings } = await bucketFor(ctx, input);
    if (settings.website === undefined) {
      throw fault(
        'NoSuchWebsiteConfiguration',
        'The specified bucket does not have a website configuration',
        { BucketName: name },
      );
    }
    return settings.website;
  },

  DeleteBucketWebsite: (input, ctx) => changeSetting(ctx, input, 'website', undefined),

  PutBucketEncryption: (input, ctx) => {
    const { Rules } = input.ServerSideEncryptionConfiguration;
    if (Rules.length !== 1) throw malformedXml();
    for (const { ApplyServerSideEncryptionByDefault: wanted } of Rules) {
      if (wanted?.SSEAlgorithm === ENCRYPTION && wanted.KMSMasterKeyID !== undefined) {
        throw fault(
          'InvalidArgument',
          'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
          { ArgumentName: 'ApplyServerSideEncryptionByDefault' },
        );
      }
      if (wanted !== undefined && wanted.SSEAlgorithm !== ENCRYPTION) {
        throw new Fault(
          'NotImplemented',
          `Lambent encrypts under no KMS keys yet: SSEAlgorithm ${wanted.SSEAlgorithm} is not implemented, AES256 is.`,
          {},
          501,
        );
      }
    }
    return changeSetting(ctx, input, 'encryption', Rules);
  },

  GetBucketEncryption: async (input, ctx) => {
    const { settings } = await bucketFor(ctx, input);
    return { ServerSideEncryptionConfiguration: { Rules: settings.encryption ?? DEFAULT_ENCRYPTION } };
  },

  DeleteBucketEncryption: (input, ctx) => changeSetting(ctx, input, 'encryption', undefined),
} satisfies Group<S3Operations>;
