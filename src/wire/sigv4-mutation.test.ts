import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaled } from '../../test/support/tier.ts';
import { WireFault } from './protocol.ts';
import { type SignatureRules, type SignedRequest, verifySignature } from './sigv4.ts';
import { parseSignature } from './sigv4-claim.ts';
import { presignUrl, signRequest } from './sigv4-client.ts';

const NOW = Date.UTC(2026, 0, 31, 10, 0, 0);
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const OPTIONS = {
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET },
  region: 'us-east-1',
  nowMs: NOW,
};

interface Original {
  readonly rules: SignatureRules;
  readonly request: SignedRequest;
}

function signedByHeader(service: string, style: 'json' | 's3', path: string, query: string): Original {
  const request = {
    method: 'POST',
    path,
    query,
    headers: { host: '127.0.0.1:4566', 'content-type': 'text/plain', 'x-amz-meta-note': 'a b' },
    body: Buffer.from('{"TableName":"things"}'),
  };
  const headers = signRequest(request, { ...OPTIONS, service });
  return { rules: { nowMs: NOW, style, service, region: 'us-east-1' }, request: { ...request, headers } };
}

function signedByQuery(service: string, style: 'query' | 's3', address: string): Original {
  const url = new URL(presignUrl(new URL(address), { ...OPTIONS, service, expiresSeconds: 60 }));
  const { host, pathname, search } = url;
  return {
    rules: { nowMs: NOW, style, service, region: 'us-east-1' },
    request: {
      method: 'GET',
      path: pathname,
      query: search.slice(1),
      headers: { host },
      body: new Uint8Array(),
    },
  };
}

const originals = [
  signedByHeader('dynamodb', 'json', '/', ''),
  signedByHeader('s3', 's3', '/bucket/a%20key', 'tagging&versionId=1'),
  signedByQuery('s3', 's3', 'http://bucket.s3.localhost:4566/a%20key'),
  signedByQuery('sts', 'query', 'http://sts.localhost/?Action=GetCallerIdentity'),
];

/** Whether the request is let in: with a key there is, and a signature of its secret. */
function passes(request: SignedRequest, rules: SignatureRules): boolean {
  try {
    const claim = parseSignature(request, rules.style);
    if (claim === undefined || claim.accessKeyId !== OPTIONS.credentials.accessKeyId) return false;
    return verifySignature(claim, request, SECRET, rules).ok;
  } catch (error) {
    if (error instanceof WireFault) return false;
    throw error;
  }
}

/** What a request asks for, one spelling for all that ask the same: two such may both pass. */
function meaning({ request, rules }: Original): string {
  const claim = parseSignature(request, rules.style);
  assert.ok(claim);
  const { accessKeyId, scope, signedHeaders, signature, dateTime, expiresSeconds, sessionToken } = claim;
  const parameters = [...new URLSearchParams(request.query)].filter(([name]) => name !== 'X-Amz-Signature');
  const steps = request.path.split('/').filter((step) => step !== '' && step !== '.');
  return JSON.stringify([
    [accessKeyId, scope, signedHeaders, signature, dateTime, expiresSeconds, sessionToken],
    request.method,
    rules.style === 's3' ? decodeURIComponent(request.path) : steps,
    parameters.map(([name, value]) => `${name}=${value}`).sort(),
    signedHeaders.split(';').map((name) => (request.headers[name] ?? '').replace(/\s+/g, ' ').trim()),
    // A presigned object's body is not signed.
    claim.presigned && rules.style === 's3' ? '' : Buffer.from(request.body ?? []).toString('base64'),
  ]);
}

/** A generator of its own, so that a failure repeats. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('no changed request passes', () => {
  const pick = chance(7);
  const rounds = scaled(200_000, 6000);
  const spoil = (text: string): string => {
    const at = pick(text.length + 1);
    const char = String.fromCharCode(33 + pick(94));
    const rest = pick(3) === 0 ? text.slice(at) : text.slice(at + 1);
    const spoiled = text.slice(0, at) + (pick(3) === 0 ? '' : char) + rest;
    return spoiled === text ? spoil(text) : spoiled;
  };
  let same = 0;
  for (let round = 0; round < rounds; round += 1) {
    const original = originals[round % originals.length] as Original;
    const { request, rules } = original;
    const names = Object.keys(request.headers);
    const name = names[pick(names.length)] as string;
    const authorization = request.headers['authorization'];
    const changes: readonly (() => SignedRequest)[] = [
      () => ({ ...request, method: spoil(request.method) }),
      () => ({ ...request, path: spoil(request.path) }),
      () => ({ ...request, query: spoil(request.query) }),
      () => ({ ...request, headers: { ...request.headers, [name]: spoil(request.headers[name] as string) } }),
      () => ({ ...request, body: Buffer.from(spoil(Buffer.from(request.body ?? []).toString())) }),
      () => ({ ...request, headers: { ...request.headers, authorization: spoil(authorization ?? 'AWS4-') } }),
      () => ({ ...request, headers: { ...request.headers, [`x-amz-${pick(9)}`]: 'added' } }),
    ];
    const changed = (changes[pick(changes.length)] as () => SignedRequest)();
    if (!passes(changed, rules)) continue;
    same += 1;
    assert.equal(meaning({ request: changed, rules }), meaning(original), JSON.stringify(changed));
  }
  assert.ok(same < rounds / 10, `${same} of ${rounds} changes changed nothing`);
});
