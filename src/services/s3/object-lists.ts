import type { ListObjectsRequest, ListObjectsV2Request, Object_, S3Operations } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { type Bucket, bucketFor, canonicalId } from './bucket.ts';
import { quoted } from './condition.ts';
import { fault, invalidArgument } from './fault.ts';
import type { ObjectRow } from './layout.ts';
import { encoder, pageSize } from './list-page.ts';
import { newestVersions, type Step, walk } from './walk.ts';

export const objectLists = {
  ListObjectsV2: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    checkAttributes(input);
    const { ContinuationToken, StartAfter } = input;
    const after = ContinuationToken === undefined ? StartAfter || undefined : positionOf(ContinuationToken);
    const page = await list(ctx, bucket, input, after, input.FetchOwner === true);
    const encode = encoder(input.EncodingType);
    return {
      ...page.answer,
      KeyCount: page.answer.Contents.length + page.answer.CommonPrefixes.length,
      ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      ...(StartAfter === undefined || ContinuationToken !== undefined
        ? {}
        : { StartAfter: encode(StartAfter) }),
      ...(page.last === undefined ? {} : { NextContinuationToken: tokenOf(page.last) }),
    };
  },

  ListObjects: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    checkAttributes(input);
    const page = await list(ctx, bucket, input, input.Marker || undefined, true);
    const encode = encoder(input.EncodingType);
    return {
      ...page.answer,
      Marker: encode(input.Marker ?? ''),
      // Without a delimiter the last key is the marker, and S3 does not repeat it.
      ...(page.last !== undefined && input.Delimiter ? { NextMarker: encode(page.last) } : {}),
    };
  },
} satisfies Group<S3Operations>;

async function list(
  ctx: Context,
  bucket: Bucket,
  input: ListObjectsRequest | ListObjectsV2Request,
  after: string | undefined,
  withOwner: boolean,
) {
  const { Prefix = '', EncodingType } = input;
  const Delimiter = input.Delimiter || undefined;
  const most = pageSize(input.MaxKeys, 'max-keys');
  const encode = encoder(EncodingType);
  const owner = withOwner ? { Owner: { ID: canonicalId(bucket.account) } } : {};
  const Contents: Object_[] = [];
  const CommonPrefixes: { Prefix: string }[] = [];
  let last: string | undefined;
  let more = false;
  if (most > 0) {
    const start = { prefix: Prefix, after, delimiter: Delimiter };
    for await (const step of walk(newestVersions(ctx.store, bucket), start, isObject)) {
      if (Contents.length + CommonPrefixes.length === most) {
        more = true;
        break;
      }
      last = nameOf(step);
      if (step.kind === 'prefix') CommonPrefixes.push({ Prefix: encode(step.prefix) });
      else Contents.push({ ...listed(step.row), Key: encode(step.key), ...owner });
    }
  }
  return {
    last: more ? last : undefined,
    answer: {
      Name: bucket.name,
      Prefix: encode(Prefix),
      ...(Delimiter === undefined ? {} : { Delimiter: encode(Delimiter) }),
      ...(EncodingType === undefined ? {} : { EncodingType }),
      MaxKeys: most,
      IsTruncated: more,
      Contents,
      CommonPrefixes,
    },
  };
}

function isObject(row: ObjectRow): boolean {
  return row.deleteMarker === undefined;
}

function nameOf(step: Step<ObjectRow>): string {
  return step.kind === 'prefix' ? step.prefix : step.key;
}

/** What lists tell of a version. */
export function listed(row: ObjectRow) {
  return {
    LastModified: new Date(row.lastModifiedMs),
    ETag: quoted(row.etag),
    ...(row.checksum === undefined
      ? {}
      : { ChecksumAlgorithm: [row.checksum.algorithm], ChecksumType: row.checksum.type }),
    Size: row.size,
    StorageClass: row.storageClass ?? 'STANDARD',
  } as const;
}

function checkAttributes(input: { readonly OptionalObjectAttributes?: readonly string[] | undefined }): void {
  // Nothing is ever restored, so its status is absent as it is on such objects of S3's.
  for (const name of input.OptionalObjectAttributes ?? []) {
    if (name !== 'RestoreStatus')
      throw invalidArgument('Invalid attribute name specified', 'x-amz-optional-object-attributes', name);
  }
}

const VERSION = '1';

function tokenOf(last: string): string {
  return Buffer.from(VERSION + last).toString('base64');
}

function positionOf(token: string): string {
  const text = Buffer.from(token, 'base64').toString('utf8');
  if (text.startsWith(VERSION) && tokenOf(text.slice(1)) === token) return text.slice(1);
  throw fault('InvalidArgument', 'The continuation token provided is incorrect', {
    ArgumentName: 'continuation-token',
  });
}
