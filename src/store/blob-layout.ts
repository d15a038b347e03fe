import { keyspace, rows } from './keyspace.ts';

export interface BlobRow {
  readonly size: number;
  /** Where the vault keeps the bytes. */
  readonly place: string;
  /** How many rows hold the blob. */
  readonly holders: number;
  /** Real time; there only while nobody holds it, and then a garbage row has the same. */
  readonly unheldSinceMs?: number;
}

/** Which bytes there are and how often they are held; the same content is one blob for the whole cloud. */
export const blobLayout = keyspace('blobs', {
  blobs: rows<[sha256: string], BlobRow>('blob'),
  /** What nobody holds, the longest first. */
  garbage: rows<[unheldSinceMs: number, sha256: string], Record<string, never>>('garbage'),
});
