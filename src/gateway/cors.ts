import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServiceDefinition } from '../service/service.ts';
import { isBuiltIn } from './authenticate.ts';
import { CallContext, type Host } from './call-context.ts';
import type { Guard } from './guard.ts';
import type { Registry } from './registry.ts';
import { scopeService } from './route.ts';

/** A request with an `Origin`, as far as {@link enterCrossOrigin} needs it. */
export interface OriginRequest {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  /** With S3's bucket in front. */
  readonly resourcePath: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Decides on a request that a page of another origin may have made. A resource with rules of its own (a bucket) is
 * asked first; else pages of this machine may call operations, as AWS's public endpoints let pages do, and others may
 * not. Returns the headers to add to the answer, or undefined when the answer was given here.
 */
export async function enterCrossOrigin(
  host: Host,
  registry: Registry,
  guard: Guard,
  request: OriginRequest,
): Promise<Readonly<Record<string, string>> | undefined> {
  const { incoming, response, origin } = request;
  const preflight = isPreflight(incoming);
  const foreign = guard.foreignOrigin(origin);
  const verdict = await askResource(host, registry, request, preflight);
  if (verdict === undefined || verdict === 'refused' || (foreign && signedByBuiltInKey(request))) {
    if (foreign) {
      answer(response, 403, {}, `Pages of ${origin} may not call this server.\n`);
      return undefined;
    }
    if (verdict === 'refused') {
      // A browser shows a page nothing of an answer without these headers.
      if (!preflight) return {};
      answer(response, 403, {}, 'CORSResponse: This CORS request is not allowed.\n');
      return undefined;
    }
    if (!preflight) return corsHeaders(origin);
    answer(response, 200, preflightHeaders(incoming, origin));
    return undefined;
  }
  if (!preflight) return verdict;
  answer(response, 200, verdict);
  return undefined;
}

/** Keys that everybody knows are no proof that a page from elsewhere was given any. */
function signedByBuiltInKey({ headers, query }: OriginRequest): boolean {
  const [, key] =
    /Credential=([^/,\s]+)/.exec(headers['authorization'] ?? '') ??
    /(?:X-Amz-Credential|AWSAccessKeyId)=([^/&%]+)/.exec(query) ??
    [];
  return key !== undefined && isBuiltIn(key);
}

async function askResource(
  host: Host,
  registry: Registry,
  { incoming, origin, method, path, resourcePath, query, headers }: OriginRequest,
  preflight: boolean,
): Promise<Readonly<Record<string, string>> | 'refused' | undefined> {
  const scope = scopeService({ method, path, query, headers });
  const named = headers['x-amz-target'] !== undefined || headers['smithy-protocol'] !== undefined;
  if (named) return undefined;
  for (const { crossOrigin, name } of registry.definitions) {
    if (crossOrigin === undefined || (scope !== undefined && scope !== name)) continue;
    const asked = incoming.headers['access-control-request-headers'];
    const verdict = await crossOrigin(
      {
        origin,
        method: preflight ? (incoming.headers['access-control-request-method'] ?? '') : method,
        path: resourcePath,
        preflight,
        ...(preflight && asked !== undefined
          ? { headers: asked.split(',').map((header) => header.trim()) }
          : {}),
      },
      crossOriginContext(host, name),
    );
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

function crossOriginContext(host: Host, service: ServiceDefinition['name']): CallContext {
  return new CallContext(host, {
    requestId: host.world.random.uuid(),
    account: host.defaultAccount,
    region: host.defaultRegion,
    service,
    operation: 'cross-origin',
    principal: { kind: 'anonymous', account: host.defaultAccount },
  });
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text = '',
): void {
  response.writeHead(status, {
    ...headers,
    ...(text === '' ? {} : { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }),
    'content-length': String(Buffer.byteLength(text)),
  });
  response.end(text);
}

function corsHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers':
      'x-amzn-requestid,x-amzn-errortype,x-amzn-errormessage,x-amz-request-id,x-amz-version-id,x-amz-crc32,etag,date',
    vary: 'Origin',
  };
}

function isPreflight(request: IncomingMessage): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

function preflightHeaders(request: IncomingMessage, origin: string): Record<string, string> {
  return {
    ...corsHeaders(origin),
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE, PATCH',
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
    'access-control-max-age': '600',
  };
}
