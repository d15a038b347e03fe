import { strict as assert } from 'node:assert';
import { before, test } from 'node:test';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AddPermissionCommand, CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { strToU8, zipSync } from 'fflate';
import { decodeJwt } from 'jose';
import { withLambent } from '../support/clients.ts';

/** Every trigger in one function; what it saw of the last call of each source is in the claims it adds. */
const CODE = `
const seen = [];
export async function handler(event) {
  const { triggerSource, request, response } = event;
  seen.push(triggerSource);
  switch (triggerSource) {
    case 'PreSignUp_SignUp':
      if (request.userAttributes.email.endsWith('@refused.example')) throw new Error('Not from there');
      if (request.clientMetadata?.guest === 'yes') {
        response.autoConfirmUser = true;
        response.autoVerifyEmail = true;
      }
      break;
    case 'CustomMessage_SignUp':
      response.emailSubject = 'From the function';
      response.emailMessage = 'Say <b>' + request.codeParameter + '</b>';
      break;
    case 'PreAuthentication_Authentication':
      if (request.validationData?.door === 'closed') throw new Error('The door is closed');
      break;
    case 'TokenGeneration_Authentication':
      response.claimsOverrideDetails = {
        claimsToAddOrOverride: { seen: seen.join(' ') },
        claimsToSuppress: ['email_verified'],
        groupOverrideDetails: { groupsToOverride: ['herd'] },
      };
      break;
    case 'UserMigration_Authentication':
      if (request.password !== 'Old-passw0rd') throw new Error('No such user in the old place');
      response.userAttributes = { email: event.userName, email_verified: 'true', username: 'x' };
      response.finalUserStatus = 'CONFIRMED';
      break;
    case 'DefineAuthChallenge_Authentication': {
      const last = request.session.at(-1);
      if (last?.challengeResult) response.issueTokens = true;
      else if (request.session.length >= 2) response.failAuthentication = true;
      else response.challengeName = 'CUSTOM_CHALLENGE';
      break;
    }
    case 'CreateAuthChallenge_Authentication':
      response.publicChallengeParameters = { question: 'What has one horn?' };
      response.privateChallengeParameters = { answer: 'unicorn' };
      response.challengeMetadata = 'HORN';
      break;
    case 'VerifyAuthChallengeResponse_Authentication':
      response.answerCorrect = request.challengeAnswer === request.privateChallengeParameters.answer;
      break;
  }
  return event;
}
`;

const lambent = await withLambent();
const idp = lambent.client(cognito.CognitoIdentityProviderClient);
const lambda = lambent.client(LambdaClient);
let functionArn: string;
before(async () => {
  const iam = lambent.client(IAMClient);
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'trigger',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      }),
    }),
  );
  const made = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'trigger',
      Role: Role?.Arn ?? '',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Timeout: 15,
      Code: { ZipFile: zipSync({ 'index.mjs': strToU8(CODE) }) },
    }),
  );
  functionArn = made.FunctionArn ?? '';
});

const PASSWORD = 'Passw0rd!';
const triggers = (...names: (keyof cognito.LambdaConfigType)[]): cognito.LambdaConfigType =>
  Object.fromEntries(names.map((name) => [name, functionArn]));

async function makePool(LambdaConfig: cognito.LambdaConfigType, permitted = true) {
  const { UserPool } = await idp.send(
    new cognito.CreateUserPoolCommand({
      PoolName: 'triggered',
      UsernameAttributes: ['email'],
      AutoVerifiedAttributes: ['email'],
      LambdaConfig,
    }),
  );
  const UserPoolId = UserPool?.Id ?? '';
  if (permitted) {
    await lambda.send(
      new AddPermissionCommand({
        FunctionName: 'trigger',
        StatementId: UserPoolId,
        Action: 'lambda:InvokeFunction',
        Principal: 'cognito-idp.amazonaws.com',
        SourceArn: UserPool?.Arn ?? '',
      }),
    );
  }
  const { UserPoolClient } = await idp.send(
    new cognito.CreateUserPoolClientCommand({
      UserPoolId,
      ClientName: 'web',
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
    }),
  );
  return UserPoolClient?.ClientId ?? '';
}

const signUp = (ClientId: string, Username: string, ClientMetadata: Record<string, string> = {}) =>
  idp.send(new cognito.SignUpCommand({ ClientId, Username, Password: PASSWORD, ClientMetadata }));

