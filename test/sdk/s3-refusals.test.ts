import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as sdk from '@aws-sdk/client-s3';
import { withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

const lambent = await withLambent();
const s3 = lambent.client(sdk.S3Client);

const make = (Bucket: string, more = {}) => s3.send(new sdk.CreateBucketCommand({ Bucket, ...more }));
const put = (Bucket: string, Key: string, more = {}) =>
  s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body: 'body', ...more }));
const versioning = (Bucket: string, Status: sdk.BucketVersioningStatus) =>
  s3.send(new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
const said = (name: string, message: string) => ({ name, message });
const MALFORMED = named('MalformedXML', 400);

test('versions that cannot be are told from versions that are not', async () => {
  const Bucket = 'versions-refused';
  await make(Bucket);
  await put(Bucket, 'k');
  const invalid = said('InvalidArgument', 'Invalid version id specified');
  const of = { Bucket, Key: 'k', VersionId: 'HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD' };
  await assert.rejects(s3.send(new sdk.GetObjectCommand(of)), invalid);
  await assert.rejects(s3.send(new sdk.DeleteObjectCommand(of)), invalid);
  const many = await s3.send(new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects: [of] } }));
  assert.deepEqual([many.Deleted, many.Errors?.[0]?.Code], [undefined, 'NoSuchVersion']);

  await versioning(Bucket, 'Enabled');
  const { VersionId } = await put(Bucket, 'k');
  await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: 'k' }));
  await assert.rejects(s3.send(new sdk.GetObjectTaggingCommand({ Bucket, Key: 'k' })), {
    ...said('MethodNotAllowed', 'The specified method is not allowed against this resource.'),
    Method: 'GET',
  });
  await assert.rejects(s3.send(new sdk.DeleteBucketCommand({ Bucket })), {
    message: 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
  });
  await s3.send(new sdk.GetObjectCommand({ Bucket, Key: 'k', VersionId }));
  await versioning(Bucket, 'Suspended');
  assert.equal((await put(Bucket, 'k')).VersionId, undefined);
  await assert.rejects(
    s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: 'k', BypassGovernanceRetention: false })),
    { message: /only applicable to Object Lock enabled buckets/ },
  );
});

test('documents that are not of their schema are malformed', async () => {
  const Bucket = 'documents-refused';
  await make(Bucket);
  await assert.rejects(versioning(Bucket, 'enabled' as 'Enabled'), MALFORMED);
  const tag = (TagSet: sdk.Tag[]) =>
    s3.send(new sdk.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  await assert.rejects(tag([{ Key: 'a', Value: undefined }]), MALFORMED);
  await assert.rejects(tag([{ Key: 'aws:a', Value: 'b' }]), {
    ...said('InvalidTag', 'System tags cannot be added/updated by requester'),
    TagKey: 'aws:a',
  });
  assert.equal((await tag([{ Key: 'a', Value: 'b' }])).$metadata.httpStatusCode, 204);
  await put(Bucket, 'k');
  await assert.rejects(
    s3.send(
      new sdk.PutObjectTaggingCommand({
        Bucket,
        Key: 'k',
        Tagging: { TagSet: [{ Key: 'aws:a', Value: 'b' }] },
      }),
    ),
    { message: 'Your TagKey cannot be prefixed with aws:' },
  );
  await assert.rejects(put(Bucket, 'k', { Tagging: 'a=b,c=d' }), {
    message: /^The header 'x-amz-tagging' shall be encoded/,
  });
  await assert.rejects(make('never', { ObjectOwnership: 'Nobody' }), {
    message: 'Invalid x-amz-object-ownership header: Nobody',
  });
  await assert.rejects(
    s3.send(new sdk.PutBucketPolicyCommand({ Bucket, Policy: '{}' })),
    said('MalformedPolicy', 'Missing required field Statement'),
  );
  const encrypt = (Rules: sdk.ServerSideEncryptionRule[]) =>
    s3.send(new sdk.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }));
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } };
  await assert.rejects(encrypt([rule, rule]), MALFORMED);
  await assert.rejects(
    encrypt([{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256', KMSMasterKeyID: 'k' } }]),
    { message: /^a KMSMasterKeyID is not applicable/ },
  );
  // Where a bucket may be made again, it may not with tags.
  await make(Bucket);
  await assert.rejects(
    make(Bucket, { CreateBucketConfiguration: { Tags: [{ Key: 'a', Value: 'b' }] } }),
    named('BucketAlreadyOwnedByYou', 409),
  );
});

test('owners, places and sources that cannot be are named', async () => {
  const Bucket = 'owners-refused';
  await make(Bucket);
  await assert.rejects(
    s3.send(new sdk.GetBucketTaggingCommand({ Bucket, ExpectedBucketOwner: 'abcd' })),
    said(
      'InvalidBucketOwnerAWSAccountID',
      'The value of the expected bucket owner parameter must be an AWS Account ID... [abcd]',
    ),
  );
  await assert.rejects(
    make('nowhere', { CreateBucketConfiguration: { LocationConstraint: 'foo' as 'eu-west-1' } }),
    { ...said('InvalidLocationConstraint', 'The specified location-constraint is not valid') },
  );
  await assert.rejects(
    s3.send(new sdk.CopyObjectCommand({ Bucket, Key: 'k', CopySource: 'wrongformat' })),
    said('InvalidArgument', 'Invalid copy source object key'),
  );
  await put(Bucket, 'k');
  const later = new Date(Date.now() + 86_400_000);
  await s3.send(new sdk.GetObjectCommand({ Bucket, Key: 'k', IfModifiedSince: later }));
});

test('conditions that S3 does not take are named', async () => {
  const Bucket = 'conditions-refused';
  await make(Bucket);
  await put(Bucket, 'k');
  await assert.rejects(put(Bucket, 'k', { IfMatch: '*' }), named('NotImplemented', 501));
  await assert.rejects(put(Bucket, 'k', { IfMatch: 'x', IfNoneMatch: '*' }), {
    name: 'NotImplemented',
    Header: 'If-Match,If-None-Match',
    additionalMessage: 'Multiple conditional request headers present in the request',
  });
  const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key: 'copy' }));
  const copy = (CopySourceRange: string, more = {}) =>
    s3.send(
      new sdk.UploadPartCopyCommand({
        Bucket,
        Key: 'copy',
        UploadId,
        PartNumber: 1,
        CopySource: `${Bucket}/k`,
        CopySourceRange,
        ...more,
      }),
    );
  await assert.rejects(copy('bytes=0-100'), { name: 'InvalidArgument' });
  await assert.rejects(copy('bytes=100-200'), { name: 'InvalidRequest' });
  await copy('bytes=0-1', { CopySourceIfModifiedSince: new Date(Date.now() + 86_400_000) });
});

test('a list that begins inside a common prefix is past it', async () => {
  const Bucket = 'listed-inside';
  await make(Bucket);
  for (const key of ['f/a/1', 'f/a/2', 'f/b']) await put(Bucket, key);
  const { Contents, CommonPrefixes } = await s3.send(
    new sdk.ListObjectsCommand({ Bucket, Prefix: 'f/', Delimiter: '/', Marker: 'f/a/1' }),
  );
  assert.deepEqual([Contents?.map(({ Key }) => Key), CommonPrefixes], [['f/b'], undefined]);
  await assert.rejects(
    s3.send(new sdk.ListObjectsV2Command({ Bucket, EncodingType: 'value' as 'url' })),
    said('InvalidArgument', 'Invalid Encoding Method specified in Request'),
  );
});
