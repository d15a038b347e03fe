import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { assert } from '../../base/assert.ts';
import type { JsonWebKeySet } from '../../service/ports.ts';
import type { Random } from '../../world/world.ts';

/** One of a pool's two RSA keys. */
export interface SigningKey {
  readonly kid: string;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  readonly publicKey: JsonWebKey;
}

/** A pool's secrets, opened. */
export interface KeysRow {
  readonly id: SigningKey;
  readonly access: SigningKey;
  /** AES-256 key of sessions and secret blocks, base64. */
  readonly seal: string;
}

const generate = promisify(generateKeyPair);

async function makeSigningKey(random: Random): Promise<SigningKey> {
  const { privateKey, publicKey } = await generate('rsa', { modulusLength: 2048 });
  return {
    kid: Buffer.from(random.bytes(32)).toString('base64'),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey: publicKey.export({ format: 'jwk' }),
  };
}

/** Keys of a new pool: one signs ID tokens, one access tokens. They are made on other threads. */
export async function makeKeys(random: Random): Promise<KeysRow> {
  const [id, access] = await Promise.all([makeSigningKey(random), makeSigningKey(random)]);
  return { id, access, seal: Buffer.from(random.bytes(32)).toString('base64') };
}

/** The public halves, as `/.well-known/jwks.json` shows them. */
export function keySet(
  keys: {
    readonly [name in 'id' | 'access']: Pick<SigningKey, 'kid' | 'publicKey'>;
  },
): JsonWebKeySet {
  return {
    keys: [keys.id, keys.access].map(({ kid, publicKey: { e, n } }) => {
      assert(e !== undefined && n !== undefined, 'an RSA key has a modulus and an exponent');
      return { alg: 'RS256', e, kid, kty: 'RSA', n, use: 'sig' };
    }),
  };
}

/** Parsed keys, by what they were parsed from: a key never changes, and reading one costs as much as signing. */
const parsedPrivate = new Map<string, KeyObject>();
const parsedPublic = new Map<string, KeyObject>();
const MOST_PARSED = 256;

function remembered(cache: Map<string, KeyObject>, kid: string, parse: () => KeyObject): KeyObject {
  let key = cache.get(kid);
  if (key === undefined) {
    if (cache.size >= MOST_PARSED) cache.clear();
    cache.set(kid, (key = parse()));
  }
  return key;
}

export const privateKeyOf = (key: SigningKey): KeyObject =>
  remembered(parsedPrivate, key.kid, () => createPrivateKey(key.privateKey));
export const publicKeyOf = (key: SigningKey): KeyObject =>
  remembered(parsedPublic, key.kid, () => createPublicKey({ key: key.publicKey, format: 'jwk' }));

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts and authenticates a value that the client carries for us; `purpose` keeps kinds of values apart. */
export function seal(keys: KeysRow, purpose: string, value: unknown, random: Random): Buffer {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(keys.seal, 'base64'), nonce);
  cipher.setAAD(Buffer.from(purpose));
  return Buffer.concat([nonce, cipher.update(JSON.stringify(value)), cipher.final(), cipher.getAuthTag()]);
}

/** The value again, or undefined for what we did not seal for this purpose. */
export function unseal<T>(keys: KeysRow, purpose: string, sealed: Uint8Array): T | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(
    'aes-256-gcm',
    Buffer.from(keys.seal, 'base64'),
    sealed.subarray(0, NONCE_BYTES),
  );
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(sealed.subarray(end));
  try {
    const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]);
    return JSON.parse(text.toString('utf8')) as T;
  } catch {
    // The tag does not fit: somebody else's bytes, which is an answer and no defect.
    return undefined;
  }
}
