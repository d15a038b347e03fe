import { hash } from 'node:crypto';
import {
  canonicalPath,
  canonicalRequest,
  type PathStyle,
  type SignableRequest,
  signedNames,
} from './sigv4-canonical.ts';
import type { SignatureClaim } from './sigv4-claim.ts';
import {
  dateTimeText,
  EMPTY_SHA256,
  type SigningKey,
  sameSignature,
  signingKey,
  stringToSign,
} from './sigv4-key.ts';
import {
  headerMalformed,
  invalid,
  queryMalformed,
  type Refusal,
  refusal,
  type SignatureStyle,
} from './sigv4-refusal.ts';
import { ASYMMETRIC_ALGORITHM, asymmetricKey, isSignedBy } from './sigv4a.ts';

/** A request to verify. */
export interface SignedRequest extends SignableRequest {
  /** The whole body; absent when it streams and is still to come. */
  readonly body?: Uint8Array | undefined;
}

/** What the service that is called asks of a signature. */
export interface SignatureRules {
  /** The real time. */
  readonly nowMs: number;
  readonly style: SignatureStyle;
  /** The service name the scope must hold; any when absent. */
  readonly service?: string;
  /** The region the scope must hold; any when absent. */
  readonly region?: string;
  /** The operation takes bodies whose hash is not signed; S3 always does. */
  readonly unsignedPayload?: boolean;
}

export type ChunkForm = 'signed' | 'signed-trailer' | 'unsigned-trailer';

/** What remains to be checked of the body. */
export type Payload =
  /** Nothing: the signature covers the body, whose SHA-256 this is. */
  | { readonly kind: 'covered'; readonly sha256: string }
  /** Nothing: the caller chose not to sign it. */
  | { readonly kind: 'unsigned' }
  /** The stream must have this SHA-256. */
  | { readonly kind: 'hashed'; readonly sha256: string }
  /** The stream is `aws-chunked`. */
  | { readonly kind: 'chunked'; readonly form: ChunkForm; readonly chain: ChunkChain };

/** What the signatures of chunks start from. */
export interface ChunkChain {
  /** Absent where no chunk is signed. */
  readonly key: SigningKey | undefined;
  readonly dateTime: string;
  readonly scope: string;
  readonly seed: string;
}

export type Verification =
  | { readonly ok: true; readonly payload: Payload }
  | { readonly ok: false; readonly refusal: Refusal };

const SKEW_MS = 15 * 60 * 1000;
const CHUNK_FORMS: ReadonlyMap<string, ChunkForm> = new Map([
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'signed'],
  ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 'signed-trailer'],
  ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'unsigned-trailer'],
]);
const UNSIGNED = 'UNSIGNED-PAYLOAD';

/**
 * Checks a claim against the request and the secret of its access key: scope, signed headers, time, then the
 * signature itself. Whose key it is, whether it is active and whether the session token fits it, the caller knows.
 * Every form of body is verified through here: an unsigned or chunked one changes what is hashed, never whether.
 */
export function verifySignature(
  claim: SignatureClaim,
  request: SignedRequest,
  secret: string,
  rules: SignatureRules,
): Verification {
  const early =
    timeRefusal(claim, rules) ??
    signedHeadersRefusal(claim, request, rules.style) ??
    scopeRefusal(claim, rules);
  if (early !== undefined) return { ok: false, refusal: early };
  const declared = declaredHash(claim, request, rules);
  if (typeof declared !== 'string') return { ok: false, refusal: declared };
  if (claim.regionSet !== undefined) return verifyAsymmetric(claim, request, secret, rules, declared);
  const key = signingKey(secret, claim.date, claim.region, claim.service);
  const style = rules.style === 's3' ? 's3' : 'other';
  const canonical = canonicalRequest(request, claim.signedHeaders, declared, style);
  const text = stringToSign(claim.dateTime, claim.scope, canonical);
  if (
    !sameSignature(key.sign(text), claim.signature) &&
    !signedAsSent(claim, request, declared, key, style)
  ) {
    return { ok: false, refusal: mismatch(claim, rules, text, canonical) };
  }
  return payloadOf(declared, claim, request.body, rules.style, key);
}

/** Version 4A: the same canonical request, another signature. Chunks signed that way are not taken. */
function verifyAsymmetric(
  claim: SignatureClaim,
  request: SignedRequest,
  secret: string,
  rules: SignatureRules,
  declared: string,
): Verification {
  const form = CHUNK_FORMS.get(declared);
  if (form !== undefined && form !== 'unsigned-trailer') {
    return {
      ok: false,
      refusal: refusal(
        'InvalidRequest',
        'Chunks signed with AWS4-HMAC-SHA256 need a request signed so too.',
        400,
      ),
    };
  }
  const style = rules.style === 's3' ? 's3' : 'other';
  const canonical = canonicalRequest(request, claim.signedHeaders, declared, style);
  const text = stringToSign(claim.dateTime, claim.scope, canonical, ASYMMETRIC_ALGORITHM);
  if (!isSignedBy(asymmetricKey(secret, claim.accessKeyId), text, claim.signature))
    return { ok: false, refusal: mismatch(claim, rules, text, canonical) };
  return payloadOf(declared, claim, request.body, rules.style, undefined);
}

