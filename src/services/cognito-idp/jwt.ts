import { sign, verify } from 'node:crypto';
import { privateKeyOf, publicKeyOf, type SigningKey } from './key.ts';

export type Claims = Readonly<Record<string, unknown>>;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A compact JWS, RS256 (RFC 7515, RFC 7518 section 3.3); the signature is made off the event loop. */
export async function signJwt(key: SigningKey, claims: Claims): Promise<string> {
  const signed = `${encode({ kid: key.kid, alg: 'RS256' })}.${encode(claims)}`;
  const signature = await new Promise<Buffer>((resolve, reject) => {
    sign('RSA-SHA256', Buffer.from(signed), privateKeyOf(key), (error, bytes) =>
      error ? reject(error) : resolve(bytes),
    );
  });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The claims as they stand, unverified; undefined when the text is no token. */
export function readClaims(token: string): Claims | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Claims)
      : undefined;
  } catch {
    // Not JSON: not a token.
    return undefined;
  }
}

/** Whether `key` signed the token. Only RS256 is ever ours, so the header's own `alg` is not asked. */
export function verifyJwt(key: SigningKey, token: string): boolean {
  const [header, payload, signature, ...rest] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0)
    return false;
  return verify(
    'RSA-SHA256',
    Buffer.from(`${header}.${payload}`),
    publicKeyOf(key),
    Buffer.from(signature, 'base64url'),
  );
}
