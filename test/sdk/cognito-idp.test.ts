import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { type Lambent, startLambent } from 'lambent/testing';
import { oneTimePassword, stepAt } from '../../src/services/cognito-idp/totp.ts';
import { withLambent } from '../support/clients.ts';

const browser = createRequire(import.meta.url)(
  'amazon-cognito-identity-js',
) as typeof import('amazon-cognito-identity-js');

const lambent = await withLambent();
const idp = lambent.client(cognito.CognitoIdentityProviderClient);
const clientOf = (server: Lambent) =>
  new cognito.CognitoIdentityProviderClient({
    endpoint: server.endpoint,
    region: server.region,
    credentials: server.credentials,
    maxAttempts: 1,
  });

const PASSWORD = 'Passw0rd!';

interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly at: string;
}
async function mailTo(address: string, server = lambent): Promise<Mail> {
  const answer = await fetch(`${server.endpoint}/_lambent/inbox`, {
    headers: { accept: 'application/json' },
  });
  const { messages } = (await answer.json()) as { messages: Mail[] };
  const mail = messages.find(({ to }) => to === address);
  assert.ok(mail, `no mail for ${address}`);
  return mail;
}
const codeFor = async (address: string) => /\d{6}/.exec((await mailTo(address)).text)?.[0] ?? '';

async function makePool(
  pool: Partial<cognito.CreateUserPoolCommandInput> = {},
  client: Partial<cognito.CreateUserPoolClientCommandInput> = {},
) {
  const { UserPool } = await idp.send(new cognito.CreateUserPoolCommand({ PoolName: 'riders', ...pool }));
  const UserPoolId = UserPool?.Id ?? '';
  const { UserPoolClient } = await idp.send(
    new cognito.CreateUserPoolClientCommand({
      UserPoolId,
      ClientName: 'web',
      ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      ...client,
    }),
  );
  return { UserPoolId, ClientId: UserPoolClient?.ClientId ?? '', secret: UserPoolClient?.ClientSecret };
}
const emailPool = (client: Partial<cognito.CreateUserPoolClientCommandInput> = {}) =>
  makePool({ UsernameAttributes: ['email'], AutoVerifiedAttributes: ['email'] }, client);

async function signUpConfirmed(ClientId: string, Username: string) {
  await idp.send(new cognito.SignUpCommand({ ClientId, Username, Password: PASSWORD }));
  const ConfirmationCode = await codeFor(Username);
  await idp.send(new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode }));
}
const signIn = async (ClientId: string, USERNAME: string, password = PASSWORD) =>
  idp.send(
    new cognito.InitiateAuthCommand({
      ClientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME, PASSWORD: password },
    }),
  );

function fails(name: string, message: string | RegExp) {
  return (error: Error) => {
    assert.equal(
      `${error.name}: ${error.message}`.startsWith(`${name}: `),
      true,
      `${error.name}: ${error.message}`,
    );
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  };
}

/** Signs in as a browser does, by SRP. */
function browserUser(UserPoolId: string, ClientId: string, Username: string) {
  const Pool = new browser.CognitoUserPool({ UserPoolId, ClientId, endpoint: `${lambent.endpoint}/` });
  return new browser.CognitoUser({ Username, Pool });
}
function srp(user: InstanceType<typeof browser.CognitoUser>, Username: string, Password: string) {
  const details = new browser.AuthenticationDetails({ Username, Password });
  return new Promise<import('amazon-cognito-identity-js').CognitoUserSession | 'new password'>(
    (resolve, reject) =>
      user.authenticateUser(details, {
        onSuccess: resolve,
        onFailure: reject,
        newPasswordRequired: () => resolve('new password'),
      }),
  );
}

