import type { Grant, S3Operations } from '../../model/gen/s3.ts';
import { callerName } from '../../policy/message.ts';
import type { Group } from '../../service/service.ts';
import { type AclInput, checkNoAcl } from './acl.ts';
import { type Bucket, bucketFor, canonicalId } from './bucket.ts';
import { boundBucketPolicy, checkBucketPolicy } from './bucket-policy.ts';
import { fault, malformedXml } from './fault.ts';
import { objectFor } from './object-reads.ts';
import { checkPolicyAllowed, isPublic } from './public-access.ts';
import { changeSetting } from './setting.ts';
import { shownVersion } from './version.ts';

/** Who may do what with a bucket. */
export const bucketAccess = {
  PutBucketPolicy: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    checkBucketPolicy(input.Policy, bucket.name);
    checkPolicyAllowed(bucket, input.Policy, callerName(ctx.principal));
    const policy = await boundBucketPolicy(input.Policy, bucket.account, ctx);
    return changeSetting(ctx, input, 'policy', policy);
  },

  GetBucketPolicy: async (input, ctx) => ({
    Policy: await ctx.ports.identity.namedPrincipals(policyOf(await bucketFor(ctx, input))),
  }),

  GetBucketPolicyStatus: async (input, ctx) => ({
    PolicyStatus: { IsPublic: isPublic(policyOf(await bucketFor(ctx, input))) },
  }),

  DeleteBucketPolicy: (input, ctx) => changeSetting(ctx, input, 'policy', undefined),

  PutPublicAccessBlock: (input, ctx) => {
    const { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets } =
      input.PublicAccessBlockConfiguration;
    return changeSetting(ctx, input, 'publicAccess', {
      BlockPublicAcls: BlockPublicAcls ?? false,
      IgnorePublicAcls: IgnorePublicAcls ?? false,
      BlockPublicPolicy: BlockPublicPolicy ?? false,
      RestrictPublicBuckets: RestrictPublicBuckets ?? false,
    });
  },

  GetPublicAccessBlock: async (input, ctx) => {
    const { name, settings } = await bucketFor(ctx, input);
    if (settings.publicAccess === undefined) {
      throw fault(
        'NoSuchPublicAccessBlockConfiguration',
        'The public access block configuration was not found',
        { BucketName: name },
      );
    }
    return { PublicAccessBlockConfiguration: settings.publicAccess };
  },

  DeletePublicAccessBlock: (input, ctx) => changeSetting(ctx, input, 'publicAccess', undefined),

  PutBucketOwnershipControls: (input, ctx) => {
    const [rule, second] = input.OwnershipControls.Rules;
    if (rule === undefined || second !== undefined) {
      throw malformedXml();
    }
    return changeSetting(ctx, input, 'ownership', rule.ObjectOwnership);
  },

  GetBucketOwnershipControls: async (input, ctx) => {
    const { name, settings } = await bucketFor(ctx, input);
    if (settings.ownership === undefined) {
      throw fault('OwnershipControlsNotFoundError', 'The bucket ownership controls were not found', {
        BucketName: name,
      });
    }
    return { OwnershipControls: { Rules: [{ ObjectOwnership: settings.ownership }] } };
  },

  DeleteBucketOwnershipControls: (input, ctx) => changeSetting(ctx, input, 'ownership', undefined),

  PutBucketAcl: async (input, ctx) => {
    checkAcl(await bucketFor(ctx, input), input);
    return {};
  },

  GetBucketAcl: async (input, ctx) => ownersAcl(await bucketFor(ctx, input)),

  PutObjectAcl: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    checkAcl(bucket, input);
    await objectFor(ctx, bucket, input.Key, input.VersionId);
    return {};
  },

  GetObjectAcl: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    const { row } = await objectFor(ctx, bucket, input.Key, input.VersionId);
    return { ...ownersAcl(bucket), VersionId: shownVersion(bucket, row) };
  },
} satisfies Group<S3Operations>;

function policyOf({ name, settings }: Bucket): string {
  if (settings.policy === undefined) {
    throw fault('NoSuchBucketPolicy', 'The bucket policy does not exist', { BucketName: name });
  }
  return settings.policy;
}

interface PutAclInput extends AclInput {
  readonly AccessControlPolicy?: { readonly Grants?: readonly Grant[] | undefined } | undefined;
}

/** A written-out list may say what holds anyway: that the owner may do everything. */
function checkAcl(bucket: Bucket, input: PutAclInput): void {
  checkNoAcl(input, bucket.settings.ownership);
  const grants = input.AccessControlPolicy?.Grants ?? [];
  const owner = canonicalId(bucket.account);
  if (grants.every(({ Grantee, Permission }) => Grantee?.ID === owner && Permission === 'FULL_CONTROL'))
    return;
  checkNoAcl({ GrantRead: '' }, bucket.settings.ownership);
}

function ownersAcl({ account }: Bucket) {
  const ID = canonicalId(account);
  return {
    Owner: { ID },
    Grants: [{ Grantee: { ID, Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' }],
  } as const;
}
