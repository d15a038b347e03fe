import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { assert } from '../base/assert.ts';
import type { ProtocolName } from '../model/model.ts';
import { Fault } from '../service/faults.ts';
import type { FrontDoorRequest } from '../service/front-door.ts';
import type { WireResponse } from '../wire/protocol.ts';
import { answersInEvents, BodyTooLarge, bodyLimit, ClientGone, readBody, streamsBody } from './body.ts';
import { CallContext, type Host } from './call-context.ts';
import { enterCrossOrigin } from './cors.ts';
import { Departure } from './departure.ts';
import { isKeptOut } from './door-guard.ts';
import { createDoorFinder, type OwnedDoor } from './doors.ts';
import { createGuard, hostOf } from './guard.ts';
import { isSecure, requestOf, sourceOf } from './http-request.ts';
import { createLane } from './lane.ts';
import type { LaneRequest } from './lane-request.ts';
import { createOpener } from './opener.ts';
import { runRequest } from './pipeline.ts';
import { principalName } from './principal-name.ts';
import { decisionWordOf } from './record.ts';
import type { Registry } from './registry.ts';
import { bucketOfHost, routeRequest, scopeService } from './route.ts';

export interface GatewayOptions {
  readonly host: Host;
  readonly registry: Registry;
  readonly doors: readonly OwnedDoor[];
  /** The address the server listens on. */
  readonly boundHost: string;
}

const bodyTooLarge = () => new Fault('RequestEntityTooLarge', 'Request entity too large', {}, 413);

const FORM = 'application/x-www-form-urlencoded';
/** What is left of a refused body is read and dropped up to here, so that the client gets to read its answer. */
const DRAIN_BYTES = 64 * 1024 * 1024;
const HEADER_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 600_000;
const KEEP_ALIVE_MS = 75_000;

export interface Gateway {
  readonly server: Server;
  /** Takes no more connections, and ends those that wait for a request. */
  close(): void;
  /** Ends all connections. */
  destroy(): void;
}

/** The HTTP server: guards, front doors, and the pipeline for everything else. */
export function createGateway(options: GatewayOptions): Gateway {
  const { host, registry } = options;
  const findDoor = createDoorFinder(options.doors);
  const guard = createGuard(options.boundHost);

  function refuse(response: ServerResponse, status: number, text: string): void {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
    response.end(`${text}\n`);
  }

  async function enter(owned: OwnedDoor, request: FrontDoorRequest): Promise<void> {
    const started = host.world.clock.monotonic();
    const requestId = host.world.random.uuid();
    const { response } = request;
    let error: string | undefined;
    const departure = new Departure(response);
    const ctx = new CallContext(host, {
      requestId,
      account: host.defaultAccount,
      region: host.defaultRegion,
      service: owned.service,
      operation: owned.door.name,
      principal: { kind: 'anonymous', account: host.defaultAccount },
      http: { ...request, secure: isSecure(request.incoming.socket) },
      signal: () => departure.signal,
    });
    try {
      await owned.door.handle(request, ctx);
    } catch (fault) {
      if (fault instanceof ClientGone) return;
      error = Fault.is(fault) ? fault.code : 'InternalFailure';
      if (!Fault.is(fault)) {
        host.log.event('error', `${owned.door.name} failed`, {
          requestId,
          error: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault),
        });
      }
      if (response.headersSent) response.destroy();
      else {
        response.writeHead(Fault.is(fault) ? (fault.status ?? 400) : 500, {
          'content-type': 'application/json',
          'x-amzn-requestid': requestId,
        });
        response.end(JSON.stringify({ message: Fault.is(fault) ? fault.message : 'Internal Server Error' }));
      }
    } finally {
      const last = ctx.decisions.at(-1);
      host.log.request({
        requestId,
        what: `${owned.door.name} ${request.method} ${request.path}`,
        status: response.statusCode,
        durationMs: host.world.clock.monotonic() - started,
        decision: decisionWordOf(ctx.decisions),
        principal: principalName(last?.principal),
        error,
      });
      if (last !== undefined) host.ports.audit.recordRequest(ctx);
    }
  }

  const opener = createOpener(host.ports.runtimes);

  /** Calls on the lane: no browser, no front door, no host that names a bucket, no form, no streams. */
  function serve({ path, headers, body }: LaneRequest, socket: Socket): Promise<WireResponse> | undefined {
    const { host: authority = '' } = headers;
    const name = hostOf(authority);
    if (name !== '127.0.0.1' && name !== 'localhost') return undefined;
    const type = headers['content-type'];
    if (type?.startsWith(FORM) || findDoor(name, path, type) !== undefined) return undefined;
    const route = routeQuietly(registry, { method: 'POST', path, query: '', headers }, path);
    if (route?.operation === undefined || !onLane(route.protocol)) return undefined;
    if (streamsBody(route.model, route.operation) || answersInEvents(route.model, route.operation)) {
      return undefined;
    }
    const departure = new Departure(socket);
    const request = requestOf(socket, departure, opener, {
      method: 'POST',
      host: authority,
      path,
      resourcePath: path,
      query: '',
      headers,
      body,
      stream: undefined,
      tooLarge: false,
      route,
      form: undefined,
    });
    return runRequest(host, registry, request).then(({ response }) => {
      departure.over();
      return response as WireResponse;
    });
  }

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = incoming;
    const headers = incoming.headers as Record<string, string>;
    const url = originForm(incoming.url ?? '/');
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = mark < 0 ? '' : url.slice(mark + 1);
    const authority = headers['host'] ?? '';
    const hostName = hostOf(authority);
    const { origin } = headers;
    if (!guard.knownHost(hostName))
      return refuse(response, 403, `Lambent is not served under the name ${hostName}.`);

    if (isKeptOut(path, headers, incoming.socket, opener))
      return refuse(response, 403, 'Functions may not use the pages of the server itself.');
    const door = findDoor(hostName, path, headers['content-type']);
    if (door !== undefined) {
      await enter(door, {
        method,
        path,
        query,
        host: hostName,
        headers,
        sourceIp: sourceOf(incoming.socket),
        origin: `http://${authority}`,
        body: async (limit) => {
          try {
            return await readBody(incoming, limit);
          } catch (error) {
            throw error instanceof BodyTooLarge ? bodyTooLarge() : error;
          }
        },
        incoming,
        response,
      });
      return drop(incoming);
    }

    const bucket =
      hostName === '127.0.0.1'
        ? undefined
        : bucketOfHost(hostName, scopeService({ method, path, query, headers }) === 's3');
    const resourcePath = bucket === undefined ? path : `/${bucket}${path}`;
    let cors: Readonly<Record<string, string>> | undefined;
    if (origin !== undefined) {
      const asked = { incoming, response, origin, method, path, resourcePath, query, headers };
      cors = await enterCrossOrigin(host, registry, guard, asked);
      if (cors === undefined) return drop(incoming);
    }
    // A form names its operation in its body; everything else is routed first, since its body may stream.
    const isForm = method === 'POST' && headers['content-type']?.startsWith(FORM) === true;
    const route = isForm ? undefined : routeQuietly(registry, { method, path, query, headers }, resourcePath);
    let body: Uint8Array = EMPTY;
    let stream: Readable | undefined;
    let tooLarge = false;
    try {
      if (isForm) body = await readBody(incoming, bodyLimit('query'));
      else {
        if (route?.operation !== undefined && streamsBody(route.model, route.operation)) stream = incoming;
        else body = await readBody(incoming, bodyLimit(route?.protocol ?? 'json'));
      }
    } catch (error) {
      if (!(error instanceof BodyTooLarge)) throw error;
      tooLarge = true;
    }
    const request = requestOf(incoming.socket, new Departure(response), opener, {
      method,
      host: authority,
      path,
      resourcePath,
      query,
      headers,
      body,
      stream,
      tooLarge,
      route,
      form: isForm ? Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1') : undefined,
    });
    const call = await runRequest(host, registry, request);
    // A connection closes after its last answer, and one that closes with bytes unread takes the answer with it.
    if (tooLarge && !response.shouldKeepAlive) await drop(incoming);
    await send(response, call.response as WireResponse, method, cors);
    if (stream !== undefined || tooLarge) await drop(incoming);
  }

  function couldNotAnswer(error: unknown): void {
    host.log.event('error', 'the answer could not be sent', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }

  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADER_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      noDelay: true,
    },
    (incoming, response) => {
      answer(incoming, response).catch((error) => {
        if (!(error instanceof ClientGone)) couldNotAnswer(error);
        response.destroy();
      });
    },
  );
  const [accept] = server.listeners('connection');
  assert(accept !== undefined, 'an HTTP server listens for its connections');
  const lane = createLane({
    serve,
    handOver: (socket) => Reflect.apply(accept, server, [socket]),
    onError: couldNotAnswer,
    keepAliveMs: KEEP_ALIVE_MS,
    now: () => host.world.clock.realNow(),
  });
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => lane.take(socket));
  return {
    server,
    close: () => {
      server.close();
      server.closeIdleConnections();
      lane.close();
    },
    destroy: () => {
      server.closeAllConnections();
      lane.destroy();
    },
  };
}

