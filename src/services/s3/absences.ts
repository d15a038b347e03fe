import type { S3Operations } from '../../model/gen/s3.ts';
import type { Group } from '../../service/service.ts';
import { bucketFor } from './bucket.ts';
import { fault } from './fault.ts';

/**
 * Reads of what cannot be set here yet, and so is not: infrastructure tools ask for all of it whenever they look at a
 * bucket.
 */
export const absences = {
  GetBucketAccelerateConfiguration: async (input, ctx) => {
    await bucketFor(ctx, input);
    return {};
  },

  GetBucketLogging: async (input, ctx) => {
    await bucketFor(ctx, input);
    return {};
  },

  GetBucketNotificationConfiguration: async (input, ctx) => {
    await bucketFor(ctx, input);
    return {};
  },

  GetBucketRequestPayment: async (input, ctx) => {
    await bucketFor(ctx, input);
    return { Payer: 'BucketOwner' };
  },

  GetBucketReplication: async (input, ctx) => {
    const { name } = await bucketFor(ctx, input);
    throw fault('ReplicationConfigurationNotFoundError', 'The replication configuration was not found', {
      BucketName: name,
    });
  },

  GetObjectLockConfiguration: async (input, ctx) => {
    const { name } = await bucketFor(ctx, input);
    throw fault(
      'ObjectLockConfigurationNotFoundError',
      'Object Lock configuration does not exist for this bucket',
      { BucketName: name },
    );
  },
} satisfies Group<S3Operations>;
