import { createHash, createSign, generateKeyPairSync, X509Certificate } from 'node:crypto';

/** A key pair with a certificate that it signed itself. */
export interface SelfSigned {
  /** PEM. */
  readonly privateKey: string;
  /** PEM. */
  readonly certificate: string;
  /** The certificate as XML signatures carry it: base 64, without frame. */
  readonly base64: string;
  /** SHA-1, hex, as IAM keeps it. */
  readonly thumbprint: string;
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

const SEQUENCE = 0x30;
const SHA256_RSA = der(SEQUENCE, der(0x06, Buffer.from('2a864886f70d01010b', 'hex')), der(0x05));

function nameOf(commonName: string): Buffer {
  const attribute = der(
    SEQUENCE,
    der(0x06, Buffer.from('550403', 'hex')),
    der(0x0c, Buffer.from(commonName)),
  );
  return der(SEQUENCE, der(0x31, attribute));
}

/** An X.509 certificate of version 1 that holds from 2020 to 2049; RFC 5280, section 4.1. */
export function selfSigned(commonName: string): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const name = nameOf(commonName);
  const validity = der(
    SEQUENCE,
    der(0x17, Buffer.from('200101000000Z')),
    der(0x17, Buffer.from('491231235959Z')),
  );
  const toSign = der(
    SEQUENCE,
    der(0x02, Buffer.from([1])),
    SHA256_RSA,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = createSign('sha256').update(toSign).sign(privateKey);
  const whole = der(SEQUENCE, toSign, SHA256_RSA, der(0x03, Buffer.from([0]), signature));
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: new X509Certificate(whole).toString(),
    base64: whole.toString('base64'),
    thumbprint: createHash('sha1').update(whole).digest('hex'),
  };
}
