import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { WireFault } from './protocol.ts';
import { type SignatureRules, type SignedRequest, verifySignature } from './sigv4.ts';
import { parseSignature } from './sigv4-claim.ts';
import { presignUrl, signRequest } from './sigv4-client.ts';

const NOW = Date.UTC(2026, 0, 31, 10, 0, 0);
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET };
const JSON_RULES: SignatureRules = { nowMs: NOW, style: 'json', service: 'dynamodb', region: 'us-east-1' };
const S3_RULES: SignatureRules = { nowMs: NOW, style: 's3', service: 's3', region: 'us-east-1' };

function dynamoRequest(nowMs = NOW, region = 'us-east-1', service = 'dynamodb'): SignedRequest {
  const body = Buffer.from('{"TableName":"things"}');
  const headers = {
    host: '127.0.0.1:4566',
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.DescribeTable',
  };
  const request = { method: 'POST', path: '/', query: '', headers, body };
  return { ...request, headers: signRequest(request, { credentials, region, service, nowMs }) };
}

function s3Request(
  path = '/bucket/a%20key',
  body = Buffer.from('hello'),
  payloadHash?: string,
): SignedRequest {
  const request = { method: 'PUT', path, query: 'tagging', headers: { host: '127.0.0.1:4566' }, body };
  const hashed = payloadHash === undefined ? {} : { payloadHash };
  const headers = signRequest(
    { ...request, ...hashed },
    { credentials, region: 'us-east-1', service: 's3', nowMs: NOW },
  );
  return { ...request, headers };
}

function presigned(url: string): SignedRequest {
  const { host, pathname, search } = new URL(url);
  return { method: 'GET', path: pathname, query: search.slice(1), headers: { host }, body: new Uint8Array() };
}

function presignedObject(expiresSeconds = 60): SignedRequest {
  const url = new URL('http://bucket.s3.localhost:4566/a%20key');
  return presigned(
    presignUrl(url, { credentials, region: 'us-east-1', service: 's3', nowMs: NOW, expiresSeconds }),
  );
}

/** The code and message of what is wrong, wherever it is found; `ok` when nothing is. */
function outcome(request: SignedRequest, rules: SignatureRules, secret = SECRET): string {
  try {
    const claim = parseSignature(request, rules.style);
    if (claim === undefined) return 'unsigned';
    if (claim.accessKeyId !== credentials.accessKeyId) return 'no such key';
    const result = verifySignature(claim, request, secret, rules);
    return result.ok ? 'ok' : `${result.refusal.code} ${result.refusal.status}: ${result.refusal.message}`;
  } catch (error) {
    if (error instanceof WireFault) return `${error.code} ${error.status}: ${error.message}`;
    throw error;
  }
}

function withHeaders(
  request: SignedRequest,
  headers: Readonly<Record<string, string | undefined>>,
): SignedRequest {
  const merged = Object.entries({ ...request.headers, ...headers }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...request, headers: Object.fromEntries(merged) as Record<string, string> };
}

const authorizationOf = (request: SignedRequest) => request.headers['authorization'] as string;

test('a right signature passes, under any service that is asked for', () => {
  assert.equal(outcome(dynamoRequest(), JSON_RULES), 'ok');
  assert.equal(outcome(dynamoRequest(), { nowMs: NOW, style: 'rest' }), 'ok');
  assert.equal(outcome(s3Request(), S3_RULES), 'ok');
  assert.equal(outcome(presignedObject(), S3_RULES), 'ok');
  assert.equal(
    outcome({ method: 'GET', path: '/', query: 'a=b', headers: { host: 'a' } }, JSON_RULES),
    'unsigned',
  );
});

