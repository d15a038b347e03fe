import type { ObjectOwnership } from '../../model/gen/s3.ts';
import { fault, notImplemented } from './fault.ts';

/** The members of inputs that set an access control list. */
export interface AclInput {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWrite?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
}

/** Lists that say no more than that the owner of the bucket owns all. */
const HARMLESS = new Set(['private', 'bucket-owner-full-control']);

/**
 * Access control lists are off (BucketOwnerEnforced) unless a bucket turns them on, and Lambent knows none but the
 * owner's: a list that would grant more is refused, never dropped.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
 */
export function checkNoAcl(input: AclInput, ownership: ObjectOwnership | undefined): void {
  const { ACL, GrantFullControl, GrantRead, GrantReadACP, GrantWrite, GrantWriteACP } = input;
  const grants = GrantFullControl ?? GrantRead ?? GrantReadACP ?? GrantWrite ?? GrantWriteACP;
  if (grants === undefined && (ACL === undefined || HARMLESS.has(ACL))) return;
  if ((ownership ?? 'BucketOwnerEnforced') === 'BucketOwnerEnforced') {
    throw fault('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
  throw notImplemented(grants === undefined ? 'x-amz-acl' : 'x-amz-grant');
}
