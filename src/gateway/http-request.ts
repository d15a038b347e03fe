import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TlsFacts } from '../service/context.ts';
import type { HttpRequest } from './call.ts';
import type { Departure } from './departure.ts';
import type { Opener } from './opener.ts';

/** What the bytes of a request say; the rest its connection tells. */
export type RequestParts = Omit<
  HttpRequest,
  'sourceIp' | 'secure' | 'tls' | 'buffered' | 'signal' | 'fromFunction'
>;

export function requestOf(
  socket: Socket,
  departure: Departure,
  opener: Opener,
  parts: RequestParts,
): HttpRequest {
  const { method, host, path, resourcePath, query, headers, body, stream, tooLarge, route, form } = parts;
  return {
    method,
    host,
    path,
    resourcePath,
    query,
    headers,
    sourceIp: sourceOf(socket),
    secure: isSecure(socket),
    ...tlsOf(socket),
    body,
    buffered: stream === undefined ? body : undefined,
    stream,
    tooLarge,
    route,
    form,
    signal: () => departure.signal,
    fromFunction: () => opener.isFunction(socket),
  };
}

function tlsOf(socket: Socket): { readonly tls?: TlsFacts } {
  if (!isSecure(socket)) return {};
  const { name } = (socket as TLSSocket).getCipher();
  return { tls: { version: (socket as TLSSocket).getProtocol() ?? '', cipher: name } };
}

/** By TLS, as functions reach AWS's names. */
export function isSecure(socket: Socket): boolean {
  return 'encrypted' in socket && socket.encrypted === true;
}

export function sourceOf(socket: Socket): string {
  const address = socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