test('a wrong secret, body, target or host does not', () => {
  const mismatch =
    'InvalidSignatureException 400: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
  const request = dynamoRequest();
  assert.equal(outcome(request, JSON_RULES, 'other'), mismatch);
  assert.equal(outcome({ ...request, body: Buffer.from('{}') }, JSON_RULES), mismatch);
  assert.equal(
    outcome(withHeaders(request, { 'x-amz-target': 'DynamoDB_20120810.DeleteTable' }), JSON_RULES),
    mismatch,
  );
  assert.equal(outcome(withHeaders(request, { host: 'elsewhere' }), JSON_RULES), mismatch);
  assert.equal(
    outcome(request, { ...JSON_RULES, style: 'query' }, 'other'),
    mismatch.replace('InvalidSignatureException 400', 'SignatureDoesNotMatch 403'),
  );
  assert.equal(
    outcome(s3Request(), S3_RULES, 'other'),
    'SignatureDoesNotMatch 403: The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  );
});

test('the scope must fit the service, the region and the date', () => {
  assert.equal(
    outcome(dynamoRequest(NOW, 'eu-west-1', 'sqs'), JSON_RULES),
    "InvalidSignatureException 400: Credential should be scoped to a valid region, not 'eu-west-1'. Credential should be scoped to correct service: 'dynamodb'.",
  );
  const request = dynamoRequest();
  const change = (from: string, to: string) =>
    withHeaders(request, { authorization: authorizationOf(request).replace(from, to) });
  assert.equal(
    outcome(change('/aws4_request', '/aws5_request'), JSON_RULES),
    "InvalidSignatureException 400: Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
  );
  assert.equal(
    outcome(change('/20260131/', '/20260130/'), JSON_RULES),
    "InvalidSignatureException 400: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260130' != '20260131', from '20260131T100000Z'.",
  );
  assert.equal(
    outcome(s3Request(), { ...S3_RULES, region: 'eu-west-1' }),
    "AuthorizationHeaderMalformed 400: The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
  );
  assert.equal(
    outcome(presignedObject(), { ...S3_RULES, region: 'eu-west-1' }),
    "AuthorizationQueryParametersError 400: Error parsing the X-Amz-Credential parameter; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
  );
});

test('a quarter of an hour either way, and no further', () => {
  const at = (minutes: number, seconds = 0) => ({
    ...JSON_RULES,
    nowMs: NOW + minutes * 60_000 + seconds * 1000,
  });
  assert.equal(outcome(dynamoRequest(), at(15)), 'ok');
  assert.equal(outcome(dynamoRequest(), at(-15)), 'ok');
  assert.equal(
    outcome(dynamoRequest(), at(15, 1)),
    'InvalidSignatureException 400: Signature expired: 20260131T100000Z is now earlier than 20260131T100001Z (20260131T101501Z - 15 min.)',
  );
  assert.equal(
    outcome(dynamoRequest(), at(-15, -1)),
    'InvalidSignatureException 400: Signature not yet current: 20260131T100000Z is still later than 20260131T095959Z (20260131T094459Z + 15 min.)',
  );
  assert.equal(
    outcome(s3Request(), { ...S3_RULES, nowMs: NOW + 901_000 }),
    'RequestTimeTooSkewed 403: The difference between the request time and the current time is too large.',
  );
});

test('a presigned request lives as long as it says, a week at most', () => {
  assert.equal(outcome(presignedObject(60), { ...S3_RULES, nowMs: NOW + 60_000 }), 'ok');
  assert.equal(outcome(presignedObject(604_800), { ...S3_RULES, nowMs: NOW + 604_800_000 }), 'ok');
  assert.equal(
    outcome(presignedObject(60), { ...S3_RULES, nowMs: NOW + 61_000 }),
    'AccessDenied 403: Request has expired',
  );
  assert.equal(
    outcome(presignedObject(60), { ...S3_RULES, nowMs: NOW - 901_000 }),
    'AccessDenied 403: Request is not valid yet',
  );
  const malformed = (message: string) => `AuthorizationQueryParametersError 400: ${message}`;
  assert.equal(
    outcome(presignedObject(604_801), S3_RULES),
    malformed(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    ),
  );
  assert.equal(outcome(presignedObject(-1), S3_RULES), malformed('X-Amz-Expires must be non-negative'));
  assert.equal(outcome(presignedObject(0.5), S3_RULES), malformed('X-Amz-Expires should be a number'));
  const request = presignedObject();
  const twice = { ...request, query: `${request.query}&X-Amz-Expires=600` };
  assert.match(outcome(twice, S3_RULES), /^AuthorizationQueryParametersError 400: .* one X-Amz-Expires/);
  const less = { ...request, query: request.query.replace('X-Amz-Expires=60&', '') };
  assert.match(outcome(less, S3_RULES), /requires the X-Amz-Algorithm, .* and X-Amz-Expires parameters\.$/);
});

test('what was sent as x-amz-* and not signed is refused', () => {
  assert.equal(
    outcome(withHeaders(s3Request(), { 'x-amz-acl': 'public-read' }), S3_RULES),
    'AccessDenied 403: There were headers present in the request which were not signed',
  );
  assert.equal(
    outcome(withHeaders(presignedObject(), { 'x-amz-acl': 'public-read' }), S3_RULES),
    'AccessDenied 403: There were headers present in the request which were not signed',
  );
  assert.equal(
    outcome(withHeaders(dynamoRequest(), { 'x-amz-more': '1' }), JSON_RULES),
    "InvalidSignatureException 400: 'x-amz-more' must be a 'SignedHeader' in the AWS Authorization.",
  );
  const request = dynamoRequest();
  for (const [from, to] of [
    ['content-type;host;', 'content-type;'],
    ['content-type;host;', 'host;content-type;'],
    ['content-type;host;', 'constructor;content-type;host;'],
    ['x-amz-date;x-amz-target', 'x-amz-date;x-amz-date;x-amz-target'],
  ] as const) {
    const authorization = authorizationOf(request).replace(from, to);
    assert.match(outcome(withHeaders(request, { authorization }), JSON_RULES), /^InvalidSignatureException/);
  }
});

test('a signature that lacks a part says which', () => {
  const request = dynamoRequest();
  const authorization = 'AWS4-HMAC-SHA256 Signature=b';
  assert.equal(
    outcome(withHeaders(request, { authorization, 'x-amz-date': undefined }), JSON_RULES),
    `IncompleteSignatureException 400: Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=${authorization}`,
  );
  assert.match(
    outcome(withHeaders(request, { authorization }), { ...JSON_RULES, style: 'query' }),
    /^IncompleteSignature 400/,
  );
  assert.match(
    outcome(withHeaders(request, { authorization: 'Bearer abc' }), JSON_RULES),
    /^MissingAuthenticationTokenException 400: Request is missing Authentication Token/,
  );
  assert.match(
    outcome(
      withHeaders(request, { authorization: authorizationOf(request).replace('/dynamodb', '') }),
      JSON_RULES,
    ),
    /^IncompleteSignatureException 400: Credential must have exactly 5 slash-delimited elements/,
  );
  assert.equal(
    outcome(withHeaders(request, { 'x-amz-date': '2026' }), JSON_RULES),
    "IncompleteSignatureException 400: Date must be in ISO-8601 'basic format'. Got '2026'. See http://en.wikipedia.org/wiki/ISO_8601",
  );
  assert.match(
    outcome(
      withHeaders(request, {
        authorization: authorizationOf(request).replace('HMAC-SHA256', 'HMAC-SHA512'),
      }),
      JSON_RULES,
    ),
    /Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'/,
  );
  assert.match(
    outcome({ ...request, query: 'X-Amz-Algorithm=AWS4-HMAC-SHA256' }, JSON_RULES),
    /^InvalidSignatureException 400: Found both 'X-Amz-Algorithm'/,
  );
  assert.equal(
    outcome(
      { ...request, headers: { host: 'a' }, query: 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x' },
      JSON_RULES,
    ),
    "IncompleteSignatureException 400: AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters.",
  );
});

test("S3's body: its hash, none, or a stream's", () => {
  const body = Buffer.from('hello');
  const request = s3Request();
  assert.match(
    outcome({ ...request, body: Buffer.from('hellO') }, S3_RULES),
    /^XAmzContentSHA256Mismatch 400: /,
  );
  assert.match(
    outcome(withHeaders(request, { 'x-amz-content-sha256': undefined }), S3_RULES),
    /^InvalidRequest 400: Missing/,
  );
  for (const word of ['constructor', 'STREAMING-NOTHING', 'abc']) {
    assert.match(
      outcome(s3Request('/b/k', body, word), S3_RULES),
      /^InvalidArgument 400: x-amz-content-sha256 must be/,
    );
  }
  const payloadOf = (signed: SignedRequest) => {
    const claim = parseSignature(signed, 's3');
    assert.ok(claim);
    const result = verifySignature(claim, signed, SECRET, S3_RULES);
    assert.ok(result.ok);
    return result.payload;
  };
  assert.deepEqual(payloadOf(request), { kind: 'covered', sha256: hash('sha256', body, 'hex') });
  assert.equal(payloadOf(s3Request('/b/k', body, 'UNSIGNED-PAYLOAD')).kind, 'unsigned');
  assert.equal(payloadOf({ ...request, body: undefined }).kind, 'hashed');
  for (const [word, form] of [
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'signed'],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 'signed-trailer'],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'unsigned-trailer'],
  ] as const) {
    const streaming = s3Request('/b/k', body, word);
    const payload = payloadOf(streaming);
    assert.ok(payload.kind === 'chunked' && payload.form === form);
    assert.match(outcome(streaming, S3_RULES, 'other'), /^SignatureDoesNotMatch 403/);
  }
});

