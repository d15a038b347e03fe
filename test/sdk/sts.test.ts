import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import { before, test } from 'node:test';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import {
  CreateAccessKeyCommand,
  CreateOpenIDConnectProviderCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  EnableMFADeviceCommand,
  IAMClient,
  ListRolesCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { type Keys, withLambent } from '../support/clients.ts';

const lambent = await withLambent();
let userKeys: Keys;

function sts(credentials: Keys): STSClient {
  return lambent.client(STSClient, { credentials });
}

function iam(credentials: Keys): IAMClient {
  return lambent.client(IAMClient, { credentials });
}

function keysOf(credentials: Credentials | undefined): Keys {
  return {
    accessKeyId: credentials?.AccessKeyId ?? '',
    secretAccessKey: credentials?.SecretAccessKey ?? '',
    sessionToken: credentials?.SessionToken ?? '',
  };
}

const document = (...statements: unknown[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const trust = (more: object) =>
  document({ Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:TagSession'], ...more });
const allow = (Action: string | readonly string[]) => document({ Effect: 'Allow', Action, Resource: '*' });
const roleArn = (name: string, account = lambent.account) => `arn:aws:iam::${account}:role/${name}`;
const userArn = () => `arn:aws:iam::${lambent.account}:user/dave`;

async function assume(credentials: Keys, input: Partial<AssumeRoleCommandInput> & { RoleArn: string }) {
  return sts(credentials).send(new AssumeRoleCommand({ RoleSessionName: 'session', ...input }));
}

/** RFC 6238 over a seed in base 32. */
function oneTimeCode(seed: string, step: number): string {
  const bits = [...seed].map((digit) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(digit).toString(2).padStart(5, '0'),
  );
  const bytes = bits.join('').match(/.{8}/g) ?? [];
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2))))
    .update(counter)
    .digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

before(async () => {
  const root = iam(lambent.credentials);
  await root.send(new CreateUserCommand({ UserName: 'dave' }));
  const { AccessKey } = await root.send(new CreateAccessKeyCommand({ UserName: 'dave' }));
  userKeys = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  await root.send(
    new PutUserPolicyCommand({
      UserName: 'dave',
      PolicyName: 'p',
      PolicyDocument: allow(['iam:ListUsers', 'sts:GetFederationToken']),
    }),
  );
  const roles: Record<string, string> = {
    direct: trust({ Principal: { AWS: userArn() } }),
    delegated: trust({ Principal: { AWS: lambent.account } }),
    external: trust({
      Principal: { AWS: userArn() },
      Condition: { StringEquals: { 'sts:ExternalId': 'secret' } },
    }),
    tagged: trust({
      Principal: { AWS: '*' },
      Condition: { StringEquals: { 'aws:PrincipalTag/team': 'blue' } },
    }),
  };
  for (const [RoleName, AssumeRolePolicyDocument] of Object.entries(roles))
    await root.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, MaxSessionDuration: 7200 }));
  await root.send(
    new PutRolePolicyCommand({ RoleName: 'direct', PolicyName: 'p', PolicyDocument: allow('iam:List*') }),
  );
});

test('callers are told who they are', async () => {
  const root = await sts(lambent.credentials).send(new GetCallerIdentityCommand({}));
  assert.equal(root.Arn, `arn:aws:iam::${lambent.account}:root`);
  const other = await sts({ accessKeyId: '123456789012', secretAccessKey: 'test' }).send(
    new GetCallerIdentityCommand({}),
  );
  assert.equal(other.Account, '123456789012');
  const user = await sts(userKeys).send(new GetCallerIdentityCommand({}));
  assert.equal(user.Arn, userArn());
  assert.match(user.UserId ?? '', /^AIDA/);
  const info = await sts(lambent.credentials).send(
    new GetAccessKeyInfoCommand({ AccessKeyId: userKeys.accessKeyId }),
  );
  assert.equal(info.Account, lambent.account);
});

test('a role the trust policy opens is assumed, and bounded by the session policy', async () => {
  const answer = await assume(userKeys, { RoleArn: roleArn('direct') });
  assert.equal(answer.AssumedRoleUser?.Arn, `arn:aws:sts::${lambent.account}:assumed-role/direct/session`);
  assert.equal(answer.PackedPolicySize, undefined);
  const keys = keysOf(answer.Credentials);
  const identity = await sts(keys).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, answer.AssumedRoleUser?.Arn);
  assert.equal(identity.UserId, answer.AssumedRoleUser?.AssumedRoleId);
  await iam(keys).send(new ListRolesCommand({}));
  await iam(keys).send(new ListUsersCommand({}));

  const bounded = await assume(userKeys, { RoleArn: roleArn('direct'), Policy: allow('iam:ListUsers') });
  assert.ok((bounded.PackedPolicySize ?? 0) > 0);
  await iam(keysOf(bounded.Credentials)).send(new ListUsersCommand({}));
  await assert.rejects(iam(keysOf(bounded.Credentials)).send(new ListRolesCommand({})), {
    name: 'AccessDenied',
    message: /because no session policy allows the iam:ListRoles action/,
  });

  await assert.rejects(
    sts({ ...keys, sessionToken: `${keys.sessionToken}x` }).send(new GetCallerIdentityCommand({})),
    { name: 'InvalidClientTokenId' },
  );
  await lambent.advance(3600);
  await assert.rejects(sts(keys).send(new GetCallerIdentityCommand({})), { name: 'ExpiredToken' });
});

