import type {
  GetObjectOutput,
  GetObjectRequest,
  HeadObjectOutput,
  S3Operations,
} from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import { actionOn, refusalOf } from './access.ts';
import { type Bucket, bucketFor } from './bucket.ts';
import { type ByteRange, parseRange } from './byte-range.ts';
import { checksumMember } from './checksum.ts';
import { checkReadable, past, quoted } from './condition.ts';
import { bytesOf, type FoundObject, findObject, rangeOfPart } from './content.ts';
import { ENCRYPTION } from './encryption.ts';
import { fault, invalidArgument, noSuchKey, noSuchVersion, notImplemented } from './fault.ts';
import type { ObjectRow } from './layout.ts';
import { expirationHeader } from './lifecycle.ts';
import { givenHeaders } from './object-header.ts';
import { checkVersionId, NULL_VERSION, shownVersion } from './version.ts';

/** HeadObject's input is GetObject's. */
type ReadInput = GetObjectRequest;
/** The model leaves out that a range is answered with 206; its override adds the member. */
type WithStatus<Output> = Output & { readonly StatusCode?: number };

export const objectReads = {
  GetObject: async (input, ctx): Promise<WithStatus<GetObjectOutput>> => {
    const { found, range, answer } = await read(ctx, input);
    return { ...answer, Body: bytesOf(ctx, found, range) as GetObjectOutput['Body'] };
  },

  HeadObject: async (input, ctx): Promise<WithStatus<HeadObjectOutput>> => (await read(ctx, input)).answer,
} satisfies Group<S3Operations>;

async function read(ctx: Context, input: ReadInput) {
  if (input.SSECustomerAlgorithm !== undefined || input.SSECustomerKey !== undefined) {
    throw notImplemented('x-amz-server-side-encryption-customer-algorithm');
  }
  const overrides = responseOverrides(ctx, input);
  const bucket = await bucketFor(ctx, input);
  const found = await objectFor(ctx, bucket, input.Key, input.VersionId);
  const { row } = found;
  checkReadable(
    {
      ifMatch: input.IfMatch,
      ifNoneMatch: input.IfNoneMatch,
      ifModifiedSince: past(ctx, input.IfModifiedSince),
      ifUnmodifiedSince: input.IfUnmodifiedSince,
    },
    row,
  );
  const part = wantedRange(input, found);
  const range = part ?? { start: 0, end: row.size };
  const whole = range.start === 0 && range.end === row.size;
  const answer = {
    ...described(bucket, input.Key, row),
    AcceptRanges: 'bytes',
    ContentLength: range.end - range.start,
    ...(part === undefined
      ? {}
      : { StatusCode: 206, ContentRange: `bytes ${range.start}-${range.end - 1}/${row.size}` }),
    ...(input.PartNumber === undefined || found.parts === undefined
      ? {}
      : { PartsCount: found.parts.length }),
    ...(input.ChecksumMode === 'ENABLED' && whole ? checksumOf(row) : {}),
    ...overrides,
  };
  return { found, range, answer };
}

/** A delete marker can only be deleted. */
export function markerRefusal({ versionId, lastModifiedMs }: ObjectRow, method: string): Fault {
  return fault('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    Method: method,
    ResourceType: 'DeleteMarker',
    Allow: 'DELETE',
    DeleteMarker: true,
    VersionId: versionId ?? NULL_VERSION,
    LastModified: new Date(lastModifiedMs),
  });
}

/** A version that can be read. Delete markers and what is missing have answers of their own. */
export async function objectFor(
  ctx: Context,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): Promise<FoundObject> {
  checkVersionId(bucket, versionId);
  const found = await findObject(ctx, bucket, key, versionId);
  if (found !== undefined && found.row.deleteMarker === undefined) return found;
  const marker =
    found === undefined ? {} : { DeleteMarker: true, VersionId: found.row.versionId ?? NULL_VERSION };
  if (found !== undefined && versionId !== undefined) {
    throw markerRefusal(found.row, 'GET');
  }
  // Only who may list a bucket learns that a key is not in it.
  if ((await refusalOf(ctx, bucket, actionOn(bucket, 's3:ListBucket'))) !== undefined) {
    throw fault('AccessDenied', 'Access Denied');
  }
  if (versionId === undefined) throw new Fault('NoSuchKey', noSuchKey(key).message, { Key: key, ...marker });
  throw noSuchVersion(key, versionId);
}

/** The part of the object asked for; undefined for all of it. */
function wantedRange({ Range, PartNumber }: ReadInput, found: FoundObject): ByteRange | undefined {
  if (PartNumber !== undefined) {
    if (Range !== undefined) {
      throw fault('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter');
    }
    if (PartNumber < 1 || PartNumber > 10_000) {
      throw invalidArgument(
        'Part number must be an integer between 1 and 10000, inclusive',
        'partNumber',
        PartNumber,
      );
    }
    const range = rangeOfPart(found, PartNumber);
    if (range === undefined) {
      throw fault('InvalidPartNumber', 'The requested partnumber is not satisfiable', {
        ActualPartCount: found.parts?.length ?? 1,
        PartNumberRequested: PartNumber,
      });
    }
    return range;
  }
  const range = parseRange(Range, found.row.size);
  if (range === 'unsatisfiable') {
    throw fault('InvalidRange', 'The requested range is not satisfiable', {
      ActualObjectSize: found.row.size,
      RangeRequested: Range,
    });
  }
  return range;
}

/** What GET, HEAD and a copy tell of a version. */
function described(bucket: Bucket, key: string, row: ObjectRow) {
  return {
    ...givenHeaders(row),
    ETag: quoted(row.etag),
    LastModified: new Date(row.lastModifiedMs),
    ServerSideEncryption: ENCRYPTION,
    VersionId: shownVersion(bucket, row),
    Expiration: expirationHeader(bucket.settings.lifecycle?.rules, key, row),
    ...(row.tags === undefined || row.tags.length === 0 ? {} : { TagCount: row.tags.length }),
  } as const;
}

export function checksumOf({ checksum }: Pick<ObjectRow, 'checksum'>) {
  return checksum === undefined
    ? {}
    : { [checksumMember(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type };
}

/** Headers of the answer that the query asks for in the place of the stored ones; only signed requests may. */
function responseOverrides(ctx: Context, input: ReadInput) {
  const overrides = {
    ...(input.ResponseContentType === undefined ? {} : { ContentType: input.ResponseContentType }),
    ...(input.ResponseContentLanguage === undefined
      ? {}
      : { ContentLanguage: input.ResponseContentLanguage }),
    ...(input.ResponseContentEncoding === undefined
      ? {}
      : { ContentEncoding: input.ResponseContentEncoding }),
    ...(input.ResponseCacheControl === undefined ? {} : { CacheControl: input.ResponseCacheControl }),
    ...(input.ResponseExpires === undefined ? {} : { Expires: input.ResponseExpires.toUTCString() }),
    ...(input.ResponseContentDisposition === undefined
      ? {}
      : { ContentDisposition: input.ResponseContentDisposition }),
  };
  if (ctx.principal.kind === 'anonymous' && Object.keys(overrides).length > 0) {
    throw fault(
      'InvalidRequest',
      'Request specific response headers cannot be used for anonymous GET requests.',
    );
  }
  return overrides;
}
