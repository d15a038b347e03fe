import type { S3Operations } from '../../model/gen/s3.ts';
import type { ContextValues } from '../../policy/request.ts';
import type { Authorisation, AuthorisationScope } from '../../service/service.ts';
import { actionOn } from './access.ts';
import { type BucketInput, bucketFor, findBucket } from './bucket.ts';
import { parseCopySource } from './copy-source.ts';
import { existingTags } from './existing-tags.ts';
import { noSuchBucket } from './fault.ts';

/**
 * Which actions an operation needs, on what.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 */
export const authorisation: Authorisation<S3Operations> = {
  ListBuckets: () => [{ action: 's3:ListAllMyBuckets', resource: '*' }],
  CreateBucket: (input, { account }) => {
    const { Bucket, ACL, CreateBucketConfiguration, ObjectOwnership, ObjectLockEnabledForBucket } = input;
    const { LocationConstraint, Tags = [] } = CreateBucketConfiguration ?? {};
    const context = {
      ...aclKeys(input),
      ...(LocationConstraint === undefined ? {} : { 's3:locationconstraint': LocationConstraint }),
      ...(ObjectOwnership === undefined ? {} : { 's3:x-amz-object-ownership': ObjectOwnership }),
      ...(Tags.length === 0 ? {} : { 'aws:TagKeys': Tags.map(({ Key }) => Key) }),
      ...Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
    };
    const needed = [
      's3:CreateBucket',
      ...(ACL === undefined && !hasGrants(input) ? [] : ['s3:PutBucketAcl']),
      ...(ObjectOwnership === undefined ? [] : ['s3:PutBucketOwnershipControls']),
      ...(ObjectLockEnabledForBucket === true
        ? ['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning']
        : []),
      ...(Tags.length === 0 ? [] : ['s3:TagResource']),
    ];
    // A name that is taken is the operation's to refuse.
    return needed.map((action) => ({
      action,
      resource: `arn:aws:s3:::${Bucket}`,
      resourceAccount: account,
      context,
    }));
  },
  GetBucketLocation: async ({ Bucket }, { ctx }) => {
    // Answered wherever the bucket is: clients ask to learn it.
    const bucket = await findBucket(ctx, Bucket);
    if (bucket === undefined) throw noSuchBucket(Bucket);
    return [actionOn(bucket, 's3:GetBucketLocation')];
  },
  DeleteBucket: onBucket('s3:DeleteBucket'),
  HeadBucket: onBucket('s3:ListBucket'),
  GetBucketVersioning: onBucket('s3:GetBucketVersioning'),
  PutBucketVersioning: onBucket('s3:PutBucketVersioning'),
  GetBucketTagging: onBucket('s3:GetBucketTagging'),
  PutBucketTagging: onBucket('s3:PutBucketTagging'),
  DeleteBucketTagging: onBucket('s3:PutBucketTagging'),
  GetBucketAbac: onBucket('s3:GetBucketAbac'),
  PutBucketAbac: onBucket('s3:PutBucketAbac'),
  GetBucketCors: onBucket('s3:GetBucketCORS'),
  PutBucketCors: onBucket('s3:PutBucketCORS'),
  DeleteBucketCors: onBucket('s3:PutBucketCORS'),
  GetBucketWebsite: onBucket('s3:GetBucketWebsite'),
  PutBucketWebsite: onBucket('s3:PutBucketWebsite'),
  DeleteBucketWebsite: onBucket('s3:DeleteBucketWebsite'),
  GetBucketEncryption: onBucket('s3:GetEncryptionConfiguration'),
  PutBucketEncryption: onBucket('s3:PutEncryptionConfiguration'),
  DeleteBucketEncryption: onBucket('s3:PutEncryptionConfiguration'),
  GetBucketPolicy: onPolicy('s3:GetBucketPolicy'),
  GetBucketPolicyStatus: onBucket('s3:GetBucketPolicyStatus'),
  PutBucketPolicy: onPolicy('s3:PutBucketPolicy'),
  DeleteBucketPolicy: onPolicy('s3:DeleteBucketPolicy'),
  GetPublicAccessBlock: onBucket('s3:GetBucketPublicAccessBlock'),
  PutPublicAccessBlock: onBucket('s3:PutBucketPublicAccessBlock'),
  DeletePublicAccessBlock: onBucket('s3:PutBucketPublicAccessBlock'),
  GetBucketOwnershipControls: onBucket('s3:GetBucketOwnershipControls'),
  PutBucketOwnershipControls: onBucket('s3:PutBucketOwnershipControls'),
  DeleteBucketOwnershipControls: onBucket('s3:PutBucketOwnershipControls'),
  GetBucketLifecycleConfiguration: onBucket('s3:GetLifecycleConfiguration'),
  PutBucketLifecycleConfiguration: onBucket('s3:PutLifecycleConfiguration'),
  DeleteBucketLifecycle: onBucket('s3:PutLifecycleConfiguration'),
  GetBucketAccelerateConfiguration: onBucket('s3:GetAccelerateConfiguration'),
  GetBucketLogging: onBucket('s3:GetBucketLogging'),
  GetBucketNotificationConfiguration: onBucket('s3:GetBucketNotification'),
  GetBucketRequestPayment: onBucket('s3:GetBucketRequestPayment'),
  GetBucketReplication: onBucket('s3:GetReplicationConfiguration'),
  GetObjectLockConfiguration: onBucket('s3:GetBucketObjectLockConfiguration'),
  GetBucketAcl: onBucket('s3:GetBucketAcl'),
  PutBucketAcl: async (input, { ctx }) => [
    actionOn(await bucketFor(ctx, input), 's3:PutBucketAcl', undefined, aclKeys(input)),
  ],
  GetObjectAcl: onVersion('s3:GetObjectAcl', 's3:GetObjectVersionAcl'),
  PutObjectAcl: async (input, scope) =>
    (await onVersion('s3:PutObjectAcl', 's3:PutObjectVersionAcl')(input, scope)).map((request) => ({
      ...request,
      context: { ...request.context, ...aclKeys(input) },
    })),
  GetObjectTagging: onVersion('s3:GetObjectTagging', 's3:GetObjectVersionTagging'),
  PutObjectTagging: onVersion('s3:PutObjectTagging', 's3:PutObjectVersionTagging'),
  DeleteObjectTagging: onVersion('s3:DeleteObjectTagging', 's3:DeleteObjectVersionTagging'),
  GetObjectAttributes: async (input, scope) => [
    ...(await onVersion('s3:GetObject', 's3:GetObjectVersion')(input, scope)),
    ...(await onVersion('s3:GetObjectAttributes', 's3:GetObjectVersionAttributes')(input, scope)),
  ],
  ListObjectVersions: onList('s3:ListBucketVersions', ({ MaxKeys }) => MaxKeys),
  ListObjects: onList('s3:ListBucket', ({ MaxKeys }) => MaxKeys),
  ListObjectsV2: onList('s3:ListBucket', ({ MaxKeys }) => MaxKeys),
  GetObject: onVersion('s3:GetObject', 's3:GetObjectVersion'),
  HeadObject: onVersion('s3:GetObject', 's3:GetObjectVersion'),
  PutObject: onWrite(true),
  CreateMultipartUpload: onWrite(false),
  UploadPart: onWrite(false),
  CompleteMultipartUpload: onWrite(true),
  AbortMultipartUpload: onBucketKey('s3:AbortMultipartUpload'),
  ListParts: onBucketKey('s3:ListMultipartUploadParts'),
  ListMultipartUploads: onBucket('s3:ListBucketMultipartUploads'),
  CopyObject: async (input, scope) => [
    ...(await onSource(input, scope)),
    ...(await onWrite(true)(input, scope)),
  ],
  UploadPartCopy: async (input, scope) => [
    ...(await onSource(input, scope)),
    ...(await onWrite(false)(input, scope)),
  ],
  DeleteObject: async (input, scope) =>
    (await onVersion('s3:DeleteObject', 's3:DeleteObjectVersion')(input, scope)).map((request) => ({
      ...request,
      context: {
        ...request.context,
        ...(input.IfMatch === undefined ? {} : { 's3:if-match': input.IfMatch }),
      },
    })),
  // Each key is authorised by itself, as each is answered by itself.
  DeleteObjects: async (input, { ctx }) => {
    await bucketFor(ctx, input);
    return 'none' as const;
  },
};

