import { createHash, generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '../../world/world.ts';

/** A key pair and its self-signed certificate, PEM all. */
export interface SigningPair {
  readonly certificate: string;
  readonly privateKey: string;
}

const BITS = 2048;
const YEAR_MS = 365 * 86_400_000;
const LIFETIME_YEARS = 20;
const SERIAL_BYTES = 16;

/** ASN.1 tags of X.690. */
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const NULL = 0x05;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const CONTEXT_0 = 0xa0;

const COMMON_NAME = [2, 5, 4, 3];
const SHA256_WITH_RSA = [1, 2, 840, 113549, 1, 1, 11];

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 128) return Buffer.concat([Uint8Array.of(tag, length), content]);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) digits.unshift(rest & 0xff);
  return Buffer.concat([Uint8Array.of(tag, 0x80 | digits.length, ...digits), content]);
}

function identifier([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(OBJECT_IDENTIFIER, Uint8Array.from(bytes));
}

function name(commonName: string): Buffer {
  const value = der(UTF8_STRING, Buffer.from(commonName));
  return der(SEQUENCE, der(SET, der(SEQUENCE, identifier(COMMON_NAME), value)));
}

function time(ms: number): Buffer {
  const text = new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  return der(GENERALIZED_TIME, Buffer.from(text));
}

/** Makes an RSA key of 2,048 bits and an X.509 certificate (RFC 5280) that it signs itself. */
export async function makeSigningPair(
  commonName: string,
  nowMs: number,
  random: Random,
): Promise<SigningPair> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: BITS });
  const algorithm = der(SEQUENCE, identifier(SHA256_WITH_RSA), der(NULL));
  const serial = Buffer.from(random.bytes(SERIAL_BYTES));
  // Positive, without a leading zero byte.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const version = der(CONTEXT_0, der(INTEGER, Uint8Array.of(2)));
  const validity = der(SEQUENCE, time(nowMs - YEAR_MS), time(nowMs + LIFETIME_YEARS * YEAR_MS));
  const subject = name(commonName);
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const body = der(SEQUENCE, version, der(INTEGER, serial), algorithm, subject, validity, subject, key);
  const signature = sign('sha256', body, privateKey);
  const certificate = der(SEQUENCE, body, algorithm, der(BIT_STRING, Uint8Array.of(0), signature));
  return {
    certificate: pem('CERTIFICATE', certificate),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** Names a certificate in its address. */
export function fingerprint(certificate: string): string {
  return createHash('sha256').update(certificate).digest('hex').slice(0, 32);
}
