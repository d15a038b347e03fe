import { assert } from '../../base/assert.ts';
import type { Context } from '../../service/context.ts';
import type { ClientRow } from './client.ts';
import type { KeysRow, SigningKey } from './key.ts';

/**
 * What rows hold of secrets: sealed under the server's key, which is not in the data file, each bound to what it is
 * of.
 */
export type SealedClient = Omit<ClientRow, 'secret'> & { readonly sealedSecret?: string };

export interface SealedKeys {
  readonly id: SealedSigningKey;
  readonly access: SealedSigningKey;
  readonly sealedSeal: string;
}

export type SealedSigningKey = Omit<SigningKey, 'privateKey'> & { readonly sealedPrivateKey: string };

type Holder = Pick<Context, 'ports'>;

export function sealText(text: string, label: string, { ports }: Holder): string {
  return ports.identity.sealSecret(Buffer.from(text), `cognito-idp/${label}`);
}

export function openText(sealed: string, label: string, { ports }: Holder): string {
  const opened = ports.identity.openSecret(sealed, `cognito-idp/${label}`);
  assert(opened !== undefined, `${label} was not sealed by this server`);
  return Buffer.from(opened).toString();
}

export function sealClient({ secret, ...client }: ClientRow, holder: Holder): SealedClient {
  if (secret === undefined) return client;
  return { ...client, sealedSecret: sealText(secret, `client/${client.id}`, holder) };
}

export function openClient({ sealedSecret, ...client }: SealedClient, holder: Holder): ClientRow {
  if (sealedSecret === undefined) return client;
  return { ...client, secret: openText(sealedSecret, `client/${client.id}`, holder) };
}

export function sealKeys({ id, access, seal }: KeysRow, holder: Holder): SealedKeys {
  const sealed = ({ privateKey, ...key }: SigningKey) => ({
    ...key,
    sealedPrivateKey: sealText(privateKey, `key/${key.kid}`, holder),
  });
  return { id: sealed(id), access: sealed(access), sealedSeal: sealText(seal, `seal/${id.kid}`, holder) };
}

/** By key id: a pool's keys never change, and every sign-in asks for them. */
const opened = new Map<string, KeysRow>();
const MOST_OPENED = 256;

export function openKeys({ id, access, sealedSeal }: SealedKeys, holder: Holder): KeysRow {
  const known = opened.get(id.kid);
  if (known !== undefined) return known;
  const open = ({ sealedPrivateKey, ...key }: SealedSigningKey): SigningKey => ({
    ...key,
    privateKey: openText(sealedPrivateKey, `key/${key.kid}`, holder),
  });
  const keys = { id: open(id), access: open(access), seal: openText(sealedSeal, `seal/${id.kid}`, holder) };
  if (opened.size >= MOST_OPENED) opened.clear();
  opened.set(id.kid, keys);
  return keys;
}

/** What a user's authenticator app is sealed as. */
export function seedLabel({ pool }: { readonly pool: { readonly id: string } }, username: string): string {
  return `seed/${pool.id}/${username}`;
}
