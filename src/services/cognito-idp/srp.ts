import {
  createDiffieHellman,
  createHash,
  createHmac,
  getDiffieHellman,
  hkdfSync,
  timingSafeEqual,
} from 'node:crypto';

/**
 * The server's side of Secure Remote Password as user pools speak it: SRP-6a (RFC 5054) over the 3,072-bit group of
 * RFC 3526, its hashes taken over hex numbers padded to whole bytes with a leading `00` where the top bit is set, and
 * the key drawn with HKDF. Numbers travel as hex.
 */
const PRIME = getDiffieHellman('modp15').getPrime();
const N = BigInt(`0x${PRIME.toString('hex')}`);
const GENERATOR = 2n;
const MULTIPLIER = hashToNumber(padded(N), padded(GENERATOR));
const KEY_INFO = 'Caldera Derived Key';
const KEY_BYTES = 16;

/** What is kept of a password. */
export interface Verifier {
  /** Hex. */
  readonly salt: string;
  /** Hex: g to the power of the salted hash, modulo N. */
  readonly verifier: string;
}

/** A server's half of one exchange; `secret` never leaves the server. */
export interface ServerKeys {
  /** b, hex. */
  readonly secret: string;
  /** B, hex. */
  readonly publicKey: string;
}

function toHex(value: bigint): string {
  const hex = value.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** The number's bytes, with a zero byte in front when the first would read as a sign. */
function padded(value: bigint): Buffer {
  const bytes = Buffer.from(toHex(value), 'hex');
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

function hashToNumber(...parts: readonly Uint8Array[]): bigint {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return toNumber(hash.digest());
}

/** base^exponent mod N by OpenSSL's Diffie-Hellman, ten times as fast as BigInt. The base is in [2, N - 2]. */
function power(base: bigint, exponent: bigint): bigint {
  const exchange = createDiffieHellman(PRIME, Number(GENERATOR));
  exchange.setPrivateKey(Buffer.from(toHex(exponent), 'hex'));
  return toNumber(exchange.computeSecret(Buffer.from(toHex(base), 'hex')));
}

/** The name a pool has in the exchange: what follows the underscore of its id. */
export function poolName(poolId: string): string {
  return poolId.slice(poolId.indexOf('_') + 1);
}

/** Derives what to keep of a password. `username` is the one the client is told as USER_ID_FOR_SRP. */
export function makeVerifier(pool: string, username: string, password: string, salt: Uint8Array): Verifier {
  const saltNumber = toNumber(salt);
  const identity = createHash('sha256').update(`${pool}${username}:${password}`).digest();
  const x = hashToNumber(padded(saltNumber), identity);
  return { salt: toHex(saltNumber), verifier: toHex(power(GENERATOR, x)) };
}

/** Whether `password` is the one `kept` was made of; takes equally long for every answer. */
export function passwordMatches(pool: string, username: string, password: string, kept: Verifier): boolean {
  const { verifier } = makeVerifier(pool, username, password, Buffer.from(kept.salt, 'hex'));
  const [given, right] = [Buffer.from(verifier, 'hex'), Buffer.from(kept.verifier, 'hex')];
  return given.length === right.length && timingSafeEqual(given, right);
}

/** Opens an exchange with 32 random bytes. */
export function makeServerKeys(kept: Verifier, random: Uint8Array): ServerKeys {
  const secret = toNumber(random);
  const publicKey = (MULTIPLIER * BigInt(`0x${kept.verifier}`) + power(GENERATOR, secret)) % N;
  return { secret: toHex(secret), publicKey: toHex(publicKey) };
}

/** A, read from the client's hex; undefined when it is no number an honest client sends (a multiple of N). */
export function parsePublicKey(hex: string): bigint | undefined {
  if (!/^[0-9a-fA-F]{1,2048}$/.test(hex)) return undefined;
  const value = BigInt(`0x${hex}`) % N;
  return value < 2n || value > N - 2n ? undefined : value;
}

/** Whether the client's signature proves that it knows the password. */
export function signatureMatches(proof: {
  readonly pool: string;
  readonly username: string;
  readonly kept: Verifier;
  readonly server: ServerKeys;
  /** A, as {@link parsePublicKey} read it. */
  readonly clientKey: bigint;
  readonly secretBlock: Uint8Array;
  /** As the client wrote it. */
  readonly timestamp: string;
  /** Base64. */
  readonly signature: string;
}): boolean {
  const key = sharedKey(proof.kept, proof.server, proof.clientKey);
  if (key === undefined) return false;
  const right = createHmac('sha256', key)
    .update(proof.pool)
    .update(proof.username)
    .update(proof.secretBlock)
    .update(proof.timestamp)
    .digest();
  const given = Buffer.from(proof.signature, 'base64');
  return given.length === right.length && timingSafeEqual(given, right);
}

function sharedKey(kept: Verifier, server: ServerKeys, clientKey: bigint): Uint8Array | undefined {
  const u = hashToNumber(padded(clientKey), padded(BigInt(`0x${server.publicKey}`)));
  if (u === 0n) return undefined;
  const base = (clientKey * power(BigInt(`0x${kept.verifier}`), u)) % N;
  if (base < 2n || base > N - 2n) return undefined;
  const shared = power(base, BigInt(`0x${server.secret}`));
  return new Uint8Array(hkdfSync('sha256', padded(shared), padded(u), KEY_INFO, KEY_BYTES));
}
