import { type SigningCredentials, signRequest } from '../../src/wire/sigv4-client.ts';

export interface SignedCall {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The bytes of a signed HTTP/1.1 request. */
export function signedRequest(port: number, credentials: SigningCredentials, call: SignedCall): Buffer {
  const headers = signRequest(
    {
      method: call.method,
      path: call.path,
      query: '',
      headers: { ...call.headers, host: `127.0.0.1:${port}` },
      body: call.body,
    },
    { credentials, region: 'us-east-1', service: call.service, nowMs: Date.now() },
  );
  return plainRequest(call.method, call.path, headers, call.body);
}

export function plainRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Buffer {
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n${body}`);
}

export function dynamodbCall(operation: string, input: unknown): SignedCall {
  return {
    service: 'dynamodb',
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
    },
    body: JSON.stringify(input),
  };
}
