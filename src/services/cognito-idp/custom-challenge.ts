import type { InitiateAuthResponse } from '../../model/gen/cognito-idp.ts';
import {
  type ChallengeResult,
  openChallenge,
  type SessionChallenge,
  type SrpChallenge,
  sealSession,
  useChallenge,
} from './challenge.ts';
import { fault, wrongPassword } from './fault.ts';
import { checkUsable, complete, type Step, srpChallenge } from './signing-in.ts';
import { eventAttributes, metadata, runTrigger } from './trigger.ts';
import type { UserRow } from './user.ts';

/**
 * What comes next in a sign-in of custom challenges, as the DefineAuthChallenge trigger decides by what has been.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-challenge.html
 */
export async function nextChallenge(
  step: Step,
  user: UserRow,
  history: readonly ChallengeResult[],
  answered: SrpChallenge | SessionChallenge | undefined,
  clientKey?: bigint,
): Promise<InitiateAuthResponse> {
  const { scope, clientMetadata } = step;
  const decision = await runTrigger(scope, 'DefineAuthChallenge', {
    source: 'DefineAuthChallenge_Authentication',
    username: user.username,
    clientId: scope.client.id,
    request: {
      userAttributes: eventAttributes(user),
      session: history,
      userNotFound: false,
      ...metadata('clientMetadata', clientMetadata),
    },
    response: { challengeName: null, issueTokens: null, failAuthentication: null },
  });
  if (decision === undefined) {
    throw fault(
      'InvalidParameterException',
      'Custom auth lambda trigger is not configured for the user pool.',
    );
  }
  if (decision['failAuthentication'] === true) {
    await markAnswered(step, answered);
    throw wrongPassword();
  }
  if (decision['issueTokens'] === true) {
    checkUsable(user);
    return complete(step, user, 'TokenGeneration_Authentication', answered);
  }
  await markAnswered(step, answered);
  switch (decision['challengeName']) {
    case 'CUSTOM_CHALLENGE':
      return createChallenge(step, user, history);
    case 'PASSWORD_VERIFIER':
      if (clientKey !== undefined) return srpChallenge(step, user.username, user, clientKey, history);
      throw fault(
        'InvalidLambdaResponseException',
        'PASSWORD_VERIFIER needs the client to begin with SRP_A.',
      );
    default:
      throw fault(
        'InvalidLambdaResponseException',
        'DefineAuthChallenge failed with unknown challenge name.',
      );
  }
}

async function markAnswered(
  { scope }: Step,
  answered: SrpChallenge | SessionChallenge | undefined,
): Promise<void> {
  if (answered !== undefined) await scope.ctx.transact((tx) => useChallenge(scope, tx, answered));
}

async function createChallenge(
  { scope, clientMetadata }: Step,
  user: UserRow,
  history: readonly ChallengeResult[],
): Promise<InitiateAuthResponse> {
  const made = await runTrigger(scope, 'CreateAuthChallenge', {
    source: 'CreateAuthChallenge_Authentication',
    username: user.username,
    clientId: scope.client.id,
    request: {
      userAttributes: eventAttributes(user),
      challengeName: 'CUSTOM_CHALLENGE',
      session: history,
      userNotFound: false,
      ...metadata('clientMetadata', clientMetadata),
    },
    response: { publicChallengeParameters: null, privateChallengeParameters: null, challengeMetadata: null },
  });
  if (made === undefined) {
    throw fault(
      'InvalidParameterException',
      'Custom auth lambda trigger is not configured for the user pool.',
    );
  }
  const stated = made['challengeMetadata'];
  const session: SessionChallenge = {
    ...openChallenge(scope),
    username: user.username,
    name: 'CUSTOM_CHALLENGE',
    history,
    privateParameters: (made['privateChallengeParameters'] ?? {}) as Readonly<Record<string, string>>,
    metadata: typeof stated === 'string' ? stated : null,
  };
  return {
    ChallengeName: 'CUSTOM_CHALLENGE',
    Session: await sealSession(scope, session),
    ChallengeParameters: {
      ...((made['publicChallengeParameters'] ?? {}) as Readonly<Record<string, string>>),
      USERNAME: user.username,
    },
  };
}

/** Takes an answer to a custom challenge to the VerifyAuthChallengeResponse trigger, and goes on. */
export async function answerCustomChallenge(
  step: Step,
  user: UserRow,
  challenge: SessionChallenge,
  answer: string,
): Promise<InitiateAuthResponse> {
  const { scope, clientMetadata } = step;
  const verdict = await runTrigger(scope, 'VerifyAuthChallengeResponse', {
    source: 'VerifyAuthChallengeResponse_Authentication',
    username: user.username,
    clientId: scope.client.id,
    request: {
      userAttributes: eventAttributes(user),
      privateChallengeParameters: challenge.privateParameters ?? {},
      challengeAnswer: answer,
      userNotFound: false,
      ...metadata('clientMetadata', clientMetadata),
    },
    response: { answerCorrect: null },
  });
  if (verdict === undefined) {
    throw fault(
      'InvalidParameterException',
      'Custom auth lambda trigger is not configured for the user pool.',
    );
  }
  const result: ChallengeResult = {
    challengeName: 'CUSTOM_CHALLENGE',
    challengeResult: verdict['answerCorrect'] === true,
    challengeMetadata: challenge.metadata ?? null,
  };
  return nextChallenge(step, user, [...(challenge.history ?? []), result], challenge);
}
