import { WireFault } from './protocol.ts';
import type { SignableRequest } from './sigv4-canonical.ts';
import { ALGORITHM, dateTimeMs, dateTimeText } from './sigv4-key.ts';
import {
  headerMalformed,
  incomplete,
  invalid,
  queryMalformed,
  type Refusal,
  refusal,
  type SignatureStyle,
} from './sigv4-refusal.ts';
import { ASYMMETRIC_ALGORITHM } from './sigv4a.ts';

/** What a signed request says of its signature; nothing of it is believed yet. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  /** `date/region/service/aws4_request`, as given. */
  readonly scope: string;
  /** The scope's parts. */
  readonly date: string;
  /** Empty where the signature is for a set of regions that is not one. */
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
  /** Names in lower case, joined with `;`. */
  readonly signedHeaders: string;
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`, and the same in milliseconds. */
  readonly dateTime: string;
  readonly dateTimeMs: number;
  /** The signature stands in the query. */
  readonly presigned: boolean;
  /** How long a presigned request lives. */
  readonly expiresSeconds: number | undefined;
  readonly sessionToken: string | undefined;
  /** Of Signature Version 4A: the regions it is good for (`us-east-1`, `eu-*`, `*`), apart by commas. */
  readonly regionSet: string | undefined;
}

const WEEK_SECONDS = 604_800;
/** A presigned request to a service other than S3 need not say how long it lives. */
const DEFAULT_EXPIRES_SECONDS = 900;

/**
 * Reads the signature in the Authorization header or the query; `undefined` when there is none. `style` chooses the
 * words of the fault thrown for one that cannot be read.
 */
export function parseSignature(request: SignableRequest, style: SignatureStyle): SignatureClaim | undefined {
  const authorization = request.headers['authorization'];
  const { query } = request;
  const presigned = query.startsWith('X-Amz-Algorithm=') || query.includes('&X-Amz-Algorithm=');
  if (authorization === undefined) return presigned ? presignedClaim(request, style) : undefined;
  if (presigned) {
    throw faultOf(
      style === 's3'
        ? refusal(
            'InvalidArgument',
            'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
            400,
          )
        : invalid(
            style,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
          ),
    );
  }
  return headerClaim(request, authorization, style);
}

function headerClaim(request: SignableRequest, authorization: string, style: SignatureStyle): SignatureClaim {
  const space = authorization.indexOf(' ');
  const algorithm = space < 0 ? authorization : authorization.slice(0, space);
  if (!algorithm.startsWith('AWS4-')) throw faultOf(notAws4(algorithm, style, authorization));
  const credential = parameter(authorization, space, 'Credential');
  const signedHeaders = parameter(authorization, space, 'SignedHeaders');
  const signature = parameter(authorization, space, 'Signature');
  const date = request.headers['x-amz-date'] ?? request.headers['date'];
  if (
    credential === undefined ||
    signedHeaders === undefined ||
    signature === undefined ||
    date === undefined
  ) {
    throw faultOf(missingInHeader(authorization, { credential, signedHeaders, signature, date }, style));
  }
  const asymmetric = isAsymmetric(algorithm, style, false);
  const ms = dateTimeMs(date);
  const at = ms ?? headerDateMs(date);
  if (at === undefined) {
    throw faultOf(
      style === 's3'
        ? refusal('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header', 403)
        : incomplete(
            style,
            `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
          ),
    );
  }
  return claimOf(credential, style, {
    signedHeaders,
    signature,
    dateTime: ms === undefined ? dateTimeText(at) : date,
    dateTimeMs: at,
    presigned: false,
    expiresSeconds: undefined,
    sessionToken: request.headers['x-amz-security-token'],
    regionSet: asymmetric ? (request.headers['x-amz-region-set'] ?? '') : undefined,
  });
}

/** The value after `name=`; `undefined` when it is missing or empty. Parameters are apart by commas, spaces or both. */
function parameter(authorization: string, from: number, name: string): string | undefined {
  for (let at = authorization.indexOf(name, from); at >= 0; at = authorization.indexOf(name, at + 1)) {
    const before = authorization.charCodeAt(at - 1);
    if ((before !== 32 && before !== 44) || authorization.charCodeAt(at + name.length) !== 61) continue;
    const start = at + name.length + 1;
    let end = authorization.indexOf(',', start);
    if (end < 0) end = authorization.length;
    const value = authorization.slice(start, end).trim();
    return value === '' ? undefined : value;
  }
  return undefined;
}

