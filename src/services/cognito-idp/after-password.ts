import type { InitiateAuthResponse } from '../../model/gen/cognito-idp.ts';
import { schemaOf } from './attribute.ts';
import { openChallenge, type SessionChallenge, type SrpChallenge, sealSession } from './challenge.ts';
import { fault } from './fault.ts';
import type { ClientScope } from './scope.ts';
import { completeOrChallenge } from './second-factor.ts';
import { checkUsable, type Step } from './signing-in.ts';
import type { UserRow } from './user.ts';

/** What a right password leads to: a challenge to replace it, or tokens. */
export async function afterPassword(
  step: Step,
  user: UserRow,
  challenge?: SrpChallenge,
): Promise<InitiateAuthResponse> {
  const { scope } = step;
  checkUsable(user);
  if (user.status !== 'FORCE_CHANGE_PASSWORD') {
    return completeOrChallenge(step, user, 'TokenGeneration_Authentication', challenge);
  }
  if (user.passwordExpiresAtMs !== undefined && scope.ctx.world.clock.now() >= user.passwordExpiresAtMs) {
    throw fault(
      'NotAuthorizedException',
      'Temporary password has expired and must be reset by an administrator.',
    );
  }
  const session: SessionChallenge = {
    ...openChallenge(scope),
    username: user.username,
    name: 'NEW_PASSWORD_REQUIRED',
  };
  return {
    ChallengeName: 'NEW_PASSWORD_REQUIRED',
    Session: await sealSession(scope, session),
    ChallengeParameters: {
      USER_ID_FOR_SRP: user.username,
      requiredAttributes: JSON.stringify(
        missingAttributes(scope, user).map((name) => `userAttributes.${name}`),
      ),
      userAttributes: JSON.stringify(user.attributes),
    },
  };
}

/** Required attributes a user has no value for. */
export function missingAttributes({ pool }: ClientScope, user: UserRow): readonly string[] {
  return schemaOf(pool.declaredSchema).flatMap(({ Name = '', Required }) =>
    Required === true && Name !== 'sub' && !user.attributes[Name] ? [Name] : [],
  );
}
