import type { ChecksumType, CompletedPart, CreateMultipartUploadRequest } from '../../model/gen/s3.ts';
import {
  algorithmOf,
  type ChecksumAlgorithm,
  checksumMember,
  composedChecksum,
  DEFAULT_ALGORITHM,
  joinedChecksum,
  joins,
} from './checksum.ts';
import { fault, invalidArgument } from './fault.ts';
import type { PartRow, StoredChecksum, StoredPart, UploadRow } from './layout.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MOST_PARTS = 10_000;
const SMALLEST_PART = 5 * 1024 ** 2;

export function checkPartNumber(number: number): void {
  if (Number.isInteger(number) && number >= 1 && number <= MOST_PARTS) return;
  throw invalidArgument(
    'Part number must be an integer between 1 and 10000, inclusive',
    'partNumber',
    number,
  );
}

/** How the checksums of an upload's parts become the object's. */
export function uploadChecksum(
  input: Pick<CreateMultipartUploadRequest, 'ChecksumAlgorithm' | 'ChecksumType'>,
): Pick<UploadRow, 'checksumAlgorithm' | 'checksumType' | 'checksumAsked'> {
  const { ChecksumAlgorithm, ChecksumType } = input;
  if (ChecksumAlgorithm === undefined) {
    if (ChecksumType !== undefined) {
      throw fault(
        'InvalidRequest',
        'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
      );
    }
    return { checksumAlgorithm: DEFAULT_ALGORITHM, checksumType: 'FULL_OBJECT', checksumAsked: false };
  }
  const algorithm = algorithmOf(ChecksumAlgorithm);
  const checksumType = ChecksumType ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  const fits = checksumType === 'FULL_OBJECT' ? joins(algorithm) : algorithm !== 'CRC64NVME';
  if (!fits) {
    throw fault(
      'InvalidRequest',
      `The ${checksumType} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { checksumAlgorithm: algorithm, checksumType, checksumAsked: true };
}

/** A part brings the kind of checksum its upload was begun with; any, where that named none. */
export function checkPartChecksum(upload: UploadRow, claimed: ChecksumAlgorithm | undefined): void {
  const expected = upload.checksumAlgorithm;
  if (!upload.checksumAsked || claimed === undefined || claimed === expected) return;
  throw fault(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${claimed.toLowerCase()}`,
  );
}

/** Parts of an upload by number. */
export type PartRows = ReadonlyMap<number, PartRow>;

/** The listed parts, checked: in order, there, and of a size; throws S3's refusal of what they are not. */
export function assembledParts(
  listed: readonly CompletedPart[],
  rows: PartRows,
  upload: UploadRow,
  uploadId: string,
): readonly (PartRow & { readonly number: number })[] {
  if (listed.length === 0) throw fault('InvalidRequest', 'You must specify at least one part');
  const member = checksumMember(upload.checksumAlgorithm);
  let previous = 0;
  const parts = listed.map((part) => {
    const number = part.PartNumber ?? 0;
    if (number <= previous) {
      throw fault(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
        { UploadId: uploadId },
      );
    }
    previous = number;
    const row = rows.get(number);
    const etag = part.ETag?.replace(/^"(.*)"$/, '$1');
    const checksum = part[member];
    if (row === undefined || row.etag !== etag || (checksum !== undefined && checksum !== row.checksum)) {
      throw fault(
        'InvalidPart',
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { UploadId: uploadId, PartNumber: number, ETag: etag },
      );
    }
    return { ...row, number };
  });
  for (const part of parts.slice(0, -1)) {
    if (part.size < SMALLEST_PART) {
      throw fault('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        ProposedSize: part.size,
        MinSizeAllowed: SMALLEST_PART,
        PartNumber: part.number,
        ETag: part.etag,
      });
    }
  }
  return parts;
}

/** The checksum of the whole from its parts'. */
export function assembledChecksum(upload: UploadRow, parts: readonly PartRow[]): StoredChecksum {
  const { checksumAlgorithm: algorithm, checksumType: type } = upload;
  const value =
    type === 'FULL_OBJECT' ? joinedChecksum(algorithm, parts) : composedChecksum(algorithm, parts);
  return { algorithm, value, type };
}

export function storedParts(parts: ReturnType<typeof assembledParts>): readonly StoredPart[] {
  return parts.map(({ number, size, blob, checksum }) => ({
    number,
    size,
    blob,
    ...(checksum === undefined ? {} : { checksum }),
  }));
}

/** The members that show a part's checksum, where the client asked for one. */
export function partChecksum(upload: UploadRow, { checksum }: Pick<PartRow, 'checksum'>) {
  return upload.checksumAsked ? { [checksumMember(upload.checksumAlgorithm)]: checksum } : {};
}

/** The members that show how an upload's checksums are made. */
export function shownChecksum(upload: UploadRow): {
  ChecksumAlgorithm?: ChecksumAlgorithm;
  ChecksumType?: ChecksumType;
} {
  return upload.checksumAsked
    ? { ChecksumAlgorithm: upload.checksumAlgorithm, ChecksumType: upload.checksumType }
    : {};
}
