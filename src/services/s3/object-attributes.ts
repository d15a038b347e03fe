import type { S3Operations } from '../../model/gen/s3.ts';
import type { Group } from '../../service/service.ts';
import { bucketFor } from './bucket.ts';
import { checksumMember } from './checksum.ts';
import type { FoundObject } from './content.ts';
import { pageSize } from './list-page.ts';
import { checksumOf, objectFor } from './object-reads.ts';
import { shownVersion } from './version.ts';

export const objectAttributes = {
  GetObjectAttributes: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    const found = await objectFor(ctx, bucket, input.Key, input.VersionId);
    const { row } = found;
    const wanted = new Set(input.ObjectAttributes);
    const { checksum } = row;
    return {
      LastModified: new Date(row.lastModifiedMs),
      VersionId: shownVersion(bucket, row),
      ...(wanted.has('ETag') ? { ETag: row.etag } : {}),
      ...(wanted.has('Checksum') && checksum !== undefined
        ? { Checksum: { ...checksumOf(row), [checksumMember(checksum.algorithm)]: bare(checksum.value) } }
        : {}),
      ...(wanted.has('ObjectParts') && found.parts !== undefined
        ? { ObjectParts: partsOf(found, input.PartNumberMarker ?? 0, pageSize(input.MaxParts, 'max-parts')) }
        : {}),
      ...(wanted.has('StorageClass') ? { StorageClass: row.storageClass ?? 'STANDARD' } : {}),
      ...(wanted.has('ObjectSize') ? { ObjectSize: row.size } : {}),
    };
  },
} satisfies Group<S3Operations>;

/** Here the number of parts is not part of the checksum. */
function bare(checksum: string): string {
  return checksum.replace(/-\d+$/, '');
}

function partsOf({ row, parts = [] }: FoundObject, marker: number, most: number) {
  const TotalPartsCount = parts.length;
  // Single parts are told of only where they have checksums of their own.
  if (row.checksum?.type !== 'COMPOSITE') return { TotalPartsCount };
  const { algorithm } = row.checksum;
  const numbered = parts.map((part, index) => ({ ...part, place: index + 1 }));
  const page = numbered.slice(marker, marker + most);
  return {
    TotalPartsCount,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.place ?? marker,
    MaxParts: most,
    IsTruncated: marker + most < TotalPartsCount,
    Parts: page.map(({ place, size, checksum }) => ({
      PartNumber: place,
      Size: size,
      [checksumMember(algorithm)]: checksum,
    })),
  };
}
