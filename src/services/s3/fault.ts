import type { S3ErrorName } from '../../model/gen/s3.ts';
import { type Fault, faults } from '../../service/faults.ts';

/** Errors of S3's that its model leaves out. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
type UnmodelledErrorName =
  | 'AccessControlListNotSupported'
  | 'AccessForbidden'
  | 'BadDigest'
  | 'BadRequest'
  | 'BucketNotEmpty'
  | 'EntityTooLarge'
  | 'EntityTooSmall'
  | 'IllegalLocationConstraintException'
  | 'IllegalVersioningConfigurationException'
  | 'IncompleteBody'
  | 'ExpiredToken'
  | 'InvalidAccessKeyId'
  | 'InvalidArgument'
  | 'InvalidBucketAclWithObjectOwnership'
  | 'InvalidBucketName'
  | 'InvalidBucketState'
  | 'InvalidDigest'
  | 'InvalidLocationConstraint'
  | 'InvalidPart'
  | 'InvalidPartNumber'
  | 'InvalidPartOrder'
  | 'InvalidPolicyDocument'
  | 'InvalidRange'
  | 'InvalidStorageClass'
  | 'InvalidTag'
  | 'InvalidURI'
  | 'KeyTooLongError'
  | 'KMS.NotFoundException'
  | 'MalformedPOSTRequest'
  | 'MalformedPolicy'
  | 'MalformedXML'
  | 'MaxPostPreDataLengthExceeded'
  | 'MetadataTooLarge'
  | 'MethodNotAllowed'
  | 'MissingContentLength'
  | 'NoSuchBucketPolicy'
  | 'NoSuchCORSConfiguration'
  | 'NoSuchLifecycleConfiguration'
  | 'NoSuchPublicAccessBlockConfiguration'
  | 'NoSuchTagSet'
  | 'NoSuchVersion'
  | 'NoSuchWebsiteConfiguration'
  | 'NotModified'
  | 'ObjectLockConfigurationNotFoundError'
  | 'OwnershipControlsNotFoundError'
  | 'PermanentRedirect'
  | 'PreconditionFailed'
  | 'ReplicationConfigurationNotFoundError'
  | 'ServerSideEncryptionConfigurationNotFoundError'
  | 'SignatureDoesNotMatch';

export type { Fault };
export const fault = faults<S3ErrorName | UnmodelledErrorName>();

/** A value S3 does not take; its answer names where it stood and what it was. */
export function invalidArgument(message: string, name: string, value: unknown): Fault {
  return fault('InvalidArgument', message, { ArgumentName: name, ArgumentValue: String(value) });
}

export function noSuchBucket(name: string): Fault {
  return fault('NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
}

export function noSuchKey(key: string): Fault {
  return fault('NoSuchKey', 'The specified key does not exist.', { Key: key });
}

/** S3's answer to headers whose feature is not there. */
export function notImplemented(header: string): Fault {
  return fault('NotImplemented', 'A header you provided implies functionality that is not implemented', {
    Header: header,
  });
}
