import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Pages on this machine may call operations as AWS's public endpoints let pages do; the guard has refused foreign
 * origins before.
 */
export function corsHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers':
      'x-amzn-requestid,x-amzn-errortype,x-amzn-errormessage,x-amz-request-id,x-amz-version-id,x-amz-crc32,etag,date',
    vary: 'Origin',
  };
}

export function isPreflight(request: IncomingMessage): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

export function answerPreflight(request: IncomingMessage, response: ServerResponse, origin: string): void {
  response.writeHead(200, {
    ...corsHeaders(origin),
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE, PATCH',
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
    'access-control-max-age': '600',
    'content-length': '0',
  });
  response.end();
}