function notAws4(algorithm: string, style: SignatureStyle, authorization: string): Refusal {
  if (style === 's3') {
    return algorithm === 'AWS'
      ? refusal(
          'InvalidRequest',
          'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
          400,
        )
      : refusal('InvalidArgument', 'Unsupported Authorization Type', 400);
  }
  if (style === 'json') {
    return refusal('MissingAuthenticationTokenException', 'Request is missing Authentication Token', 400);
  }
  return missingInHeader(authorization, {}, style);
}

function missingInHeader(
  authorization: string,
  found: { credential?: unknown; signature?: unknown; signedHeaders?: unknown; date?: unknown },
  style: SignatureStyle,
): Refusal {
  if (style === 's3') {
    const name =
      found.credential === undefined
        ? 'Credential'
        : found.signedHeaders === undefined
          ? 'SignedHeaders'
          : found.signature === undefined
            ? 'Signature'
            : undefined;
    return name === undefined
      ? refusal('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header', 403)
      : headerMalformed(
          `The authorization header is malformed; the authorization component "${name}" is missing.`,
        );
  }
  let message = '';
  if (found.credential === undefined) message += "Authorization header requires 'Credential' parameter. ";
  if (found.signature === undefined) message += "Authorization header requires 'Signature' parameter. ";
  if (found.signedHeaders === undefined)
    message += "Authorization header requires 'SignedHeaders' parameter. ";
  if (found.date === undefined) {
    message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  return incomplete(style, `${message}Authorization=${authorization}`);
}

const QUERY_NAMES = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
  'X-Amz-Date',
];

