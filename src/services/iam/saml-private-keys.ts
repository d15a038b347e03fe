import { createPrivateKey } from 'node:crypto';
import type { Context } from '../../service/context.ts';
import type { IdentityPort } from '../../service/ports.ts';
import type { Reader } from '../../store/store.ts';
import { fault } from './fault.ts';
import { parseIamArn } from './identifier.ts';
import { layout, type SamlKeyRow } from './layout.ts';

/** One to use and one to take its place. */
const MOST_KEYS = 2;

/** A provider's keys with one more; sealed, as they open what somebody is let in by. */
export function withKey(
  keys: readonly SamlKeyRow[],
  pem: string | undefined,
  { ports, world }: Context,
): readonly SamlKeyRow[] {
  if (pem === undefined) return keys;
  checkKey(pem);
  const id = world.random.id(22, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
  const sealedKey = ports.identity.sealSecret(Buffer.from(pem), id);
  return [...keys, { id, sealedKey, addedAtMs: world.clock.now() }];
}

export function withoutKey(keys: readonly SamlKeyRow[], id: string | undefined): readonly SamlKeyRow[] {
  const kept = keys.filter((key) => key.id !== id);
  if (id !== undefined && kept.length === keys.length)
    throw fault('NoSuchEntity', `The private key ${id} cannot be found.`);
  return kept;
}

export function checkKeyCount(keys: readonly SamlKeyRow[]): void {
  if (keys.length > MOST_KEYS)
    throw fault('LimitExceeded', `Cannot exceed quota for PrivateKeysPerSAMLProvider: ${MOST_KEYS}`);
}

function checkKey(pem: string): void {
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'rsa') return;
  } catch {
    // Said below, without the key.
  }
  throw fault('InvalidInput', 'The private key is not an RSA key in PEM format.');
}

/** The keys of a provider, opened. */
export async function samlPrivateKeys(
  providerArn: string,
  store: Reader,
  identity: Pick<IdentityPort, 'openSecret'>,
): Promise<readonly string[]> {
  const named = parseIamArn(providerArn);
  if (named?.kind !== 'saml-provider') return [];
  const row = await layout.at(named.account, '').samlProviders.get(store, [named.name]);
  return (row?.keys ?? []).flatMap(({ id, sealedKey }) => {
    const pem = identity.openSecret(sealedKey, id);
    return pem === undefined ? [] : [Buffer.from(pem).toString()];
  });
}
