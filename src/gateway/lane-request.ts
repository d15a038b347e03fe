/** A POST to a path without a query, whole and without anything that asks for more than an answer. */
export interface LaneRequest {
  readonly path: string;
  /** Names in lower case; each was sent once. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Bytes of the request in what was read. */
  readonly length: number;
}

const METHOD = Buffer.from('POST /');
const REQUEST_LINE = /^POST (\/[\w/.:~%-]*) HTTP\/1\.1\r\n/;
const HEAD_END = Buffer.from('\r\n\r\n');
/** Node's own bound. */
const MOST_HEAD_BYTES = 16 * 1024;
const MOST_BODY_BYTES = 64 * 1024;
/** What a value may not hold: bytes that are no text. */
const ODD = /[^\t\x20-\x7e]/;
const LINE_FEED = 10;
/** RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** These change how a message is framed or answered, or come from a browser. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  '__proto__',
  'expect',
  'origin',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const KNOWN_NAMES = 500;

/** Names as they are spelled, in lower case; undefined for those that are not for the lane. */
const names = new Map<string, string | undefined>();

function nameOf(spelled: string): string | undefined {
  const known = names.get(spelled);
  if (known !== undefined || names.has(spelled)) return known;
  const lower = spelled.toLowerCase();
  const name = TOKEN.test(spelled) && !ELSEWHERE.has(lower) ? lower : undefined;
  if (names.size < KNOWN_NAMES) names.set(spelled, name);
  return name;
}

/** A header, and all of its line. */
interface Line {
  readonly text: string;
  readonly name: string;
  readonly value: string;
}

/**
 * The headers of the request read last, by their places. A client sends most of them again in the next, and what is the
 * same line is not taken apart again; who looks a value up later finds its hash known.
 */
const lines: Line[] = [];
const MOST_LINES = 32;

/**
 * Reads the request `buffer` starts with: undefined while some of it is missing, false when it is none for the lane.
 * What could be read in two ways is none: of the grammar of HTTP/1.1 only its plainest part is taken.
 * RFC 9112
 */
export function readLaneRequest(buffer: Buffer): LaneRequest | undefined | false {
  if (buffer.length < METHOD.length)
    return buffer.equals(METHOD.subarray(0, buffer.length)) ? undefined : false;
  if (METHOD.compare(buffer, 0, METHOD.length) !== 0) return false;
  const end = buffer.indexOf(HEAD_END);
  if (end < 0) return buffer.length > MOST_HEAD_BYTES ? false : undefined;
  if (end > MOST_HEAD_BYTES) return false;
  const head = buffer.toString('latin1', 0, end + 2);
  const [line, path] = REQUEST_LINE.exec(head) ?? [];
  if (line === undefined || path === undefined) return false;
  const headers = readHeaders(head, line.length);
  if (headers?.['host'] === undefined) return false;
  const { connection } = headers;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return false;
  const bytes = bodyLength(headers['content-length']);
  if (bytes === undefined) return false;
  const start = end + HEAD_END.length;
  if (buffer.length < start + bytes) return undefined;
  return { path, headers, body: buffer.subarray(start, start + bytes), length: start + bytes };
}

/** From `start` on `text` is lines, each with its end. */
function readHeaders(text: string, start: number): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  let place = 0;
  for (let at = start; at < text.length; place++) {
    const known = lines[place];
    const line =
      known !== undefined && text.slice(at, at + known.text.length) === known.text
        ? known
        : readLine(text, at);
    if (line === undefined || Object.hasOwn(headers, line.name)) return undefined;
    if (line !== known && place < MOST_LINES) lines[place] = line;
    headers[line.name] = line.value;
    at += line.text.length;
  }
  return headers;
}

function readLine(text: string, at: number): Line | undefined {
  const end = text.indexOf('\r', at);
  // Line ends that are none: either half alone.
  if (text.charCodeAt(end + 1) !== LINE_FEED || text.indexOf('\n', at) !== end + 1) return undefined;
  const colon = text.indexOf(':', at);
  if (colon < 0 || colon > end) return undefined;
  const name = nameOf(text.slice(at, colon));
  const value = trimmed(text, colon + 1, end);
  if (name === undefined || ODD.test(value)) return undefined;
  return { text: text.slice(at, end + 2), name, value };
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function bodyLength(declared: string | undefined): number | undefined {
  if (declared === undefined || !/^\d{1,6}$/.test(declared)) return undefined;
  const bytes = Number(declared);
  return bytes > MOST_BODY_BYTES ? undefined : bytes;
}
