import { strict as assert } from 'node:assert';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  IAMClient,
  ListRolesCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { selfSigned } from '../support/certificate.ts';
import { withLambent } from '../support/clients.ts';

/** A provider outside of this cloud: HTTPS on this machine, with a certificate that no authority signed. */
const lambent = await withLambent();
const iam = lambent.client(IAMClient);
const anonymous = lambent.client(STSClient, {
  credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
});
const { privateKey, certificate, thumbprint } = selfSigned('127.0.0.1');
const asked: string[] = [];
let keys: readonly Awaited<ReturnType<typeof signingKey>>[] = await Promise.all([
  signingKey('one', 'RS256'),
  signingKey('two', 'ES256'),
]);
let broken = false;

async function signingKey(kid: string, alg: string) {
  const pair = await generateKeyPair(alg);
  return { kid, alg, secret: pair.privateKey, shown: { ...(await exportJWK(pair.publicKey)), kid, alg } };
}

const server = createServer({ key: privateKey, cert: certificate }, (request, response) => {
  asked.push(request.url ?? '');
  if (broken) {
    response.destroy();
    return;
  }
  const answer =
    request.url === '/.well-known/openid-configuration'
      ? { issuer: issuer(), jwks_uri: `${issuer()}/keys` }
      : { keys: keys.map(({ shown }) => shown) };
  response.end(JSON.stringify(answer));
});
const issuer = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
const host = () => issuer().slice('https://'.length);
const provider = () => `arn:aws:iam::${lambent.account}:oidc-provider/${host()}`;

const document = (...statements: unknown[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const ALLOWED = ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'];
const trust = (more: object = {}) =>
  document({ Effect: 'Allow', Action: ALLOWED, Principal: { Federated: provider() }, ...more });

async function token(claims: JWTPayload = {}, signedBy = keys[0]) {
  assert.ok(signedBy !== undefined);
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    iss: issuer(),
    sub: 'repo:example',
    aud: 'sts.amazonaws.com',
    exp: now + 600,
    ...claims,
  })
    .setProtectedHeader({ alg: signedBy.alg, kid: signedBy.kid })
    .setIssuedAt()
    .sign(signedBy.secret);
}

function enter(WebIdentityToken: string) {
  const RoleArn = `arn:aws:iam::${lambent.account}:role/outside`;
  return anonymous.send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'build', WebIdentityToken }),
  );
}

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await iam.send(
    new CreateOpenIDConnectProviderCommand({
      Url: issuer(),
      ClientIDList: ['sts.amazonaws.com'],
      ThumbprintList: ['0'.repeat(40)],
    }),
  );
  await iam.send(new CreateRoleCommand({ RoleName: 'outside', AssumeRolePolicyDocument: trust() }));
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test('a certificate of no known authority must have a thumbprint the provider lists', async () => {
  await assert.rejects(enter(await token()), {
    name: 'InvalidIdentityTokenException',
    message: "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
  });
  await iam.send(
    new UpdateOpenIDConnectProviderThumbprintCommand({
      OpenIDConnectProviderArn: provider(),
      ThumbprintList: [thumbprint.toUpperCase()],
    }),
  );
  const answer = await enter(await token());
  assert.equal(answer.SubjectFromWebIdentityToken, 'repo:example');
  assert.equal(answer.Provider, issuer());
  assert.equal(answer.Audience, 'sts.amazonaws.com');
  await enter(await token({}, keys[1]));
});

test('its keys are kept, and fetched anew for one that is not among them', async () => {
  asked.length = 0;
  await enter(await token());
  assert.deepEqual(asked, []);
  const stranger = await signingKey('one', 'RS256');
  await assert.rejects(enter(await token({}, stranger)), { name: 'InvalidIdentityTokenException' });
  assert.deepEqual(asked, [], 'a bad signature by a key that is known asks nobody');
  const three = await signingKey('three', 'RS256');
  keys = [...keys, three];
  const tooSoon = await token({}, three);
  await assert.rejects(enter(tooSoon), /Couldn't retrieve verification key/);
});

test('audience, time and claims must fit', async () => {
  const refused = async (claims: JWTPayload, name: string, message: RegExp) =>
    assert.rejects(enter(await token(claims)), { name, message });
  const invalid = 'InvalidIdentityTokenException';
  await refused({ aud: 'somebody' }, invalid, /^Incorrect token audience$/);
  await refused({ azp: 'somebody' }, invalid, /^Incorrect token audience$/);
  await refused({ exp: 1_700_000_000 }, 'ExpiredTokenException', /^Token expired/);
  await refused({ iss: 'https://example.com' }, invalid, /^No OpenIDConnect provider found/);
  await refused(
    { 'https://aws.amazon.com/tags': { principal_tags: { team: ['a', 'b'] } } },
    invalid,
    /one value/,
  );
});

test('its claims are keys of the trust policy and tags of the session', async () => {
  const PolicyDocument = trust({
    Condition: {
      StringLike: { [`${host()}:sub`]: 'repo:*' },
      'ForAnyValue:StringEquals': { [`${host()}:amr`]: 'mfa' },
      StringEquals: { 'aws:RequestTag/team': 'red', 'sts:SourceIdentity': 'carol' },
    },
  });
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'outside', PolicyDocument }));
  const Condition = { StringEquals: { 'aws:PrincipalTag/team': 'red', [`${host()}:sub`]: 'repo:example' } };
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'outside',
      PolicyName: 'p',
      PolicyDocument: document({ Effect: 'Allow', Action: 'iam:ListRoles', Resource: '*', Condition }),
    }),
  );
  await assert.rejects(enter(await token()), {
    name: 'AccessDenied',
    message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  });
  const claims = (team: string) => ({
    amr: ['pwd', 'mfa'],
    'https://aws.amazon.com/tags': { principal_tags: { team: [team] }, transitive_tag_keys: ['team'] },
    'https://aws.amazon.com/source_identity': 'carol',
  });
  await assert.rejects(enter(await token(claims('blue'))), { name: 'AccessDenied' });
  const { Credentials, SourceIdentity } = await enter(await token(claims('red')));
  assert.equal(SourceIdentity, 'carol');
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  const credentials = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
  await lambent.client(IAMClient, { credentials }).send(new ListRolesCommand({}));
});

test('a provider that does not answer is said to', async () => {
  broken = true;
  await iam.send(
    new UpdateOpenIDConnectProviderThumbprintCommand({
      OpenIDConnectProviderArn: provider(),
      ThumbprintList: [thumbprint],
    }),
  );
  await assert.rejects(enter(await token()), {
    name: 'IDPCommunicationErrorException',
    message: 'Error communicating with the identity provider.',
  });
});