test('an address signs up, confirms, signs in by SRP, and its tokens verify', async () => {
  const { UserPoolId, ClientId } = await emailPool();
  const Username = 'ada@example.com';
  const signedUp = await idp.send(new cognito.SignUpCommand({ ClientId, Username, Password: PASSWORD }));
  assert.equal(signedUp.UserConfirmed, false);
  assert.deepEqual(signedUp.CodeDeliveryDetails, {
    AttributeName: 'email',
    DeliveryMedium: 'EMAIL',
    Destination: 'a***@e***',
  });
  const user = browserUser(UserPoolId, ClientId, Username);
  await assert.rejects(
    srp(user, Username, PASSWORD),
    fails('UserNotConfirmedException', 'User is not confirmed.'),
  );
  await assert.rejects(
    idp.send(new cognito.SignUpCommand({ ClientId, Username, Password: PASSWORD })),
    fails('UsernameExistsException', 'An account with the given email already exists.'),
  );
  await assert.rejects(
    idp.send(new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode: '000' })),
    fails('CodeMismatchException', 'Invalid verification code provided, please try again.'),
  );
  const ConfirmationCode = await codeFor(Username);
  await idp.send(new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode }));
  await assert.rejects(
    idp.send(new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode })),
    fails('NotAuthorizedException', 'User cannot be confirmed. Current status is CONFIRMED'),
  );
  await assert.rejects(
    srp(user, Username, 'wrong'),
    fails('NotAuthorizedException', 'Incorrect username or password.'),
  );
  const session = await srp(user, Username, PASSWORD);
  assert.ok(session !== 'new password');

  const keys = createRemoteJWKSet(new URL(`${lambent.endpoint}/${UserPoolId}/.well-known/jwks.json`));
  const issuer = `https://cognito-idp.us-east-1.amazonaws.com/${UserPoolId}`;
  const id = await jwtVerify(session.getIdToken().getJwtToken(), keys, { issuer, audience: ClientId });
  assert.equal(id.payload['email'], Username);
  assert.equal(id.payload['email_verified'], true);
  assert.equal(id.payload['token_use'], 'id');
  assert.equal(id.payload['cognito:username'], signedUp.UserSub);
  const access = await jwtVerify(session.getAccessToken().getJwtToken(), keys, { issuer });
  assert.equal(access.payload['client_id'], ClientId);
  assert.equal(access.payload.aud, undefined);
  assert.equal(access.payload['scope'], 'aws.cognito.signin.user.admin');
  assert.equal(access.payload.sub, signedUp.UserSub);

  const AccessToken = session.getAccessToken().getJwtToken();
  const shown = await idp.send(new cognito.GetUserCommand({ AccessToken }));
  assert.deepEqual(shown.UserAttributes, [
    { Name: 'sub', Value: signedUp.UserSub },
    { Name: 'email', Value: Username },
    { Name: 'email_verified', Value: 'true' },
  ]);
  const refreshed = await idp.send(
    new cognito.InitiateAuthCommand({
      ClientId,
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      AuthParameters: { REFRESH_TOKEN: session.getRefreshToken().getToken() },
    }),
  );
  assert.equal(refreshed.AuthenticationResult?.RefreshToken, undefined);
  const renewed = decodeJwt(refreshed.AuthenticationResult?.AccessToken ?? '');
  assert.equal(renewed['origin_jti'], access.payload['origin_jti']);
  assert.notEqual(renewed.jti, access.payload.jti);

  await idp.send(new cognito.GlobalSignOutCommand({ AccessToken }));
  await assert.rejects(
    idp.send(new cognito.GetUserCommand({ AccessToken })),
    fails('NotAuthorizedException', 'Access Token has been revoked'),
  );
  await assert.rejects(
    idp.send(
      new cognito.InitiateAuthCommand({
        ClientId,
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        AuthParameters: { REFRESH_TOKEN: session.getRefreshToken().getToken() },
      }),
    ),
    fails('NotAuthorizedException', 'Invalid Refresh Token'),
  );
});

test('the discovery document names the issuer and where its keys are', async () => {
  const { UserPoolId } = await emailPool();
  const answer = await fetch(`${lambent.endpoint}/${UserPoolId}/.well-known/openid-configuration`);
  const document = (await answer.json()) as { issuer: string; jwks_uri: string };
  assert.equal(document.issuer, `https://cognito-idp.us-east-1.amazonaws.com/${UserPoolId}`);
  assert.equal((await fetch(document.jwks_uri)).status, 200);
  assert.equal((await fetch(`${lambent.endpoint}/us-east-1_nobody/.well-known/jwks.json`)).status, 404);
});

test('what sign-up refuses, in AWS’s words', async () => {
  const { ClientId, UserPoolId } = await emailPool();
  const signUp = (Username: string, Password: string, ...UserAttributes: cognito.AttributeType[]) =>
    idp.send(new cognito.SignUpCommand({ ClientId, Username, Password, UserAttributes }));
  await assert.rejects(
    signUp('bob@example.com', 'passw0rd!'),
    fails(
      'InvalidPasswordException',
      'Password did not conform with policy: Password must have uppercase characters',
    ),
  );
  await assert.rejects(
    signUp('bob', PASSWORD),
    fails('InvalidParameterException', 'Username should be an email.'),
  );
  await assert.rejects(
    signUp('bob@example.com', PASSWORD, { Name: 'custom:shoe', Value: '1' }),
    fails('InvalidParameterException', /Attributes did not conform to the schema/),
  );
  await assert.rejects(
    signUp('bob@example.com', PASSWORD, { Name: 'email_verified', Value: 'true' }),
    fails('NotAuthorizedException', 'A client attempted to write unauthorized attribute'),
  );
  await assert.rejects(
    idp.send(
      new cognito.SignUpCommand({ ClientId: 'nobody', Username: 'bob@example.com', Password: PASSWORD }),
    ),
    fails('ResourceNotFoundException', 'User pool client nobody does not exist.'),
  );
  await idp.send(
    new cognito.UpdateUserPoolCommand({
      UserPoolId,
      AutoVerifiedAttributes: ['email'],
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
    }),
  );
  await assert.rejects(
    signUp('bob@example.com', PASSWORD),
    fails('NotAuthorizedException', 'SignUp is not permitted for this user pool'),
  );
});