function presignedClaim(request: SignableRequest, style: SignatureStyle): SignatureClaim {
  const query = new URLSearchParams(request.query);
  for (const name of [...QUERY_NAMES, 'X-Amz-Expires', 'X-Amz-Security-Token']) {
    // Two values would leave open which one was checked.
    if (query.getAll(name).length > 1) {
      throw faultOf(
        style === 's3'
          ? queryMalformed(`Query-string authentication requires one ${name} parameter.`)
          : incomplete(style, `AWS query-string parameters must include '${name}' once.`),
      );
    }
  }
  const missing = QUERY_NAMES.filter((name) => !query.get(name));
  if (style === 's3' && !query.has('X-Amz-Expires')) missing.push('X-Amz-Expires');
  if (missing.length > 0) {
    throw faultOf(
      style === 's3'
        ? queryMalformed(
            'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
          )
        : incomplete(
            style,
            `${missing.map((name) => `AWS query-string parameters must include '${name}'. `).join('')}Re-examine the query-string parameters.`,
          ),
    );
  }
  const asymmetric = isAsymmetric(query.get('X-Amz-Algorithm') as string, style, true);
  const date = query.get('X-Amz-Date') as string;
  const ms = dateTimeMs(date);
  if (ms === undefined) {
    throw faultOf(
      style === 's3'
        ? queryMalformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
        : incomplete(
            style,
            `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
          ),
    );
  }
  return claimOf(query.get('X-Amz-Credential') as string, style, {
    signedHeaders: query.get('X-Amz-SignedHeaders') as string,
    signature: query.get('X-Amz-Signature') as string,
    dateTime: date,
    dateTimeMs: ms,
    presigned: true,
    expiresSeconds: readExpires(query.get('X-Amz-Expires'), style),
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
    regionSet: asymmetric ? (query.get('X-Amz-Region-Set') ?? '') : undefined,
  });
}

function readExpires(text: string | null, style: SignatureStyle): number {
  if (text === null) return DEFAULT_EXPIRES_SECONDS;
  const wrong = /^\d{1,15}$/.test(text)
    ? Number(text) > WEEK_SECONDS
      ? 'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds'
      : undefined
    : /^-\d+$/.test(text)
      ? 'X-Amz-Expires must be non-negative'
      : 'X-Amz-Expires should be a number';
  if (wrong !== undefined) throw faultOf(style === 's3' ? queryMalformed(wrong) : incomplete(style, wrong));
  return Number(text);
}

/** Whether it is Version 4A; throws for what is neither. */
function isAsymmetric(algorithm: string, style: SignatureStyle, presigned: boolean): boolean {
  if (algorithm === ALGORITHM) return false;
  if (algorithm === ASYMMETRIC_ALGORITHM) return true;
  if (style !== 's3') {
    throw faultOf(
      incomplete(style, `Unsupported AWS 'algorithm': '${algorithm}' (only ${ALGORITHM} for now). `),
    );
  }
  throw faultOf(
    presigned
      ? queryMalformed(`X-Amz-Algorithm only supports "${ALGORITHM}"; got "${algorithm}"`)
      : refusal(
          'InvalidRequest',
          `The authorization mechanism you have provided (${algorithm}) is not supported. Please use ${ALGORITHM}.`,
          400,
        ),
  );
}

type Scoped = Pick<SignatureClaim, 'accessKeyId' | 'scope' | 'date' | 'region' | 'service' | 'terminator'>;
type Unscoped = Omit<SignatureClaim, keyof Scoped>;

let lastCredential = '';
let lastScoped: Scoped | undefined;

/**
 * The parts of `accessKeyId/date/region/service/aws4_request`; undefined when it has others. An access key id may hold
 * slashes: the scope is the last four parts. A client sends the same all day; what looks its parts up has their hashes.
 */
function scopedOf(credential: string): Scoped | undefined {
  if (credential === lastCredential) return lastScoped;
  const terminatorAt = credential.lastIndexOf('/');
  const serviceAt = credential.lastIndexOf('/', terminatorAt - 1);
  const regionAt = credential.lastIndexOf('/', serviceAt - 1);
  const dateAt = credential.lastIndexOf('/', regionAt - 1);
  const ordered = dateAt > 0 && dateAt < regionAt && regionAt < serviceAt && serviceAt < terminatorAt;
  lastCredential = credential;
  lastScoped =
    ordered && isPrintable(credential)
      ? {
          accessKeyId: credential.slice(0, dateAt),
          scope: credential.slice(dateAt + 1),
          date: credential.slice(dateAt + 1, regionAt),
          region: credential.slice(regionAt + 1, serviceAt),
          service: credential.slice(serviceAt + 1, terminatorAt),
          terminator: credential.slice(terminatorAt + 1),
        }
      : undefined;
  return lastScoped;
}

function claimOf(credential: string, style: SignatureStyle, rest: Unscoped): SignatureClaim {
  if (rest.regionSet !== undefined) return asymmetricClaim(credential, style, rest, rest.regionSet);
  const scoped = scopedOf(credential);
  if (scoped === undefined) throw faultOf(credentialMalformed(credential, style, rest.presigned));
  // Written out: this is on the way of every request, and spreading costs more than hashing.
  return {
    accessKeyId: scoped.accessKeyId,
    scope: scoped.scope,
    date: scoped.date,
    region: scoped.region,
    service: scoped.service,
    terminator: scoped.terminator,
    signedHeaders: rest.signedHeaders,
    signature: rest.signature,
    dateTime: rest.dateTime,
    dateTimeMs: rest.dateTimeMs,
    presigned: rest.presigned,
    expiresSeconds: rest.expiresSeconds,
    sessionToken: rest.sessionToken,
    regionSet: undefined,
  };
}

/** The scope of Version 4A names no region. */
function asymmetricClaim(
  credential: string,
  style: SignatureStyle,
  rest: Unscoped,
  regionSet: string,
): SignatureClaim {
  const parts = /^(.+)\/([^/]*)\/([^/]*)\/([^/]*)$/.exec(credential);
  if (parts === null || !isPrintable(credential))
    throw faultOf(credentialMalformed(credential, style, rest.presigned));
  const [, accessKeyId = '', date = '', service = '', terminator = ''] = parts;
  return {
    ...rest,
    accessKeyId,
    scope: `${date}/${service}/${terminator}`,
    date,
    region: /^[a-z0-9-]+$/.test(regionSet) ? regionSet : '',
    service,
    terminator,
  };
}

function credentialMalformed(credential: string, style: SignatureStyle, presigned: boolean): Refusal {
  if (style !== 's3') {
    return incomplete(
      style,
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
    );
  }
  const what = 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".';
  return presigned
    ? queryMalformed(`Error parsing the X-Amz-Credential parameter; ${what}`)
    : headerMalformed(`The authorization header is malformed; ${what}`);
}

function isPrintable(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code >= 127) return false;
  }
  return true;
}

/** Milliseconds of what a `Date` header holds. */
function headerDateMs(text: string): number | undefined {
  const ms = / GMT$|^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function faultOf({ code, message, status }: Refusal): WireFault {
  return new WireFault(code, message, status);
}
