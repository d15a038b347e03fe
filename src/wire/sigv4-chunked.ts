import { createHash, hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { assert } from '../base/assert.ts';
import { WireFault } from './protocol.ts';
import { type ChunkChain, type ChunkForm, contentMismatch } from './sigv4.ts';
import { EMPTY_SHA256, sameSignature } from './sigv4-key.ts';

/** The checksums S3 takes as a trailer, by algorithm, all in base64. */
export const CHECKSUM_TRAILERS: Readonly<Record<string, string>> = {
  CRC32: 'x-amz-checksum-crc32',
  CRC32C: 'x-amz-checksum-crc32c',
  CRC64NVME: 'x-amz-checksum-crc64nvme',
  SHA1: 'x-amz-checksum-sha1',
  SHA256: 'x-amz-checksum-sha256',
};

/** A signed chunk is held until its signature is checked. */
const LARGEST_SIGNED_CHUNK = 16 * 1024 * 1024;
/** S3 takes a smaller chunk only as the last. */
const SMALLEST_CHUNK = 8 * 1024;
const LONGEST_LINE = 4096;
const MOST_TRAILERS = 16;
const LF = 10;
const CR = 13;

export interface ChunkedBody {
  readonly form: ChunkForm;
  readonly chain: ChunkChain;
  /** `x-amz-decoded-content-length`. */
  readonly decodedLength: number;
  /** Names in `x-amz-trailer`, lower case; each must come, and no other. */
  readonly trailers: readonly string[];
}

/** What the headers of a chunked upload declare; throws a WireFault where they do not. */
export function chunkedHeaders(
  headers: Readonly<Record<string, string>>,
): Pick<ChunkedBody, 'decodedLength' | 'trailers'> {
  const length = headers['x-amz-decoded-content-length'];
  if (length === undefined || !/^\d{1,15}$/.test(length)) {
    throw new WireFault('MissingContentLength', 'You must provide the Content-Length HTTP header.', 411);
  }
  const trailers = (headers['x-amz-trailer'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  return { decodedLength: Number(length), trailers };
}

type Expecting = 'size' | 'data' | 'data-end' | 'trailer' | 'done';

/**
 * Decodes an `aws-chunked` body. A chunk's bytes come out only after its signature, where the form has one, was
 * checked; the stream ends only after the last chunk, the trailers and the declared length were. Anything else
 * destroys it with a WireFault.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
 */
export class ChunkedDecoder extends Transform {
  /** The trailers, complete once the stream has ended. */
  readonly trailers: Record<string, string> = {};
  private readonly body: ChunkedBody;
  private readonly signed: boolean;
  private expecting: Expecting = 'size';
  /** A line not yet complete. */
  private line = Buffer.alloc(0);
  private previous: string;
  private signature = '';
  private size = 0;
  private filled = 0;
  private held: Buffer | undefined;
  private decoded = 0;
  private small = false;
  private trailerText = '';
  private trailerSignature: string | undefined;

  constructor(body: ChunkedBody) {
    super();
    this.body = body;
    this.signed = body.form !== 'unsigned-trailer';
    this.previous = body.chain.seed;
  }

  override _transform(input: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      for (let at = 0; at < input.length; )
        at = this.expecting === 'data' ? this.takeData(input, at) : this.takeLine(input, at);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.expecting === 'done' ? null : incompleteBody());
  }

  /** Takes bytes of the current chunk; returns where it stopped. */
  private takeData(input: Buffer, at: number): number {
    const end = Math.min(input.length, at + this.size - this.filled);
    const part = input.subarray(at, end);
    if (this.held === undefined) this.push(part);
    else part.copy(this.held, this.filled);
    this.filled += part.length;
    if (this.filled === this.size) {
      if (this.held !== undefined) {
        this.checkChunk(this.held);
        this.push(this.held);
        this.held = undefined;
      }
      this.expecting = 'data-end';
    }
    return end;
  }

  /** Takes one line, or what there is of it; returns where it stopped. */
  private takeLine(input: Buffer, at: number): number {
    if (this.expecting === 'done') throw malformed('bytes follow the last chunk');
    const newline = input.indexOf(LF, at);
    const end = newline < 0 ? input.length : newline + 1;
    if (this.line.length + end - at > LONGEST_LINE) throw malformed('a line is too long');
    const line =
      this.line.length === 0 ? input.subarray(at, end) : Buffer.concat([this.line, input.subarray(at, end)]);
    if (newline < 0) {
      this.line = Buffer.from(line);
      return end;
    }
    this.line = Buffer.alloc(0);
    const bare = line.length >= 2 && line[line.length - 2] === CR ? 2 : 1;
    // A chunk's framing is CRLF to the byte; trailers may end their lines with LF.
    if (bare === 1 && this.expecting !== 'trailer') throw malformed('a line does not end with CRLF');
    this.readLine(line.toString('latin1', 0, line.length - bare));
    return end;
  }

  private readLine(line: string): void {
    if (this.expecting === 'size') this.readSize(line);
    else if (this.expecting === 'data-end') {
      if (line !== '') throw malformed('a chunk is longer than its size');
      this.expecting = 'size';
    } else this.readTrailer(line);
  }

  private readSize(line: string): void {
    const header = this.signed
      ? /^([0-9a-fA-F]{1,12});chunk-signature=([0-9a-f]{64})$/.exec(line)
      : /^([0-9a-fA-F]{1,12})$/.exec(line);
    if (header === null) throw malformed('a chunk does not begin with its size');
    this.size = Number.parseInt(header[1] ?? '', 16);
    this.signature = header[2] ?? '';
    this.filled = 0;
    this.decoded += this.size;
    if (this.decoded > this.body.decodedLength) throw incompleteBody();
    if (this.size === 0) {
      this.checkChunk(Buffer.alloc(0));
      this.expecting = 'trailer';
      return;
    }
    if (this.small) {
      throw new WireFault(
        'InvalidChunkSizeError',
        'Only the last chunk is allowed to have a size less than 8192 bytes',
      );
    }
    this.small = this.size < SMALLEST_CHUNK;
    if (this.signed) {
      if (this.size > LARGEST_SIGNED_CHUNK) throw malformed('a signed chunk is larger than 16 MiB');
      this.held = Buffer.allocUnsafe(this.size);
    }
    this.expecting = 'data';
  }

  private checkChunk(data: Buffer): void {
    if (!this.signed) return;
    this.checkSignature(
      'AWS4-HMAC-SHA256-PAYLOAD',
      `${EMPTY_SHA256}\n${data.length === 0 ? EMPTY_SHA256 : hash('sha256', data, 'hex')}`,
      this.signature,
    );
  }

  private checkSignature(algorithm: string, hashes: string, given: string): void {
    const { key, dateTime, scope } = this.body.chain;
    assert(key !== undefined, 'signed chunks come with the key of their request');
    const expected = key.sign(`${algorithm}\n${dateTime}\n${scope}\n${this.previous}\n${hashes}`);
    if (!sameSignature(expected, given)) {
      throw new WireFault(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        403,
      );
    }
    this.previous = given;
  }

  private readTrailer(line: string): void {
    if (line === '') {
      this.finish();
      return;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature' && this.body.form === 'signed-trailer') {
      if (this.trailerSignature !== undefined) throw malformedTrailer();
      this.trailerSignature = value;
      return;
    }
    const known = Object.hasOwn(this.trailers, name) || this.trailerSignature !== undefined;
    if (colon < 1 || known || !this.body.trailers.includes(name)) throw malformedTrailer();
    if (Object.keys(this.trailers).length === MOST_TRAILERS) throw malformedTrailer();
    this.trailers[name] = value;
    this.trailerText += `${name}:${value}\n`;
  }

  private finish(): void {
    const { form, trailers, decodedLength } = this.body;
    if (this.decoded !== decodedLength) throw incompleteBody();
    if (
      form === 'signed'
        ? this.trailerText !== ''
        : trailers.some((name) => !Object.hasOwn(this.trailers, name))
    ) {
      throw malformedTrailer();
    }
    if (form === 'signed-trailer') {
      if (this.trailerSignature === undefined) throw malformedTrailer();
      this.checkSignature(
        'AWS4-HMAC-SHA256-TRAILER',
        hash('sha256', this.trailerText, 'hex'),
        this.trailerSignature,
      );
    }
    this.expecting = 'done';
  }
}

/** Passes a streamed body through and refuses to end unless its SHA-256 is the one that was signed. */
export class HashedBody extends Transform {
  private readonly digest = createHash('sha256');
  private readonly sha256: string;

  constructor(sha256: string) {
    super();
    this.sha256 = sha256;
  }

  override _transform(input: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.digest.update(input);
    done(null, input);
  }

  override _flush(done: TransformCallback): void {
    const actual = this.digest.digest('hex');
    if (actual === this.sha256) {
      done();
      return;
    }
    const { code, message, status } = contentMismatch(this.sha256, actual);
    done(new WireFault(code, message, status));
  }
}

function incompleteBody(): WireFault {
  return new WireFault(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header',
  );
}

function malformed(what: string): WireFault {
  return new WireFault('InvalidRequest', `The aws-chunked body cannot be read: ${what}.`);
}

function malformedTrailer(): WireFault {
  return new WireFault(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  );
}
