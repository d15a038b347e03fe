import { strict as assert } from 'node:assert';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { before, test } from 'node:test';
import {
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  GetSAMLProviderCommand,
  IAMClient,
  ListRolesCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateSAMLProviderCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleWithSAMLCommand,
  type AssumeRoleWithSAMLCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { selfSigned } from '../support/certificate.ts';
import { withLambent } from '../support/clients.ts';
import {
  encryptAssertion,
  type SamlClaims,
  samlMetadata,
  samlResponse,
  signXml,
} from '../support/saml-provider.ts';

const lambent = await withLambent();
const ISSUER = 'https://idp.example.com/metadata';
const [key, second, stranger] = [selfSigned('idp'), selfSigned('idp'), selfSigned('idp')];
const provider = `arn:aws:iam::${lambent.account}:saml-provider/corp`;
const role = `arn:aws:iam::${lambent.account}:role/federated`;
const iam = lambent.client(IAMClient);
const anonymous = lambent.client(STSClient, {
  credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
});

const document = (...statements: unknown[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const ALLOWED = ['sts:AssumeRoleWithSAML', 'sts:TagSession', 'sts:SetSourceIdentity'];
const trust = (more: object = {}, Action: readonly string[] = ALLOWED) =>
  document({ Effect: 'Allow', Action, Principal: { Federated: provider }, ...more });

async function nowMs(): Promise<number> {
  const clock = await fetch(`${lambent.endpoint}/_lambent/clock`);
  return Date.now() + ((await clock.json()) as { offsetSeconds: number }).offsetSeconds * 1000;
}

async function response(more: Partial<SamlClaims> = {}): Promise<string> {
  return samlResponse({
    issuer: ISSUER,
    issuedAtMs: await nowMs(),
    ...more,
    attributes: { Role: [`${role},${provider}`], RoleSessionName: ['carol'], ...more.attributes },
  });
}

function enter(text: string, more: Partial<AssumeRoleWithSAMLCommandInput> = {}) {
  return anonymous.send(
    new AssumeRoleWithSAMLCommand({
      RoleArn: role,
      PrincipalArn: provider,
      SAMLAssertion: Buffer.from(text).toString('base64'),
      ...more,
    }),
  );
}

const signed = async (more: Partial<SamlClaims> = {}) => signXml(await response(more), 'Assertion', key);
const INVALID = { name: 'InvalidIdentityTokenException', message: 'Response signature invalid' };

before(async () => {
  await iam.send(
    new CreateSAMLProviderCommand({ Name: 'corp', SAMLMetadataDocument: samlMetadata(ISSUER, second, key) }),
  );
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'federated',
      AssumeRolePolicyDocument: trust({
        Condition: { StringEquals: { 'saml:aud': 'https://signin.aws.amazon.com/saml' } },
      }),
      MaxSessionDuration: 7200,
    }),
  );
});

test('a signed assertion lets its subject in, and says who that is', async () => {
  const answer = await enter(await signed());
  assert.equal(answer.Subject, 'carol');
  assert.equal(answer.SubjectType, 'persistent');
  assert.equal(answer.Issuer, ISSUER);
  assert.equal(answer.Audience, 'https://signin.aws.amazon.com/saml');
  assert.match(answer.NameQualifier ?? '', /^[A-Za-z0-9+/]{27}=$/);
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {};
  const credentials = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
  const identity = await lambent.client(STSClient, { credentials }).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, `arn:aws:sts::${lambent.account}:assumed-role/federated/carol`);
});

test('a response that is signed as a whole does as well', async () => {
  await enter(signXml(await response(), 'Response', second));
});

test('what was changed, left unsigned or signed by somebody else is refused', async () => {
  const good = await signed({ attributes: { 'PrincipalTag:team': ['red'] } });
  await assert.rejects(enter(good.replace('>red<', '>blue<')), INVALID);
  await assert.rejects(enter(await response()), INVALID);
  await assert.rejects(enter(signXml(await response(), 'Assertion', stranger)), INVALID);
  await assert.rejects(enter(`<!DOCTYPE r [<!ENTITY a "b">]>${good}`), { message: 'Invalid SAML response' });
  await assert.rejects(enter('no xml'), { name: 'InvalidIdentityTokenException' });
  await assert.rejects(enter('x', { SAMLAssertion: '%%%%' }), { message: 'Invalid base64 SAMLResponse' });
});

