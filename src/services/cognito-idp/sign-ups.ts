import type { AttributeListType, CognitoIdpOperations } from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import { type Attributes, attributeMap, checkAttributes, isEmail, isPhoneNumber } from './attribute.ts';
import { checkSecretHash } from './client.ts';
import { CONFIRMATION_LIFETIME_MS, checkCode, makeCode } from './code.ts';
import { checkPassword, withPassword } from './credential.ts';
import { compose, confirmationDestination, deliveryDetails, pretendDelivery, send } from './delivery.ts';
import { attemptLimit, codeExpired, codeMismatch, fault, noSuchAccount, noSuchUser } from './fault.ts';
import { findUser, saveUser } from './membership.ts';
import { normalName, type PoolRow, passwordPolicy } from './pool.ts';
import { type ClientScope, clientScope, type PoolScope } from './scope.ts';
import { eventAttributes, metadata, runTrigger } from './trigger.ts';
import type { UserRow } from './user.ts';

export const signUps = {
  SignUp: async (input, ctx) => {
    const scope = await clientScope(ctx, input.ClientId);
    const { pool, client } = scope;
    checkSecretHash(client, [input.Username], input.SecretHash);
    if (pool.settings.AdminCreateUserConfig?.AllowAdminCreateUserOnly === true) {
      throw fault('NotAuthorizedException', 'SignUp is not permitted for this user pool');
    }
    if (input.Password === undefined) throw fault('InvalidParameterException', 'Password is required.');
    checkWritable(client.settings.WriteAttributes, input.UserAttributes);
    const fresh = newUser(scope, input.Username, attributeMap(input.UserAttributes), 'UNCONFIRMED');
    checkPassword(passwordPolicy(pool), input.Password, 'Password did not conform with policy');
    await refuseTaken(scope, input.Username, fresh);
    const verdict = await runTrigger(scope, 'PreSignUp', {
      source: 'PreSignUp_SignUp',
      username: fresh.username,
      clientId: client.id,
      request: {
        userAttributes: fresh.attributes,
        validationData: input.ValidationData === undefined ? null : attributeMap(input.ValidationData),
        ...metadata('clientMetadata', input.ClientMetadata),
      },
      response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
    });
    const confirmed = verdict?.['autoConfirmUser'] === true;
    const user: UserRow = {
      ...withPassword(scope, fresh, input.Password, { temporary: false }),
      attributes: {
        ...fresh.attributes,
        ...(verdict?.['autoVerifyEmail'] === true ? { email_verified: 'true' } : {}),
        ...(verdict?.['autoVerifyPhone'] === true ? { phone_number_verified: 'true' } : {}),
      },
      status: confirmed ? 'CONFIRMED' : 'UNCONFIRMED',
    };
    const delivery = confirmed
      ? undefined
      : await confirmationLetter(scope, user, 'SignUp', input.Username, input.ClientMetadata);
    await scope.ctx.transact(async (tx) => {
      await refuseTaken(scope, input.Username, user, tx);
      await saveUser(scope, tx, undefined, delivery?.user ?? user, { taken: accountExists });
      if (delivery !== undefined) send(scope, tx, delivery.letter);
    });
    if (confirmed)
      await announceConfirmed(scope, user, 'PostConfirmation_ConfirmSignUp', input.ClientMetadata);
    return {
      UserConfirmed: confirmed,
      ...(delivery === undefined ? {} : { CodeDeliveryDetails: delivery.details }),
      UserSub: user.sub,
    };
  },

  ConfirmSignUp: async (input, ctx) => {
    const scope = await clientScope(ctx, input.ClientId);
    checkSecretHash(scope.client, [input.Username], input.SecretHash);
    const now = scope.ctx.world.clock.now();
    const outcome = await scope.ctx.transact(async (tx) => {
      const user = await findUser(scope, tx, input.Username);
      // An unknown user looks like a code that ran out.
      if (user === undefined)
        return scope.client.settings.PreventUserExistenceErrors === 'ENABLED' ? 'expired' : 'unknown';
      if (user.status !== 'UNCONFIRMED') {
        throw fault('NotAuthorizedException', `User cannot be confirmed. Current status is ${user.status}`);
      }
      const verdict = checkCode(user.confirmation, input.ConfirmationCode, now);
      if (verdict === 'wrong' && user.confirmation !== undefined) {
        const failures = user.confirmation.failures + 1;
        await saveUser(scope, tx, user, { ...user, confirmation: { ...user.confirmation, failures } });
      }
      if (verdict !== 'right' || user.confirmation === undefined) return verdict;
      const { confirmation, ...rest } = user;
      const confirmed: UserRow = {
        ...rest,
        status: 'CONFIRMED',
        attributes: { ...user.attributes, [`${confirmation.attribute}_verified`]: 'true' },
        modifiedAtMs: now,
      };
      await saveUser(scope, tx, user, confirmed, { forceAliases: input.ForceAliasCreation ?? false });
      return confirmed;
    });
    if (outcome === 'unknown') throw noSuchAccount();
    if (outcome === 'wrong') throw codeMismatch();
    if (outcome === 'exhausted') throw attemptLimit();
    if (outcome === 'expired' || outcome === 'right') throw codeExpired();
    await announceConfirmed(scope, outcome, 'PostConfirmation_ConfirmSignUp', input.ClientMetadata);
    return {};
  },

  ResendConfirmationCode: async (input, ctx) => {
    const scope = await clientScope(ctx, input.ClientId);
    checkSecretHash(scope.client, [input.Username], input.SecretHash);
    const user = await findUser(scope, scope.ctx.store, input.Username);
    if (user === undefined) return { CodeDeliveryDetails: pretendDelivery(scope, input.Username) };
    if (user.status !== 'UNCONFIRMED') {
      throw fault('InvalidParameterException', 'User is already confirmed.');
    }
    const delivery = await confirmationLetter(
      scope,
      user,
      'ResendCode',
      input.Username,
      input.ClientMetadata,
    );
    if (delivery === undefined) {
      throw fault('InvalidParameterException', 'Auto verification not turned on.');
    }
    await scope.ctx.transact(async (tx) => {
      const current = await scope.rows.users.get(tx, [scope.pool.id, user.username]);
      if (current === undefined) throw noSuchUser();
      await saveUser(scope, tx, current, { ...current, ...confirmationOf(delivery.user) });
      send(scope, tx, delivery.letter);
    });
    return { CodeDeliveryDetails: delivery.details };
  },
} satisfies Group<CognitoIdpOperations>;

