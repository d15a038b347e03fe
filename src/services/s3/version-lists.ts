import type { DeleteMarkerEntry, ObjectVersion, S3Operations } from '../../model/gen/s3.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { type Bucket, bucketFor, canonicalId } from './bucket.ts';
import { invalidArgument } from './fault.ts';
import { type ObjectRow, s3Rows } from './layout.ts';
import { encoder, pageSize } from './list-page.ts';
import { listed } from './object-lists.ts';
import { findVersion, NULL_VERSION } from './version.ts';
import { newestVersions, type Step, walk } from './walk.ts';

const OLDER_PAGE = 1000;

export const versionLists = {
  ListObjectVersions: async (input, ctx) => {
    const bucket = await bucketFor(ctx, input);
    const { Prefix = '', KeyMarker = '', VersionIdMarker = '' } = input;
    const delimiter = input.Delimiter || undefined;
    const most = pageSize(input.MaxKeys, 'max-keys');
    const encode = encoder(input.EncodingType);
    if (VersionIdMarker !== '' && KeyMarker === '') {
      throw invalidArgument(
        'A version-id marker cannot be specified without a key marker.',
        'version-id-marker',
        VersionIdMarker,
      );
    }
    const Owner = { ID: canonicalId(bucket.account) };
    const Versions: ObjectVersion[] = [];
    const DeleteMarkers: DeleteMarkerEntry[] = [];
    const CommonPrefixes: { Prefix: string }[] = [];
    let last: { readonly key: string; readonly version?: string } | undefined;
    let more = false;
    const start = { prefix: Prefix, delimiter, after: KeyMarker || undefined };
    for await (const found of versions(ctx, bucket, start, VersionIdMarker)) {
      if (Versions.length + DeleteMarkers.length + CommonPrefixes.length >= most) {
        more = most > 0;
        break;
      }
      if ('prefix' in found) {
        CommonPrefixes.push({ Prefix: encode(found.prefix) });
        last = { key: found.prefix };
        continue;
      }
      const { key, row, newest } = found;
      const VersionId = row.versionId ?? NULL_VERSION;
      last = { key, version: VersionId };
      const entry = { Key: encode(key), VersionId, IsLatest: newest, Owner };
      if (row.deleteMarker === true) {
        DeleteMarkers.push({ ...entry, LastModified: new Date(row.lastModifiedMs) });
      } else Versions.push({ ...listed(row), ...entry, StorageClass: classOf(row) });
    }
    return {
      Name: bucket.name,
      Prefix: encode(Prefix),
      ...(delimiter === undefined ? {} : { Delimiter: encode(delimiter) }),
      ...(input.EncodingType === undefined ? {} : { EncodingType: input.EncodingType }),
      KeyMarker: encode(KeyMarker),
      VersionIdMarker,
      MaxKeys: most,
      IsTruncated: more,
      ...(more && last !== undefined
        ? {
            NextKeyMarker: encode(last.key),
            ...(last.version === undefined ? {} : { NextVersionIdMarker: last.version }),
          }
        : {}),
      Versions,
      DeleteMarkers,
      CommonPrefixes,
    };
  },
} satisfies Group<S3Operations>;

type Found =
  | { readonly key: string; readonly row: ObjectRow; readonly newest: boolean }
  | { readonly prefix: string };

/** Every version of every key, newest first within a key; after one version of the marked key, or after all of them. */
async function* versions(
  ctx: Context,
  bucket: Bucket,
  start: Parameters<typeof walk>[1],
  versionMarker: string,
): AsyncGenerator<Found> {
  if (start.after !== undefined && versionMarker !== '' && start.after.startsWith(start.prefix)) {
    const marked = await findVersion(ctx.store, bucket, start.after, versionMarker);
    if (marked !== undefined) yield* olderThan(ctx, bucket, start.after, marked.sequence);
  }
  for await (const step of walk(newestVersions(ctx.store, bucket), start) as AsyncGenerator<
    Step<ObjectRow>
  >) {
    if (step.kind === 'prefix') yield { prefix: step.prefix };
    else {
      yield { key: step.key, row: step.row, newest: true };
      if (step.row.sequence > 1) yield* olderThan(ctx, bucket, step.key, step.row.sequence);
    }
  }
}

async function* olderThan(
  ctx: Context,
  bucket: Bucket,
  key: string,
  sequence: number,
): AsyncGenerator<Found> {
  const { versions: rows } = s3Rows(bucket.account);
  let after: [string, string, number] | undefined = [bucket.row.id, key, -sequence];
  while (after !== undefined) {
    const page = await rows.page(ctx.store, [bucket.row.id, key], { after, limit: OLDER_PAGE });
    for (const { value: row } of page.rows) yield { key, row, newest: false };
    after = page.next;
  }
}

/** The model knows one class here; S3 answers with any. */
function classOf({ storageClass = 'STANDARD' }: ObjectRow): 'STANDARD' {
  return storageClass as 'STANDARD';
}
