import { fault, notImplemented } from './fault.ts';

/** The members of inputs that ask for encryption. */
export interface EncryptionInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
}

/** What every object shows. */
export const ENCRYPTION = 'AES256';

/** Keys of S3's own are the default and all there is: other keys' encryption is refused, never left out in silence. */
export function checkEncryption(input: EncryptionInput): void {
  const { ServerSideEncryption, SSECustomerAlgorithm, SSECustomerKey, SSEKMSKeyId } = input;
  if (SSECustomerAlgorithm !== undefined || SSECustomerKey !== undefined) {
    throw notImplemented('x-amz-server-side-encryption-customer-algorithm');
  }
  if (ServerSideEncryption !== undefined && ServerSideEncryption !== ENCRYPTION) {
    throw notImplemented('x-amz-server-side-encryption');
  }
  if (SSEKMSKeyId !== undefined) {
    throw fault(
      'InvalidArgument',
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      { ArgumentName: 'x-amz-server-side-encryption' },
    );
  }
}
