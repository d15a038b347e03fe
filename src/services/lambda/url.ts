import { isUtf8 } from 'node:buffer';
import type { Cors } from '../../model/gen/lambda.ts';
import type { Principal } from '../../service/principal.ts';

/** A request to a function URL, as its event tells it. */
export interface UrlRequest {
  readonly method: string;
  /** Percent-encoded, as sent. */
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sourceIp: string;
  /** Base URL the client used. */
  readonly origin: string;
  readonly traceHeader: string;
  readonly body: Uint8Array;
  readonly domainName: string;
  readonly urlId: string;
  readonly requestId: string;
  readonly nowMs: number;
  readonly principal: Principal;
}

const TEXT =
  /^(?:text\/|application\/(?:json|javascript|xml|x-www-form-urlencoded|graphql)|[^;]*\+(?:json|xml)\b)/i;

/** The event, format 2.0. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html */
export function urlEvent(request: UrlRequest): unknown {
  const { headers, query, body } = request;
  const { cookie } = headers;
  const contentType = headers['content-type'];
  const isText = contentType === undefined ? isUtf8(body) : TEXT.test(contentType);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: decoded(request.path),
    rawQueryString: query,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/;\s*/) }),
    headers: shownHeaders(request),
    ...(query === '' ? {} : { queryStringParameters: queryParameters(query) }),
    requestContext: {
      accountId: request.principal.kind === 'anonymous' ? 'anonymous' : request.principal.account,
      apiId: request.urlId,
      ...authorizerOf(request.principal),
      domainName: request.domainName,
      domainPrefix: request.urlId,
      http: {
        method: request.method,
        path: decoded(request.path),
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: request.requestId,
      routeKey: '$default',
      stage: '$default',
      time: commonLogTime(request.nowMs),
      timeEpoch: Math.floor(request.nowMs),
    },
    ...(body.byteLength === 0 ? {} : { body: Buffer.from(body).toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.byteLength > 0 && !isText,
  };
}

/** Those between two hops are not the function's; cookies stand apart. */
const NOT_SHOWN = new Set([
  'connection',
  'cookie',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function shownHeaders({ headers, sourceIp, origin, traceHeader }: UrlRequest): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (!NOT_SHOWN.has(name)) shown[name] = value;
  const before = headers['x-forwarded-for'];
  const secure = origin.startsWith('https:');
  return {
    ...shown,
    'x-amzn-trace-id': traceHeader,
    'x-forwarded-for': before === undefined ? sourceIp : `${before}, ${sourceIp}`,
    'x-forwarded-port': /:(\d+)$/.exec(origin)?.[1] ?? (secure ? '443' : '80'),
    'x-forwarded-proto': secure ? 'https' : 'http',
  };
}

/** Percent-encoding that cannot be read stays as it was sent. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function queryParameters(query: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters[name];
    parameters[name] = before === undefined ? value : `${before},${value}`;
  }
  return parameters;
}

function authorizerOf(principal: Principal): { authorizer?: unknown } {
  if (principal.kind === 'anonymous' || principal.kind === 'service') return {};
  return {
    authorizer: {
      iam: {
        accountId: principal.account,
        callerId: principal.userId,
        cognitoIdentity: null,
        principalOrgId: null,
        userArn: principal.arn,
        userId: principal.userId,
      },
    },
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `20/Nov/2026:23:21:32 +0000` */
function commonLogTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

export interface UrlAnswer {
  readonly status: number;
  /** One name may stand several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

interface ResponseShape {
  readonly statusCode?: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly cookies?: readonly unknown[];
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
}

/** What a handler's answer says to the client: a response when it names a status, else its JSON. */
export function urlAnswer(payload: Uint8Array): UrlAnswer {
  const text = Buffer.from(payload).toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A function that streams, behind a URL that does not, may say anything.
    return { status: 200, headers: [['content-type', 'application/json']], body: payload };
  }
  if (typeof value !== 'object' || value === null || !('statusCode' in value)) {
    const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    return { status: 200, headers: [['content-type', 'application/json']], body };
  }
  const response: ResponseShape = value;
  const bodyText = typeof response.body === 'string' ? response.body : JSON.stringify(response.body ?? '');
  return {
    status: Number(response.statusCode) || 200,
    headers: headersOf(response),
    body:
      response.body === undefined || response.body === null
        ? new Uint8Array(0)
        : Buffer.from(bodyText, response.isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

/** The type of an answer that begins with a prelude: JSON of status and headers, then eight zero bytes. */
export const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';
const PRELUDE_END = Buffer.alloc(8);

/** Splits off the prelude; undefined until all of it is there. Throws when it is not JSON. */
export function preludeOf(bytes: Buffer): UrlAnswer | undefined {
  const end = bytes.indexOf(PRELUDE_END);
  if (end < 0) return undefined;
  const prelude = JSON.parse(bytes.toString('utf8', 0, end)) as ResponseShape;
  return {
    status: Number(prelude.statusCode ?? 200),
    headers: headersOf(prelude),
    body: bytes.subarray(end + PRELUDE_END.length),
  };
}

function headersOf(response: ResponseShape): [string, string][] {
  const headers = Object.entries(response.headers ?? {}).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    String(value),
  ]);
  if (!headers.some(([name]) => name === 'content-type')) headers.push(['content-type', 'application/json']);
  for (const cookie of response.cookies ?? []) headers.push(['set-cookie', String(cookie)]);
  return headers;
}

/** The headers CORS adds to an answer. https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors */
export function corsHeaders(
  cors: Cors | undefined,
  origin: string | undefined,
  preflight: boolean,
): readonly (readonly [string, string])[] {
  if (cors === undefined || origin === undefined) return [];
  const allowed = cors.AllowOrigins ?? [];
  if (!allowed.includes('*') && !allowed.includes(origin)) return [];
  const headers: [string, string][] = [
    ['access-control-allow-origin', allowed.includes('*') && cors.AllowCredentials !== true ? '*' : origin],
    ['vary', 'Origin'],
  ];
  const list = (name: string, values: readonly string[] | undefined) => {
    if (values !== undefined && values.length > 0) headers.push([name, values.join(',')]);
  };
  if (cors.AllowCredentials === true) headers.push(['access-control-allow-credentials', 'true']);
  list('access-control-expose-headers', cors.ExposeHeaders);
  if (preflight) {
    list('access-control-allow-methods', cors.AllowMethods);
    list('access-control-allow-headers', cors.AllowHeaders);
    if (cors.MaxAge !== undefined) headers.push(['access-control-max-age', String(cors.MaxAge)]);
  }
  return headers;
}
