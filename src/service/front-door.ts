import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from './context.ts';

/**
 * A way in that is not an operation: execute-api, the inbox, a hosted page. It declares what it matches and answers
 * the raw request itself, with its own authentication; the pipeline still limits and records it.
 */
export interface FrontDoor {
  readonly name: string;
  /** Matches when the path starts with one of these (`/_aws/execute-api/`). */
  readonly paths?: readonly string[];
  /** Matches when the whole path does; for paths that begin with a name of their own (`/us-east-1_abc/.well-known/jwks.json`). */
  readonly pathPattern?: RegExp;
  /** Matches when the `Host` header (port removed, lower case) does. */
  readonly host?: RegExp;
  /** Matches only requests whose `Content-Type` does, besides: for bodies no operation takes. */
  readonly contentType?: RegExp;
  readonly handle: (request: FrontDoorRequest, ctx: Context) => Promise<void>;
}

export interface FrontDoorRequest {
  readonly method: string;
  /** Path as sent, still percent-encoded, without the query string. */
  readonly path: string;
  /** Query string as sent, without `?`. */
  readonly query: string;
  readonly host: string;
  /** Header names in lower case; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sourceIp: string;
  /** Base URL the client used, such as `http://127.0.0.1:4566`. */
  readonly origin: string;
  /** Reads the whole body; throws a fault of 413 past `limit` bytes. */
  body(limit: number): Promise<Uint8Array>;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}