function onLane(protocol: ProtocolName): boolean {
  return protocol === 'json' || protocol === 'rest-json';
}

const EMPTY = new Uint8Array(0);

/** Proxies send the absolute form; everything behind here sees the origin form. */
function originForm(url: string): string {
  if (url.startsWith('/')) return url;
  const scheme = url.indexOf('://');
  const slash = scheme < 0 ? -1 : url.indexOf('/', scheme + 3);
  return slash < 0 ? '/' : url.slice(slash);
}

function routeQuietly(registry: Registry, request: Parameters<typeof routeRequest>[1], path: string) {
  try {
    return routeRequest(registry, request, path, undefined);
  } catch {
    // The pipeline's own route step answers it.
    return undefined;
  }
}

async function send(
  response: ServerResponse,
  wire: WireResponse,
  method: string,
  cors: Readonly<Record<string, string>> | undefined,
): Promise<void> {
  const { status, body } = wire;
  // Each answer's headers are its own: the codec made them for it.
  const headers = wire.headers as Record<string, string | number>;
  if (cors !== undefined) Object.assign(headers, cors);
  if (body instanceof Readable) {
    response.writeHead(status, headers);
    if (method === 'HEAD') {
      body.destroy();
      response.end();
      return;
    }
    try {
      await pipeline(body, response);
    } catch (error) {
      if (!response.destroyed) response.destroy();
      if (!isDisconnect(error)) throw error;
    }
    return;
  }
  if (method !== 'HEAD' && status !== 204 && status !== 304 && headers['content-length'] === undefined) {
    headers['content-length'] = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  }
  response.writeHead(status, headers);
  response.end(method === 'HEAD' ? undefined : body);
}

function isDisconnect(error: unknown): boolean {
  const { code } = error as { readonly code?: string };
  return (
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    code === 'ERR_STREAM_DESTROYED'
  );
}

/** Reads on what nobody will use, within bounds, then closes. Resolves when there is no more to come. */
function drop(incoming: IncomingMessage): Promise<void> {
  if (incoming.complete || incoming.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let left = DRAIN_BYTES;
    incoming.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) incoming.destroy();
    });
    incoming.once('close', resolve);
    incoming.once('end', resolve);
    incoming.resume();
  });
}
