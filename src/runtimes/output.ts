/** Cuts what a process writes to a pipe into lines; the last one may lack its newline. */
export class LineReader {
  readonly #decoder = new TextDecoder();
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#onLine(text.slice(start, end + 1));
      start = end + 1;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length > MOST_LINE_CHARACTERS) this.end();
  }

  /** Hands out what stands without a newline. */
  end(): void {
    const rest = this.#rest;
    this.#rest = '';
    if (rest !== '') this.#onLine(rest);
  }
}

/** CloudWatch Logs takes 256 KB in one event. */
const MOST_LINE_CHARACTERS = 256 * 1024;

/**
 * Cuts the bootstraps' log pipe into records: four bytes of length, big-endian, then UTF-8. Unlike a line, a record
 * may hold newlines, so a logged stack trace stays one event.
 */
export class RecordReader {
  readonly #onRecord: (text: string) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(onRecord: (text: string) => void) {
    this.#onRecord = onRecord;
  }

  push(chunk: Buffer): void {
    let buffer = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    while (buffer.length >= 4) {
      const end = 4 + buffer.readUInt32BE(0);
      if (buffer.length < end) break;
      this.#onRecord(buffer.toString('utf8', 4, end));
      buffer = buffer.subarray(end);
    }
    this.#held = buffer;
  }
}
