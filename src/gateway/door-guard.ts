import type { Socket } from 'node:net';
import type { FrontDoorRequest } from '../service/front-door.ts';
import { isLoopback } from './guard.ts';
import type { Opener } from './opener.ts';

/**
 * What this server puts on every request it makes for its users (API Gateway's HTTP integrations, SNS's deliveries,
 * extensions' telemetry): they come from this machine, and their content from anybody.
 */
const FORWARDED = ['x-amzn-apigateway-api-id', 'x-amz-sns-message-type', 'lambda-extension-telemetry'];

/** Everybody may ask how we are. */
const HEALTH = '/_lambent/health';

/**
 * Whether the server's own pages are closed to a request: a function's, or one made for a user. They show mail and
 * move the clock of everybody, and functions run code from anywhere.
 */
export function isKeptOut(
  path: string,
  headers: Readonly<Record<string, string>>,
  socket: Socket,
  opener: Opener,
): boolean {
  if (!path.startsWith('/_lambent/') || path === HEALTH) return false;
  return FORWARDED.some((name) => headers[name] !== undefined) || opener.isFunction(socket);
}

/**
 * Whether a request comes from this machine: from a page served from here or from a program, which sends no `Origin`.
 * Functions are not among them. A page elsewhere can make a browser send a request; it cannot make it leave out the
 * origin. From another machine anybody can send any origin: what it says proves nothing.
 */
export function isOurs({ headers, sourceIp, incoming }: FrontDoorRequest, opener: Opener): boolean {
  const { origin, host } = headers;
  if (FORWARDED.some((name) => headers[name] !== undefined)) return false;
  if (opener.isFunction(incoming.socket)) return false;
  if (!isLoopback(sourceIp)) return false;
  return origin === undefined || origin.replace(/^https?:\/\//, '') === host;
}

export function answerJson(request: FrontDoorRequest, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  request.response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  request.response.end(body);
}
