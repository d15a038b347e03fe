import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** An RSA public key as SSH reads it, and its fingerprint. */
export interface SshKey {
  /** `ssh-rsa AAAA…`, without comment. */
  readonly ssh: string;
  /** PEM, of its SubjectPublicKeyInfo. */
  readonly pem: string;
  /** MD5 over what SSH encodes, in pairs of hex digits. */
  readonly fingerprint: string;
}

const LEAST_BITS = 2048;

/** Reads `ssh-rsa` or PEM; `undefined` for what is neither, or too short a key. RFC 4253, section 6.6. */
export function readSshKey(text: string): SshKey | undefined {
  const key = text.trim().startsWith('ssh-rsa ') ? fromSsh(text) : fromPem(text);
  const jwk = key?.asymmetricKeyType === 'rsa' ? key.export({ format: 'jwk' }) : undefined;
  if (key === undefined || jwk?.n === undefined || jwk.e === undefined) return undefined;
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < LEAST_BITS) return undefined;
  const bytes = Buffer.concat([
    field(Buffer.from('ssh-rsa')),
    field(positive(Buffer.from(jwk.e, 'base64url'))),
    field(positive(Buffer.from(jwk.n, 'base64url'))),
  ]);
  return {
    ssh: `ssh-rsa ${bytes.toString('base64')}`,
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: createHash('md5')
      .update(bytes)
      .digest('hex')
      .replace(/..(?=.)/g, '$&:'),
  };
}

function fromPem(text: string): KeyObject | undefined {
  try {
    return createPublicKey(text);
  } catch {
    return undefined;
  }
}

function fromSsh(text: string): KeyObject | undefined {
  const bytes = Buffer.from(text.trim().split(/\s+/)[1] ?? '', 'base64');
  const fields: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length && fields.length < 4; ) {
    const length = bytes.readUInt32BE(at);
    if (at + 4 + length > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [kind, e, n, ...more] = fields;
  if (kind?.toString() !== 'ssh-rsa' || e === undefined || n === undefined || more.length > 0)
    return undefined;
  try {
    const jwk = { kty: 'RSA', e: e.toString('base64url'), n: unsigned(n).toString('base64url') };
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A leading zero keeps a number positive. */
function positive(bytes: Buffer): Buffer {
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

function unsigned(bytes: Buffer): Buffer {
  return bytes[0] === 0 ? bytes.subarray(1) : bytes;
}
