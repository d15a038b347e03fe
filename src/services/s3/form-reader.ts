import { fault } from './fault.ts';

/** An HTML form's upload: its fields, and the file that comes last, not yet read. */
export interface UploadForm {
  /** By lower-case name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly filename: string;
  readonly file: AsyncGenerator<Buffer>;
}

/** All that stands before the file. */
const LARGEST_FIELDS = 20_000;
const LARGEST_PART_HEADER = 8_192;

/** Reads a `multipart/form-data` body (RFC 7578) up to its file. Fields after the file are not heeded. */
export async function readForm(source: AsyncIterable<Buffer>, contentType: string): Promise<UploadForm> {
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const name = boundary?.[1] ?? boundary?.[2];
  if (name === undefined) throw malformed();
  const reader = new Reader(source);
  const fields = new Map<string, string>();
  let size = 0;
  await reader.until(`--${name}`, LARGEST_PART_HEADER);
  for (;;) {
    if ((await reader.until('\r\n', LARGEST_PART_HEADER)).toString('latin1').startsWith('--')) {
      throw fault('InvalidArgument', 'POST requires exactly one file upload per request.', {
        ArgumentName: 'file',
        ArgumentValue: '0',
      });
    }
    const header = (await reader.until('\r\n\r\n', LARGEST_PART_HEADER)).toString('utf8');
    const field = /name="([^"]*)"/i.exec(header.replace(/filename="[^"]*"/i, ''))?.[1]?.toLowerCase();
    if (field === undefined) throw malformed();
    if (field === 'file') {
      const filename = /filename="([^"]*)"/i.exec(header)?.[1] ?? '';
      return { fields, filename: filename.replace(/^.*[\\/]/, ''), file: reader.before(`\r\n--${name}`) };
    }
    const value = await reader.until(`\r\n--${name}`, LARGEST_FIELDS);
    size += value.length;
    if (size > LARGEST_FIELDS) throw tooMuch();
    fields.set(field, value.toString('utf8'));
  }
}

class Reader {
  private readonly source: AsyncIterator<Buffer>;
  private buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** The bytes before the next `mark`, which is passed too. */
  async until(mark: string, most: number): Promise<Buffer> {
    for (;;) {
      const at = this.buffer.indexOf(mark, 0, 'latin1');
      if (at >= 0) {
        const found = this.buffer.subarray(0, at);
        this.buffer = this.buffer.subarray(at + mark.length);
        return found;
      }
      if (this.buffer.length > most) throw tooMuch();
      await this.more();
    }
  }

  /** The bytes before `mark`, as they come. */
  async *before(mark: string): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.buffer.indexOf(mark, 0, 'latin1');
      if (at >= 0) {
        yield this.buffer.subarray(0, at);
        return;
      }
      const safe = this.buffer.length - mark.length + 1;
      if (safe > 0) {
        yield this.buffer.subarray(0, safe);
        this.buffer = this.buffer.subarray(safe);
      }
      await this.more();
    }
  }

  private async more(): Promise<void> {
    const { done, value } = await this.source.next();
    if (done === true) throw malformed();
    this.buffer = this.buffer.length === 0 ? value : Buffer.concat([this.buffer, value]);
  }
}

function malformed() {
  return fault(
    'MalformedPOSTRequest',
    'The body of your POST request is not well-formed multipart/form-data.',
  );
}

function tooMuch() {
  return fault(
    'MaxPostPreDataLengthExceeded',
    'Your POST request fields preceding the upload file were too large.',
  );
}
