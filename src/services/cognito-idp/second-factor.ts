import type { InitiateAuthResponse } from '../../model/gen/cognito-idp.ts';
import { openChallenge, type SessionChallenge, type SrpChallenge, sealSession } from './challenge.ts';
import { checkCode, makeCode } from './code.ts';
import { type Destination, deliveryDetails, send, senderOf } from './delivery.ts';
import { FACTORS, type Factor, factorsFor, offers } from './factor.ts';
import { codeMismatch, fault } from './fault.ts';
import type { TokenSource } from './issuing.ts';
import { updateUser } from './passwords.ts';
import { openText, seedLabel } from './sealed.ts';
import { checkAttemptable, complete, countFailure, type Step } from './signing-in.ts';
import { matchingStep } from './totp.ts';
import type { UserRow } from './user.ts';

/** Ends a sign-in, or asks for the second factor first. */
export async function completeOrChallenge(
  step: Step,
  user: UserRow,
  source: TokenSource,
  answered?: SrpChallenge | SessionChallenge,
): Promise<InitiateAuthResponse> {
  const { pool } = step.scope;
  const factors = factorsFor(pool, user);
  if (factors === 'set up') {
    const possible = offers(pool, 'SOFTWARE_TOKEN_MFA') ? ['SOFTWARE_TOKEN_MFA'] : [];
    if (possible.length === 0) {
      throw fault(
        'InvalidParameterException',
        'User has no second factor, and the pool lets nobody set one up.',
      );
    }
    return challenge(step, user, 'MFA_SETUP', source, { MFAS_CAN_SETUP: JSON.stringify(possible) });
  }
  const [factor] = factors;
  if (factor === undefined) return complete(step, user, source, answered);
  if (factors.length === 1) return factorChallenge(step, user, factor, source);
  return challenge(step, user, 'SELECT_MFA_TYPE', source, { MFAS_CAN_CHOOSE: JSON.stringify(factors) });
}

async function challenge(
  { scope }: Step,
  user: UserRow,
  name: NonNullable<InitiateAuthResponse['ChallengeName']>,
  source: TokenSource,
  parameters: Readonly<Record<string, string>>,
  more: Partial<SessionChallenge> = {},
): Promise<InitiateAuthResponse> {
  const session: SessionChallenge = {
    ...openChallenge(scope),
    ...more,
    username: user.username,
    name,
    source,
  };
  return {
    ChallengeName: name,
    Session: await sealSession(scope, session),
    ChallengeParameters: { ...parameters, USER_ID_FOR_SRP: user.username },
  };
}

/** Asks for one factor; a message goes out for those that travel. */
async function factorChallenge(
  step: Step,
  user: UserRow,
  factor: Factor,
  source: TokenSource,
): Promise<InitiateAuthResponse> {
  const { scope } = step;
  if (factor === 'SOFTWARE_TOKEN_MFA') {
    const name = user.factors?.deviceName;
    return challenge(step, user, factor, source, name === undefined ? {} : { FRIENDLY_DEVICE_NAME: name });
  }
  const { random, clock } = scope.ctx.world;
  const opened = openChallenge(scope);
  const code = makeCode(random, clock.now(), opened.expiresAtMs - clock.now());
  const attribute = factor === 'SMS_MFA' ? 'phone_number' : 'email';
  const destination: Destination = { attribute, address: user.attributes[attribute] ?? '' };
  await sendCode(step, destination, code.code);
  const { DeliveryMedium = '', Destination = '' } = deliveryDetails(destination);
  return challenge(
    step,
    user,
    factor,
    source,
    { CODE_DELIVERY_DELIVERY_MEDIUM: DeliveryMedium, CODE_DELIVERY_DESTINATION: Destination },
    { code },
  );
}

async function sendCode({ scope }: Step, { attribute, address }: Destination, code: string): Promise<void> {
  const { ctx, pool } = scope;
  const fill = (text: string) => text.replaceAll('{####}', () => code);
  const { smsMessage, email } = pool.factors ?? {};
  await ctx.transact(async (tx) => {
    if (attribute === 'phone_number') {
      const text =
        smsMessage ?? pool.settings.SmsAuthenticationMessage ?? 'Your authentication code is {####}.';
      send(scope, tx, { kind: 'sms', to: address, from: 'NOTICE', text: fill(text) });
      return;
    }
    const text = fill(email?.Message ?? 'Your authentication code is {####}.');
    const subject = fill(email?.Subject ?? 'Your authentication code');
    send(scope, tx, { kind: 'email', to: address, from: senderOf(pool), subject, text, html: text });
  });
}

/** Takes a code, a choice of factor, or the end of a set-up. */
export async function answerFactor(
  step: Step,
  user: UserRow,
  session: SessionChallenge,
  responses: Readonly<Record<string, string>>,
): Promise<InitiateAuthResponse> {
  const { scope } = step;
  const source = session.source ?? 'TokenGeneration_Authentication';
  checkAttemptable(scope, user);
  switch (session.name) {
    case 'SELECT_MFA_TYPE': {
      const allowed = factorsFor(scope.pool, user);
      const wanted = FACTORS.find((factor) => factor === responses['ANSWER']);
      if (wanted === undefined || allowed === 'set up' || !allowed.includes(wanted)) {
        throw fault('InvalidParameterException', 'ANSWER is not one of the factors to choose from.');
      }
      return factorChallenge(step, user, wanted, source);
    }
    case 'MFA_SETUP':
      if (user.factors?.sealedSecret === undefined) {
        throw fault('NotAuthorizedException', 'Invalid session for the user.');
      }
      return complete(step, user, source, session);
    case 'SOFTWARE_TOKEN_MFA':
      await checkToken(step, user, responses['SOFTWARE_TOKEN_MFA_CODE'] ?? '');
      return complete(step, user, source, session);
    default: {
      const guess = responses[session.name === 'SMS_MFA' ? 'SMS_MFA_CODE' : 'EMAIL_OTP_CODE'] ?? '';
      if (checkCode(session.code, guess, scope.ctx.world.clock.now()) !== 'right') {
        await countFailure(scope, user);
        throw codeMismatch();
      }
      return complete(step, user, source, session);
    }
  }
}

/** Authenticator apps follow the machine's clock, whatever the virtual one says. */
async function checkToken({ scope }: Step, user: UserRow, given: string): Promise<void> {
  const { sealedSecret, lastStep = 0 } = user.factors ?? {};
  if (sealedSecret === undefined) {
    throw fault('SoftwareTokenMFANotFoundException', 'Software token MFA is not enabled for the user.');
  }
  const secret = openText(sealedSecret, seedLabel(scope, user.username), scope.ctx);
  const used = matchingStep(secret, given, scope.ctx.world.clock.realNow(), lastStep);
  if (used === undefined) {
    await countFailure(scope, user);
    throw fault('CodeMismatchException', 'Invalid code received for user');
  }
  await updateUser(scope, user.username, (row) => {
    if ((row.factors?.lastStep ?? 0) >= used) {
      throw fault('ExpiredCodeException', 'Your software token has already been used once.');
    }
    return row.factors === undefined ? row : { ...row, factors: { ...row.factors, lastStep: used } };
  });
}
