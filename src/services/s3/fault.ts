import type { S3ErrorName } from '../../model/gen/s3.ts';
import type { Violation } from '../../model/violation.ts';
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
  | 'InvalidBucketOwnerAWSAccountID'
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

/** A document that S3 cannot read, or that is not of its schema. */
export function malformedXml(): Fault {
  return fault(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

/** What of refused input S3 has words of its own for: what stands in a document, and a few headers. */
export function refuseInput(_input: unknown, [first]: readonly Violation[]): void {
  if (first === undefined) return;
  if (first.path === 'policy')
    throw fault('MalformedPolicy', "Policies must be valid JSON and the first byte must be '{'");
  if (first.path === 'objectOwnership') {
    throw fault('InvalidArgument', `Invalid x-amz-object-ownership header: ${String(first.value)}`, {
      ArgumentName: 'x-amz-object-ownership',
    });
  }
  if (first.path === 'copySource')
    throw invalidArgument('Invalid copy source object key', 'x-amz-copy-source', 'x-amz-copy-source');
  if (first.path === 'createBucketConfiguration.locationConstraint') {
    throw fault('InvalidLocationConstraint', 'The specified location-constraint is not valid', {
      LocationConstraint: String(first.value),
    });
  }
  if (first.path === 'encodingType')
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', first.value);
  // Headers and query parameters lie flat.
  if (first.path.includes('.')) throw malformedXml();
}

export function noSuchBucket(name: string): Fault {
  return fault('NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
}

export function noSuchKey(key: string): Fault {
  return fault('NoSuchKey', 'The specified key does not exist.', { Key: key });
}

export function noSuchVersion(key: string, versionId: string): Fault {
  return fault('NoSuchVersion', 'The specified version does not exist.', { Key: key, VersionId: versionId });
}

/** S3's answer to headers whose feature is not there. */
export function notImplemented(header: string, additionalMessage?: string): Fault {
  return fault('NotImplemented', 'A header you provided implies functionality that is not implemented', {
    Header: header,
    ...(additionalMessage === undefined ? {} : { additionalMessage }),
  });
}
