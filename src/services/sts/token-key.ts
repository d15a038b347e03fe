import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { importPKCS8, type JWK } from 'jose';
import { assert } from '../../base/assert.ts';
import type { Context } from '../../service/context.ts';
import { layout, type TokenAlgorithm, type TokenKeyRow } from './layout.ts';

const generate = promisify(generateKeyPair);

/** The account's key for an algorithm, made when it is first asked for. */
export async function ensureTokenKey(algorithm: TokenAlgorithm, ctx: Context): Promise<TokenKeyRow> {
  const { tokenKeys } = layout.at(ctx.account, '');
  const known = await tokenKeys.get(ctx.store, [algorithm]);
  if (known !== undefined) return known;
  const pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } =
    algorithm === 'RS256'
      ? await generate('rsa', { modulusLength: 2048 })
      : await generate('ec', { namedCurve: 'P-384' });
  const kid = ctx.world.random.uuid();
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const made: TokenKeyRow = {
    kid,
    publicKey: pair.publicKey.export({ format: 'jwk' }) as JWK,
    sealedPrivateKey: ctx.ports.identity.sealSecret(Buffer.from(pem), labelOf(kid)),
  };
  return ctx.transact(async (tx) => {
    const row = (await tokenKeys.get(tx, [algorithm])) ?? made;
    tokenKeys.set(tx, [algorithm], row);
    return row;
  });
}

export async function privateKeyOf(row: TokenKeyRow, algorithm: TokenAlgorithm, ctx: Context) {
  const pem = ctx.ports.identity.openSecret(row.sealedPrivateKey, labelOf(row.kid));
  assert(pem !== undefined, `the token key ${row.kid} was not sealed by this server`);
  return importPKCS8(Buffer.from(pem).toString(), algorithm);
}

function labelOf(kid: string): string {
  return `sts-token/${kid}`;
}

/** The public halves, as whoever checks a token fetches them. */
export async function publicKeys(account: string, ctx: Context): Promise<readonly JWK[]> {
  const rows = await layout.at(account, '').tokenKeys.all(ctx.store, []);
  return rows.map(({ key: [alg], value: { kid, publicKey } }) => ({ ...publicKey, kid, alg, use: 'sig' }));
}
