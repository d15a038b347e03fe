import type { JWK } from 'jose';
import { keyspace, rows } from '../../store/keyspace.ts';

/** A session is its token, and needs no row; what signs tokens for services outside does. */
export const layout = keyspace('sts', {
  /** Under the account, in no region. */
  tokenKeys: rows<[algorithm: TokenAlgorithm], TokenKeyRow>('token-keys'),
});

export type TokenAlgorithm = 'RS256' | 'ES384';

export interface TokenKeyRow {
  readonly kid: string;
  readonly publicKey: JWK;
  /** PKCS #8, PEM, encrypted under the server's key. */
  readonly sealedPrivateKey: string;
}
