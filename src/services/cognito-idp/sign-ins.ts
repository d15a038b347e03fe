import type {
  AuthFlowType,
  ChallengeNameType,
  CognitoIdpOperations,
  InitiateAuthResponse,
} from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import { afterPassword, missingAttributes } from './after-password.ts';
import { checkAttributes } from './attribute.ts';
import { readSession, readSrp, useChallenge } from './challenge.ts';
import { allowsFlow, checkSecretHash, type Flow } from './client.ts';
import { checkPassword, withPassword } from './credential.ts';
import { answerCustomChallenge, nextChallenge } from './custom-challenge.ts';
import { fault, missingParameter, wrongPassword } from './fault.ts';
import { findUser, saveUser } from './membership.ts';
import { migrateUser } from './migration.ts';
import { passwordPolicy } from './pool.ts';
import { type ClientScope, clientScope, poolClientScope } from './scope.ts';
import { answerFactor, completeOrChallenge } from './second-factor.ts';
import { checkWritable } from './sign-ups.ts';
import {
  beginSignIn,
  checkAttemptable,
  checkPasswordOf,
  countFailure,
  type Step,
  srpChallenge,
  unknownUser,
} from './signing-in.ts';
import { parsePublicKey, poolName, signatureMatches } from './srp.ts';
import { refresh } from './tokens.ts';
import type { UserRow } from './user.ts';

type Texts = Readonly<Record<string, string>>;

export const signIns = {
  InitiateAuth: async (input, ctx) => {
    if (input.AuthFlow.startsWith('ADMIN_')) {
      throw fault('InvalidParameterException', 'Initiate Auth method not supported.');
    }
    const step = { scope: await clientScope(ctx, input.ClientId), clientMetadata: input.ClientMetadata };
    return initiate(step, input.AuthFlow, input.AuthParameters ?? {});
  },

  AdminInitiateAuth: async (input, ctx) => {
    const scope = await poolClientScope(ctx, input.UserPoolId, input.ClientId);
    return initiate(
      { scope, clientMetadata: input.ClientMetadata },
      input.AuthFlow,
      input.AuthParameters ?? {},
    );
  },

  RespondToAuthChallenge: async (input, ctx) => {
    const step = { scope: await clientScope(ctx, input.ClientId), clientMetadata: input.ClientMetadata };
    return respond(step, input.ChallengeName, input.ChallengeResponses ?? {}, input.Session);
  },

  AdminRespondToAuthChallenge: async (input, ctx) => {
    const scope = await poolClientScope(ctx, input.UserPoolId, input.ClientId);
    const step = { scope, clientMetadata: input.ClientMetadata };
    return respond(step, input.ChallengeName, input.ChallengeResponses ?? {}, input.Session);
  },
} satisfies Group<CognitoIdpOperations>;

function required(parameters: Texts, name: string): string {
  const value = parameters[name];
  if (value === undefined || value === '') throw missingParameter(name);
  return value;
}

const REFUSALS: Readonly<Record<Flow, string>> = {
  USER_SRP: 'USER_SRP_AUTH is not enabled for the client.',
  USER_PASSWORD: 'USER_PASSWORD_AUTH flow not enabled for this client',
  ADMIN_USER_PASSWORD: 'Auth flow not enabled for this client',
  CUSTOM: 'CUSTOM_AUTH is not enabled for the client.',
  REFRESH_TOKEN: 'Auth flow not enabled for this client',
};

function checkFlow({ client }: ClientScope, flow: Flow): void {
  if (!allowsFlow(client.settings, flow)) throw fault('InvalidParameterException', REFUSALS[flow]);
}