test('clients that hide who exists answer alike', async () => {
  const open = await emailPool();
  await assert.rejects(
    signIn(open.ClientId, 'nobody@example.com'),
    fails('UserNotFoundException', 'User does not exist.'),
  );
  const closed = await emailPool({ PreventUserExistenceErrors: 'ENABLED' });
  const { UserPoolId, ClientId } = closed;
  await signUpConfirmed(ClientId, 'somebody@example.com');
  for (const Username of ['somebody@example.com', 'nobody@example.com']) {
    await assert.rejects(
      signIn(ClientId, Username, 'Wr0ng-one!'),
      fails('NotAuthorizedException', 'Incorrect username or password.'),
    );
    await assert.rejects(
      srp(browserUser(UserPoolId, ClientId, Username), Username, 'Wr0ng-one!'),
      fails('NotAuthorizedException', 'Incorrect username or password.'),
    );
    const forgotten = await idp.send(new cognito.ForgotPasswordCommand({ ClientId, Username }));
    assert.match(forgotten.CodeDeliveryDetails?.Destination ?? '', /^[sn]\*\*\*@e\*\*\*$/);
    await assert.rejects(
      idp.send(
        new cognito.ConfirmForgotPasswordCommand({
          ClientId,
          Username,
          ConfirmationCode: '1',
          Password: PASSWORD,
        }),
      ),
      fails('CodeMismatchException', /Invalid verification code/),
    );
  }
});

test('a forgotten password comes back by a code, once', async () => {
  const { ClientId } = await emailPool();
  const Username = 'forgetful@example.com';
  await signUpConfirmed(ClientId, Username);
  await idp.send(new cognito.ForgotPasswordCommand({ ClientId, Username }));
  const ConfirmationCode = await codeFor(Username);
  const confirm = (Password: string) =>
    idp.send(new cognito.ConfirmForgotPasswordCommand({ ClientId, Username, ConfirmationCode, Password }));
  await assert.rejects(
    confirm('short'),
    fails('InvalidPasswordException', 'Password does not conform to policy: Password not long enough'),
  );
  await confirm('An0ther-one!');
  await assert.rejects(confirm('An0ther-one!'), fails('ExpiredCodeException', /please request a code again/));
  await assert.rejects(signIn(ClientId, Username), fails('NotAuthorizedException', /Incorrect/));
  const { AuthenticationResult } = await signIn(ClientId, Username, 'An0ther-one!');
  await idp.send(
    new cognito.ChangePasswordCommand({
      AccessToken: AuthenticationResult?.AccessToken ?? '',
      PreviousPassword: 'An0ther-one!',
      ProposedPassword: PASSWORD,
    }),
  );
  await signIn(ClientId, Username);
});

test('an administrator’s user replaces the temporary password', async () => {
  const { UserPoolId, ClientId } = await emailPool();
  const Username = 'Grace@example.com';
  const { User } = await idp.send(
    new cognito.AdminCreateUserCommand({
      UserPoolId,
      Username,
      DesiredDeliveryMediums: ['EMAIL'],
      UserAttributes: [{ Name: 'email_verified', Value: 'true' }],
    }),
  );
  assert.equal(User?.UserStatus, 'FORCE_CHANGE_PASSWORD');
  const mail = await mailTo(Username);
  const temporary = /password is (\S+)\.$/.exec(mail.text)?.[1] ?? '';
  await assert.rejects(
    idp.send(new cognito.AdminCreateUserCommand({ UserPoolId, Username })),
    fails('UsernameExistsException', 'User account already exists'),
  );
  const user = browserUser(UserPoolId, ClientId, Username);
  assert.equal(await srp(user, Username, temporary), 'new password');
  const session = await new Promise<import('amazon-cognito-identity-js').CognitoUserSession>(
    (resolve, reject) =>
      user.completeNewPasswordChallenge(PASSWORD, {}, { onSuccess: resolve, onFailure: reject }),
  );
  assert.equal(session.getIdToken().payload['email'], Username);
  const shown = await idp.send(new cognito.AdminGetUserCommand({ UserPoolId, Username }));
  assert.equal(shown.UserStatus, 'CONFIRMED');
  assert.equal(shown.Username, User?.Username);
});

test('the same challenge through the administrator’s calls; its session works once', async () => {
  const { UserPoolId, ClientId } = await makePool(
    {},
    { ExplicitAuthFlows: ['ALLOW_ADMIN_USER_PASSWORD_AUTH'] },
  );
  const Username = 'grace';
  await idp.send(
    new cognito.AdminCreateUserCommand({
      UserPoolId,
      Username,
      TemporaryPassword: 'T3mporary!',
      MessageAction: 'SUPPRESS',
    }),
  );
  const begin = (PASSWORD: string) =>
    idp.send(
      new cognito.AdminInitiateAuthCommand({
        UserPoolId,
        ClientId,
        AuthFlow: 'ADMIN_USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME: Username, PASSWORD },
      }),
    );
  const challenge = await begin('T3mporary!');
  assert.equal(challenge.ChallengeName, 'NEW_PASSWORD_REQUIRED');
  const answer = () =>
    idp.send(
      new cognito.AdminRespondToAuthChallengeCommand({
        UserPoolId,
        ClientId,
        ChallengeName: 'NEW_PASSWORD_REQUIRED',
        Session: challenge.Session,
        ChallengeResponses: { USERNAME: Username, NEW_PASSWORD: PASSWORD },
      }),
    );
  const done = await answer();
  assert.ok(done.AuthenticationResult?.IdToken);
  await assert.rejects(answer(), fails('NotAuthorizedException', /can only be used once/));
  await assert.rejects(
    signIn(ClientId, Username),
    fails('InvalidParameterException', 'USER_PASSWORD_AUTH flow not enabled for this client'),
  );
  await idp.send(new cognito.AdminDisableUserCommand({ UserPoolId, Username }));
  await assert.rejects(begin(PASSWORD), fails('NotAuthorizedException', 'User is disabled.'));
  await idp.send(new cognito.AdminEnableUserCommand({ UserPoolId, Username }));
  await idp.send(
    new cognito.AdminSetUserPasswordCommand({
      UserPoolId,
      Username,
      Password: 'S3t-by-admin',
      Permanent: true,
    }),
  );
  assert.ok((await begin('S3t-by-admin')).AuthenticationResult);
});

