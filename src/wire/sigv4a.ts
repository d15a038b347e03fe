import { createECDH, createHmac, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** Signature Version 4A: ECDSA over P-256 with a key that follows from the access key, for a set of regions. */
export const ASYMMETRIC_ALGORITHM = 'AWS4-ECDSA-P256-SHA256';

/** The order of P-256, less two: what a candidate must not be above. */
const ORDER_LESS_TWO = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254f', 'hex');
const MOST_KEYS = 1000;

const keys = new Map<string, KeyObject>();

/** The private number of an access key: NIST SP 800-108 in counter mode, tried until it is in range, plus one. */
export function asymmetricScalar(secret: string, accessKeyId: string): Buffer {
  for (let counter = 1; counter <= 254; counter++) {
    const candidate = createHmac('sha256', `AWS4A${secret}`)
      .update(Buffer.from([0, 0, 0, 1]))
      .update(ASYMMETRIC_ALGORITHM)
      .update(Buffer.from([0]))
      .update(accessKeyId)
      .update(Buffer.from([counter, 0, 0, 1, 0]))
      .digest();
    if (candidate.compare(ORDER_LESS_TWO) > 0) continue;
    return plusOne(candidate);
  }
  throw new Error('no candidate was in range, which happens to one key in 2^8128');
}

function plusOne(number: Buffer): Buffer {
  const sum = Buffer.from(number);
  for (let at = sum.length - 1; at >= 0; at--) {
    sum[at] = ((sum[at] ?? 0) + 1) & 0xff;
    if (sum[at] !== 0) break;
  }
  return sum;
}

/** What verifies the signatures of an access key; the latest thousand are kept. */
export function asymmetricKey(secret: string, accessKeyId: string): KeyObject {
  const name = `${accessKeyId}/${secret}`;
  let key = keys.get(name);
  if (key === undefined) {
    key = createPublicKey({ key: jwkOf(asymmetricScalar(secret, accessKeyId)), format: 'jwk' });
    if (keys.size >= MOST_KEYS) keys.delete(keys.keys().next().value as string);
    keys.set(name, key);
  }
  return key;
}

function jwkOf(scalar: Buffer) {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(scalar);
  const point = curve.getPublicKey();
  return {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
}

/** `signature` is DER in hex. */
export function isSignedBy(key: KeyObject, text: string, signature: string): boolean {
  if (!/^(?:[0-9a-f]{2}){8,72}$/.test(signature)) return false;
  return verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'hex'));
}

/** Signs as a client does; for tests and for the command line. */
export function signAsymmetric(text: string, secret: string, accessKeyId: string): string {
  const scalar = asymmetricScalar(secret, accessKeyId);
  const jwk = { ...jwkOf(scalar), d: scalar.toString('base64url') };
  return sign('sha256', Buffer.from(text), { key: jwk, format: 'jwk' }).toString('hex');
}
