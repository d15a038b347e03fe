import type { StorageClass } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import { fault, invalidArgument, notImplemented } from './fault.ts';
import type { ObjectHeaders } from './layout.ts';

/** The members of inputs that hold an object's headers. */
export interface HeaderInput {
  readonly ContentType?: string | undefined;
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly Expires?: string | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
  readonly StorageClass?: StorageClass | undefined;
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
}

const LARGEST_METADATA = 2048;
/** Classes an object can be written to and read from at once; the archives need a restore first. */
const CLASSES = new Set<StorageClass>([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
]);

/** What is kept of an upload's headers; throws for those S3 does not take. */
export function keptHeaders(ctx: Context, input: HeaderInput): ObjectHeaders {
  const { StorageClass } = input;
  if (StorageClass !== undefined && !CLASSES.has(StorageClass)) {
    if (StorageClass === 'GLACIER' || StorageClass === 'DEEP_ARCHIVE')
      throw notImplemented('x-amz-storage-class');
    throw fault('InvalidStorageClass', 'The storage class you specified is not valid', {
      StorageClassRequested: StorageClass,
    });
  }
  const metadata = keptMetadata(ctx, input.Metadata);
  const contentEncoding = withoutChunking(input.ContentEncoding);
  const redirect = input.WebsiteRedirectLocation;
  if (redirect !== undefined && !/^(?:\/|https?:\/\/)/.test(redirect)) {
    throw invalidArgument(
      "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
      'WebsiteRedirectLocation',
      redirect,
    );
  }
  return {
    contentType:
      input.ContentType === undefined || input.ContentType === '' ? 'binary/octet-stream' : input.ContentType,
    ...(input.CacheControl === undefined ? {} : { cacheControl: input.CacheControl }),
    ...(input.ContentDisposition === undefined ? {} : { contentDisposition: input.ContentDisposition }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    ...(input.ContentLanguage === undefined ? {} : { contentLanguage: input.ContentLanguage }),
    ...(input.Expires === undefined ? {} : { expires: input.Expires }),
    ...(redirect === undefined ? {} : { websiteRedirect: redirect }),
    ...(StorageClass === undefined || StorageClass === 'STANDARD' ? {} : { storageClass: StorageClass }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** Names and values together are at most 2 KB. Headers carry UTF-8 as if it were Latin-1. */
function keptMetadata(ctx: Context, given: HeaderInput['Metadata']): ObjectHeaders['metadata'] {
  if (given === undefined) return undefined;
  const kept: Record<string, string> = {};
  let size = 0;
  for (const [name, sent] of Object.entries(given)) {
    const value = ctx.inside === true ? sent : Buffer.from(sent, 'latin1').toString('utf8');
    size += Buffer.byteLength(name) + Buffer.byteLength(value);
    kept[name.toLowerCase()] = value;
  }
  if (size > LARGEST_METADATA) {
    throw fault('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', {
      Size: size,
      MaxSizeAllowed: LARGEST_METADATA,
    });
  }
  return kept;
}

/** `aws-chunked` says how the body travelled, not what it is. */
function withoutChunking(encoding: string | undefined): string | undefined {
  if (encoding === undefined) return undefined;
  const kept = encoding
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== 'aws-chunked' && one !== '');
  return kept.length === 0 ? undefined : kept.join(',');
}

/** The members of outputs that give the headers back. */
export function givenHeaders(row: ObjectHeaders) {
  return {
    ContentType: row.contentType,
    CacheControl: row.cacheControl,
    ContentDisposition: row.contentDisposition,
    ContentEncoding: row.contentEncoding,
    ContentLanguage: row.contentLanguage,
    Expires: row.expires,
    WebsiteRedirectLocation: row.websiteRedirect,
    StorageClass: row.storageClass,
    Metadata: row.metadata,
  };
}
