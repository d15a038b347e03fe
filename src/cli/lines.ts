import { createReadStream } from 'node:fs';

export interface Line {
  readonly text: string;
  /** Bytes from the file's beginning: of the line's first, and of the one after its end. */
  readonly start: number;
  readonly end: number;
}

const NEWLINE = 0x0a;

/** The lines of a UTF-8 file from a byte on, which begins one. */
export async function* readLines(file: string, from: number): AsyncGenerator<Line> {
  let pending: Buffer[] = [];
  let start = from;
  let position = from;
  for await (const chunk of createReadStream(file, { start: from, highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    let at = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0) break;
      const end = position + newline + 1;
      const text = Buffer.concat([...pending, bytes.subarray(at, newline)]).toString('utf8');
      yield { text, start, end };
      pending = [];
      start = end;
      at = newline + 1;
    }
    if (at < bytes.length) pending.push(bytes.subarray(at));
    position += bytes.length;
  }
  if (pending.length > 0) yield { text: Buffer.concat(pending).toString('utf8'), start, end: position };
}
