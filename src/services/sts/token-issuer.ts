import type { JWK } from 'jose';
import type { Context } from '../../service/context.ts';
import type { FrontDoor } from '../../service/front-door.ts';
import { publicKeys } from './token-key.ts';

/** Kind of the cloud-wide directory under which IAM keeps whose an issuer is. */
const ISSUER_DIRECTORY = 'sts-issuer';
const ISSUER = /^https:\/\/([0-9a-f-]{36})\.tokens\.sts\.global\.api\.aws$/;
const HOST = /^([0-9a-f-]{36})\.tokens\.sts\.global\.api\.(?:aws|localhost)$/;
const PATH = /^\/_aws\/sts-tokens\/([0-9a-f-]{36})(?=\/)/;

/** The keys of an issuer of this cloud; undefined for one outside of it. */
export async function issuerKeys(issuer: string, ctx: Context): Promise<readonly JWK[] | undefined> {
  const id = ISSUER.exec(issuer)?.[1];
  const owner =
    id === undefined ? undefined : await ctx.ports.directory.lookup(ctx.store, ISSUER_DIRECTORY, id);
  return owner && publicKeys(owner.account, ctx);
}

/**
 * What services outside read to check tokens: at the issuer's own host, and by path where that does not resolve.
 * https://openid.net/specs/openid-connect-discovery-1_0.html
 */
export const tokenDocuments: FrontDoor = {
  name: 'sts-token-documents',
  paths: ['/_aws/sts-tokens/'],
  host: HOST,
  handle: async (request, ctx) => {
    const { response, method, path, host, origin } = request;
    const byPath = PATH.exec(path);
    const id = byPath?.[1] ?? HOST.exec(host)?.[1] ?? '';
    const issuer = `https://${id}.tokens.sts.global.api.aws`;
    const base = `${origin}${byPath?.[0] ?? ''}`;
    const keys = method === 'GET' || method === 'HEAD' ? await issuerKeys(issuer, ctx) : undefined;
    const answer = keys && documentOf(path.slice(byPath?.[0].length ?? 0), issuer, base, keys);
    const body = JSON.stringify(answer ?? { message: 'Not Found' });
    response.writeHead(answer === undefined ? 404 : 200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'access-control-allow-origin': '*',
    });
    response.end(method === 'HEAD' ? undefined : body);
  },
};

function documentOf(path: string, issuer: string, base: string, keys: readonly JWK[]): object | undefined {
  if (path === '/.well-known/jwks.json') return { keys };
  if (path !== '/.well-known/openid-configuration') return undefined;
  return {
    issuer,
    jwks_uri: `${base}/.well-known/jwks.json`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES384'],
  };
}
