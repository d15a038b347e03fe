import { createHmac, hash } from 'node:crypto';

/** SHA-256 of nothing, in hex. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
export const ALGORITHM = 'AWS4-HMAC-SHA256';

const BLOCK = 64;
/** Strings to sign are shorter than this; a longer one takes the plain way. */
const ROOM = 1024;
const MOST_KEYS = 4096;
const MOST_SCOPES = 256;

/** A signing key: HMAC-SHA256 with both of its padded blocks laid out once, which halves the cost of a signature. */
export class SigningKey {
  private readonly key: Buffer;
  private readonly inner = Buffer.alloc(BLOCK + ROOM, 0x36);
  private readonly outer = Buffer.alloc(BLOCK + 32, 0x5c);

  constructor(key: Buffer) {
    this.key = key;
    for (const [index, byte] of key.entries()) {
      this.inner[index] = byte ^ 0x36;
      this.outer[index] = byte ^ 0x5c;
    }
  }

  /** The signature of an ASCII string, in lower-case hex. */
  sign(text: string): string {
    if (text.length > ROOM) return createHmac('sha256', this.key).update(text).digest('hex');
    const length = this.inner.write(text, BLOCK, 'latin1');
    this.outer.write(hash('sha256', this.inner.subarray(0, BLOCK + length), 'hex'), BLOCK, 'hex');
    return hash('sha256', this.outer, 'hex');
  }
}

/** The keys of one secret, by `date/region/service`. */
interface SecretKeys {
  readonly byScope: Map<string, SigningKey>;
  /** What was asked for last: a client mostly stays with one service, and this spares it making a text of its scope. */
  last:
    | { readonly date: string; readonly region: string; readonly service: string; readonly key: SigningKey }
    | undefined;
}

/** By secret: it is the same string for every request of a credential, so its hash is known. */
const secrets = new Map<string, SecretKeys>();

/** The key of a secret for one day, region and service; the latest few thousand are kept. */
export function signingKey(secret: string, date: string, region: string, service: string): SigningKey {
  let keys = secrets.get(secret);
  if (keys === undefined) {
    if (secrets.size >= MOST_KEYS) secrets.delete(secrets.keys().next().value as string);
    secrets.set(secret, (keys = { byScope: new Map(), last: undefined }));
  }
  const { byScope, last } = keys;
  if (last !== undefined && last.date === date && last.region === region && last.service === service)
    return last.key;
  const scope = `${date}/${region}/${service}`;
  let key = byScope.get(scope);
  if (key === undefined) {
    const steps = [date, region, service, 'aws4_request'];
    key = new SigningKey(
      steps.reduce<Buffer>(
        (k, step) => createHmac('sha256', k).update(step).digest(),
        Buffer.from(`AWS4${secret}`),
      ),
    );
    if (byScope.size >= MOST_SCOPES) byScope.clear();
    byScope.set(scope, key);
  }
  keys.last = { date, region, service, key };
  return key;
}

/** `dateTime` is `YYYYMMDDTHHMMSSZ`, `scope` `date/region/service/aws4_request`. */
export function stringToSign(
  dateTime: string,
  scope: string,
  canonical: string,
  algorithm: string = ALGORITHM,
): string {
  return `${algorithm}\n${dateTime}\n${scope}\n${sha256OfHeaderText(canonical)}`;
}

/** Node reads header bytes as Latin-1, one character a byte; those bytes are what was signed. */
function sha256OfHeaderText(text: string): string {
  if (Buffer.byteLength(text) === text.length) return hash('sha256', text, 'hex');
  for (let at = 0; at < text.length; at += 1)
    if (text.charCodeAt(at) > 255) return hash('sha256', text, 'hex');
  return hash('sha256', Buffer.from(text, 'latin1'), 'hex');
}

/** Compares two signatures in a time that does not tell where they differ. */
export function sameSignature(expected: string, given: string): boolean {
  if (expected.length !== given.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at += 1)
    difference |= expected.charCodeAt(at) ^ given.charCodeAt(at);
  return difference === 0;
}

/** `YYYYMMDDTHHMMSSZ` of a time. */
export function dateTimeText(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** Read last: a busy client sends hundreds of requests in a second. */
let lastDateTime = '';
let lastDateTimeMs: number | undefined;

/** Milliseconds of `YYYYMMDDTHHMMSSZ`; undefined for anything else. */
export function dateTimeMs(text: string): number | undefined {
  if (text !== lastDateTime) {
    lastDateTime = text;
    lastDateTimeMs = readDateTime(text);
  }
  return lastDateTimeMs;
}

function readDateTime(text: string): number | undefined {
  if (text.length !== 16 || text.charCodeAt(8) !== 84 || text.charCodeAt(15) !== 90) return undefined;
  for (let at = 0; at < 15; at += 1) {
    const code = text.charCodeAt(at);
    if (at !== 8 && (code < 48 || code > 57)) return undefined;
  }
  const part = (start: number, end: number) => Number(text.slice(start, end));
  const month = part(4, 6);
  const ms = Date.UTC(part(0, 4), month - 1, part(6, 8), part(9, 11), part(11, 13), part(13, 15));
  // Day 31 of a shorter month rolls over, and is no date.
  return new Date(ms).getUTCMonth() === month - 1 ? ms : undefined;
}
