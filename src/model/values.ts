import type { Readable } from 'node:stream';

/** How the model's simple types look in memory; the generated types refer to these. */
export type Blob = Uint8Array;
export type BlobStream = Readable;
export type Timestamp = Date;
export type Integer = number;
/** Any JSON value. */
export type Document =
  | null
  | boolean
  | number
  | string
  | readonly Document[]
  | { readonly [name: string]: Document };