test('a signature of something else than what is read is worth nothing', async () => {
  const good = await signed();
  const [assertion = ''] = /<saml:Assertion .*<\/saml:Assertion>/s.exec(good) ?? [];
  const [signature = ''] = /<ds:Signature .*<\/ds:Signature>/s.exec(good) ?? [];
  const forged = assertion
    .replace(signature, '')
    .replaceAll('carol', 'admin')
    .replace('"_assertion"', '"_forged"');
  const wrapped: Readonly<Record<string, string>> = {
    'the forged one first': good.replace(assertion, forged + assertion),
    'the forged one last': good.replace(assertion, assertion + forged),
    'the signed one inside the forged one': good.replace(
      assertion,
      forged.replace('</saml:Assertion>', `${assertion}</saml:Assertion>`),
    ),
    'the signed one among extensions': good.replace(
      assertion,
      `<samlp:Extensions>${assertion}</samlp:Extensions>${forged}`,
    ),
    'the signature in the forged one': good.replace(
      assertion,
      forged.replace('</saml:Issuer>', `</saml:Issuer>${signature}`),
    ),
    'the signed one in an object of the signature': good.replace(
      assertion,
      forged.replace(
        '</saml:Issuer>',
        `</saml:Issuer>${signature.replace('</ds:Signature>', `<ds:Object>${assertion}</ds:Object></ds:Signature>`)}`,
      ),
    ),
    'two of the same id': good.replace(assertion, forged.replace('"_forged"', '"_assertion"') + assertion),
    'two signatures': good.replace(signature, signature + signature),
  };
  for (const [how, text] of Object.entries(wrapped)) await assert.rejects(enter(text), INVALID, how);
});

test('a comment does not cut a name short', async () => {
  const good = await signed({ subject: 'admin@corp.example.evil' });
  const cut = good.replace('admin@corp.example.evil', 'admin@corp.example<!-- -->.evil');
  const answer = await enter(cut);
  assert.equal(answer.Subject, 'admin@corp.example.evil');
});

test('audience, recipient, times and issuer must fit', async () => {
  const now = await nowMs();
  const refused = async (more: Partial<SamlClaims>, name: string, message: string | RegExp) =>
    assert.rejects(enter(await signed(more)), { name, message });
  const invalid = 'InvalidIdentityTokenException';
  const late = 'Token must be redeemed within 5 minutes of issuance';
  await refused(
    { audience: 'https://example.com' },
    invalid,
    'Response does not contain the required audience.',
  );
  await refused({ recipient: 'https://example.com/saml' }, invalid, /recipient/);
  await refused({ confirmedUntilMs: now - 1000 }, 'ExpiredTokenException', late);
  await refused({ conditions: { untilMs: now - 1000 } }, 'ExpiredTokenException', late);
  await refused({ conditions: { fromMs: now + 3_600_000 } }, invalid, /not valid yet/);
  await refused({ issuedAtMs: now - 301_000, confirmedUntilMs: now + 60_000 }, 'ExpiredTokenException', late);
  await refused({ issuer: 'https://other.example.com' }, invalid, 'Issuer not present in specified provider');
  await refused(
    { attributes: { RoleSessionName: [] } },
    invalid,
    'RoleSessionName is required in AuthnResponse',
  );
  await refused(
    { attributes: { RoleSessionName: ['a b'] } },
    invalid,
    /^RoleSessionName in AuthnResponse must match/,
  );
  await refused({ attributes: { SourceIdentity: ['aws:x'] } }, invalid, /^Source Identity must match/);
  await refused({ status: 'Responder' }, 'IDPRejectedClaimException', /authentication failed/);
  await assert.rejects(enter(await signed(), { PrincipalArn: `${provider}-2` }), {
    name: invalid,
    message: "Specified provider doesn't exist",
  });
});

test('only roles that the assertion pairs with the provider, and whose trust it meets', async () => {
  const denied = { name: 'AccessDenied', message: 'Not authorized to perform sts:AssumeRoleWithSAML' };
  const other = `arn:aws:iam::${lambent.account}:role/other`;
  await assert.rejects(enter(await signed({ attributes: { Role: [`${other},${provider}`] } })), denied);
  await assert.rejects(
    enter(await signed({ attributes: { Role: [`${other},${provider}`] } }), { RoleArn: other }),
    denied,
  );
  await enter(await signed({ attributes: { Role: [`${provider},${role}`] } }));
  const change = (PolicyDocument: string) =>
    iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'federated', PolicyDocument }));
  await change(trust({ Condition: { StringEquals: { 'saml:sub': 'erin' } } }));
  await assert.rejects(enter(await signed()), denied);
  await enter(await signed({ subject: 'erin' }));
  await change(
    trust({ Condition: { 'ForAnyValue:StringEquals': { 'saml:eduPersonAffiliation': 'staff' } } }),
  );
  const affiliation = 'urn:oid:1.3.6.1.4.1.5923.1.1.1.1';
  await assert.rejects(enter(await signed({ attributes: { [affiliation]: ['student'] } })), denied);
  await enter(await signed({ attributes: { [affiliation]: ['student', 'staff'] } }));
  await change(trust({}, ['sts:AssumeRoleWithSAML']));
  await enter(await signed());
  await assert.rejects(enter(await signed({ attributes: { 'PrincipalTag:team': ['red'] } })), denied);
  await assert.rejects(enter(await signed({ attributes: { SourceIdentity: ['carol'] } })), denied);
  await change(trust());
});