test('groups are in both tokens, and can be listed both ways', async () => {
  const { UserPoolId, ClientId } = await emailPool();
  const Username = 'member@example.com';
  await signUpConfirmed(ClientId, Username);
  for (const [GroupName, Precedence] of [
    ['riders', 2],
    ['stable', 1],
  ] as const) {
    await idp.send(new cognito.CreateGroupCommand({ UserPoolId, GroupName, Precedence }));
    await idp.send(new cognito.AdminAddUserToGroupCommand({ UserPoolId, GroupName, Username }));
  }
  await assert.rejects(
    idp.send(new cognito.CreateGroupCommand({ UserPoolId, GroupName: 'riders' })),
    fails('GroupExistsException', 'A group with the name already exists.'),
  );
  const { AuthenticationResult } = await signIn(ClientId, Username);
  for (const token of [AuthenticationResult?.IdToken, AuthenticationResult?.AccessToken]) {
    assert.deepEqual(decodeJwt(token ?? '')['cognito:groups'], ['stable', 'riders']);
  }
  const inGroup = await idp.send(new cognito.ListUsersInGroupCommand({ UserPoolId, GroupName: 'riders' }));
  assert.equal(inGroup.Users?.length, 1);
  const ofUser = await idp.send(new cognito.AdminListGroupsForUserCommand({ UserPoolId, Username }));
  assert.deepEqual(ofUser.Groups?.map((group) => group.GroupName).sort(), ['riders', 'stable']);
  await idp.send(new cognito.DeleteGroupCommand({ UserPoolId, GroupName: 'riders' }));
  const left = await idp.send(new cognito.AdminListGroupsForUserCommand({ UserPoolId, Username }));
  assert.deepEqual(
    left.Groups?.map((group) => group.GroupName),
    ['stable'],
  );
});

test('users are listed in pages and by filter', async () => {
  const { UserPoolId } = await makePool();
  for (const name of ['ann', 'ben', 'bea', 'cyd']) {
    await idp.send(
      new cognito.AdminCreateUserCommand({
        UserPoolId,
        Username: name,
        MessageAction: 'SUPPRESS',
        UserAttributes: [{ Name: 'name', Value: `${name} rider` }],
      }),
    );
  }
  const filtered = await idp.send(new cognito.ListUsersCommand({ UserPoolId, Filter: 'username ^= "be"' }));
  assert.deepEqual(filtered.Users?.map((user) => user.Username).sort(), ['bea', 'ben']);
  const seen: (string | undefined)[] = [];
  let PaginationToken: string | undefined;
  do {
    const page: cognito.ListUsersCommandOutput = await idp.send(
      new cognito.ListUsersCommand({ UserPoolId, Limit: 3, PaginationToken, AttributesToGet: ['name'] }),
    );
    seen.push(...(page.Users ?? []).map((user) => user.Username));
    assert.deepEqual(
      page.Users?.[0]?.Attributes?.map(({ Name }) => Name),
      ['name'],
    );
    PaginationToken = page.PaginationToken;
  } while (PaginationToken !== undefined);
  assert.deepEqual(seen, ['ann', 'bea', 'ben', 'cyd']);
});

test('a client with a secret asks for its proof', async () => {
  const { ClientId, secret } = await emailPool({ GenerateSecret: true });
  const Username = 'secret@example.com';
  const SecretHash = createHmac('sha256', secret ?? '')
    .update(Username + ClientId)
    .digest('base64');
  await assert.rejects(
    idp.send(new cognito.SignUpCommand({ ClientId, Username, Password: PASSWORD })),
    fails(
      'NotAuthorizedException',
      `Client ${ClientId} is configured with secret but SECRET_HASH was not received`,
    ),
  );
  await assert.rejects(
    idp.send(new cognito.SignUpCommand({ ClientId, Username, Password: PASSWORD, SecretHash: 'bm8=' })),
    fails('NotAuthorizedException', `Unable to verify secret hash for client ${ClientId}`),
  );
  await idp.send(new cognito.SignUpCommand({ ClientId, Username, Password: PASSWORD, SecretHash }));
});

