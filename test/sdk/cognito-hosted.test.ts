import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { withLambent } from '../support/clients.ts';

const CALLBACK = 'https://app.example/callback';
const PASSWORD = 'Passw0rd!';
const SECRET_VERIFIER = 'a-verifier-that-is-long-enough-to-be-one-of-rfc-7636';

const lambent = await withLambent();
const idp = lambent.client(cognito.CognitoIdentityProviderClient);
let UserPoolId: string;
let web: string;
let machine: { readonly id: string; readonly secret: string };
let home: string;

before(async () => {
  const { UserPool } = await idp.send(new cognito.CreateUserPoolCommand({ PoolName: 'hosted' }));
  UserPoolId = UserPool?.Id ?? '';
  await idp.send(new cognito.CreateUserPoolDomainCommand({ UserPoolId, Domain: 'canter' }));
  home = `${lambent.endpoint}/_aws/cognito/canter`;
  await idp.send(
    new cognito.CreateResourceServerCommand({
      UserPoolId,
      Identifier: 'rides',
      Name: 'Rides',
      Scopes: [{ ScopeName: 'ask', ScopeDescription: 'Ask' }],
    }),
  );
  const made = await idp.send(
    new cognito.CreateUserPoolClientCommand({
      UserPoolId,
      ClientName: 'web',
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthFlows: ['code', 'implicit'],
      AllowedOAuthScopes: ['openid', 'email', 'rides/ask'],
      CallbackURLs: [CALLBACK],
      LogoutURLs: ['https://app.example/bye'],
    }),
  );
  web = made.UserPoolClient?.ClientId ?? '';
  const confidential = await idp.send(
    new cognito.CreateUserPoolClientCommand({
      UserPoolId,
      ClientName: 'machine',
      GenerateSecret: true,
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthFlows: ['client_credentials'],
      AllowedOAuthScopes: ['rides/ask'],
    }),
  );
  machine = {
    id: confidential.UserPoolClient?.ClientId ?? '',
    secret: confidential.UserPoolClient?.ClientSecret ?? '',
  };
  await idp.send(
    new cognito.AdminCreateUserCommand({
      UserPoolId,
      Username: 'ada',
      MessageAction: 'SUPPRESS',
      UserAttributes: [{ Name: 'email', Value: 'ada@example.com' }],
    }),
  );
  await idp.send(
    new cognito.AdminSetUserPasswordCommand({
      UserPoolId,
      Username: 'ada',
      Password: PASSWORD,
      Permanent: true,
    }),
  );
});