function confirmationOf(user: UserRow) {
  return user.confirmation === undefined ? {} : { confirmation: user.confirmation };
}

/** The fault of SignUp for a sign-in name that somebody has. */
export const accountExists = (attribute: string) =>
  fault('UsernameExistsException', `An account with the given ${attribute} already exists.`);

/** Throws unless the client may write every attribute it names. */
export function checkWritable(
  writable: readonly string[] | undefined,
  given: AttributeListType | undefined,
): void {
  for (const { Name } of given ?? []) {
    if (
      Name.endsWith('_verified') ||
      Name.startsWith('dev:') ||
      (writable?.length && !writable.includes(Name))
    ) {
      throw fault('NotAuthorizedException', 'A client attempted to write unauthorized attribute');
    }
  }
}

/** Which sign-in attribute a name is, in a pool whose users sign in by address or number. */
function signInAttribute(pool: PoolRow, name: string): string {
  const { usernameAttributes: accepted } = pool;
  if (accepted.includes('email') && isEmail(name)) return 'email';
  if (accepted.includes('phone_number') && isPhoneNumber(name)) return 'phone_number';
  throw fault(
    'InvalidParameterException',
    accepted.length === 2
      ? 'Username should be either an email or a phone number.'
      : `Username should be ${accepted[0] === 'email' ? 'an email' : 'a phone number'}.`,
  );
}

/** A user that is not written yet; its username is the name itself, or `sub` where addresses or numbers sign in. */
export function newUser(
  { ctx, pool }: PoolScope,
  name: string,
  given: Attributes,
  status: UserRow['status'],
): UserRow {
  const sub = ctx.world.random.uuid();
  const now = ctx.world.clock.now();
  let attributes = given;
  let username = normalName(pool, name);
  if (pool.usernameAttributes.length > 0) {
    const attribute = signInAttribute(pool, name);
    if (given[attribute] !== undefined && normalName(pool, given[attribute]) !== normalName(pool, name)) {
      throw fault('InvalidParameterException', `User attribute ${attribute} does not match the username.`);
    }
    attributes = { ...given, [attribute]: name };
    username = sub;
  } else if (pool.aliasAttributes.includes('email') && isEmail(name)) {
    throw fault(
      'InvalidParameterException',
      'Username cannot be of email format, since user pool is configured for email alias.',
    );
  } else if (pool.aliasAttributes.includes('phone_number') && isPhoneNumber(name)) {
    throw fault(
      'InvalidParameterException',
      'Username cannot be of phone number format, since user pool is configured for phone number alias.',
    );
  }
  checkAttributes(pool.declaredSchema, attributes, true);
  return { username, sub, attributes, createdAtMs: now, modifiedAtMs: now, enabled: true, status };
}

async function refuseTaken(
  scope: PoolScope,
  name: string,
  user: UserRow,
  reader: Parameters<typeof findUser>[1] = scope.ctx.store,
): Promise<void> {
  const holder = await findUser(
    scope,
    reader,
    scope.pool.usernameAttributes.length > 0 ? name : user.username,
  );
  if (holder === undefined) return;
  if (scope.pool.usernameAttributes.length === 0) {
    throw fault('UsernameExistsException', 'User already exists');
  }
  throw accountExists(isEmail(name) ? 'email' : 'phone_number');
}

/** A new confirmation code on the user's row, and the letter that carries it; undefined when the pool verifies nothing. */
async function confirmationLetter(
  scope: ClientScope,
  user: UserRow,
  occasion: 'SignUp' | 'ResendCode',
  username: string,
  clientMetadata: Readonly<Record<string, string>> | undefined,
) {
  const destination = confirmationDestination(scope.pool, user);
  if (destination === undefined) return undefined;
  const { random, clock } = scope.ctx.world;
  const code = makeCode(random, clock.now(), CONFIRMATION_LIFETIME_MS);
  const letter = await compose(scope, {
    occasion,
    user,
    destination,
    code: code.code,
    username,
    clientId: scope.client.id,
    clientMetadata,
  });
  return {
    user: { ...user, confirmation: { ...code, attribute: destination.attribute } },
    letter,
    details: deliveryDetails(destination),
  };
}

/** Runs the PostConfirmation trigger. */
export async function announceConfirmed(
  scope: PoolScope & { readonly client?: ClientScope['client'] },
  user: UserRow,
  source: 'PostConfirmation_ConfirmSignUp' | 'PostConfirmation_ConfirmForgotPassword',
  clientMetadata: Readonly<Record<string, string>> | undefined,
): Promise<void> {
  await runTrigger(scope, 'PostConfirmation', {
    source,
    username: user.username,
    clientId: scope.client?.id,
    request: { userAttributes: eventAttributes(user), ...metadata('clientMetadata', clientMetadata) },
  });
}