test('an alias belongs to one user, and can be taken by force', async () => {
  const { UserPoolId, ClientId } = await makePool({
    AliasAttributes: ['email'],
    AutoVerifiedAttributes: ['email'],
  });
  const Email = 'shared@example.com';
  const signUp = (Username: string) =>
    idp.send(
      new cognito.SignUpCommand({
        ClientId,
        Username,
        Password: PASSWORD,
        UserAttributes: [{ Name: 'email', Value: Email }],
      }),
    );
  await assert.rejects(
    signUp(Email),
    fails('InvalidParameterException', /Username cannot be of email format/),
  );
  await signUp('first');
  await idp.send(
    new cognito.ConfirmSignUpCommand({ ClientId, Username: 'first', ConfirmationCode: await codeFor(Email) }),
  );
  assert.ok((await signIn(ClientId, Email)).AuthenticationResult);
  await signUp('second');
  const confirm = async (ForceAliasCreation: boolean) =>
    idp.send(
      new cognito.ConfirmSignUpCommand({
        ClientId,
        Username: 'second',
        ConfirmationCode: await codeFor(Email),
        ForceAliasCreation,
      }),
    );
  await assert.rejects(
    confirm(false),
    fails('AliasExistsException', 'An account with the given email already exists.'),
  );
  await confirm(true);
  const holder = await idp.send(new cognito.AdminGetUserCommand({ UserPoolId, Username: Email }));
  assert.equal(holder.Username, 'second');
  const loser = await idp.send(new cognito.AdminGetUserCommand({ UserPoolId, Username: 'first' }));
  assert.equal(loser.UserAttributes?.find(({ Name }) => Name === 'email_verified')?.Value, 'false');
});

test('a changed address is proven again, before it counts where the pool asks so', async () => {
  const { UserPoolId, ClientId } = await makePool({
    UsernameAttributes: ['email'],
    AutoVerifiedAttributes: ['email'],
    UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ['email'] },
  });
  await signUpConfirmed(ClientId, 'old@example.com');
  const { AuthenticationResult } = await signIn(ClientId, 'old@example.com');
  const AccessToken = AuthenticationResult?.AccessToken ?? '';
  const updated = await idp.send(
    new cognito.UpdateUserAttributesCommand({
      AccessToken,
      UserAttributes: [
        { Name: 'email', Value: 'new@example.com' },
        { Name: 'nickname', Value: 'Ad' },
      ],
    }),
  );
  assert.equal(updated.CodeDeliveryDetailsList?.[0]?.Destination, 'n***@e***');
  await signIn(ClientId, 'old@example.com');
  await idp.send(
    new cognito.VerifyUserAttributeCommand({
      AccessToken,
      AttributeName: 'email',
      Code: await codeFor('new@example.com'),
    }),
  );
  await signIn(ClientId, 'new@example.com');
  await assert.rejects(signIn(ClientId, 'old@example.com'), fails('UserNotFoundException', /does not exist/));
  const shown = await idp.send(new cognito.AdminGetUserCommand({ UserPoolId, Username: 'new@example.com' }));
  assert.equal(shown.UserAttributes?.find(({ Name }) => Name === 'nickname')?.Value, 'Ad');
  await idp.send(new cognito.DeleteUserCommand({ AccessToken }));
  await assert.rejects(
    idp.send(new cognito.AdminGetUserCommand({ UserPoolId, Username: 'new@example.com' })),
    fails('UserNotFoundException', 'User does not exist.'),
  );
});

test('custom attributes and templates of messages', async () => {
  const { ClientId } = await makePool({
    UsernameAttributes: ['email'],
    AutoVerifiedAttributes: ['email'],
    Schema: [{ Name: 'shoe', AttributeDataType: 'Number', NumberAttributeConstraints: { MaxValue: '60' } }],
    VerificationMessageTemplate: { EmailSubject: 'Hop on', EmailMessage: '<p>Type <b>{####}</b></p>' },
  });
  const signUp = (Value: string) =>
    idp.send(
      new cognito.SignUpCommand({
        ClientId,
        Username: 'shoe@example.com',
        Password: PASSWORD,
        UserAttributes: [{ Name: 'custom:shoe', Value }],
      }),
    );
  await assert.rejects(signUp('61'), fails('InvalidParameterException', /did not conform to the schema/));
  await signUp('42');
  const mail = await mailTo('shoe@example.com');
  assert.equal(mail.subject, 'Hop on');
  assert.match(mail.html, /^<p>Type <b>\d{6}<\/b><\/p>$/);
  assert.match(mail.text, /^Type \d{6}$/);
  await idp.send(
    new cognito.ConfirmSignUpCommand({
      ClientId,
      Username: 'shoe@example.com',
      ConfirmationCode: await codeFor('shoe@example.com'),
    }),
  );
  const { AuthenticationResult } = await signIn(ClientId, 'shoe@example.com');
  assert.equal(decodeJwt(AuthenticationResult?.IdToken ?? '')['custom:shoe'], '42');
});