test('the session has the tags and the source identity of the assertion', async () => {
  const Condition = {
    StringEquals: { 'aws:PrincipalTag/team': 'red', 'aws:SourceIdentity': 'Carol', 'saml:sub': 'carol' },
  };
  const PolicyDocument = document({ Effect: 'Allow', Action: 'iam:ListRoles', Resource: '*', Condition });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'federated', PolicyName: 'p', PolicyDocument }));
  const list = async (team: string) => {
    const answer = await enter(
      await signed({
        attributes: { 'PrincipalTag:team': [team], TransitiveTagKeys: ['team'], SourceIdentity: ['Carol'] },
      }),
    );
    assert.equal(answer.SourceIdentity, 'Carol');
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {};
    const credentials = {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
    };
    return lambent.client(IAMClient, { credentials }).send(new ListRolesCommand({}));
  };
  await list('red');
  await assert.rejects(list('blue'), { name: 'AccessDenied' });
});

test('sessions last as asked, as the assertion says, and never past the provider’s own', async () => {
  const lasts = async (text: string, more: Partial<AssumeRoleWithSAMLCommandInput> = {}) => {
    const { Credentials } = await enter(text, more);
    return Math.round(((Credentials?.Expiration?.getTime() ?? 0) - (await nowMs())) / 100) / 10;
  };
  const near = (found: number, seconds: number) => assert.ok(Math.abs(found - seconds) < 5, `${found}`);
  near(await lasts(await signed()), 3600);
  near(await lasts(await signed({ attributes: { SessionDuration: ['1800'] } })), 1800);
  near(
    await lasts(await signed({ attributes: { SessionDuration: ['1800'] } }), { DurationSeconds: 900 }),
    900,
  );
  near(await lasts(await signed({ endsAtMs: (await nowMs()) + 600_000 })), 600);
  await assert.rejects(enter(await signed(), { DurationSeconds: 7201 }), {
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  });
  const old = await signed();
  await lambent.advance(301);
  await assert.rejects(enter(old), { name: 'ExpiredTokenException' });
});

test('metadata that is none, or has no key to sign with, is refused', async () => {
  for (const text of [
    '<md:EntityDescriptor>',
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"/>',
    samlMetadata(ISSUER),
  ])
    await assert.rejects(
      iam.send(new CreateSAMLProviderCommand({ Name: 'broken', SAMLMetadataDocument: text.padEnd(1000) })),
      { name: 'InvalidInputException' },
    );
});

test('an encrypted assertion is opened by the private keys of the provider', async () => {
  const encrypted = async (how: 'cbc' | 'gcm', { publicKey }: KeyPair) =>
    encryptAssertion(await signedWhole(), publicKey, how);
  const [ours, later] = [rsaKeys(), rsaKeys()];
  await assert.rejects(enter(await encrypted('gcm', ours)), INVALID);
  await assert.rejects(
    iam.send(
      new UpdateSAMLProviderCommand({ SAMLProviderArn: provider, AssertionEncryptionMode: 'Required' }),
    ),
    { name: 'InvalidInputException' },
  );
  await iam.send(
    new UpdateSAMLProviderCommand({
      SAMLProviderArn: provider,
      AssertionEncryptionMode: 'Required',
      AddPrivateKey: ours.pem,
    }),
  );
  for (const how of ['cbc', 'gcm'] as const)
    assert.equal((await enter(await encrypted(how, ours))).Subject, 'carol');
  // What was signed as a whole after it was encrypted is as good.
  const outside = signXml(encryptAssertion(await response(), ours.publicKey), 'Response', key);
  assert.equal((await enter(outside)).Subject, 'carol');
  await assert.rejects(enter(await encrypted('gcm', later)), INVALID);
  await assert.rejects(enter(encryptAssertion(await response(), ours.publicKey)), INVALID);
  await assert.rejects(
    enter(signXml(encryptAssertion(await response(), ours.publicKey), 'Response', stranger)),
    INVALID,
  );
  await assert.rejects(enter(await signed()), /requires encrypted assertions/);

  const { PrivateKeyList: [first] = [] } = await iam.send(
    new GetSAMLProviderCommand({ SAMLProviderArn: provider }),
  );
  await iam.send(
    new UpdateSAMLProviderCommand({
      SAMLProviderArn: provider,
      AssertionEncryptionMode: 'Allowed',
      AddPrivateKey: later.pem,
      RemovePrivateKey: first?.KeyId,
    }),
  );
  await assert.rejects(enter(await encrypted('gcm', ours)), INVALID);
  await enter(await encrypted('gcm', later));
  await enter(await signed());
});

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly pem: string;
}

function rsaKeys(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { publicKey, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** A response whose assertion brings the prefix it is signed with. */
async function signedWhole(): Promise<string> {
  const own = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"';
  return signXml(await response(), 'Assertion', key).replace(`<saml:Assertion ${own} `, '<saml:Assertion ');
}