test('a managed session policy is named by the denial that is its', async () => {
  const { Policy } = await iam(lambent.credentials).send(
    new CreatePolicyCommand({
      PolicyName: 'no-lists',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: 'iam:*', Resource: '*' },
          { Effect: 'Deny', Action: 'iam:ListRoles', Resource: '*' },
        ],
      }),
    }),
  );
  const bounded = await assume(userKeys, {
    RoleArn: roleArn('direct'),
    PolicyArns: [{ arn: Policy?.Arn }],
    Policy: allow('iam:*'),
  });
  await assert.rejects(iam(keysOf(bounded.Credentials)).send(new ListRolesCommand({})), (error: Error) =>
    error.message.endsWith(`with an explicit deny in a session policy: ${Policy?.Arn}`),
  );
});

test('what the trust policy does not open stays shut', async () => {
  const denied = (name: string) => ({
    name: 'AccessDenied',
    message: `User: ${userArn()} is not authorized to perform: sts:AssumeRole on resource: ${roleArn(name)}`,
  });
  await assert.rejects(assume(userKeys, { RoleArn: roleArn('missing') }), denied('missing'));
  await assert.rejects(assume(userKeys, { RoleArn: roleArn('external') }), denied('external'));
  await assert.rejects(
    assume(userKeys, { RoleArn: roleArn('external'), ExternalId: 'guess' }),
    denied('external'),
  );
  await assume(userKeys, { RoleArn: roleArn('external'), ExternalId: 'secret' });
  // The account is named: the caller's own policies must allow too.
  await assert.rejects(assume(userKeys, { RoleArn: roleArn('delegated') }), {
    name: 'AccessDenied',
    message: /because no identity-based policy allows the sts:AssumeRole action/,
  });
  await assert.rejects(assume(userKeys, { RoleArn: 'arn:aws:iam::nothing-here:' }), {
    name: 'ValidationError',
  });
});

test('sessions last as long as the role lets them, chained ones an hour', async () => {
  const RoleArn = roleArn('direct');
  await assert.rejects(assume(userKeys, { RoleArn, DurationSeconds: 7201 }), {
    name: 'ValidationError',
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  });
  await assert.rejects(assume(userKeys, { RoleArn, DurationSeconds: 899 }), { name: 'ValidationError' });
  const root = iam(lambent.credentials);
  await root.send(
    new PutRolePolicyCommand({ RoleName: 'direct', PolicyName: 'chain', PolicyDocument: allow('sts:*') }),
  );
  const first = await assume(userKeys, {
    RoleArn,
    DurationSeconds: 7200,
    Tags: [
      { Key: 'team', Value: 'blue' },
      { Key: 'kind', Value: 'x' },
    ],
    TransitiveTagKeys: ['team'],
  });
  const chained = { RoleArn: roleArn('tagged') };
  await assert.rejects(assume(keysOf(first.Credentials), { ...chained, DurationSeconds: 3601 }), {
    message: /1 hour session limit for roles assumed by role chaining/,
  });
  await assert.rejects(
    assume(keysOf(first.Credentials), { ...chained, Tags: [{ Key: 'Team', Value: 'red' }] }),
    { name: 'InvalidParameterValue', message: /conflicts with a transitive tag key/ },
  );
  await assume(keysOf(first.Credentials), chained);
  await assert.rejects(assume(userKeys, { RoleArn, TransitiveTagKeys: ['absent'] }), {
    message: 'The specified transitive tag key must be included in the requested tags.',
  });
  await root.send(new DeleteRolePolicyCommand({ RoleName: 'direct', PolicyName: 'chain' }));
});

