/** A body that its sender writes bit by bit, handed on as it comes. What comes before anybody listens is kept. */
export class StreamedBody {
  #onData: ((chunk: Buffer) => void) | undefined;
  #onEnd: ((trailers: Readonly<Record<string, string>>) => void) | undefined;
  #held: Buffer[] = [];
  #trailers: Readonly<Record<string, string>> | undefined;

  listen(onData: (chunk: Buffer) => void, onEnd: (trailers: Readonly<Record<string, string>>) => void): void {
    this.#onData = onData;
    this.#onEnd = onEnd;
    for (const chunk of this.#held.splice(0)) onData(chunk);
    if (this.#trailers !== undefined) onEnd(this.#trailers);
  }

  push(chunk: Buffer): void {
    if (this.#onData === undefined) this.#held.push(chunk);
    else this.#onData(chunk);
  }

  /** `trailers` have names in lower case. */
  end(trailers: Readonly<Record<string, string>>): void {
    this.#trailers = trailers;
    this.#onEnd?.(trailers);
  }
}

const LINE_END = Buffer.from('\r\n');
/** A chunk's size, or one trailer; an error travels in a trailer. */
const MOST_LINE_BYTES = 1024 * 1024;

/** What came is not a chunked body. */
export class ChunkError extends Error {
  override readonly name = 'ChunkError';
}

/** Takes the chunks of one body apart as they come. RFC 9112, 7.1. */
export class ChunkReader {
  readonly body = new StreamedBody();
  #held: Buffer = Buffer.alloc(0);
  /** Of the chunk at hand; zero before a size line. */
  #left = 0;
  #afterChunk = false;
  #trailers: Record<string, string> | undefined;

  /** What follows the body, once it has ended; undefined until then. Throws {@link ChunkError}. */
  push(chunk: Buffer): Buffer | undefined {
    let buffer = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      if (this.#left > 0) {
        const taken = buffer.subarray(0, this.#left);
        if (taken.length > 0) this.body.push(taken);
        this.#left -= taken.length;
        buffer = buffer.subarray(taken.length);
        if (this.#left > 0) return this.#keep(buffer);
        this.#afterChunk = true;
      }
      const end = buffer.indexOf(LINE_END);
      if (end < 0) {
        if (buffer.length > MOST_LINE_BYTES) throw new ChunkError('a line too long');
        return this.#keep(buffer);
      }
      const line = buffer.toString('latin1', 0, end);
      buffer = buffer.subarray(end + 2);
      if (this.#line(line)) return buffer;
    }
  }

  /** True when it was the last. */
  #line(line: string): boolean {
    if (this.#trailers !== undefined) {
      if (line === '') {
        this.body.end(this.#trailers);
        return true;
      }
      const colon = line.indexOf(':');
      if (colon > 0) this.#trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    } else if (this.#afterChunk) {
      if (line !== '') throw new ChunkError('a chunk longer than its size');
      this.#afterChunk = false;
    } else {
      this.#left = /^[0-9a-f]{1,8}(?=\s*(?:;|$))/i.test(line) ? Number.parseInt(line, 16) : Number.NaN;
      if (Number.isNaN(this.#left)) throw new ChunkError('bad chunk size');
      if (this.#left === 0) this.#trailers = {};
    }
    return false;
  }

  #keep(buffer: Buffer): undefined {
    this.#held = buffer;
  }
}