test('a function the pool may not invoke is a fault, not a silence', async () => {
  const ClientId = await makePool(triggers('PreSignUp'), false);
  await assert.rejects(signUp(ClientId, 'a@example.com'), { name: 'UnexpectedLambdaException' });
});

test('triggers refuse, confirm, word messages and change tokens', async () => {
  const ClientId = await makePool(
    triggers(
      'PreSignUp',
      'CustomMessage',
      'PostConfirmation',
      'PreAuthentication',
      'PostAuthentication',
      'PreTokenGeneration',
    ),
  );
  await assert.rejects(signUp(ClientId, 'a@refused.example'), {
    name: 'UserLambdaValidationException',
    message: 'PreSignUp failed with error Not from there.',
  });
  const guest = await signUp(ClientId, 'guest@example.com', { guest: 'yes' });
  assert.equal(guest.UserConfirmed, true);
  assert.equal(guest.CodeDeliveryDetails, undefined);

  await signUp(ClientId, 'b@example.com');
  const answer = await fetch(`${lambent.endpoint}/_lambent/inbox`, {
    headers: { accept: 'application/json' },
  });
  const { messages } = (await answer.json()) as { messages: { subject: string; html: string }[] };
  assert.equal(messages[0]?.subject, 'From the function');
  assert.match(messages[0]?.html ?? '', /^Say <b>\d{6}<\/b>$/);

  const signIn = (ClientMetadata: Record<string, string>) =>
    idp.send(
      new cognito.InitiateAuthCommand({
        ClientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME: 'guest@example.com', PASSWORD },
        ClientMetadata,
      }),
    );
  await assert.rejects(signIn({ door: 'closed' }), {
    name: 'UserLambdaValidationException',
    message: 'PreAuthentication failed with error The door is closed.',
  });
  const { AuthenticationResult } = await signIn({});
  const claims = decodeJwt(AuthenticationResult?.IdToken ?? '');
  assert.equal(claims['email'], 'guest@example.com');
  assert.equal(claims['email_verified'], undefined);
  assert.deepEqual(claims['cognito:groups'], ['herd']);
  assert.match(
    String(claims['seen']),
    /PostConfirmation_ConfirmSignUp .*PreAuthentication_Authentication PostAuthentication_Authentication TokenGeneration_Authentication$/,
  );
});

test('custom challenges: asked, answered wrong, asked again, answered right; a session works once', async () => {
  const ClientId = await makePool(
    triggers('PreSignUp', 'DefineAuthChallenge', 'CreateAuthChallenge', 'VerifyAuthChallengeResponse'),
  );
  const USERNAME = 'riddle@example.com';
  await signUp(ClientId, USERNAME, { guest: 'yes' });
  const asked = await idp.send(
    new cognito.InitiateAuthCommand({ ClientId, AuthFlow: 'CUSTOM_AUTH', AuthParameters: { USERNAME } }),
  );
  assert.equal(asked.ChallengeName, 'CUSTOM_CHALLENGE');
  assert.equal(asked.ChallengeParameters?.['question'], 'What has one horn?');
  assert.equal(asked.ChallengeParameters?.['answer'], undefined);
  const answer = (Session: string | undefined, ANSWER: string) =>
    idp.send(
      new cognito.RespondToAuthChallengeCommand({
        ClientId,
        ChallengeName: 'CUSTOM_CHALLENGE',
        Session,
        ChallengeResponses: { USERNAME, ANSWER },
      }),
    );
  const again = await answer(asked.Session, 'rhinoceros');
  assert.equal(again.ChallengeName, 'CUSTOM_CHALLENGE');
  await assert.rejects(answer(asked.Session, 'unicorn'), {
    name: 'NotAuthorizedException',
    message: /only be used once/,
  });
  assert.ok((await answer(again.Session, 'unicorn')).AuthenticationResult?.IdToken);
});

test('somebody of an older place is taken in at the first sign-in', async () => {
  const ClientId = await makePool(triggers('UserMigration'));
  const signIn = (PASSWORD: string) =>
    idp.send(
      new cognito.InitiateAuthCommand({
        ClientId,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME: 'old@example.com', PASSWORD },
      }),
    );
  await assert.rejects(signIn('Guess-1-of-2'), {
    name: 'UserNotFoundException',
    message: 'User does not exist.',
  });
  const { AuthenticationResult } = await signIn('Old-passw0rd');
  assert.equal(decodeJwt(AuthenticationResult?.IdToken ?? '')['email'], 'old@example.com');
  await assert.rejects(signIn('Guess-1-of-2'), { name: 'NotAuthorizedException' });
});