async function initiate(step: Step, flow: AuthFlowType, parameters: Texts): Promise<InitiateAuthResponse> {
  const { scope } = step;
  switch (flow) {
    case 'USER_SRP_AUTH': {
      checkFlow(scope, 'USER_SRP');
      const name = signInName(scope, parameters);
      const clientKey = srpKey(parameters);
      return srpChallenge(step, name, await beginSignIn(step, name), clientKey);
    }
    case 'USER_PASSWORD_AUTH':
      checkFlow(scope, 'USER_PASSWORD');
      return signInByPassword(step, parameters);
    case 'ADMIN_NO_SRP_AUTH':
    case 'ADMIN_USER_PASSWORD_AUTH':
      checkFlow(scope, 'ADMIN_USER_PASSWORD');
      return signInByPassword(step, parameters);
    case 'REFRESH_TOKEN':
    case 'REFRESH_TOKEN_AUTH':
      return signInByRefreshToken(step, parameters);
    case 'CUSTOM_AUTH':
      checkFlow(scope, 'CUSTOM');
      return beginCustom(step, parameters);
    case 'USER_AUTH':
      throw fault('InvalidParameterException', 'USER_AUTH is not simulated.');
  }
}

/** USERNAME, once the client's secret is proven over it. */
function signInName({ client }: ClientScope, parameters: Texts): string {
  const name = required(parameters, 'USERNAME');
  checkSecretHash(client, [name], parameters['SECRET_HASH']);
  return name;
}

function srpKey(parameters: Texts): bigint {
  const clientKey = parsePublicKey(required(parameters, 'SRP_A'));
  if (clientKey === undefined) throw fault('InvalidParameterException', 'SRP_A is not a valid public key.');
  return clientKey;
}

async function signInByPassword(step: Step, parameters: Texts): Promise<InitiateAuthResponse> {
  const { scope, clientMetadata } = step;
  const name = signInName(scope, parameters);
  const password = required(parameters, 'PASSWORD');
  if ((await findUser(scope, scope.ctx.store, name)) === undefined) {
    await migrateUser(scope, name, { source: 'UserMigration_Authentication', password }, clientMetadata);
  }
  const user = await checkPasswordOf(scope, name, await beginSignIn(step, name), password);
  return afterPassword(step, user);
}

async function signInByRefreshToken(
  { scope, clientMetadata }: Step,
  parameters: Texts,
): Promise<InitiateAuthResponse> {
  const { client } = scope;
  const check = (user: UserRow) => {
    const names = [user.username, user.sub, ...Object.values(user.attributes)];
    checkSecretHash(client, names, parameters['SECRET_HASH']);
  };
  const token = required(parameters, 'REFRESH_TOKEN');
  return {
    ChallengeParameters: {},
    AuthenticationResult: await refresh(scope, token, clientMetadata, { rotate: false, check }),
  };
}

async function beginCustom(step: Step, parameters: Texts): Promise<InitiateAuthResponse> {
  const name = signInName(step.scope, parameters);
  const user = await beginSignIn(step, name);
  if (user === undefined) throw unknownUser(step.scope);
  if (parameters['CHALLENGE_NAME'] !== 'SRP_A') return nextChallenge(step, user, [], undefined);
  const begun = { challengeName: 'SRP_A', challengeResult: true, challengeMetadata: null };
  return nextChallenge(step, user, [begun], undefined, srpKey(parameters));
}

async function respond(
  step: Step,
  challengeName: ChallengeNameType,
  responses: Texts,
  session: string | undefined,
): Promise<InitiateAuthResponse> {
  const name = signInName(step.scope, responses);
  switch (challengeName) {
    case 'PASSWORD_VERIFIER':
      return answerSrp(step, responses);
    case 'NEW_PASSWORD_REQUIRED':
      return answerNewPassword(step, name, responses, session);
    case 'CUSTOM_CHALLENGE': {
      const challenge = await readSession(step.scope, 'CUSTOM_CHALLENGE', session);
      const user = await answeringUser(step.scope, name, challenge.username);
      return answerCustomChallenge(step, user, challenge, required(responses, 'ANSWER'));
    }
    case 'SMS_MFA':
    case 'SOFTWARE_TOKEN_MFA':
    case 'EMAIL_OTP':
    case 'SELECT_MFA_TYPE':
    case 'MFA_SETUP': {
      const challenge = await readSession(step.scope, challengeName, session);
      const user = await answeringUser(step.scope, name, challenge.username);
      return answerFactor(step, user, challenge, responses);
    }
    default:
      throw fault('InvalidParameterException', `Challenge ${challengeName} is not simulated.`);
  }
}

