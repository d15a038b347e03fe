import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { JsonWebKeySet } from '../../../service/ports.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** A compact JWS, taken apart; nothing of it is believed yet. */
export interface Token {
  readonly kid: string;
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Buffer;
}

const MOST_TOKEN = 16 * 1024;

/** Takes a token apart (RFC 7515); undefined for what is none, or is not signed by RS256. */
export function readToken(text: string): Token | undefined {
  if (text.length > MOST_TOKEN) return undefined;
  const [header, payload, signature, extra] = text.split('.');
  if (header === undefined || payload === undefined || signature === undefined || extra !== undefined)
    return undefined;
  const head = decode(header);
  const claims = decode(payload);
  if (head === undefined || claims === undefined || head['alg'] !== 'RS256') return undefined;
  if (typeof head['kid'] !== 'string') return undefined;
  return {
    kid: head['kid'],
    claims,
    signed: `${header}.${payload}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined;
  } catch {
    // Not JSON: not a token.
    return undefined;
  }
}

/** Keys read once: reading one costs as much as checking with it. By modulus, which no two keys share. */
const imported = new Map<string, KeyObject>();
const MOST_IMPORTED = 256;

/** Whether one of the issuer's keys made the token's signature. */
export function isSignedBy(token: Token, { keys }: JsonWebKeySet): boolean {
  const key = keys.find(({ kid }) => kid === token.kid);
  if (key === undefined) return false;
  let known = imported.get(key.n);
  if (known === undefined) {
    if (imported.size >= MOST_IMPORTED) imported.clear();
    known = createPublicKey({ key: { kty: key.kty, n: key.n, e: key.e }, format: 'jwk' });
    imported.set(key.n, known);
  }
  return verify('RSA-SHA256', Buffer.from(token.signed), known, token.signature);
}