test('what a session hands on to the next, that one’s role must take', async () => {
  const root = iam(lambent.credentials);
  const make = async (RoleName: string, ...Action: readonly string[]) => {
    await root.send(
      new CreateRoleCommand({
        RoleName,
        AssumeRolePolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { AWS: lambent.account }, Action }],
        }),
      }),
    );
    const PolicyDocument = allow('sts:*');
    await root.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'chain', PolicyDocument }));
  };
  await make('giving', 'sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity');
  await make('taking', 'sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity');
  await make('refusing', 'sts:AssumeRole');
  const session = async (more: object) =>
    keysOf((await assume(lambent.credentials, { RoleArn: roleArn('giving'), ...more })).Credentials);
  const tagged = await session({ Tags: [{ Key: 'team', Value: 'a' }], TransitiveTagKeys: ['team'] });
  const known = await session({ SourceIdentity: 'carol' });
  for (const keys of [tagged, known]) await assume(keys, { RoleArn: roleArn('taking') });
  await assert.rejects(assume(tagged, { RoleArn: roleArn('refusing') }), /sts:TagSession/);
  await assert.rejects(assume(known, { RoleArn: roleArn('refusing') }), /sts:SetSourceIdentity/);
  await assume(await session({}), { RoleArn: roleArn('refusing') });
});

test('sessions of root and federated users know when they were issued', async () => {
  const { Credentials } = await sts(lambent.credentials).send(new GetSessionTokenCommand({}));
  await assert.rejects(sts(keysOf(Credentials)).send(new GetSessionTokenCommand({})), {
    message: 'Cannot call GetSessionToken with session credentials',
  });
  const issuedBefore = (Bool: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'iam:*', Resource: '*' },
        { Effect: 'Deny', Action: '*', Resource: '*', Condition: { Null: { 'aws:TokenIssueTime': Bool } } },
      ],
    });
  const federated = async (Policy: string) =>
    iam(
      keysOf(
        (await sts(lambent.credentials).send(new GetFederationTokenCommand({ Name: 'guest', Policy })))
          .Credentials,
      ),
    );
  await (await federated(issuedBefore('true'))).send(new ListUsersCommand({}));
  await assert.rejects((await federated(issuedBefore('false'))).send(new ListUsersCommand({})));
});

test('across accounts both sides must allow', async () => {
  const account = '333333333333';
  const there = iam({ accessKeyId: account, secretAccessKey: 'test' });
  await there.send(
    new CreateRoleCommand({
      RoleName: 'guest',
      AssumeRolePolicyDocument: trust({ Principal: { AWS: lambent.account } }),
    }),
  );
  const RoleArn = roleArn('guest', account);
  await assert.rejects(assume(userKeys, { RoleArn }), { name: 'AccessDenied' });
  const root = iam(lambent.credentials);
  await root.send(
    new PutUserPolicyCommand({ UserName: 'dave', PolicyName: 'go', PolicyDocument: allow('sts:AssumeRole') }),
  );
  const { Credentials: credentials } = await assume(userKeys, { RoleArn });
  const guest = sts(keysOf(credentials));
  assert.equal((await guest.send(new GetCallerIdentityCommand({}))).Account, account);
  await there.send(new DeleteRoleCommand({ RoleName: 'guest' }));
  await assert.rejects(guest.send(new GetCallerIdentityCommand({})), { name: 'InvalidClientTokenId' });
});

test('a second factor is asked for once', async () => {
  const root = iam(lambent.credentials);
  const { VirtualMFADevice } = await root.send(
    new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'phone' }),
  );
  const SerialNumber = VirtualMFADevice?.SerialNumber ?? '';
  assert.equal(SerialNumber, `arn:aws:iam::${lambent.account}:mfa/phone`);
  const seed = Buffer.from(VirtualMFADevice?.Base32StringSeed ?? []).toString();
  assert.equal(Buffer.from(VirtualMFADevice?.QRCodePNG ?? []).toString('latin1', 1, 4), 'PNG');
  const clock = await fetch(`${lambent.endpoint}/_lambent/clock`);
  const { offsetSeconds } = (await clock.json()) as { offsetSeconds: number };
  const code = (steps: number) =>
    oneTimeCode(seed, Math.floor((Date.now() + offsetSeconds * 1000) / 30_000) + steps);
  const enable = (AuthenticationCode1: string, AuthenticationCode2: string) =>
    root.send(
      new EnableMFADeviceCommand({
        UserName: 'dave',
        SerialNumber,
        AuthenticationCode1,
        AuthenticationCode2,
      }),
    );
  await assert.rejects(enable('000000', '000000'), { name: 'InvalidAuthenticationCodeException' });
  await enable(code(-1), code(0));
  await root.send(
    new CreateRoleCommand({
      RoleName: 'guarded',
      AssumeRolePolicyDocument: trust({
        Principal: { AWS: userArn() },
        Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      }),
    }),
  );
  const RoleArn = roleArn('guarded');
  await assert.rejects(assume(userKeys, { RoleArn }), { name: 'AccessDenied' });
  const TokenCode = code(1);
  await assume(userKeys, { RoleArn, SerialNumber, TokenCode });
  await assert.rejects(assume(userKeys, { RoleArn, SerialNumber, TokenCode }), {
    name: 'AccessDenied',
    message: /^MultiFactorAuthentication failed with invalid MFA one time pass code/,
  });
});

