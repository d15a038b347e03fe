import type { Context } from '../../service/context.ts';
import { type Bucket, findBucket } from './bucket.ts';
import type { ByteRange } from './byte-range.ts';
import { past, preconditionFailed, readVerdict } from './condition.ts';
import { type FoundObject, findObject } from './content.ts';
import { fault, invalidArgument, noSuchBucket } from './fault.ts';
import { objectFor } from './object-reads.ts';
import { LARGEST_UPLOAD } from './receiving.ts';

/** What an `x-amz-copy-source` header names. */
export interface SourceAddress {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
}

/** Reads `bucket/key?versionId=…`, percent-encoded, with or without a slash before. */
export function parseCopySource(header: string): SourceAddress {
  const mark = header.indexOf('?');
  const path = (mark < 0 ? header : header.slice(0, mark)).replace(/^\//, '');
  const [, version] = mark < 0 ? [] : (/^versionId=(.+)$/.exec(header.slice(mark + 1)) ?? []);
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw malformed(header);
  }
  const slash = decoded.indexOf('/');
  if (slash < 1 || slash === decoded.length - 1 || (mark >= 0 && version === undefined))
    throw malformed(header);
  return { bucket: decoded.slice(0, slash), key: decoded.slice(slash + 1), versionId: version };
}

function malformed(header: string) {
  return invalidArgument(
    'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    'x-amz-copy-source',
    header,
  );
}

export interface CopyInput {
  readonly CopySource: string;
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
  readonly ExpectedSourceBucketOwner?: string | undefined;
}

export interface CopySource {
  readonly bucket: Bucket;
  readonly address: SourceAddress;
  readonly found: FoundObject;
  /** The copied version's id, in a versioned bucket. */
  readonly versionId: string | undefined;
}

/** The object that is copied, whatever region it is in, if it may be. */
export async function copySource(ctx: Context, input: CopyInput): Promise<CopySource> {
  const address = parseCopySource(input.CopySource);
  const bucket = await findBucket(ctx, address.bucket);
  if (bucket === undefined) throw noSuchBucket(address.bucket);
  const { ExpectedSourceBucketOwner: owner } = input;
  if (owner !== undefined && owner !== bucket.account) throw fault('AccessDenied', 'Access Denied');
  if (address.versionId !== undefined) {
    const marker = await findObject(ctx, bucket, address.key, address.versionId);
    if (marker?.row.deleteMarker === true) {
      throw fault(
        'InvalidRequest',
        'The source of a copy request may not specifically refer to a delete marker by version id.',
      );
    }
  }
  const found = await objectFor(ctx, bucket, address.key, address.versionId);
  const verdict = readVerdict(
    {
      ifMatch: input.CopySourceIfMatch,
      ifNoneMatch: input.CopySourceIfNoneMatch,
      ifModifiedSince: past(ctx, input.CopySourceIfModifiedSince),
      ifUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    },
    found.row,
  );
  if (verdict.verdict === 'failed') throw preconditionFailed(`x-amz-copy-source-${verdict.condition}`);
  if (verdict.verdict === 'not-modified') {
    const none = input.CopySourceIfNoneMatch !== undefined;
    throw preconditionFailed(`x-amz-copy-source-If-${none ? 'None-Match' : 'Modified-Since'}`);
  }
  return { bucket, address, found, versionId: found.row.versionId };
}

/** The part of the source that an `x-amz-copy-source-range` header names. */
export function partRange(header: string | undefined, size: number): ByteRange {
  if (header === undefined) return checked({ start: 0, end: size });
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      header,
    );
  }
  if (Number(last) >= size) {
    if (Number(first) >= size)
      throw fault('InvalidRequest', 'The specified copy range is invalid for the source object size');
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${size}`,
      'x-amz-copy-source-range',
      header,
    );
  }
  return checked({ start: Number(first), end: Number(last) + 1 });
}

function checked(range: ByteRange): ByteRange {
  if (range.end - range.start > LARGEST_UPLOAD) throw tooLarge();
  return range;
}

export function tooLarge() {
  return fault(
    'InvalidRequest',
    `The specified copy source is larger than the maximum allowable size for a copy source: ${LARGEST_UPLOAD}`,
  );
}