/** The user a session was given to; the answer must name that one. */
async function answeringUser(scope: ClientScope, name: string, username: string): Promise<UserRow> {
  const user = await findUser(scope, scope.ctx.store, name);
  if (user === undefined || user.username !== username) {
    throw fault('NotAuthorizedException', 'Invalid session for the user.');
  }
  return user;
}

async function answerSrp(step: Step, responses: Texts): Promise<InitiateAuthResponse> {
  const { scope } = step;
  const secretBlock = Buffer.from(required(responses, 'PASSWORD_CLAIM_SECRET_BLOCK'), 'base64');
  const signature = required(responses, 'PASSWORD_CLAIM_SIGNATURE');
  const timestamp = required(responses, 'TIMESTAMP');
  const challenge = await readSrp(scope, secretBlock);
  const user = await scope.rows.users.get(scope.ctx.store, [scope.pool.id, challenge.username]);
  const kept = user?.password;
  // A password changed meanwhile has another salt: the proof is over the old one.
  if (user === undefined || kept === undefined || kept.salt !== challenge.salt) throw wrongPassword();
  checkAttemptable(scope, user);
  const proven = signatureMatches({
    pool: poolName(scope.pool.id),
    username: user.username,
    kept,
    server: challenge.server,
    clientKey: BigInt(`0x${challenge.clientKey}`),
    secretBlock,
    timestamp,
    signature,
  });
  if (!proven) {
    await countFailure(scope, user);
    throw wrongPassword();
  }
  if (challenge.history === undefined) return afterPassword(step, user, challenge);
  const result = { challengeName: 'PASSWORD_VERIFIER', challengeResult: true, challengeMetadata: null };
  return nextChallenge(step, user, [...challenge.history, result], challenge);
}

async function answerNewPassword(
  step: Step,
  name: string,
  responses: Texts,
  session: string | undefined,
): Promise<InitiateAuthResponse> {
  const { scope } = step;
  const { pool, rows, ctx } = scope;
  const challenge = await readSession(scope, 'NEW_PASSWORD_REQUIRED', session);
  const user = await answeringUser(scope, name, challenge.username);
  const password = required(responses, 'NEW_PASSWORD');
  checkPassword(passwordPolicy(pool), password, 'Password does not conform to policy');
  const given = Object.fromEntries(
    Object.entries(responses).flatMap(([key, value]) =>
      key.startsWith('userAttributes.') ? [[key.slice('userAttributes.'.length), value]] : [],
    ),
  );
  checkWritable(
    scope.client.settings.WriteAttributes,
    Object.keys(given).map((Name) => ({ Name })),
  );
  checkAttributes(pool.declaredSchema, given, false);
  const changed: UserRow = {
    ...withPassword(scope, user, password, { temporary: false }),
    attributes: { ...user.attributes, ...given },
    status: 'CONFIRMED',
  };
  const [missing] = missingAttributes(scope, changed);
  if (missing !== undefined) {
    throw fault('InvalidParameterException', `Invalid attributes given, ${missing} is missing`);
  }
  await ctx.transact(async (tx) => {
    const current = await rows.users.get(tx, [pool.id, user.username]);
    await useChallenge(scope, tx, challenge);
    if (current?.status !== 'FORCE_CHANGE_PASSWORD') {
      throw fault('NotAuthorizedException', 'Invalid session for the user, session can only be used once.');
    }
    await saveUser(scope, tx, current, changed);
  });
  return completeOrChallenge(step, changed, 'TokenGeneration_NewPasswordChallenge');
}