test('users have sessions of their own and send others', async () => {
  const session = await sts(userKeys).send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
  const keys = keysOf(session.Credentials);
  assert.equal((await sts(keys).send(new GetCallerIdentityCommand({}))).Arn, userArn());
  await iam(keys).send(new ListUsersCommand({}));
  await assert.rejects(sts(keys).send(new GetSessionTokenCommand({})), {
    name: 'AccessDenied',
    message: 'Cannot call GetSessionToken with session credentials',
  });

  const federated = await sts(userKeys).send(
    new GetFederationTokenCommand({ Name: 'guest', Policy: allow('iam:*') }),
  );
  assert.equal(federated.FederatedUser?.FederatedUserId, `${lambent.account}:guest`);
  await iam(keysOf(federated.Credentials)).send(new ListUsersCommand({}));
  await assert.rejects(iam(keysOf(federated.Credentials)).send(new ListRolesCommand({})), {
    message: /federated-user\/guest is not authorized to perform: iam:ListRoles/,
  });
  const powerless = await sts(userKeys).send(new GetFederationTokenCommand({ Name: 'guest' }));
  assert.equal(powerless.PackedPolicySize, 0);
  await assert.rejects(iam(keysOf(powerless.Credentials)).send(new ListUsersCommand({})), {
    name: 'AccessDenied',
  });
});

test('a user pool vouches for who its tokens name', async () => {
  const client = lambent.client(cognito.CognitoIdentityProviderClient);
  const { UserPool } = await client.send(new cognito.CreateUserPoolCommand({ PoolName: 'p' }));
  const UserPoolId = UserPool?.Id ?? '';
  const { UserPoolClient } = await client.send(
    new cognito.CreateUserPoolClientCommand({
      UserPoolId,
      ClientName: 'c',
      ExplicitAuthFlows: ['ALLOW_ADMIN_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
    }),
  );
  const ClientId = UserPoolClient?.ClientId ?? '';
  await client.send(new cognito.AdminCreateUserCommand({ UserPoolId, Username: 'erin' }));
  await client.send(
    new cognito.AdminSetUserPasswordCommand({
      UserPoolId,
      Username: 'erin',
      Password: 'Secret-password-1',
      Permanent: true,
    }),
  );
  const { AuthenticationResult } = await client.send(
    new cognito.AdminInitiateAuthCommand({
      UserPoolId,
      ClientId,
      AuthFlow: 'ADMIN_USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: 'erin', PASSWORD: 'Secret-password-1' },
    }),
  );
  const token = AuthenticationResult?.IdToken ?? '';

  const host = `cognito-idp.us-east-1.amazonaws.com/${UserPoolId}`;
  const root = iam(lambent.credentials);
  const Federated = `arn:aws:iam::${lambent.account}:oidc-provider/${host}`;
  await root.send(
    new CreateRoleCommand({
      RoleName: 'signed-in',
      AssumeRolePolicyDocument: document({
        Effect: 'Allow',
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: { Federated },
        Condition: { StringEquals: { [`${host}:aud`]: ClientId } },
      }),
    }),
  );
  const anonymous = sts({ accessKeyId: 'none', secretAccessKey: 'none' });
  const enter = (WebIdentityToken: string, name = 'signed-in') =>
    anonymous.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: roleArn(name),
        RoleSessionName: 'erin',
        WebIdentityToken,
      }),
    );
  const url = `https://${host}`;
  await assert.rejects(enter(token), {
    name: 'InvalidIdentityTokenException',
    message: `No OpenIDConnect provider found in your account for ${url}`,
  });
  await root.send(new CreateOpenIDConnectProviderCommand({ Url: url, ClientIDList: [ClientId] }));
  const answer = await enter(token);
  assert.equal(answer.Audience, ClientId);
  const identity = await sts(keysOf(answer.Credentials)).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, `arn:aws:sts::${lambent.account}:assumed-role/signed-in/erin`);
  const [head, body, signature = ''] = token.split('.');
  const forged = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  await assert.rejects(enter(`${head}.${body}.${forged}`), { name: 'InvalidIdentityTokenException' });
  await assert.rejects(enter('a.b.c'), { message: /^The ID Token provided is not a valid JWT/ });
  await assert.rejects(enter(token, 'direct'), {
    name: 'AccessDenied',
    message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  });
  await lambent.advance(3601);
  await assert.rejects(enter(token), { name: 'ExpiredTokenException', message: /^Token expired/ });
});