/** Some clients of S3 sign the path in the very spelling they send it in, which names the same object. */
function signedAsSent(
  claim: SignatureClaim,
  request: SignedRequest,
  declared: string,
  key: SigningKey,
  style: PathStyle,
): boolean {
  if (style !== 's3' || canonicalPath(request.path, 's3') === request.path) return false;
  const canonical = canonicalRequest(request, claim.signedHeaders, declared, 'as-sent');
  return sameSignature(key.sign(stringToSign(claim.dateTime, claim.scope, canonical)), claim.signature);
}

/** What stands in the canonical request for the body: a hash or a word, not yet checked against it. */
function declaredHash(
  claim: SignatureClaim,
  request: SignedRequest,
  rules: SignatureRules,
): string | Refusal {
  const header = request.headers['x-amz-content-sha256'];
  if (rules.style === 's3') {
    const value = header ?? (claim.presigned ? (presignedHash(request.query) ?? UNSIGNED) : undefined);
    if (value === undefined) {
      return refusal('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256', 400);
    }
    if (value === UNSIGNED || CHUNK_FORMS.has(value) || isSha256(value)) return value;
    return refusal(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
      400,
      { ArgumentName: 'x-amz-content-sha256', ArgumentValue: value },
    );
  }
  if (header === UNSIGNED && rules.unsignedPayload === true) return UNSIGNED;
  if (request.body !== undefined)
    return request.body.length === 0 ? EMPTY_SHA256 : hash('sha256', request.body, 'hex');
  if (header !== undefined && isSha256(header)) return header;
  return invalid(rules.style, "A streamed body needs its SHA-256 in the 'X-Amz-Content-Sha256' header.");
}

function presignedHash(query: string): string | undefined {
  if (!query.includes('X-Amz-Content-Sha256=')) return undefined;
  return new URLSearchParams(query).get('X-Amz-Content-Sha256') ?? undefined;
}

function isSha256(text: string): boolean {
  return text.length === 64 && /^[0-9a-f]{64}$/.test(text);
}

function payloadOf(
  declared: string,
  claim: SignatureClaim,
  body: Uint8Array | undefined,
  style: SignatureStyle,
  key: SigningKey | undefined,
): Verification {
  if (declared === UNSIGNED) return { ok: true, payload: { kind: 'unsigned' } };
  // Only S3 has taken the header's word; elsewhere the declared hash is the body's own.
  if (style !== 's3' && body !== undefined)
    return { ok: true, payload: { kind: 'covered', sha256: declared } };
  const form = CHUNK_FORMS.get(declared);
  if (form !== undefined) {
    const chain = { key, dateTime: claim.dateTime, scope: claim.scope, seed: claim.signature };
    return { ok: true, payload: { kind: 'chunked', form, chain } };
  }
  if (body === undefined) return { ok: true, payload: { kind: 'hashed', sha256: declared } };
  const actual = body.length === 0 ? EMPTY_SHA256 : hash('sha256', body, 'hex');
  if (actual !== declared) return { ok: false, refusal: contentMismatch(declared, actual) };
  return { ok: true, payload: { kind: 'covered', sha256: declared } };
}

/** The body is not the one whose hash was signed. */
export function contentMismatch(declared: string, actual: string): Refusal {
  return refusal(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    400,
    { ClientComputedContentSHA256: declared, S3ComputedContentSHA256: actual },
  );
}

function timeRefusal(claim: SignatureClaim, { nowMs, style }: SignatureRules): Refusal | undefined {
  const { dateTimeMs: at, expiresSeconds } = claim;
  const lifeMs = expiresSeconds === undefined ? SKEW_MS : expiresSeconds * 1000;
  if (at + lifeMs >= nowMs && at - SKEW_MS <= nowMs) return undefined;
  const late = at + lifeMs < nowMs;
  if (style !== 's3') {
    const life = `${lifeMs % 60_000 === 0 ? `${lifeMs / 60_000} min` : `${lifeMs / 1000} sec`}.`;
    return invalid(
      style,
      late
        ? `Signature expired: ${claim.dateTime} is now earlier than ${dateTimeText(nowMs - lifeMs)} (${dateTimeText(nowMs)} - ${life})`
        : `Signature not yet current: ${claim.dateTime} is still later than ${dateTimeText(nowMs + SKEW_MS)} (${dateTimeText(nowMs)} + 15 min.)`,
    );
  }
  const serverTime = new Date(Math.floor(nowMs / 1000) * 1000).toISOString().replace('.000', '');
  if (!claim.presigned) {
    return refusal(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      403,
      { RequestTime: claim.dateTime, ServerTime: serverTime, MaxAllowedSkewMilliseconds: String(SKEW_MS) },
    );
  }
  if (!late) return refusal('AccessDenied', 'Request is not valid yet', 403, { ServerTime: serverTime });
  return refusal('AccessDenied', 'Request has expired', 403, {
    'X-Amz-Expires': String(expiresSeconds),
    Expires: new Date(at + lifeMs).toISOString().replace('.000', ''),
    ServerTime: serverTime,
  });
}

