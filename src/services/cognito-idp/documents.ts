import type { FrontDoor } from '../../service/front-door.ts';
import { issuerOf } from './pool.ts';

const WELL_KNOWN = /^\/([\w-]+_[0-9a-zA-Z]+)\/\.well-known\/(jwks\.json|openid-configuration)$/;

/**
 * The public documents of each pool: `/{poolId}/.well-known/jwks.json` and `…/openid-configuration`, as AWS serves
 * them under `cognito-idp.<region>.amazonaws.com`. Any page may read them.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 */
export const documents: FrontDoor = {
  name: 'user-pool-documents',
  pathPattern: WELL_KNOWN,
  handle: async (request, ctx) => {
    const { response, method, path } = request;
    const [, poolId = '', document = ''] = WELL_KNOWN.exec(path) ?? [];
    const issuer = issuerOf(poolId);
    const keys = method === 'GET' || method === 'HEAD' ? await ctx.ports.tokens.keys(issuer) : undefined;
    const answer =
      keys === undefined
        ? { message: `User pool ${poolId} does not exist.` }
        : document === 'jwks.json'
          ? keys
          : configuration(issuer, `${request.origin}/${poolId}`);
    const body = JSON.stringify(answer);
    response.writeHead(keys === undefined ? 404 : 200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'Access-Control-Allow-Origin': '*',
      ...(keys === undefined ? {} : { 'Cache-Control': 'public, max-age=86400' }),
    });
    response.end(method === 'HEAD' ? undefined : body);
  },
};

/** OpenID Connect Discovery 1.0, as far as a pool without a hosted page has something to say. */
function configuration(issuer: string, address: string) {
  return {
    id_token_signing_alg_values_supported: ['RS256'],
    issuer,
    jwks_uri: `${address}/.well-known/jwks.json`,
    response_types_supported: ['code', 'token'],
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  };
}