test('refresh tokens are revoked, and rotate where the client says so', async () => {
  const { ClientId } = await emailPool();
  await signUpConfirmed(ClientId, 'revoked@example.com');
  const signedIn = (await signIn(ClientId, 'revoked@example.com')).AuthenticationResult;
  await idp.send(new cognito.RevokeTokenCommand({ ClientId, Token: signedIn?.RefreshToken ?? '' }));
  await assert.rejects(
    idp.send(new cognito.GetUserCommand({ AccessToken: signedIn?.AccessToken ?? '' })),
    fails('NotAuthorizedException', 'Access Token has been revoked'),
  );

  const rotating = await emailPool({
    ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'],
    RefreshTokenRotation: { Feature: 'ENABLED', RetryGracePeriodSeconds: 10 },
  });
  await signUpConfirmed(rotating.ClientId, 'rotating@example.com');
  const first =
    (await signIn(rotating.ClientId, 'rotating@example.com')).AuthenticationResult?.RefreshToken ?? '';
  const rotate = async (RefreshToken: string) =>
    (
      await idp.send(
        new cognito.GetTokensFromRefreshTokenCommand({ ClientId: rotating.ClientId, RefreshToken }),
      )
    ).AuthenticationResult;
  const second = (await rotate(first))?.RefreshToken ?? '';
  assert.notEqual(second, first);
  await rotate(first);
  await lambent.advance(11);
  await assert.rejects(rotate(first), fails('RefreshTokenReuseException', /again/));
  await rotate(second);
});

test('time ends codes, tokens, temporary passwords and locks', async () => {
  const { UserPoolId, ClientId } = await emailPool();
  const Username = 'late@example.com';
  await idp.send(new cognito.SignUpCommand({ ClientId, Username, Password: PASSWORD }));
  const ConfirmationCode = await codeFor(Username);
  await lambent.advance(24 * 3600);
  await assert.rejects(
    idp.send(new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode })),
    fails('ExpiredCodeException', 'Invalid code provided, please request a code again.'),
  );
  await idp.send(new cognito.ResendConfirmationCodeCommand({ ClientId, Username }));
  await idp.send(
    new cognito.ConfirmSignUpCommand({ ClientId, Username, ConfirmationCode: await codeFor(Username) }),
  );
  for (let i = 0; i < 5; i++) {
    await assert.rejects(
      signIn(ClientId, Username, 'Wr0ng-one!'),
      fails('NotAuthorizedException', /Incorrect/),
    );
  }
  await assert.rejects(
    signIn(ClientId, Username),
    fails('NotAuthorizedException', 'Password attempts exceeded'),
  );
  await lambent.advance(2);
  const signedIn = (await signIn(ClientId, Username)).AuthenticationResult;
  await lambent.advance(3601);
  await assert.rejects(
    idp.send(new cognito.GetUserCommand({ AccessToken: signedIn?.AccessToken ?? '' })),
    fails('NotAuthorizedException', 'Access Token has expired'),
  );
  await lambent.advance(30 * 86400);
  await assert.rejects(
    idp.send(
      new cognito.InitiateAuthCommand({
        ClientId,
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        AuthParameters: { REFRESH_TOKEN: signedIn?.RefreshToken ?? '' },
      }),
    ),
    fails('NotAuthorizedException', 'Refresh Token has expired'),
  );
  await idp.send(
    new cognito.AdminCreateUserCommand({
      UserPoolId,
      Username: 'never@example.com',
      TemporaryPassword: PASSWORD,
      MessageAction: 'SUPPRESS',
    }),
  );
  await lambent.advance(7 * 86400 + 1);
  await assert.rejects(
    signIn(ClientId, 'never@example.com'),
    fails('NotAuthorizedException', /Temporary password has expired/),
  );
});