test('a service other than S3 takes an unsigned body only where the operation does', () => {
  const request = {
    method: 'POST',
    path: '/',
    query: '',
    headers: { host: 'a' },
    payloadHash: 'UNSIGNED-PAYLOAD',
  };
  const options = { credentials, region: 'us-east-1', service: 'dynamodb', nowMs: NOW };
  const signed = { ...request, headers: signRequest(request, options), body: Buffer.from('{}') };
  assert.equal(outcome(signed, { ...JSON_RULES, unsignedPayload: true }), 'ok');
  assert.match(outcome(signed, JSON_RULES), /^InvalidSignatureException/);
});

/** What `@smithy/signature-v4`, another's implementation, makes of a request. */
async function smithySigned(request: SignedRequest, service: string): Promise<SignedRequest> {
  const signer = new SignatureV4({
    credentials,
    region: 'us-east-1',
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
  });
  const query: Record<string, string> = Object.fromEntries(new URLSearchParams(request.query));
  const { headers } = await signer.sign(
    { ...request, protocol: 'http:', hostname: 'a', query } as Parameters<typeof signer.sign>[0],
    { signingDate: new Date(NOW) },
  );
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { ...request, headers: lower };
}

test("requests of the SDK's own signer pass", async () => {
  const paths = [
    '/',
    '/a',
    '/a%20b/c%2Fd',
    '/2015-03-31/functions/f%3A1/invocations',
    '/~x/(y)',
    "/it's",
    '/%E1%88%B4',
  ];
  const queries = ['', 'a=1&b=2', 'b=2&a=1', 'a-b=1&a=2', 'k=%20%2B%7E', 'acl='];
  for (const path of paths) {
    for (const query of queries) {
      const headers = { host: 'a', 'x-amz-meta-note': ' two   spaces ', 'content-type': 'text/plain' };
      const request = { method: 'POST', path, query, headers, body: Buffer.from(path) };
      assert.equal(
        outcome(await smithySigned(request, 'lambda'), { nowMs: NOW, style: 'rest' }),
        'ok',
        `${path}?${query}`,
      );
      assert.equal(
        outcome(await smithySigned(request, 's3'), { nowMs: NOW, style: 's3' }),
        'ok',
        `s3 ${path}?${query}`,
      );
    }
  }
});
