import type {
  CORSConfiguration,
  LifecycleRule,
  ObjectOwnership,
  PublicAccessBlockConfiguration,
  ServerSideEncryptionRule,
  StorageClass,
  Tag,
  WebsiteConfiguration,
} from '../../model/gen/s3.ts';
import type { BlobRef } from '../../store/blobs.ts';
import { bytesCodec, keyspace, rows } from '../../store/keyspace.ts';
import type { ChecksumAlgorithm } from './checksum.ts';

/**
 * S3's rows. Names of buckets are one namespace over all accounts and regions, so the rows of an account are not
 * split by region ({@link s3Rows}); the directory maps a bucket's name to its owner.
 */
const layout = keyspace('s3', {
  buckets: rows<[name: string], BucketRow>('buckets'),
  /** Under the bucket's id, as everything below: a bucket made again under its old name starts empty. */
  settings: rows<[bucketId: string, name: keyof BucketSettings], unknown>('settings'),
  /** The newest version of each key, be it a delete marker; keys in the order of their UTF-8 bytes. */
  objects: rows<[bucketId: string, key: string], ObjectRow>('objects'),
  /** Older versions, newest first: `negative` is the version's sequence, negated. */
  versions: rows<[bucketId: string, key: string, negative: number], ObjectRow>('versions'),
  /** The bytes of objects of up to {@link INLINE_BYTES}. */
  bodies: rows<[bucketId: string, key: string, sequence: number], Uint8Array>('bodies', bytesCodec),
  /** What objects of several parts are made of. */
  parts: rows<[bucketId: string, key: string, sequence: number], readonly StoredPart[]>('parts'),
  /** Upload ids begin with their time, so that uploads of one key are listed in the order they began. */
  uploads: rows<[bucketId: string, key: string, uploadId: string], UploadRow>('uploads'),
  uploadParts: rows<[uploadId: string, partNumber: number], PartRow>('upload-parts'),
});

export function s3Rows(account: string) {
  return layout.at(account, '');
}

/** The directory's kind of name. */
export const BUCKET_NAMES = 's3-bucket';
/** Larger objects are blobs. */
export const INLINE_BYTES = 65_536;

export interface BucketRow {
  readonly id: string;
  readonly region: string;
  readonly createdAtMs: number;
  /** Absent: never versioned. */
  readonly versioning?: 'Enabled' | 'Suspended';
}

/** What is set on a bucket, each a row of its own. */
export interface BucketSettings {
  readonly policy?: string;
  readonly publicAccess?: PublicAccessBlockConfiguration;
  readonly ownership?: ObjectOwnership;
  readonly tags?: readonly Tag[];
  /** Its tags count in policies. */
  readonly abac?: boolean;
  readonly cors?: CORSConfiguration;
  readonly website?: WebsiteConfiguration;
  readonly encryption?: readonly ServerSideEncryptionRule[];
  readonly lifecycle?: StoredLifecycle;
}

export interface StoredLifecycle {
  readonly rules: readonly LifecycleRule[];
  /** Tells the configuration's own sweeps from those of earlier ones. */
  readonly id: string;
}

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; with `-N` after it where it is composed of the checksums of N parts. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** The headers kept with an object and given back with it. */
export interface ObjectHeaders {
  readonly contentType?: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly expires?: string;
  readonly websiteRedirect?: string;
  readonly storageClass?: StorageClass;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Where the bytes are: in `bodies`, in one blob, or in the blobs of `parts`. */
export type ObjectContent = 'inline' | 'parts' | BlobRef;

/** A version of an object, or a delete marker. */
export interface ObjectRow extends ObjectHeaders {
  /** Absent: the null version. */
  readonly versionId?: string;
  /** Grows with every version of the key. */
  readonly sequence: number;
  /** On the newest version: where among the older ones the null version is. */
  readonly nullSequence?: number;
  readonly deleteMarker?: true;
  readonly lastModifiedMs: number;
  readonly size: number;
  /** Hex, `-N` after it for objects of N parts; without quotes. */
  readonly etag: string;
  readonly content: ObjectContent;
  readonly checksum?: StoredChecksum;
  readonly tags?: readonly Tag[];
  /** The upload it was completed from. */
  readonly uploadId?: string;
  readonly partsCount?: number;
}

export interface StoredPart {
  readonly number: number;
  readonly size: number;
  readonly blob: BlobRef;
  readonly checksum?: string;
}

export interface UploadRow extends ObjectHeaders {
  readonly initiatedAtMs: number;
  /** ARN of who began it. */
  readonly initiator: string;
  readonly tags?: readonly Tag[];
  readonly checksumAlgorithm: ChecksumAlgorithm;
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE';
  /** The client asked for checksums; else they are computed for us alone. */
  readonly checksumAsked: boolean;
}

export interface PartRow {
  readonly size: number;
  /** Hex MD5. */
  readonly etag: string;
  readonly blob: BlobRef;
  readonly checksum?: string;
  readonly lastModifiedMs: number;
}