const query = (values: Record<string, string>) => new URLSearchParams(values).toString();
const token = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${home}/oauth2/token`, { method: 'POST', headers, body: new URLSearchParams(form) });

/** Fills in the form as a browser does; where it is sent on to. */
async function signIn(request: Record<string, string>, password = PASSWORD): Promise<Response> {
  const address = `${home}/oauth2/authorize?${query({ client_id: web, redirect_uri: CALLBACK, ...request })}`;
  const page = await fetch(address);
  assert.equal(page.status, 200);
  const step = /name="_step" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  return fetch(address, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ _step: step, username: 'ada', password }),
  });
}

test('a code comes back, is worth tokens once, and only to who began', async () => {
  const code_challenge = createHash('sha256').update(SECRET_VERIFIER).digest('base64url');
  const answered = await signIn({
    response_type: 'code',
    scope: 'openid email',
    state: 's-1',
    nonce: 'n-1',
    code_challenge,
    code_challenge_method: 'S256',
  });
  assert.equal(answered.status, 302);
  const back = new URL(answered.headers.get('location') ?? '');
  assert.equal(back.origin + back.pathname, CALLBACK);
  assert.equal(back.searchParams.get('state'), 's-1');
  const code = back.searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', client_id: web, redirect_uri: CALLBACK, code };
  assert.deepEqual(await (await token({ ...form, code_verifier: 'another' })).json(), {
    error: 'invalid_grant',
  });
  const granted = await token({ ...form, code_verifier: SECRET_VERIFIER });
  assert.equal(granted.status, 200);
  const tokens = (await granted.json()) as Record<string, string>;
  const keys = createRemoteJWKSet(new URL(`${lambent.endpoint}/${UserPoolId}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(tokens['id_token'] ?? '', keys, { audience: web });
  assert.equal(payload['nonce'], 'n-1');
  assert.equal(decodeJwt(tokens['access_token'] ?? '')['scope'], 'openid email');
  assert.deepEqual(await (await token({ ...form, code_verifier: SECRET_VERIFIER })).json(), {
    error: 'invalid_grant',
  });

  const authorization = `Bearer ${tokens['access_token']}`;
  const info = await fetch(`${home}/oauth2/userInfo`, { headers: { authorization } });
  assert.equal(((await info.json()) as { email: string }).email, 'ada@example.com');
  await assert.rejects(idp.send(new cognito.GetUserCommand({ AccessToken: tokens['access_token'] ?? '' })), {
    name: 'NotAuthorizedException',
    message: 'Access Token does not have required scopes',
  });
  const refreshed = await token({
    grant_type: 'refresh_token',
    client_id: web,
    refresh_token: tokens['refresh_token'] ?? '',
  });
  const renewed = (await refreshed.json()) as Record<string, string>;
  assert.equal(decodeJwt(renewed['access_token'] ?? '')['scope'], 'openid email');
  const revoked = await fetch(`${home}/oauth2/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: web, token: tokens['refresh_token'] ?? '' }),
  });
  assert.equal(revoked.status, 200);
  assert.equal((await fetch(`${home}/oauth2/userInfo`, { headers: { authorization } })).status, 401);
});

test('the implicit flow puts tokens in the fragment', async () => {
  const answered = await signIn({ response_type: 'token', scope: 'openid' });
  const back = new URL(answered.headers.get('location') ?? '');
  const values = new URLSearchParams(back.hash.slice(1));
  assert.equal(values.get('token_type'), 'Bearer');
  assert.ok(values.get('id_token'));
  assert.equal(back.search, '');
});

test('a wrong password stays on the page; a wrong address goes nowhere', async () => {
  const answered = await signIn({ response_type: 'code' }, 'wrong');
  assert.equal(answered.status, 400);
  assert.match(await answered.text(), /Incorrect username or password\./);
  const elsewhere = await fetch(
    `${home}/login?${query({ client_id: web, redirect_uri: 'https://evil.example/', response_type: 'code' })}`,
    { redirect: 'manual' },
  );
  assert.equal(elsewhere.status, 400);
  assert.match(await elsewhere.text(), /redirect_mismatch/);
  const scope = await fetch(
    `${home}/login?${query({ client_id: web, redirect_uri: CALLBACK, response_type: 'code', scope: 'phone' })}`,
    { redirect: 'manual' },
  );
  assert.equal(new URL(scope.headers.get('location') ?? '').searchParams.get('error'), 'invalid_scope');
});

test('an application gets tokens of its own by its secret', async () => {
  const authorization = `Basic ${Buffer.from(`${machine.id}:${machine.secret}`).toString('base64')}`;
  const granted = await token({ grant_type: 'client_credentials', scope: 'rides/ask' }, { authorization });
  const { access_token, expires_in } = (await granted.json()) as { access_token: string; expires_in: number };
  assert.equal(expires_in, 3600);
  const claims = decodeJwt(access_token);
  assert.equal(claims['scope'], 'rides/ask');
  assert.equal(claims.sub, machine.id);
  assert.equal(claims['username'], undefined);
  const wrong = await token({ grant_type: 'client_credentials', client_id: machine.id, client_secret: 'x' });
  assert.deepEqual(await wrong.json(), { error: 'invalid_client' });
  const other = await token({ grant_type: 'client_credentials', scope: 'openid' }, { authorization });
  assert.deepEqual(await other.json(), { error: 'invalid_scope' });
});

test('signing out leads where the client says', async () => {
  const bye = await fetch(
    `${home}/logout?${query({ client_id: web, logout_uri: 'https://app.example/bye' })}`,
    {
      redirect: 'manual',
    },
  );
  assert.equal(bye.headers.get('location'), 'https://app.example/bye');
  const elsewhere = await fetch(
    `${home}/logout?${query({ client_id: web, logout_uri: 'https://evil.example/' })}`,
  );
  assert.equal(elsewhere.status, 400);
});
