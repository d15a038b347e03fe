import { hash } from 'node:crypto';
import { canonicalRequest, type SignableRequest, uriEncode } from './sigv4-canonical.ts';
import { ALGORITHM, dateTimeText, EMPTY_SHA256, signingKey, stringToSign } from './sigv4-key.ts';

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SigningOptions {
  readonly credentials: SigningCredentials;
  readonly region: string;
  /** The service's signing name. `s3` signs its path as it is and sends the body's hash in a header. */
  readonly service: string;
  readonly nowMs: number;
}

export interface RequestToSign extends SignableRequest {
  readonly body?: Uint8Array | string;
  /** Stands for the body's hash: `UNSIGNED-PAYLOAD`, `STREAMING-…`, or a hash already known. */
  readonly payloadHash?: string;
}

/** What clients and proxies on the way add or change. */
const NOT_SIGNED = new Set([
  'authorization',
  'connection',
  'expect',
  'transfer-encoding',
  'user-agent',
  'x-amzn-trace-id',
]);

/** The request's headers and those that sign it; `host` must be among them. Names in lower case. */
export function signRequest(request: RequestToSign, options: SigningOptions): Record<string, string> {
  const { credentials, service } = options;
  const dateTime = dateTimeText(options.nowMs);
  const headers: Record<string, string> = { ...request.headers, 'x-amz-date': dateTime };
  if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;
  const payloadHash = request.payloadHash ?? bodyHash(request.body);
  if (service === 's3' || request.payloadHash !== undefined) headers['x-amz-content-sha256'] = payloadHash;
  const signedHeaders = namesToSign(headers);
  const { scope, signature } = sign({ ...request, headers }, signedHeaders, payloadHash, dateTime, options);
  headers['authorization'] =
    `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return headers;
}

/** The request's query with the parameters that sign it, good for `expiresSeconds`; only its own headers are signed. */
export function signQuery(
  request: RequestToSign,
  options: SigningOptions & { readonly expiresSeconds: number },
): string {
  const { credentials, service } = options;
  const dateTime = dateTimeText(options.nowMs);
  const signedHeaders = namesToSign(request.headers);
  const parameters: [name: string, value: string][] = [
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${credentials.accessKeyId}/${scopeOf(dateTime, options)}`],
    ['X-Amz-Date', dateTime],
    ['X-Amz-SignedHeaders', signedHeaders],
    ['X-Amz-Expires', String(options.expiresSeconds)],
  ];
  if (credentials.sessionToken !== undefined)
    parameters.push(['X-Amz-Security-Token', credentials.sessionToken]);
  const own = request.query === '' ? [] : [request.query];
  const query = [...own, ...parameters.map(([name, value]) => `${name}=${uriEncode(value)}`)].join('&');
  const payloadHash = request.payloadHash ?? (service === 's3' ? 'UNSIGNED-PAYLOAD' : bodyHash(request.body));
  const { signature } = sign({ ...request, query }, signedHeaders, payloadHash, dateTime, options);
  return `${query}&X-Amz-Signature=${signature}`;
}

/** An address that carries its own signature. */
export function presignUrl(
  url: URL,
  options: SigningOptions & {
    readonly expiresSeconds: number;
    readonly method?: string;
    /** Further headers the request will be sent with. */
    readonly headers?: Readonly<Record<string, string>>;
  },
): string {
  const request = {
    method: options.method ?? 'GET',
    path: url.pathname,
    query: url.search.slice(1),
    headers: { ...options.headers, host: url.host },
  };
  return `${url.origin}${url.pathname}?${signQuery(request, options)}`;
}

function sign(
  request: SignableRequest,
  signedHeaders: string,
  payloadHash: string,
  dateTime: string,
  options: SigningOptions,
): { readonly scope: string; readonly signature: string } {
  const { region, service } = options;
  const scope = scopeOf(dateTime, options);
  const canonical = canonicalRequest(request, signedHeaders, payloadHash, service === 's3' ? 's3' : 'other');
  const key = signingKey(options.credentials.secretAccessKey, dateTime.slice(0, 8), region, service);
  return { scope, signature: key.sign(stringToSign(dateTime, scope, canonical)) };
}

function scopeOf(dateTime: string, { region, service }: SigningOptions): string {
  return `${dateTime.slice(0, 8)}/${region}/${service}/aws4_request`;
}

function namesToSign(headers: Readonly<Record<string, string>>): string {
  return Object.keys(headers)
    .filter((name) => !NOT_SIGNED.has(name))
    .sort()
    .join(';');
}

function bodyHash(body: Uint8Array | string | undefined): string {
  return body === undefined || body.length === 0 ? EMPTY_SHA256 : hash('sha256', body, 'hex');
}
