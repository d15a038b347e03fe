/**
 * The canonical request of Signature Version 4.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

/** A request as it was or will be sent. */
export interface SignableRequest {
  readonly method: string;
  /** Percent-encoded path as on the request line, before any bucket is put in front. */
  readonly path: string;
  /** Query string as on the request line, without `?`. */
  readonly query: string;
  /** Names in lower case; the values of a repeated header joined with `,`. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * S3 signs the path as it is, in the one right spelling; every other service normalises it and encodes it once more.
 */
export type PathStyle = 's3' | 'as-sent' | 'other';

const UNRESERVED = new Uint8Array(128);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') {
  UNRESERVED[char.charCodeAt(0)] = 1;
}
const SLASH = 47;
const PERCENT = 37;
const PLUS = 43;
const ESCAPED: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
);

/** RFC 3986 with the unreserved characters plain, everything else as `%XX` of its UTF-8. */
export function uriEncode(text: string, keepSlash = false): string {
  if (isPlain(text, keepSlash)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    encoded += isKept(byte, keepSlash) ? String.fromCharCode(byte) : ESCAPED[byte];
  }
  return encoded;
}

/** Decodes what is encoded, then encodes as {@link uriEncode}: one spelling for all that mean the same. */
function reencode(text: string, keepSlash: boolean, plusIsSpace: boolean): string {
  if (isPlain(text, keepSlash)) return text;
  const bytes = Buffer.from(text, 'utf8');
  let encoded = '';
  for (let at = 0; at < bytes.length; at += 1) {
    let byte = bytes[at] as number;
    let escaped = false;
    if (byte === PERCENT) {
      const high = hexValue(bytes[at + 1]);
      const low = hexValue(bytes[at + 2]);
      if (high >= 0 && low >= 0) {
        byte = high * 16 + low;
        escaped = true;
        at += 2;
      }
    } else if (byte === PLUS && plusIsSpace) byte = 32;
    // An escaped slash is part of a name, not a separator.
    encoded += isKept(byte, keepSlash && !escaped) ? String.fromCharCode(byte) : ESCAPED[byte];
  }
  return encoded;
}

function isPlain(text: string, keepSlash: boolean): boolean {
  for (let at = 0; at < text.length; at += 1) if (!isKept(text.charCodeAt(at), keepSlash)) return false;
  return true;
}

function isKept(code: number, keepSlash: boolean): boolean {
  return (code < 128 && UNRESERVED[code] === 1) || (keepSlash && code === SLASH);
}

function hexValue(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

export function canonicalPath(path: string, style: PathStyle): string {
  if (path === '' || path === '/') return '/';
  if (style === 'as-sent') return path;
  if (style === 's3') return reencode(path, true, false);
  const normal = path.includes('//') || path.includes('/.') ? normalisedPath(path) : path;
  return uriEncode(normal, true);
}

/** RFC 3986 §5.2.4, repeated slashes merged. */
function normalisedPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const folder = kept.length > 0 && /(?:\/|\/\.|\/\.\.)$/.test(path);
  return `/${kept.join('/')}${folder ? '/' : ''}`;
}

/** Parameters sorted by encoded name, then value; `without` (spelled plainly) is left out. */
export function canonicalQuery(query: string, without?: string): string {
  if (query === '') return '';
  const pairs: (readonly [name: string, value: string])[] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = reencode(equals < 0 ? part : part.slice(0, equals), false, true);
    if (name !== without) pairs.push([name, equals < 0 ? '' : reencode(part.slice(equals + 1), false, true)]);
  }
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  let canonical = '';
  for (const [name, value] of pairs) canonical += `${canonical === '' ? '' : '&'}${name}=${value}`;
  return canonical;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Trimmed, with runs of white space inside made one space. */
export function canonicalValue(value: string): string {
  const ends = value.charCodeAt(0) <= 32 || value.charCodeAt(value.length - 1) <= 32;
  if (!ends && !value.includes('  ') && !value.includes('\t') && !value.includes('\n')) return value;
  return value.replace(/[ \t\r\n]+/g, ' ').trim();
}

/** A list of signed headers such as `host;x-amz-date`, taken apart. */
export interface SignedNames {
  readonly names: readonly string[];
  /** Those that are AWS's own. */
  readonly amz: readonly string[];
  /** Each once, and in order. */
  readonly inOrder: boolean;
}

const LISTS_KEPT = 256;
/** Longer lists are nobody's habit; what is kept of requests that nobody has verified yet is little. */
const LONGEST_KEPT = 1024;
const lists = new Map<string, SignedNames>();

/** Clients sign the same few lists, and headers are found faster by the very names that found them before. */
export function signedNames(list: string): SignedNames {
  const known = lists.get(list);
  if (known !== undefined) return known;
  const names = list.split(';');
  const amz = names.filter((name) => name.startsWith('x-amz-'));
  const inOrder = names.every((name, at) => name > (names[at - 1] ?? ''));
  const taken = { names, amz, inOrder };
  if (list.length > LONGEST_KEPT) return taken;
  if (lists.size >= LISTS_KEPT) lists.clear();
  lists.set(list, taken);
  return taken;
}

/** `signedHeaders` is the list as it stands in the signature, in order, joined with `;`. A header not there is empty. */
export function canonicalRequest(
  request: SignableRequest,
  signedHeaders: string,
  payloadHash: string,
  style: PathStyle,
): string {
  const { headers } = request;
  let canonical = `${request.method}\n${canonicalPath(request.path, style)}\n${canonicalQuery(request.query, 'X-Amz-Signature')}\n`;
  for (const name of signedNames(signedHeaders).names) {
    // A name that every object has, such as `constructor`, is not a header.
    const value: unknown = headers[name];
    canonical += `${name}:${typeof value === 'string' ? canonicalValue(value) : ''}\n`;
  }
  return `${canonical}\n${signedHeaders}\n${payloadHash}`;
}
