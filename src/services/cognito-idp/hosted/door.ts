import type { Context } from '../../../service/context.ts';
import { Fault } from '../../../service/faults.ts';
import type { FrontDoor, FrontDoorRequest } from '../../../service/front-door.ts';
import { DOMAIN_DIRECTORY } from '../layout.ts';
import { tokenScope } from '../scope.ts';
import { OauthFault } from './oauth-fault.ts';
import { escaped, PAGE_POLICY, pageOf } from './page.ts';
import { type HostedAnswer, showSignIn, signInByForm, signOut } from './sign-in.ts';
import { authenticatedClient, grantTokens } from './token.ts';

const PREFIX_PATH = '/_aws/cognito/';
const HOST =
  /^([a-z0-9-]+)\.auth\.([a-z0-9-]+)\.(?:localhost|localhost\.localstack\.cloud|amazoncognito\.com)$/;
const BODY_LIMIT = 64 * 1024;

/**
 * A pool's domain: `https://<prefix>.auth.<region>.amazoncognito.com`, here also `/_aws/cognito/<prefix>/…`.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html
 */
export const hostedPages: FrontDoor = {
  name: 'hosted-pages',
  paths: [PREFIX_PATH],
  host: HOST,
  handle: async (request, ctx) => {
    try {
      await route(request, ctx);
    } catch (error) {
      if (error instanceof OauthFault) return refuse(request, error);
      if (Fault.is(error)) return refuse(request, new OauthFault('invalid_request', error.message));
      throw error;
    }
  },
};

/** The pool a domain belongs to, a context in its account and region, and the path below the domain. */
async function locate(request: FrontDoorRequest, ctx: Context) {
  const byHost = HOST.exec(request.host);
  const [prefix = '', ...rest] = request.path.slice(PREFIX_PATH.length).split('/');
  const name = byHost === null ? `${prefix}.auth.${ctx.region}` : `${byHost[1]}.auth.${byHost[2]}`;
  const owner = await ctx.ports.directory.lookup(ctx.store, DOMAIN_DIRECTORY, name);
  if (owner?.detail === undefined) throw new OauthFault('invalid_request', 'There is no such domain.', 404);
  return {
    inner: ctx.as({ account: owner.account, region: owner.region }),
    poolId: owner.detail,
    path: byHost === null ? `/${rest.join('/')}` : request.path,
  };
}

async function route(request: FrontDoorRequest, ctx: Context): Promise<void> {
  const { inner, poolId, path } = await locate(request, ctx);
  const query = new URLSearchParams(request.query);
  const form = async () => new URLSearchParams(Buffer.from(await request.body(BODY_LIMIT)).toString('utf8'));
  switch (`${request.method} ${path}`) {
    case 'GET /login':
    case 'GET /oauth2/authorize':
      return show(request, await showSignIn(inner, poolId, query));
    case 'POST /login':
    case 'POST /oauth2/authorize':
      return show(request, await signInByForm(inner, poolId, query, await form()));
    case 'GET /logout':
      return show(request, await signOut(inner, poolId, query));
    case 'POST /oauth2/token': {
      const sent = await form();
      const scope = await authenticatedClient(inner, poolId, request.headers['authorization'], sent);
      return json(request, 200, await grantTokens(scope, sent));
    }
    case 'POST /oauth2/revoke': {
      const sent = await form();
      const { client, ctx: scoped } = await authenticatedClient(
        inner,
        poolId,
        request.headers['authorization'],
        sent,
      );
      await scoped.call('cognito-idp', 'RevokeToken', {
        ClientId: client.id,
        Token: sent.get('token') ?? '',
        ...(client.secret === undefined ? {} : { ClientSecret: client.secret }),
      });
      return json(request, 200, {});
    }
    case 'GET /oauth2/userInfo':
    case 'POST /oauth2/userInfo':
      return json(request, 200, await userInfo(inner, request.headers['authorization'] ?? ''));
    case 'OPTIONS /oauth2/token':
    case 'OPTIONS /oauth2/userInfo':
    case 'OPTIONS /oauth2/revoke':
      return json(request, 200, {});
    default:
      throw new OauthFault('invalid_request', 'There is no such page.', 404);
  }
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html */
async function userInfo(ctx: Context, authorization: string): Promise<Record<string, unknown>> {
  const token = /^Bearer (.+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw new OauthFault('invalid_token', 'Access token is required.', 401);
  const { user, client } = await tokenScope(ctx, token, 'openid').catch((error: unknown) => {
    if (!Fault.is(error)) throw error;
    throw new OauthFault('invalid_token', error.message, 401);
  });
  const readable = client.settings.ReadAttributes;
  const shown = Object.entries(user.attributes).filter(
    ([name]) => !readable?.length || readable.includes(name),
  );
  return { sub: user.sub, ...Object.fromEntries(shown), username: user.username };
}

function json(request: FrontDoorRequest, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  request.response.writeHead(status, {
    'Content-Type': 'application/json;charset=UTF-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Headers': 'authorization, content-type',
  });
  request.response.end(body);
}

function show({ response, method }: FrontDoorRequest, answer: HostedAnswer): void {
  if (answer.kind === 'redirect') {
    response.writeHead(302, { Location: answer.to, 'Cache-Control': 'no-store', 'Content-Length': 0 });
    response.end();
    return;
  }
  response.writeHead(answer.status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(answer.html),
    'Content-Security-Policy': PAGE_POLICY,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(method === 'HEAD' ? undefined : answer.html);
}

/** Programs get JSON, people a page. */
function refuse(request: FrontDoorRequest, error: OauthFault): void {
  if (/\/oauth2\/(?:token|revoke|userInfo)$/.test(request.path)) {
    const description = error.message === '' ? {} : { error_description: error.message };
    json(request, error.status, { error: error.code, ...description });
    return;
  }
  const html = pageOf('Something is wrong', `<p role="alert">${escaped(error.message || error.code)}</p>`);
  show(request, { kind: 'page', status: error.status, html });
}