type Scope = Pick<AuthorisationScope, 'ctx'>;

function onBucket(action: string) {
  return async (input: BucketInput, { ctx }: Scope) => [actionOn(await bucketFor(ctx, input), action)];
}

/** The bucket's policy: one that locks everybody out can still be taken away by the account's root. */
function onPolicy(action: string) {
  return async (input: BucketInput, { ctx }: Scope) => [
    { ...actionOn(await bucketFor(ctx, input), action), rootUnbound: true },
  ];
}

interface ListInput extends BucketInput {
  readonly Prefix?: string | undefined;
  readonly Delimiter?: string | undefined;
}

/** Lists alone have keys for what is asked of them. */
function onList<Input extends ListInput>(action: string, most: (input: Input) => number | undefined) {
  return async (input: Input, { ctx }: Scope) => {
    const maxKeys = most(input);
    return [
      actionOn(await bucketFor(ctx, input), action, undefined, {
        ...(input.Prefix === undefined ? {} : { 's3:prefix': input.Prefix }),
        ...(input.Delimiter === undefined ? {} : { 's3:delimiter': input.Delimiter }),
        ...(maxKeys === undefined ? {} : { 's3:max-keys': maxKeys }),
      }),
    ];
  };
}

interface ObjectInput extends BucketInput {
  readonly Key: string;
  readonly VersionId?: string | undefined;
}

