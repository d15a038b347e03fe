import type { Duplex } from 'node:stream';
import { ChunkError, ChunkReader, type StreamedBody } from './streamed-body.ts';

/**
 * The Lambda Runtime API's HTTP/1.1, server side, written for what runtimes send and nothing more: it is on the path
 * of every invocation, where a general server would cost more than the invocation itself.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, RFC 9112
 */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty when the body is {@link ApiRequest.stream}. */
  readonly body: Buffer;
  /** The body of a streamed answer: the request is there before it. */
  readonly stream: StreamedBody | undefined;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);
/** Heads are a request line and a few headers. */
const MOST_HEAD_BYTES = 64 * 1024;
/** Lambda answers 6 MB at most; what is longer is read whole, so that its size can be named in the error. */
const MOST_BODY_BYTES = 64 * 1024 * 1024;

/** What came is not HTTP as a runtime speaks it. */
export class ApiProtocolError extends Error {
  override readonly name = 'ApiProtocolError';
}

/** Cuts a byte stream into requests. */
export class RequestReader {
  #held: Buffer = NOTHING;
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** A body under way needs this many bytes before it is worth looking again. */
  #wanted = 0;
  /** A streamed body is under way. */
  #chunks: ChunkReader | undefined;

  /** The requests that `chunk` completed. Throws {@link ApiProtocolError}. */
  push(received: Buffer): ApiRequest[] {
    let chunk = received;
    if (this.#chunks !== undefined) {
      const rest = this.#streamed(chunk);
      if (rest === undefined) return [];
      chunk = rest;
    }
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
    if (this.#held.length + this.#partBytes < this.#wanted) return [];
    let buffer =
      this.#held.length === 0 && this.#parts.length === 1
        ? chunk
        : Buffer.concat([this.#held, ...this.#parts]);
    this.#parts = [];
    this.#partBytes = 0;
    this.#wanted = 0;
    const requests: ApiRequest[] = [];
    while (buffer.length > 0) {
      const taken = this.#take(buffer);
      if (taken === undefined) break;
      requests.push(taken.request);
      buffer = buffer.subarray(taken.length);
      if (this.#chunks !== undefined) buffer = this.#streamed(buffer) ?? NOTHING;
    }
    this.#held = buffer;
    return requests;
  }

  /** What follows the streamed body, once it has ended. */
  #streamed(chunk: Buffer): Buffer | undefined {
    try {
      const rest = this.#chunks?.push(chunk);
      if (rest !== undefined) this.#chunks = undefined;
      return rest;
    } catch (error) {
      throw error instanceof ChunkError ? new ApiProtocolError(error.message) : error;
    }
  }

  /** True when the sender waits for `100 Continue` before it sends the body. */
  get expectsContinue(): boolean {
    if (this.#held.length === 0) return false;
    const end = this.#held.indexOf(HEAD_END);
    return end >= 0 && /\r\nexpect:\s*100-continue/i.test(this.#held.toString('latin1', 0, end));
  }

  #take(buffer: Buffer): { request: ApiRequest; length: number } | undefined {
    const end = buffer.indexOf(HEAD_END);
    if (end < 0) {
      if (buffer.length > MOST_HEAD_BYTES) throw new ApiProtocolError('head too long');
      return undefined;
    }
    const [requestLine = '', ...lines] = buffer.toString('latin1', 0, end).split('\r\n');
    const [method = '', path = '', version = ''] = requestLine.split(' ');
    if (!version.startsWith('HTTP/1.')) throw new ApiProtocolError(`not a request: ${requestLine}`);
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const start = end + 4;
    if (headers['transfer-encoding']?.toLowerCase().includes('chunked')) {
      if (isStreamed(headers)) {
        this.#chunks = new ChunkReader();
        const { body: stream } = this.#chunks;
        return { request: { method, path, headers, body: NOTHING, stream }, length: start };
      }
      const chunked = readChunked(buffer, start);
      return (
        chunked && {
          request: { method, path, headers, body: chunked.body, stream: undefined },
          length: chunked.end,
        }
      );
    }
    const length = Number(headers['content-length'] ?? 0);
    if (!Number.isInteger(length) || length < 0 || length > MOST_BODY_BYTES) {
      throw new ApiProtocolError(`content-length ${headers['content-length']}`);
    }
    if (buffer.length < start + length) {
      this.#wanted = start + length;
      return undefined;
    }
    return {
      request: { method, path, headers, body: buffer.subarray(start, start + length), stream: undefined },
      length: start + length,
    };
  }
}

/** Go's library sends every answer in chunks and never says the mode: what is no JSON is streamed. */
function isStreamed(headers: Readonly<Record<string, string>>): boolean {
  if (headers['lambda-runtime-function-response-mode'] === 'streaming') return true;
  const type = headers['content-type'];
  return type === 'application/octet-stream' || type?.startsWith('application/vnd.awslambda.') === true;
}

/** RFC 9112, 7.1. Undefined until the last chunk and its trailer are there. */
function readChunked(buffer: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = buffer.indexOf(LINE_END, at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(buffer.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size) || size > MOST_BODY_BYTES) throw new ApiProtocolError('bad chunk size');
    at = lineEnd + 2;
    if (size === 0) {
      for (;;) {
        const trailerEnd = buffer.indexOf(LINE_END, at);
        if (trailerEnd < 0) return undefined;
        if (trailerEnd === at) return { body: Buffer.concat(chunks), end: at + 2 };
        at = trailerEnd + 2;
      }
    }
    if (buffer.length < at + size + 2) return undefined;
    chunks.push(buffer.subarray(at, at + size));
    at += size + 2;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  202: 'Accepted',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
};

/** Copying a small body behind its head costs less than a second buffer in the write. */
const COPY_BYTES = 64 * 1024;

/** One connection of a runtime: requests in order, answers in the same order. */
export class ApiConnection {
  readonly #stream: Duplex;
  readonly #reader = new RequestReader();
  #out: Buffer[] = [];
  /** A long poll (`next`) waits on this connection: the next write is its answer. */
  #parked = false;

  constructor(stream: Duplex, onRequest: (request: ApiRequest, connection: ApiConnection) => void) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      let requests: ApiRequest[];
      try {
        requests = this.#reader.push(chunk);
      } catch (error) {
        if (!(error instanceof ApiProtocolError)) throw error;
        stream.destroy();
        return;
      }
      if (requests.length === 0 && this.#reader.expectsContinue) {
        stream.write('HTTP/1.1 100 Continue\r\n\r\n');
      }
      for (const request of requests) {
        if (request.stream !== undefined && request.headers['expect'] !== undefined) {
          stream.write('HTTP/1.1 100 Continue\r\n\r\n');
        }
        onRequest(request, this);
      }
      // An acknowledgement whose sender already asks for the next invocation travels with that invocation.
      if (!this.#parked) this.#flush();
    });
    stream.on('error', () => stream.destroy());
  }

  get open(): boolean {
    return !this.#stream.destroyed;
  }

  /** Reads no more of a streamed body until {@link ApiConnection.resume}: its sender is faster than who reads it. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Keeps the answer to the request at hand for later. */
  park(): void {
    this.#parked = true;
  }

  /** `headers` is a block of complete lines. */
  reply(status: number, headers: string, body: Uint8Array): void {
    const head = `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\nContent-Type: application/json\r\n${headers}Content-Length: ${body.byteLength}\r\n\r\n`;
    if (body.byteLength <= COPY_BYTES) {
      const message = Buffer.allocUnsafe(Buffer.byteLength(head) + body.byteLength);
      message.set(body, message.write(head));
      this.#out.push(message);
    } else {
      this.#out.push(Buffer.from(head), Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    }
    if (this.#parked) {
      this.#parked = false;
      this.#flush();
    }
  }

  #flush(): void {
    const out = this.#out;
    if (out.length === 0) return;
    this.#out = [];
    if (!this.open) return;
    this.#stream.write(out.length === 1 ? out[0] : Buffer.concat(out));
  }

  close(): void {
    this.#stream.destroy();
  }
}