test('pools, clients and domains are described, updated, listed and deleted', async () => {
  const { UserPoolId, ClientId } = await emailPool();
  const described = (await idp.send(new cognito.DescribeUserPoolCommand({ UserPoolId }))).UserPool;
  assert.equal(described?.Arn, `arn:aws:cognito-idp:us-east-1:000000000000:userpool/${UserPoolId}`);
  assert.equal(described?.SchemaAttributes?.length, 20);
  assert.equal(described?.Policies?.PasswordPolicy?.MinimumLength, 8);
  assert.deepEqual(described?.UsernameAttributes, ['email']);
  const updated = await idp.send(
    new cognito.UpdateUserPoolClientCommand({
      UserPoolId,
      ClientId,
      ClientName: 'app',
      AccessTokenValidity: 5,
      TokenValidityUnits: { AccessToken: 'minutes' },
    }),
  );
  assert.equal(updated.UserPoolClient?.AccessTokenValidity, 5);
  assert.equal(updated.UserPoolClient?.ExplicitAuthFlows, undefined);
  await assert.rejects(
    idp.send(
      new cognito.UpdateUserPoolClientCommand({
        UserPoolId,
        ClientId,
        AccessTokenValidity: 1,
        TokenValidityUnits: { AccessToken: 'minutes' },
      }),
    ),
    fails('InvalidParameterException', /Invalid range for token validity/),
  );
  const listed = await idp.send(new cognito.ListUserPoolClientsCommand({ UserPoolId, MaxResults: 10 }));
  assert.deepEqual(
    listed.UserPoolClients?.map((client) => client.ClientName),
    ['app'],
  );
  await idp.send(new cognito.CreateUserPoolDomainCommand({ UserPoolId, Domain: 'canter' }));
  await assert.rejects(
    idp.send(new cognito.DeleteUserPoolCommand({ UserPoolId })),
    fails('InvalidParameterException', /domain configured that should be deleted first/),
  );
  const domain = await idp.send(new cognito.DescribeUserPoolDomainCommand({ Domain: 'canter' }));
  assert.equal(domain.DomainDescription?.UserPoolId, UserPoolId);
  await idp.send(new cognito.DeleteUserPoolDomainCommand({ UserPoolId, Domain: 'canter' }));
  await idp.send(
    new cognito.CreateResourceServerCommand({
      UserPoolId,
      Identifier: 'rides',
      Name: 'Rides',
      Scopes: [{ ScopeName: 'ask', ScopeDescription: 'Ask for a ride' }],
    }),
  );
  const scoped = (AllowedOAuthScopes: string[]) =>
    idp.send(
      new cognito.CreateUserPoolClientCommand({ UserPoolId, ClientName: 'scoped', AllowedOAuthScopes }),
    );
  await scoped(['rides/ask', 'openid']);
  await assert.rejects(scoped(['rides/fly']), fails('ScopeDoesNotExistException', /rides\/fly/));
  const ResourceArn = described?.Arn ?? '';
  await idp.send(new cognito.TagResourceCommand({ ResourceArn, Tags: { team: 'stable', stage: 'test' } }));
  await idp.send(new cognito.UntagResourceCommand({ ResourceArn, TagKeys: ['stage'] }));
  const tags = await idp.send(new cognito.ListTagsForResourceCommand({ ResourceArn }));
  assert.deepEqual(tags.Tags, { team: 'stable' });
  await idp.send(new cognito.DeleteUserPoolCommand({ UserPoolId }));
  await assert.rejects(
    idp.send(new cognito.DescribeUserPoolCommand({ UserPoolId })),
    fails('ResourceNotFoundException', `User pool ${UserPoolId} does not exist.`),
  );
  await assert.rejects(
    signIn(ClientId, 'a@example.com'),
    fails('ResourceNotFoundException', `User pool client ${ClientId} does not exist.`),
  );
});

test('a link confirms where the pool says so', async () => {
  const { UserPoolId, ClientId } = await makePool({
    UsernameAttributes: ['email'],
    AutoVerifiedAttributes: ['email'],
    VerificationMessageTemplate: { DefaultEmailOption: 'CONFIRM_WITH_LINK' },
  });
  const Username = 'link@example.com';
  await idp.send(new cognito.SignUpCommand({ ClientId, Username, Password: PASSWORD }));
  const link = /https?:\/\/\S+/.exec((await mailTo(Username)).text)?.[0] ?? '';
  const confirmed = await fetch(link);
  assert.equal(confirmed.status, 200);
  assert.match(await confirmed.text(), /has been confirmed/);
  assert.equal((await fetch(link)).status, 400);
  const shown = await idp.send(new cognito.AdminGetUserCommand({ UserPoolId, Username }));
  assert.equal(shown.UserStatus, 'CONFIRMED');
});

test('an authenticator app is a second factor: set up, asked for, and good once', async () => {
  const { UserPoolId, ClientId } = await emailPool();
  await idp.send(
    new cognito.SetUserPoolMfaConfigCommand({
      UserPoolId,
      MfaConfiguration: 'ON',
      SoftwareTokenMfaConfiguration: { Enabled: true },
    }),
  );
  const Username = 'second@example.com';
  await signUpConfirmed(ClientId, Username);
  const setup = await signIn(ClientId, Username);
  assert.equal(setup.ChallengeName, 'MFA_SETUP');
  const associated = await idp.send(new cognito.AssociateSoftwareTokenCommand({ Session: setup.Session }));
  const secret = associated.SecretCode ?? '';
  const step = stepAt(Date.now());
  await assert.rejects(
    idp.send(new cognito.VerifySoftwareTokenCommand({ Session: associated.Session, UserCode: '000000' })),
    fails('EnableSoftwareTokenMFAException', 'Code mismatch'),
  );
  const verified = await idp.send(
    new cognito.VerifySoftwareTokenCommand({
      Session: associated.Session,
      UserCode: oneTimePassword(secret, step),
    }),
  );
  assert.equal(verified.Status, 'SUCCESS');
  const done = await idp.send(
    new cognito.RespondToAuthChallengeCommand({
      ClientId,
      ChallengeName: 'MFA_SETUP',
      Session: verified.Session,
      ChallengeResponses: { USERNAME: Username },
    }),
  );
  assert.ok(done.AuthenticationResult?.IdToken);
  const asked = await signIn(ClientId, Username);
  assert.equal(asked.ChallengeName, 'SOFTWARE_TOKEN_MFA');
  const answer = (code: string) =>
    idp.send(
      new cognito.RespondToAuthChallengeCommand({
        ClientId,
        ChallengeName: 'SOFTWARE_TOKEN_MFA',
        Session: asked.Session,
        ChallengeResponses: { USERNAME: Username, SOFTWARE_TOKEN_MFA_CODE: code },
      }),
    );
  await assert.rejects(answer(oneTimePassword(secret, step)), fails('CodeMismatchException', /Invalid code/));
  assert.ok((await answer(oneTimePassword(secret, step + 1))).AuthenticationResult);
  const shown = await idp.send(new cognito.AdminGetUserCommand({ UserPoolId, Username }));
  assert.deepEqual(shown.UserMFASettingList, ['SOFTWARE_TOKEN_MFA']);
});