/** A version asked for by its id has actions of its own. */
function onVersion(newest: string, byId: string) {
  return async (input: ObjectInput, { ctx }: Scope) => {
    const { Key, VersionId } = input;
    const bucket = await bucketFor(ctx, input);
    const tags = await existingTags(ctx, bucket, Key, VersionId);
    return VersionId === undefined
      ? [actionOn(bucket, newest, Key, tags)]
      : [actionOn(bucket, byId, Key, { ...tags, 's3:versionid': VersionId })];
  };
}

function onBucketKey(action: string) {
  return async (input: ObjectInput, { ctx }: Scope) => [
    actionOn(await bucketFor(ctx, input), action, input.Key),
  ];
}

/** A copy reads its source. */
async function onSource(input: { readonly CopySource: string }, { ctx }: Scope) {
  const { bucket: name, key, versionId } = parseCopySource(input.CopySource);
  const bucket = await findBucket(ctx, name);
  if (bucket === undefined) throw noSuchBucket(name);
  const tags = await existingTags(ctx, bucket, key, versionId);
  return versionId === undefined
    ? [actionOn(bucket, 's3:GetObject', key, tags)]
    : [actionOn(bucket, 's3:GetObjectVersion', key, { ...tags, 's3:versionid': versionId })];
}

interface AclInput {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWrite?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
}

/** What of it an input of the model has: parts have none of it but their condition. */
interface WriteInput extends ObjectInput, AclInput {
  readonly StorageClass?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
  readonly Tagging?: string | undefined;
  readonly CopySource?: string | undefined;
  readonly MetadataDirective?: string | undefined;
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
}

/** `creates`: an object is there afterwards, which a part of one is not. */
function onWrite(creates: boolean) {
  return async (input: WriteInput, { ctx }: Scope) => {
    const bucket = await bucketFor(ctx, input);
    const context = { ...writeKeys(input), 's3:ObjectCreationOperation': creates };
    return [
      actionOn(bucket, 's3:PutObject', input.Key, context),
      ...(input.Tagging === undefined ? [] : [actionOn(bucket, 's3:PutObjectTagging', input.Key, context)]),
      ...(setsAcl(input, ctx) ? [actionOn(bucket, 's3:PutObjectAcl', input.Key, context)] : []),
    ];
  };
}

/** Services that deliver (CloudTrail's logs) leave the object to the bucket's owner by the permission to put it. */
function setsAcl(input: WriteInput, { principal }: Scope['ctx']): boolean {
  return principal.kind !== 'service' && (input.ACL !== undefined || hasGrants(input));
}

function writeKeys(input: WriteInput): ContextValues {
  const tags = input.Tagging === undefined ? [] : [...new URLSearchParams(input.Tagging)];
  return {
    ...aclKeys(input),
    ...present({
      's3:x-amz-copy-source': input.CopySource,
      's3:x-amz-metadata-directive': input.MetadataDirective,
      's3:x-amz-storage-class': input.StorageClass,
      's3:x-amz-server-side-encryption': input.ServerSideEncryption,
      's3:x-amz-server-side-encryption-aws-kms-key-id': input.SSEKMSKeyId,
      's3:x-amz-server-side-encryption-customer-algorithm': input.SSECustomerAlgorithm,
      's3:x-amz-website-redirect-location': input.WebsiteRedirectLocation,
      's3:if-match': input.IfMatch,
      's3:if-none-match': input.IfNoneMatch,
    }),
    ...Object.fromEntries(tags.map(([key, value]) => [`s3:RequestObjectTag/${key}`, value])),
    ...(tags.length === 0 ? {} : { 's3:RequestObjectTagKeys': tags.map(([key]) => key) }),
  };
}

function aclKeys(input: AclInput): ContextValues {
  return present({
    's3:x-amz-acl': input.ACL,
    's3:x-amz-grant-full-control': input.GrantFullControl,
    's3:x-amz-grant-read': input.GrantRead,
    's3:x-amz-grant-read-acp': input.GrantReadACP,
    's3:x-amz-grant-write': input.GrantWrite,
    's3:x-amz-grant-write-acp': input.GrantWriteACP,
  });
}

function hasGrants(input: AclInput): boolean {
  return Object.keys(aclKeys(input)).some((key) => key.startsWith('s3:x-amz-grant-'));
}

function present(values: Readonly<Record<string, string | undefined>>): ContextValues {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
