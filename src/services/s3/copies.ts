import type { CopyObjectRequest, S3Operations } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { checkNoAcl } from './acl.ts';
import { bucketFor } from './bucket.ts';
import { checkKey } from './bucket-name.ts';
import { algorithmOf } from './checksum.ts';
import { checkWriteConditions, quoted } from './condition.ts';
import { bytesOf } from './content.ts';
import { type CopySource, copySource, tooLarge } from './copy-source.ts';
import { checkEncryption, ENCRYPTION } from './encryption.ts';
import { fault, notImplemented } from './fault.ts';
import type { ObjectHeaders, StoredChecksum } from './layout.ts';
import { keptHeaders } from './object-header.ts';
import { checksumOf } from './object-reads.ts';
import { checkNoLock, secondOf, writeObject } from './object-writes.ts';
import { LARGEST_UPLOAD, receive } from './receiving.ts';
import { tagsOfHeader } from './tag.ts';
import { type NewContent, shownVersion } from './version.ts';

export const copies = {
  CopyObject: async (input, ctx) => {
    checkKey(input.Key);
    checkEncryption(input);
    checkNoLock(input);
    checkWriteConditions(input);
    if (input.CopySourceSSECustomerAlgorithm !== undefined) {
      throw notImplemented('x-amz-copy-source-server-side-encryption-customer-algorithm');
    }
    const bucket = await bucketFor(ctx, input);
    checkNoAcl(input, bucket.settings.ownership);
    const source = await copySource(ctx, input);
    if (source.found.row.size > LARGEST_UPLOAD) throw tooLarge();
    const toItself = source.bucket.row.id === bucket.row.id && source.address.key === input.Key;
    checkChange(input, toItself && source.address.versionId === undefined);
    const tags = input.TaggingDirective === 'REPLACE' ? tagsOfHeader(input.Tagging) : source.found.row.tags;
    const copy = await copied(ctx, input, source);
    const row = await writeObject(
      ctx,
      bucket,
      input.Key,
      input,
      {
        ...headersOf(ctx, input, source),
        lastModifiedMs: secondOf(ctx),
        size: source.found.row.size,
        etag: copy.etag,
        checksum: copy.checksum,
        ...(tags === undefined ? {} : { tags }),
      },
      copy.content,
    );
    return {
      CopySourceVersionId: source.versionId,
      VersionId: shownVersion(bucket, row),
      ServerSideEncryption: ENCRYPTION,
      CopyObjectResult: {
        ETag: quoted(row.etag),
        LastModified: new Date(row.lastModifiedMs),
        ...checksumOf(row),
      },
    };
  },
} satisfies Group<S3Operations>;

function checkChange(input: CopyObjectRequest, toItself: boolean): void {
  const { MetadataDirective, StorageClass, ServerSideEncryption, WebsiteRedirectLocation } = input;
  const changes =
    MetadataDirective === 'REPLACE' ||
    (StorageClass ?? ServerSideEncryption ?? WebsiteRedirectLocation) !== undefined;
  if (!toItself || changes) return;
  throw fault(
    'InvalidRequest',
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  );
}

/** The copy's headers: the source's, or the request's. Class and redirect are always the request's. */
function headersOf(ctx: Context, input: CopyObjectRequest, { found }: CopySource): ObjectHeaders {
  const given = keptHeaders(ctx, input);
  if (input.MetadataDirective === 'REPLACE') return given;
  const {
    contentType,
    cacheControl,
    contentDisposition,
    contentEncoding,
    contentLanguage,
    expires,
    metadata,
  } = found.row;
  const { storageClass, websiteRedirect } = given;
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(cacheControl === undefined ? {} : { cacheControl }),
    ...(contentDisposition === undefined ? {} : { contentDisposition }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    ...(contentLanguage === undefined ? {} : { contentLanguage }),
    ...(expires === undefined ? {} : { expires }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(websiteRedirect === undefined ? {} : { websiteRedirect }),
  };
}

interface Copied {
  readonly etag: string;
  readonly checksum: StoredChecksum;
  readonly content: NewContent;
}

/** The bytes of the copy: the source's own where they are one piece, else read into one. */
async function copied(ctx: Context, input: CopyObjectRequest, { found }: CopySource): Promise<Copied> {
  const { row, inline } = found;
  const { content, checksum, etag, size } = row;
  const algorithm =
    input.ChecksumAlgorithm === undefined ? checksum?.algorithm : algorithmOf(input.ChecksumAlgorithm);
  if (content !== 'parts' && checksum !== undefined && checksum.algorithm === algorithm) {
    return { etag, checksum, content: content === 'inline' ? (inline ?? new Uint8Array(0)) : content };
  }
  const body = await receive(
    ctx,
    { Body: bytesOf(ctx, found, { start: 0, end: size }) },
    { length: size, ...(algorithm === undefined ? {} : { algorithm }) },
  );
  return { etag: body.md5, checksum: { ...body.checksum, type: 'FULL_OBJECT' }, content: body.content };
}
