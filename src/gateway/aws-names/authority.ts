import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { World } from '../../world/world.ts';
import { bits, der, integer, objectId, octets, sequence, set, text, time, yes } from './der.ts';

/** Names the authority may speak for; its key is worth nothing for any other. */
const DOMAINS = ['amazonaws.com', 'amazonaws.com.cn'];
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
/** Clients refuse certificates that are good for longer than this. */
const LEAF_DAYS = 397;
const MOST_CONTEXTS = 1_000;

const ECDSA_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const COMMON_NAME = objectId('2.5.4.3');

/**
 * A certificate authority for AWS's own names alone, which the sandboxes of functions trust and nobody else does.
 * RFC 5280.
 */
export class Authority {
  readonly #world: World;
  readonly #key: KeyObject;
  readonly #contexts = new Map<string, SecureContext>();
  /** Certificates made for a name share this; the server keeps it to itself. */
  readonly #leafKey: KeyObject;
  readonly pem: string;

  private constructor(world: World, key: KeyObject, pem: string) {
    this.#world = world;
    this.#key = key;
    this.pem = pem;
    this.#leafKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  }

  /** The one of a data folder: made at its first start. */
  static async open(folder: string, world: World): Promise<Authority> {
    const keyFile = join(folder, 'aws-names.key');
    const certificateFile = join(folder, 'aws-names.pem');
    try {
      const key = createPrivateKey(await readFile(keyFile, 'utf8'));
      return new Authority(world, key, await readFile(certificateFile, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const permitted = DOMAINS.map((domain) => sequence(der(0x82, Buffer.from(domain))));
    const pem = certificate({
      world,
      days: AUTHORITY_DAYS,
      subject: SUBJECT,
      publicKey: createPublicKey(key),
      issuer: { name: SUBJECT, key },
      extensions: [
        extension('2.5.29.19', true, sequence(yes)),
        // Signs certificates and lists of revoked ones.
        extension('2.5.29.15', true, bits(Buffer.from([0x06]), 1)),
        extension('2.5.29.30', true, sequence(der(0xa0, ...permitted))),
      ],
    });
    await writeFile(keyFile, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await writeFile(certificateFile, pem);
    return new Authority(world, key, pem);
  }

  /** What a TLS server shows to who asks for `name`. */
  contextOf(name: string): SecureContext {
    let context = this.#contexts.get(name);
    if (context === undefined) {
      if (this.#contexts.size >= MOST_CONTEXTS) this.#contexts.clear();
      context = createSecureContext({
        key: this.#leafKey.export({ type: 'pkcs8', format: 'pem' }),
        cert: this.#leaf(name),
      });
      this.#contexts.set(name, context);
    }
    return context;
  }

  #leaf(name: string): string {
    return certificate({
      world: this.#world,
      days: LEAF_DAYS,
      subject: nameOf('Lambent'),
      publicKey: createPublicKey(this.#leafKey),
      issuer: { name: SUBJECT, key: this.#key },
      extensions: [
        extension('2.5.29.19', true, sequence()),
        // Digital signatures.
        extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7)),
        // Of a server.
        extension('2.5.29.37', false, sequence(objectId('1.3.6.1.5.5.7.3.1'))),
        extension('2.5.29.17', false, sequence(der(0x82, Buffer.from(name)))),
      ],
    });
  }
}

const SUBJECT = nameOf('Lambent: AWS names in functions');

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(COMMON_NAME, text(commonName))));
}

function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return critical ? sequence(objectId(id), yes, octets(value)) : sequence(objectId(id), octets(value));
}

/** RFC 5280, 4.2.1.2: a hash of the key itself. */
function keyId(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }).subarray(-65))
    .digest();
}

function certificate(options: {
  readonly world: World;
  readonly days: number;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly issuer: { readonly name: Buffer; readonly key: KeyObject };
  readonly extensions: readonly Buffer[];
}): string {
  const { world, days, subject, publicKey, issuer } = options;
  // Programs check certificates by the machine's clock, not by the one functions are shown.
  const from = world.clock.realNow() - DAY_MS;
  const serial = Uint8Array.from(world.random.bytes(16));
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const toBeSigned = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_SHA256,
    issuer.name,
    sequence(time(from), time(from + days * DAY_MS)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        ...options.extensions,
        extension('2.5.29.14', false, octets(keyId(publicKey))),
        extension('2.5.29.35', false, sequence(der(0x80, keyId(createPublicKey(issuer.key))))),
      ),
    ),
  );
  const whole = sequence(toBeSigned, ECDSA_SHA256, bits(sign('sha256', toBeSigned, issuer.key)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
