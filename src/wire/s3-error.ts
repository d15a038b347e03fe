/** Statuses of S3's errors, few of which its model lists. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const STATUSES: Readonly<Record<number, readonly string[]>> = {
  301: ['PermanentRedirect'],
  304: ['NotModified'],
  307: ['TemporaryRedirect'],
  403: [
    'AccessDenied',
    'AccessForbidden',
    'AccountProblem',
    'AllAccessDisabled',
    'CrossLocationLoggingProhibited',
    'InvalidAccessKeyId',
    'InvalidObjectState',
    'InvalidPayer',
    'InvalidSecurity',
    'MethodNotAllowedByPolicy',
    'NotSignedUp',
    'RequestTimeTooSkewed',
    'SignatureDoesNotMatch',
  ],
  404: [
    'MetadataConfigurationNotFound',
    'NoSuchAccessPoint',
    'NoSuchBucket',
    'NoSuchBucketPolicy',
    'NoSuchConfiguration',
    'NoSuchCORSConfiguration',
    'NoSuchKey',
    'NoSuchLifecycleConfiguration',
    'NoSuchObjectLockConfiguration',
    'NoSuchPublicAccessBlockConfiguration',
    'NoSuchTagSet',
    'NoSuchTagSetError',
    'NoSuchUpload',
    'NoSuchVersion',
    'NoSuchWebsiteConfiguration',
    'NotFound',
    'ObjectLockConfigurationNotFoundError',
    'OwnershipControlsNotFoundError',
    'ReplicationConfigurationNotFoundError',
    'ServerSideEncryptionConfigurationNotFoundError',
  ],
  405: ['MethodNotAllowed'],
  409: [
    'BucketAlreadyExists',
    'BucketAlreadyOwnedByYou',
    'BucketNotEmpty',
    'ConditionalRequestConflict',
    'IdempotencyException',
    'InvalidBucketState',
    'ObjectAlreadyInActiveTierError',
    'OperationAborted',
    'RestoreAlreadyInProgress',
  ],
  411: ['MissingContentLength'],
  412: ['PreconditionFailed'],
  416: ['InvalidRange'],
  500: ['InternalError'],
  501: ['NotImplemented'],
  503: ['ServiceUnavailable', 'SlowDown'],
};

const byCode: ReadonlyMap<string, number> = new Map(
  Object.entries(STATUSES).flatMap(([status, codes]) =>
    codes.map((code): [string, number] => [code, Number(status)]),
  ),
);

export function s3StatusOf(code: string): number | undefined {
  return byCode.get(code);
}
