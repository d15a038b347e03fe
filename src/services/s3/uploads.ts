import { createHash } from 'node:crypto';
import type { CompleteMultipartUploadRequest, MultipartUpload, S3Operations } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { checkNoAcl } from './acl.ts';
import { type Bucket, bucketFor, canonicalId, currentRow } from './bucket.ts';
import { checkKey } from './bucket-name.ts';
import { claimedChecksum } from './checksum.ts';
import { checkWritable, checkWriteConditions, quoted } from './condition.ts';
import { checkEncryption, ENCRYPTION } from './encryption.ts';
import { type Fault, fault } from './fault.ts';
import { type ObjectRow, type StoredChecksum, s3Rows, type UploadRow } from './layout.ts';
import { encoder, pageSize } from './list-page.ts';
import {
  assembledChecksum,
  assembledParts,
  shownChecksum,
  storedParts,
  uploadChecksum,
} from './multipart.ts';
import { keptHeaders } from './object-header.ts';
import { checksumOf } from './object-reads.ts';
import { checkNoLock, secondOf } from './object-writes.ts';
import { tagsOfHeader } from './tag.ts';
import { dropUpload } from './upload-cleaning.ts';
import { addVersion, newVersionSeed, shownVersion } from './version.ts';
import { uploadsUnderWay, walk } from './walk.ts';

const ID_LENGTH = 40;
const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
export const uploads = {
  CreateMultipartUpload: async (input, ctx) => {
    checkKey(input.Key);
    checkEncryption(input);
    checkNoLock(input);
    const headers = keptHeaders(ctx, input);
    const tags = tagsOfHeader(input.Tagging);
    const checksum = uploadChecksum(input);
    const bucket = await bucketFor(ctx, input);
    checkNoAcl(input, bucket.settings.ownership);
    const { principal, world } = ctx;
    const upload: UploadRow = {
      ...headers,
      ...checksum,
      initiatedAtMs: secondOf(ctx),
      initiator: 'arn' in principal ? principal.arn : canonicalId(bucket.account),
      ...(tags === undefined ? {} : { tags }),
    };
    const uploadId =
      world.clock.now().toString(36).padStart(9, '0') + world.random.id(ID_LENGTH, ID_ALPHABET);
    await ctx.transact(async (tx) => {
      const { id } = await currentRow(tx, bucket);
      s3Rows(bucket.account).uploads.set(tx, [id, input.Key, uploadId], upload);
    });
    return {
      Bucket: bucket.name,
      Key: input.Key,
      UploadId: uploadId,
      ServerSideEncryption: ENCRYPTION,
      ...shownChecksum(upload),
    };
  },

  CompleteMultipartUpload: async (input, ctx) => {
    checkWriteConditions(input);
    const bucket = await bucketFor(ctx, input);
    const row = await complete(ctx, bucket, input);
    return {
      Location: `${ctx.endpoint}/${bucket.name}/${encodeURIComponent(input.Key).replaceAll('%2F', '/')}`,
      Bucket: bucket.name,
      Key: input.Key,
      ETag: quoted(row.etag),
      ServerSideEncryption: ENCRYPTION,
      VersionId: shownVersion(bucket, row),
      ...checksumOf(row),
    };
  },

  AbortMultipartUpload: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    await ctx.transact(async (tx) => {
      const upload = await uploadFor(tx, bucket, input);
      const { IfMatchInitiatedTime: initiated } = input;
      if (initiated !== undefined && initiated.getTime() !== upload.initiatedAtMs) {
        throw fault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
          Condition: 'x-amz-if-match-initiated-time',
        });
      }
      dropUpload(tx, ctx.as({ account: bucket.account }), [bucket.row.id, input.Key, input.UploadId]);
    });
    return {};
  },

  ListMultipartUploads: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    const { Prefix = '', KeyMarker, UploadIdMarker } = input;
    const delimiter = input.Delimiter || undefined;
    const most = pageSize(input.MaxUploads, 'max-uploads');
    const encode = encoder(input.EncodingType);
    const after = KeyMarker || undefined;
    const owner = { ID: canonicalId(bucket.account) };
    const Uploads: MultipartUpload[] = [];
    const CommonPrefixes: { Prefix: string }[] = [];
    let last: { key: string; uploadId?: string } | undefined;
    let more = false;
    // All uploads of the marked key are behind it, so it is passed by going on behind the last of them.
    const from =
      after === undefined ? undefined : ([bucket.row.id, after, UploadIdMarker || '\u{10ffff}'] as const);
    const start = { prefix: Prefix, delimiter, after };
    for await (const step of walk(uploadsUnderWay(ctx.store, bucket), start, undefined, from)) {
      if (Uploads.length + CommonPrefixes.length === most) {
        more = true;
        break;
      }
      if (step.kind === 'prefix') {
        CommonPrefixes.push({ Prefix: encode(step.prefix) });
        last = { key: step.prefix };
        continue;
      }
      const uploadId = String(step.at[2]);
      last = { key: step.key, uploadId };
      Uploads.push({
        Key: encode(step.key),
        UploadId: uploadId,
        Initiated: new Date(step.row.initiatedAtMs),
        StorageClass: step.row.storageClass ?? 'STANDARD',
        Owner: owner,
        Initiator: { ID: step.row.initiator },
        ...shownChecksum(step.row),
      });
    }
    return {
      Bucket: bucket.name,
      KeyMarker: encode(KeyMarker ?? ''),
      UploadIdMarker: UploadIdMarker ?? '',
      ...(Prefix === '' ? {} : { Prefix: encode(Prefix) }),
      ...(delimiter === undefined ? {} : { Delimiter: encode(delimiter) }),
      ...(input.EncodingType === undefined ? {} : { EncodingType: input.EncodingType }),
      MaxUploads: most,
      IsTruncated: more,
      // Told on the last page, too.
      NextKeyMarker: last === undefined ? '' : encode(last.key),
      NextUploadIdMarker: last?.uploadId ?? '',
      Uploads,
      CommonPrefixes,
    };
  },
} satisfies Group<S3Operations>;

