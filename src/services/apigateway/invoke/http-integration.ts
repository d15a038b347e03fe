import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Answer, addIntegrationHeader, HeaderList } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { MappedRequest } from './mapping.ts';
import type { IntegrationResult } from './parameter.ts';
import { configurationError, unreachable } from './refusal.ts';

const MOST_BODY = 10 * 1024 * 1024;
/** By then the client has its 504; the socket goes too. */
const SILENCE_MS = 30_000;
const httpAgent = new HttpAgent({ keepAlive: true });
const httpsAgent = new HttpsAgent({ keepAlive: true });

export interface HttpTarget {
  /** With `{name}` for path parameters. */
  readonly uri: string;
  readonly method: string;
  readonly insecure: boolean;
}

/** Headers of the client's request that do not go on: they are of this hop, or the next one's own. */
const OWN = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect', 'te', 'upgrade']);

/** The request of HTTP_PROXY: everything the client sent, what is mapped over it. */
export function withClientParts(exchange: Exchange, mapped: MappedRequest): MappedRequest {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(exchange.request.facts.headers))
    if (!OWN.has(name)) headers.set(name, String(value));
  for (const [name, value] of mapped.headers) headers.set(name, value);
  const query = new Map<string, string>();
  for (const [name, values] of exchange.request.query) query.set(name, values.at(-1) ?? '');
  for (const [name, value] of mapped.query) query.set(name, value);
  return { ...mapped, headers, query };
}

/** Calls the endpoint. Throws the refusal of one that does not answer. */
export function callHttp(
  exchange: Exchange,
  target: HttpTarget,
  request: MappedRequest,
): Promise<IntegrationResult> {
  const url = urlOf(target, request);
  const secure = url.protocol === 'https:';
  const headers: Record<string, string> = {
    'user-agent': `AmazonAPIGateway_${exchange.stage.api.id}`,
    'x-amzn-apigateway-api-id': exchange.stage.api.id,
    'x-amzn-trace-id': exchange.request.traceId,
    accept: 'application/json',
    ...(request.body.length > 0 ? { 'content-type': request.contentType } : {}),
    ...Object.fromEntries([...request.headers].filter(([name]) => !OWN.has(name) || name === 'host')),
    'content-length': String(request.body.length),
  };
  const method = target.method === 'ANY' ? exchange.request.method : target.method;
  const options: RequestOptions & { rejectUnauthorized?: boolean } = {
    method,
    headers,
    agent: secure ? httpsAgent : httpAgent,
    timeout: SILENCE_MS,
    ...(target.insecure ? { rejectUnauthorized: false } : {}),
  };
  return new Promise((resolve, reject) => {
    const sent = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      read(response).then(resolve, reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', (error) => {
      exchange.ctx.log('warn', `integration ${url.origin} failed: ${error.message}`);
      reject(unreachable());
    });
    sent.end(request.body);
  });
}

function urlOf({ uri }: HttpTarget, request: MappedRequest): URL {
  const path = uri.replace(
    /\{([^}]+)\}/g,
    (whole, name: string) => request.path.get(name.replace(/\+$/, '')) ?? whole,
  );
  let url: URL;
  try {
    url = new URL(path);
  } catch {
    throw configurationError();
  }
  for (const [name, value] of request.query) url.searchParams.append(name, value);
  return url;
}

async function read(response: IncomingMessage): Promise<IntegrationResult> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY) {
      response.destroy();
      throw unreachable();
    }
    chunks.push(chunk);
  }
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(response.headers))
    if (value !== undefined) headers[name] = value;
  return { status: response.statusCode ?? 502, headers, body: Buffer.concat(chunks, size) };
}

/** HTTP_PROXY answers with what came back. */
export function passedAnswer(result: IntegrationResult): Answer {
  const headers = new HeaderList();
  for (const [name, value] of Object.entries(result.headers)) {
    for (const one of typeof value === 'string' ? [value] : value) addIntegrationHeader(headers, name, one);
  }
  if (!headers.has('content-type')) headers.set('Content-Type', 'application/json');
  return { status: result.status, headers, body: result.body };
}
