import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Context } from '../../service/context.ts';
import type { Store } from '../../store/store.ts';
import { fingerprint, makeSigningPair } from './certificate.ts';
import { type SigningRow, signingLayout } from './layout.ts';

const LABEL = 'sns/signing-key';

interface Signer {
  readonly key: KeyObject;
  readonly certificateName: string;
}

/** The key never changes, so what was read once is kept. */
const signers = new WeakMap<Store, Promise<Signer>>();

/** `1` signs with SHA-1, `2` with SHA-256. */
export type SignatureVersion = '1' | '2';

export interface Signed {
  readonly SignatureVersion: SignatureVersion;
  readonly Signature: string;
  readonly SigningCertURL: string;
}

async function open(ctx: Context): Promise<Signer> {
  const { certificate, sealedKey } = await readOrMake(ctx);
  const opened = ctx.ports.identity.openSecret(sealedKey, LABEL);
  assert(opened !== undefined, "SNS's signing key opens with the server's key");
  return { key: createPrivateKey(Buffer.from(opened)), certificateName: fingerprint(certificate) };
}

/** Two that make a pair at the same time agree on the first one's. */
async function readOrMake(ctx: Context): Promise<SigningRow> {
  const { keys } = signingLayout.global();
  const known = await keys.get(ctx.store, []);
  if (known !== undefined) return known;
  const pair = await makeSigningPair('sns.amazonaws.com', ctx.world.clock.realNow(), ctx.world.random);
  const row: SigningRow = {
    certificate: pair.certificate,
    sealedKey: ctx.ports.identity.sealSecret(Buffer.from(pair.privateKey), LABEL),
  };
  return ctx.transact(async (tx) => {
    const first = await keys.get(tx, []);
    if (first !== undefined) return first;
    keys.set(tx, [], row);
    return row;
  });
}

/** The certificate of that name, PEM. */
export async function readCertificate(ctx: Context, name: string): Promise<string | undefined> {
  const row = await signingLayout.global().keys.get(ctx.store, []);
  return row !== undefined && fingerprint(row.certificate) === name ? row.certificate : undefined;
}

/**
 * Signs a message as its receivers verify it: the fields in alphabetical order, a line for each name and value.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
export async function signFields(
  ctx: Context,
  version: SignatureVersion,
  fields: Readonly<Record<string, string | undefined>>,
): Promise<Signed> {
  let signer = signers.get(ctx.store);
  if (signer === undefined) {
    const opening = open(ctx);
    signers.set(ctx.store, (signer = opening));
    opening.catch(() => signers.delete(ctx.store));
  }
  const { key, certificateName } = await signer;
  let text = '';
  for (const name of Object.keys(fields).sort()) {
    const value = fields[name];
    if (value !== undefined) text += `${name}\n${value}\n`;
  }
  return {
    SignatureVersion: version,
    Signature: sign(version === '1' ? 'sha1' : 'sha256', Buffer.from(text), key).toString('base64'),
    SigningCertURL: `${ctx.endpoint}/SimpleNotificationService-${certificateName}.pem`,
  };
}
