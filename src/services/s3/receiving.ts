import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Context } from '../../service/context.ts';
import type { BlobRef } from '../../store/blobs.ts';
import { ChunkedDecoder } from '../../wire/sigv4-chunked.ts';
import {
  Checksum,
  type ChecksumAlgorithm,
  type ClaimedChecksum,
  claimedChecksum,
  DEFAULT_ALGORITHM,
  isChecksum,
} from './checksum.ts';
import { fault } from './fault.ts';
import { INLINE_BYTES } from './layout.ts';

/** The largest object of one PUT, and the largest part: 5 GiB. */
export const LARGEST_UPLOAD = 5 * 1024 ** 3;

/** Bytes that arrived whole and as claimed; nothing names them yet. */
export interface ReceivedBody {
  readonly size: number;
  /** Hex. */
  readonly md5: string;
  readonly checksum: BodyChecksum;
  /** What the client brought. */
  readonly claimed: BodyChecksum | undefined;
  /** A small body itself, or the blob that holds it. */
  readonly content: Uint8Array | BlobRef;
}

export interface BodyChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
}

/** An upload's body and what its headers claim of it. */
export interface Upload {
  readonly Body?: Readable | Uint8Array | string | undefined;
  readonly ContentMD5?: string | undefined;
  readonly ChecksumAlgorithm?: string | undefined;
}

export interface ReceiveOptions {
  /** To be computed, whichever the client claims; else the client's, or the default. */
  readonly algorithm?: ChecksumAlgorithm;
  /** Of a body that comes from inside, in bytes. */
  readonly length?: number;
  /** Put even small bodies in a blob. */
  readonly asBlob?: boolean;
}

/**
 * Takes in a body of any length without holding it, hashing as it comes. Throws when it is not what the client
 * says it is; what was written by then is held by nothing and is collected.
 */
export async function receive(
  ctx: Context,
  upload: Upload,
  options: ReceiveOptions = {},
): Promise<ReceivedBody> {
  const claim = claimedChecksum(
    upload,
    upload.ChecksumAlgorithm,
    ctx.inside ? undefined : ctx.http?.headers['x-amz-trailer'],
  );
  const md5Claim = claimedMd5(upload.ContentMD5);
  const body = typeof upload.Body === 'string' ? Buffer.from(upload.Body) : upload.Body;
  const length = options.length ?? lengthOf(ctx, body);
  if (length > LARGEST_UPLOAD) {
    throw fault('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      ProposedSize: length,
      MaxSizeAllowed: LARGEST_UPLOAD,
    });
  }
  const algorithm = options.algorithm ?? claim?.algorithm ?? DEFAULT_ALGORITHM;
  const digest = new BodyDigest(algorithm, claim?.algorithm ?? algorithm);
  const small = length <= INLINE_BYTES && options.asBlob !== true;
  const content = await take(ctx, body, digest, small);
  const { size, md5, checksum, checked } = digest.finish();
  if (md5Claim !== undefined && md5Claim !== md5) {
    throw fault('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
      ExpectedDigest: md5Claim,
      CalculatedDigest: Buffer.from(md5, 'hex').toString('base64'),
    });
  }
  if (claim !== undefined) verify(checked, claim, body instanceof ChunkedDecoder ? body.trailers : {});
  return { size, md5, checksum, claimed: claim === undefined ? undefined : checked, content };
}

async function take(
  ctx: Context,
  body: Readable | Uint8Array | undefined,
  digest: BodyDigest,
  small: boolean,
): Promise<Uint8Array | BlobRef> {
  if (body instanceof Readable) {
    return small
      ? collect(body, digest)
      : ctx.blobs.put(Readable.from(digested(body, digest), { objectMode: false }));
  }
  const bytes = body ?? new Uint8Array(0);
  digest.update(bytes);
  return small ? bytes : ctx.blobs.put(bytes);
}

async function collect(body: Readable, digest: BodyDigest): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of digested(body, digest)) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

async function* digested(body: Readable, digest: BodyDigest): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      digest.update(chunk as Uint8Array);
      yield chunk as Uint8Array;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    throw fault(
      'IncompleteBody',
      'You did not provide the number of bytes specified by the Content-Length HTTP header',
    );
  }
}

class BodyDigest {
  readonly #md5 = createHash('md5');
  readonly #checksum: Checksum;
  /** What the client's claim is checked with; mostly the same. */
  readonly #checked: Checksum;
  #size = 0;

  constructor(kept: ChecksumAlgorithm, claimed: ChecksumAlgorithm) {
    this.#checksum = new Checksum(kept);
    this.#checked = claimed === kept ? this.#checksum : new Checksum(claimed);
  }

  update(chunk: Uint8Array): void {
    this.#size += chunk.length;
    this.#md5.update(chunk);
    this.#checksum.update(chunk);
    if (this.#checked !== this.#checksum) this.#checked.update(chunk);
  }

  finish() {
    const checksum = done(this.#checksum);
    return {
      size: this.#size,
      md5: this.#md5.digest('hex'),
      checksum,
      checked: this.#checked === this.#checksum ? checksum : done(this.#checked),
    };
  }
}

function done(checksum: Checksum): BodyChecksum {
  return { algorithm: checksum.algorithm, value: checksum.value() };
}

/** The bytes an upload will have. What comes from inside as a stream has no headers to tell. */
function lengthOf(ctx: Context, body: Readable | Uint8Array | undefined): number {
  if (!(body instanceof Readable)) return body?.length ?? 0;
  if (ctx.inside === true) return INLINE_BYTES + 1;
  const headers = ctx.http?.headers;
  const declared = headers?.['x-amz-decoded-content-length'] ?? headers?.['content-length'];
  if (declared === undefined || !/^\d{1,15}$/.test(declared)) {
    if (headers?.['transfer-encoding'] === undefined) return 0;
    throw fault('MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  return Number(declared);
}

/** Hex of a `Content-MD5` header. */
function claimedMd5(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (!isChecksum('MD5', header))
    throw fault('InvalidDigest', 'The Content-MD5 you specified was invalid.', { 'Content-MD5': header });
  return Buffer.from(header, 'base64').toString('hex');
}

function verify(
  { algorithm, value }: BodyChecksum,
  claim: ClaimedChecksum,
  trailers: Readonly<Record<string, string>>,
): void {
  const name = `x-amz-checksum-${algorithm.toLowerCase()}`;
  const expected = claim.value ?? trailers[name];
  if (expected === undefined || !isChecksum(algorithm, expected)) {
    throw fault('InvalidRequest', `Value for ${name} trailing header is invalid.`);
  }
  if (expected !== value) {
    throw fault('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
  }
}
