import { assert } from '../../base/assert.ts';
import type { S3Operations } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { type Bucket, bucketFor, canonicalId } from './bucket.ts';
import { checksumMember, claimedChecksum } from './checksum.ts';
import { quoted } from './condition.ts';
import { bytesOf } from './content.ts';
import { copySource, partRange } from './copy-source.ts';
import { ENCRYPTION } from './encryption.ts';
import { notImplemented } from './fault.ts';
import { s3Rows } from './layout.ts';
import { pageSize } from './list-page.ts';
import { checkPartChecksum, checkPartNumber, partChecksum, shownChecksum } from './multipart.ts';
import { secondOf } from './object-writes.ts';
import { type ReceivedBody, receive } from './receiving.ts';
import { uploadFor } from './uploads.ts';

export const uploadParts = {
  UploadPart: async (input, ctx) => {
    checkPartNumber(input.PartNumber);
    if (input.SSECustomerAlgorithm !== undefined) {
      throw notImplemented('x-amz-server-side-encryption-customer-algorithm');
    }
    const bucket = await bucketFor(ctx, input);
    const upload = await uploadFor(ctx.store, bucket, input);
    const trailer = ctx.http?.headers['x-amz-trailer'];
    checkPartChecksum(upload, claimedChecksum(input, input.ChecksumAlgorithm, trailer)?.algorithm);
    const body = await receive(ctx, input, { algorithm: upload.checksumAlgorithm, asBlob: true });
    await keepPart(ctx, bucket, input, body);
    return {
      ETag: quoted(body.md5),
      ServerSideEncryption: ENCRYPTION,
      ...(body.claimed === undefined
        ? partChecksum(upload, { checksum: body.checksum.value })
        : { [checksumMember(body.claimed.algorithm)]: body.claimed.value }),
    };
  },

  UploadPartCopy: async (input, ctx) => {
    checkPartNumber(input.PartNumber);
    if (input.SSECustomerAlgorithm !== undefined || input.CopySourceSSECustomerAlgorithm !== undefined) {
      throw notImplemented('x-amz-server-side-encryption-customer-algorithm');
    }
    const bucket = await bucketFor(ctx, input);
    const upload = await uploadFor(ctx.store, bucket, input);
    const source = await copySource(ctx, input);
    const range = partRange(input.CopySourceRange, source.found.row.size);
    const body = await receive(
      ctx,
      { Body: bytesOf(ctx, source.found, range) },
      { algorithm: upload.checksumAlgorithm, asBlob: true, length: range.end - range.start },
    );
    const lastModifiedMs = await keepPart(ctx, bucket, input, body);
    return {
      CopySourceVersionId: source.versionId,
      ServerSideEncryption: ENCRYPTION,
      CopyPartResult: {
        ETag: quoted(body.md5),
        LastModified: new Date(lastModifiedMs),
        ...partChecksum(upload, { checksum: body.checksum.value }),
      },
    };
  },

  ListParts: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    const upload = await uploadFor(ctx.store, bucket, input);
    const most = pageSize(input.MaxParts, 'max-parts');
    const marker = Number(input.PartNumberMarker ?? 0);
    const page = await s3Rows(bucket.account).uploadParts.page(ctx.store, [input.UploadId], {
      after: [input.UploadId, marker],
      limit: most,
    });
    const last = page.rows.at(-1)?.key[1];
    return {
      Bucket: bucket.name,
      Key: input.Key,
      UploadId: input.UploadId,
      PartNumberMarker: marker,
      NextPartNumberMarker: last ?? 0,
      MaxParts: most,
      IsTruncated: page.next !== undefined,
      Parts: page.rows.map(({ key: [, number], value }) => ({
        PartNumber: number,
        LastModified: new Date(value.lastModifiedMs),
        ETag: quoted(value.etag),
        Size: value.size,
        ...partChecksum(upload, value),
      })),
      Initiator: { ID: upload.initiator },
      Owner: { ID: canonicalId(bucket.account) },
      StorageClass: upload.storageClass ?? 'STANDARD',
      ...shownChecksum(upload),
    };
  },
} satisfies Group<S3Operations>;

interface PartAddress {
  readonly Key: string;
  readonly UploadId: string;
  readonly PartNumber: number;
}

/** Keeps a part in the place of one of the same number. Returns when. */
async function keepPart(
  ctx: Context,
  bucket: Bucket,
  address: PartAddress,
  { content, size, md5, checksum }: ReceivedBody,
): Promise<number> {
  assert('sha256' in content, 'parts are received as blobs');
  const rows = s3Rows(bucket.account);
  const lastModifiedMs = secondOf(ctx);
  const at: [string, number] = [address.UploadId, address.PartNumber];
  await ctx.transact(async (tx) => {
    await uploadFor(tx, bucket, address);
    const replaced = await rows.uploadParts.get(tx, at);
    await ctx.blobs.retain(tx, content);
    if (replaced !== undefined) await ctx.blobs.release(tx, replaced.blob);
    rows.uploadParts.set(tx, at, {
      size,
      etag: md5,
      blob: content,
      checksum: checksum.value,
      lastModifiedMs,
    });
  });
  return lastModifiedMs;
}