interface UploadAddress {
  readonly Key: string;
  readonly UploadId: string;
}

/** The upload an operation is on; throws when there is none (any more). */
export async function uploadFor(
  reader: Reader,
  bucket: Bucket,
  { Key, UploadId }: UploadAddress,
): Promise<UploadRow> {
  const upload = await s3Rows(bucket.account).uploads.get(reader, [bucket.row.id, Key, UploadId]);
  if (upload === undefined) throw noSuchUpload(UploadId);
  return upload;
}

function noSuchUpload(uploadId: string): Fault {
  return fault(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: uploadId },
  );
}

/** Makes the object of the listed parts, lets go of the others, and ends the upload, all at once. */
async function complete(
  ctx: Context,
  bucket: Bucket,
  input: CompleteMultipartUploadRequest,
): Promise<ObjectRow> {
  const { Key: key, UploadId: uploadId } = input;
  const claim = claimedChecksum(input, undefined, undefined, 'object');
  const seed = newVersionSeed(ctx.world);
  const lastModifiedMs = secondOf(ctx);
  const rows = s3Rows(bucket.account);
  return ctx.transact(async (tx) => {
    const current = await currentRow(tx, bucket);
    const existing = await rows.objects.get(tx, [current.id, key]);
    const upload = await rows.uploads.get(tx, [current.id, key, uploadId]);
    if (upload === undefined) {
      // Who did not hear that it was done asks again, and is told.
      if (existing?.uploadId === uploadId) return existing;
      throw noSuchUpload(uploadId);
    }
    checkWritable(input, existing, key);
    const found = await rows.uploadParts.all(tx, [uploadId]);
    const byNumber = new Map(found.map(({ key: [, number], value }) => [number, value]));
    const parts = assembledParts(input.MultipartUpload?.Parts ?? [], byNumber, upload, uploadId);
    const checksum = assembledChecksum(upload, parts);
    checkClaim(claim?.value, checksum);
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    if (input.MpuObjectSize !== undefined && Number(input.MpuObjectSize) !== size) {
      throw fault(
        'InvalidRequest',
        `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${size}`,
      );
    }
    const used = new Set(parts.map(({ number }) => number));
    for (const { key: at, value } of found) {
      rows.uploadParts.delete(tx, at);
      // What the object uses it goes on holding.
      if (!used.has(at[1])) await ctx.blobs.release(tx, value.blob);
    }
    rows.uploads.delete(tx, [current.id, key, uploadId]);
    const md5s = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex')));
    const { initiatedAtMs, initiator, checksumAlgorithm, checksumAsked, checksumType, ...kept } = upload;
    return addVersion(
      tx,
      ctx,
      { bucket, current, key },
      existing,
      seed,
      {
        ...kept,
        lastModifiedMs,
        size,
        etag: `${createHash('md5').update(md5s).digest('hex')}-${parts.length}`,
        checksum,
        uploadId,
      },
      storedParts(parts),
    );
  });
}

function checkClaim(claimed: string | undefined, { algorithm, value, type }: StoredChecksum): void {
  if (claimed === undefined) return;
  const bare = type === 'COMPOSITE' ? value.replace(/-\d+$/, '') : value;
  if (claimed === value || claimed === bare) return;
  throw fault(
    'BadDigest',
    `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
  );
}
