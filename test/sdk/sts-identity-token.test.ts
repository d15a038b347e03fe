import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import * as sdk from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetWebIdentityTokenCommand,
  type GetWebIdentityTokenCommandInput,
  STSClient,
} from '@aws-sdk/client-sts';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { type Keys, withLambent } from '../support/clients.ts';
import { named } from '../support/refusals.ts';

/** STS vouches for this cloud's identities to services outside of it. */
const lambent = await withLambent();
const iam = lambent.client(sdk.IAMClient);
const document = (...Statement: unknown[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const AUDIENCE = 'https://api.example.com';
let session: Keys;
let issuer = '';

function ask(more: Partial<GetWebIdentityTokenCommandInput> = {}, credentials = session) {
  const input = { Audience: [AUDIENCE], SigningAlgorithm: 'RS256', ...more };
  return lambent.client(STSClient, { credentials }).send(new GetWebIdentityTokenCommand(input));
}

before(async () => {
  await iam.send(
    new sdk.CreateRoleCommand({
      RoleName: 'batch',
      Tags: [{ Key: 'team', Value: 'blue' }],
      AssumeRolePolicyDocument: document({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { AWS: lambent.account },
      }),
    }),
  );
  await iam.send(
    new sdk.PutRolePolicyCommand({
      RoleName: 'batch',
      PolicyName: 'p',
      PolicyDocument: document(
        {
          Effect: 'Allow',
          Action: 'sts:GetWebIdentityToken',
          Resource: '*',
          Condition: { 'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': AUDIENCE } },
        },
        { Effect: 'Allow', Action: 'sts:TagGetWebIdentityToken', Resource: '*' },
      ),
    }),
  );
  const { Credentials } = await lambent.client(STSClient).send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${lambent.account}:role/batch`,
      RoleSessionName: 'job',
      DurationSeconds: 900,
    }),
  );
  session = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
});

test('nobody is vouched for before the account wants it', async () => {
  await assert.rejects(ask(), named('OutboundWebIdentityFederationDisabledException', 403));
  await assert.rejects(
    iam.send(new sdk.GetOutboundWebIdentityFederationInfoCommand({})),
    named('FeatureDisabledException', 404),
  );
  issuer = (await iam.send(new sdk.EnableOutboundWebIdentityFederationCommand({}))).IssuerIdentifier ?? '';
  assert.match(issuer, /^https:\/\/[0-9a-f-]{36}\.tokens\.sts\.global\.api\.aws$/);
  await assert.rejects(
    iam.send(new sdk.EnableOutboundWebIdentityFederationCommand({})),
    named('FeatureEnabledException', 409),
  );
});

test('a token says who asked, for whom it is, and can be checked by its published keys', async () => {
  const id = new URL(issuer).host.split('.')[0];
  const base = `${lambent.endpoint}/_aws/sts-tokens/${id}/.well-known`;
  for (const SigningAlgorithm of ['RS256', 'ES384']) {
    const { WebIdentityToken = '', Expiration } = await ask({
      SigningAlgorithm,
      Tags: [{ Key: 'job', Value: '7' }],
    });
    const discovered = (await (await fetch(`${base}/openid-configuration`)).json()) as Record<string, string>;
    assert.equal(discovered['issuer'], issuer);
    const keys = createRemoteJWKSet(new URL(discovered['jwks_uri'] ?? ''));
    const { payload, protectedHeader } = await jwtVerify(WebIdentityToken, keys, {
      issuer,
      audience: AUDIENCE,
    });
    assert.equal(protectedHeader.alg, SigningAlgorithm);
    assert.equal(payload.sub, `arn:aws:iam::${lambent.account}:role/batch`);
    assert.equal(payload.exp, (Expiration?.getTime() ?? 0) / 1000);
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 300);
    assert.deepEqual(payload['https://sts.amazonaws.com/'], {
      aws_account: lambent.account,
      source_region: 'us-east-1',
      principal_tags: { team: 'blue' },
      request_tags: { job: '7' },
    });
  }
  assert.equal((await fetch(`${base}/nothing`)).status, 404);
});

test('it is asked for by permission, and does not outlast the session', async () => {
  await assert.rejects(ask({ Audience: [AUDIENCE, 'https://elsewhere.example'] }), named('AccessDenied'));
  await assert.rejects(ask({ DurationSeconds: 3600 }), named('SessionDurationEscalationException', 403));
  await assert.rejects(ask({ SigningAlgorithm: 'HS256' }), named('ValidationError'));
  await ask({ DurationSeconds: 3600 }, lambent.credentials);
});

test('another account of this cloud can trust it', async () => {
  const account = '555566667777';
  const theirs = lambent.client(sdk.IAMClient, {
    credentials: { accessKeyId: account, secretAccessKey: 'test' },
  });
  const { OpenIDConnectProviderArn: Federated } = await theirs.send(
    new sdk.CreateOpenIDConnectProviderCommand({ Url: issuer, ClientIDList: [AUDIENCE] }),
  );
  const { Role } = await theirs.send(
    new sdk.CreateRoleCommand({
      RoleName: 'visitor',
      AssumeRolePolicyDocument: document({
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: { Federated },
        Condition: {
          StringEquals: {
            [`${new URL(issuer).host}:sub`]: `arn:aws:iam::${lambent.account}:role/batch`,
          },
        },
      }),
    }),
  );
  const enter = (WebIdentityToken: string | undefined) =>
    lambent.client(STSClient).send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: Role?.Arn,
        RoleSessionName: 'guest',
        WebIdentityToken,
      }),
    );
  const { WebIdentityToken } = await ask();
  assert.equal((await enter(WebIdentityToken)).Provider, issuer);
  const { WebIdentityToken: roots } = await ask({}, lambent.credentials);
  assert.equal(decodeJwt(roots ?? '').sub, `arn:aws:iam::${lambent.account}:root`);
  await assert.rejects(enter(roots), named('AccessDenied'));
  await iam.send(new sdk.DisableOutboundWebIdentityFederationCommand({}));
  await assert.rejects(ask(), named('OutboundWebIdentityFederationDisabledException'));
});