test('messages are second factors, and the user chooses among several', async () => {
  const { UserPoolId, ClientId } = await emailPool();
  await idp.send(
    new cognito.SetUserPoolMfaConfigCommand({
      UserPoolId,
      MfaConfiguration: 'OPTIONAL',
      SmsMfaConfiguration: { SmsAuthenticationMessage: 'Ride with {####}' },
      EmailMfaConfiguration: { Subject: 'Ride', Message: 'Ride with {####}' },
    }),
  );
  const Username = 'several@example.com';
  await signUpConfirmed(ClientId, Username);
  assert.ok((await signIn(ClientId, Username)).AuthenticationResult);
  await idp.send(
    new cognito.AdminUpdateUserAttributesCommand({
      UserPoolId,
      Username,
      UserAttributes: [{ Name: 'phone_number', Value: '+15550001234' }],
    }),
  );
  await idp.send(
    new cognito.AdminSetUserMFAPreferenceCommand({
      UserPoolId,
      Username,
      SMSMfaSettings: { Enabled: true },
      EmailMfaSettings: { Enabled: true },
    }),
  );
  const choice = await signIn(ClientId, Username);
  assert.equal(choice.ChallengeName, 'SELECT_MFA_TYPE');
  const respond = (input: Partial<cognito.RespondToAuthChallengeCommandInput>) =>
    idp.send(new cognito.RespondToAuthChallengeCommand({ ClientId, ChallengeName: 'SMS_MFA', ...input }));
  const sms = await respond({
    ChallengeName: 'SELECT_MFA_TYPE',
    Session: choice.Session,
    ChallengeResponses: { USERNAME: Username, ANSWER: 'SMS_MFA' },
  });
  assert.equal(sms.ChallengeParameters?.['CODE_DELIVERY_DESTINATION'], '+*******1234');
  const code = await codeFor('+15550001234');
  await assert.rejects(
    respond({ Session: sms.Session, ChallengeResponses: { USERNAME: Username, SMS_MFA_CODE: 'x' } }),
    fails('CodeMismatchException', /Invalid verification code/),
  );
  const answered = { Session: sms.Session, ChallengeResponses: { USERNAME: Username, SMS_MFA_CODE: code } };
  assert.ok((await respond(answered)).AuthenticationResult);
  await assert.rejects(respond(answered), fails('NotAuthorizedException', /only be used once/));
});

test('the inbox is a page for people', async () => {
  const { ClientId } = await emailPool();
  await idp.send(new cognito.SignUpCommand({ ClientId, Username: 'page@example.com', Password: PASSWORD }));
  const answer = await fetch(`${lambent.endpoint}/_lambent/inbox`, { headers: { accept: 'text/html' } });
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.match(await answer.text(), /page@example\.com[\s\S]*data-code="\d{6}"/);
  const other = await fetch(`${lambent.endpoint}/_lambent/inbox?account=111111111111`, {
    headers: { accept: 'application/json' },
  });
  assert.deepEqual(await other.json(), { messages: [] });
});

test('everything is there after a restart', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-cognito-'));
  try {
    const first = await startLambent({ dataFolder });
    const before = clientOf(first);
    const { UserPool } = await before.send(
      new cognito.CreateUserPoolCommand({ PoolName: 'lasting', UsernameAttributes: ['email'] }),
    );
    const UserPoolId = UserPool?.Id ?? '';
    const { UserPoolClient } = await before.send(
      new cognito.CreateUserPoolClientCommand({
        UserPoolId,
        ClientName: 'web',
        ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      }),
    );
    const ClientId = UserPoolClient?.ClientId ?? '';
    await before.send(
      new cognito.SignUpCommand({ ClientId, Username: 'last@example.com', Password: PASSWORD }),
    );
    await before.send(new cognito.AdminConfirmSignUpCommand({ UserPoolId, Username: 'last@example.com' }));
    const signedIn = await before.send(
      new cognito.InitiateAuthCommand({
        ClientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME: 'last@example.com', PASSWORD },
      }),
    );
    before.destroy();
    await first.stop();
    const second = await startLambent({ dataFolder });
    const after = clientOf(second);
    const AccessToken = signedIn.AuthenticationResult?.AccessToken ?? '';
    await after.send(new cognito.GetUserCommand({ AccessToken }));
    await after.send(
      new cognito.InitiateAuthCommand({
        ClientId,
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        AuthParameters: { REFRESH_TOKEN: signedIn.AuthenticationResult?.RefreshToken ?? '' },
      }),
    );
    after.destroy();
    await second.stop();
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
});