/** `host` and every `x-amz-*` header that was sent must be signed, or a third party could have added them. */
function signedHeadersRefusal(
  claim: SignatureClaim,
  request: SignableRequest,
  style: SignatureStyle,
): Refusal | undefined {
  const { names, amz, inOrder } = signedNames(claim.signedHeaders);
  const { headers } = request;
  // In order and once each, as the canonical request has them; so counting them is enough below.
  if (!inOrder || !names.includes('host')) return notSigned(style, ['host']);
  let signedAmz = 0;
  for (const name of amz) if (headers[name] !== undefined) signedAmz += 1;
  for (const name in headers) if (name.startsWith('x-amz-')) signedAmz -= 1;
  if (signedAmz === 0) return undefined;
  const listed = new Set(names);
  const left = Object.keys(headers).filter(
    // A session token added after signing is checked against its key; some clients do that, S3 does not take it.
    (name) =>
      name.startsWith('x-amz-') && !listed.has(name) && (style === 's3' || name !== 'x-amz-security-token'),
  );
  return left.length === 0 ? undefined : notSigned(style, left);
}

function notSigned(style: SignatureStyle, names: readonly string[]): Refusal {
  if (style === 's3') {
    return refusal('AccessDenied', 'There were headers present in the request which were not signed', 403, {
      HeadersNotSigned: names.join(', '),
    });
  }
  const [name = ''] = names;
  return invalid(
    style,
    name === 'host'
      ? "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
      : `'${name}' must be a 'SignedHeader' in the AWS Authorization.`,
  );
}

/** Whether a region, or any where there is no rule, is in a set such as `us-east-1,eu-*`. */
function isRegionOf(set: string, region: string | undefined): boolean {
  const names = set.split(',').map((name) => name.trim());
  if (names.includes('')) return false;
  if (region === undefined) return true;
  return names.some((name) => (name.endsWith('*') ? region.startsWith(name.slice(0, -1)) : name === region));
}

function scopeRefusal(claim: SignatureClaim, rules: SignatureRules): Refusal | undefined {
  const { date, region, service, terminator, dateTime } = claim;
  const regionWrong =
    claim.regionSet !== undefined
      ? !isRegionOf(claim.regionSet, rules.region)
      : region === '' || (rules.region !== undefined && region !== rules.region);
  const serviceWrong = service === '' || (rules.service !== undefined && service !== rules.service);
  const terminatorWrong = terminator !== 'aws4_request';
  const dateWrong = !dateTime.startsWith(date) || date.length !== 8;
  if (!regionWrong && !serviceWrong && !terminatorWrong && !dateWrong) return undefined;
  if (rules.style === 's3') {
    const what = dateWrong
      ? `Invalid credential date "${date}". This date is not the same as X-Amz-Date: "${dateTime.slice(0, 8)}".`
      : regionWrong
        ? `the region '${region}' is wrong; expecting '${rules.region ?? 'us-east-1'}'`
        : serviceWrong
          ? `incorrect service "${service}". This endpoint belongs to "${rules.service ?? 's3'}".`
          : `incorrect terminal "${terminator}". This endpoint uses "aws4_request".`;
    return claim.presigned
      ? queryMalformed(`Error parsing the X-Amz-Credential parameter; ${what}`)
      : headerMalformed(`The authorization header is malformed; ${what}`);
  }
  const wrong: string[] = [];
  if (regionWrong) wrong.push(`Credential should be scoped to a valid region, not '${region}'.`);
  if (serviceWrong) wrong.push(`Credential should be scoped to correct service: '${rules.service ?? ''}'.`);
  if (terminatorWrong) {
    wrong.push(`Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'.`);
  }
  if (dateWrong) {
    wrong.push(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${dateTime.slice(0, 8)}', from '${dateTime}'.`,
    );
  }
  return invalid(rules.style, wrong.join(' '));
}

function mismatch(
  claim: SignatureClaim,
  { style }: SignatureRules,
  text: string,
  canonical: string,
): Refusal {
  if (style === 's3') {
    return refusal(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      403,
      {
        AWSAccessKeyId: claim.accessKeyId,
        StringToSign: text,
        SignatureProvided: claim.signature,
        CanonicalRequest: canonical,
      },
    );
  }
  return invalid(
    style,
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  );
}
