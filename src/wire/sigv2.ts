import { createHmac } from 'node:crypto';
import { parseQueryString } from './query-string.ts';
import { sameSignature } from './sigv4-key.ts';
import { type Refusal, refusal } from './sigv4-refusal.ts';

/**
 * S3's addresses signed by Signature Version 2, which boto3 and the AWS CLI still make where nothing tells them
 * otherwise. https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html
 */
export interface QuerySignature {
  readonly accessKeyId: string;
  /** Base64 of HMAC-SHA1. */
  readonly signature: string;
  /** Seconds since the epoch, as sent. */
  readonly expires: string;
  readonly sessionToken: string | undefined;
}

/** What is signed of a request. */
export interface QuerySignedRequest {
  readonly method: string;
  /** As sent, the bucket in front. */
  readonly path: string;
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Query parameters that are part of what is asked for. */
const PARAMETERS = new Set([
  'accelerate',
  'acl',
  'analytics',
  'cors',
  'defaultObjectAcl',
  'delete',
  'inventory',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'partNumber',
  'policy',
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'select',
  'select-type',
  'storageClass',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
]);

/** The signature in a query string; undefined when there is none of this kind. */
export function parseQuerySignature(query: string): QuerySignature | undefined {
  if (!query.includes('AWSAccessKeyId=')) return undefined;
  const parameters = parseQueryString(query);
  const accessKeyId = parameters?.get('AWSAccessKeyId')?.[0];
  const signature = parameters?.get('Signature')?.[0];
  const expires = parameters?.get('Expires')?.[0];
  if (accessKeyId === undefined || signature === undefined || expires === undefined) return undefined;
  return { accessKeyId, signature, expires, sessionToken: parameters?.get('x-amz-security-token')?.[0] };
}

/** Undefined when the signature is the request's own and has not expired. */
export function checkQuerySignature(
  { accessKeyId, signature, expires }: QuerySignature,
  request: QuerySignedRequest,
  secretAccessKey: string,
  nowMs: number,
): Refusal | undefined {
  const text = stringToSign(request, expires);
  const expected = createHmac('sha1', secretAccessKey).update(text).digest('base64');
  if (!sameSignature(expected, signature)) {
    return refusal(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      403,
      { AWSAccessKeyId: accessKeyId, StringToSign: text, SignatureProvided: signature },
    );
  }
  if (!/^\d+$/.test(expires)) {
    return refusal('AccessDenied', `Invalid date (should be seconds since epoch): ${expires}`, 403);
  }
  if (Number(expires) * 1000 < nowMs) {
    return refusal('AccessDenied', 'Request has expired', 403, {
      Expires: new Date(Number(expires) * 1000).toISOString(),
      ServerTime: new Date(nowMs).toISOString(),
    });
  }
  return undefined;
}

/** Headers that the signer put in the query count as headers; what is sent as a header goes first. */
function stringToSign({ method, path, query, headers }: QuerySignedRequest, expires: string): string {
  const parameters = [...(parseQueryString(query) ?? [])].map(
    ([name, [value = '']]): readonly [string, string] => [name, value],
  );
  const signed = new Map<string, string>();
  for (const [name, value] of [...parameters, ...Object.entries(headers)]) {
    if (/^(?:x-amz-|content-(?:md5|type)$)/i.test(name)) signed.set(name.toLowerCase(), value.trim());
  }
  const lines = [method, signed.get('content-md5') ?? '', signed.get('content-type') ?? '', expires];
  for (const name of [...signed.keys()].sort()) {
    if (name.startsWith('x-amz-')) lines.push(`${name}:${signed.get(name) ?? ''}`);
  }
  const asked = parameters
    .filter(([name]) => PARAMETERS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  lines.push(asked.length === 0 ? path : `${path}?${asked.join('&')}`);
  return lines.join('\n');
}
