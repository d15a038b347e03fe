import type { CognitoIdpOperations } from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import { checkSecretHash } from './client.ts';
import { checkCode, makeCode, RESET_LIFETIME_MS } from './code.ts';
import { checkPassword, withPassword } from './credential.ts';
import {
  compose,
  type Destination,
  deliveryDetails,
  pretendDelivery,
  recoveryDestination,
  send,
} from './delivery.ts';
import {
  attemptLimit,
  codeExpired,
  codeMismatch,
  fault,
  noSuchAccount,
  noSuchUser,
  wrongPassword,
} from './fault.ts';
import { afterFailure, isLocked } from './lockout.ts';
import { findUser, getUser, saveUser } from './membership.ts';
import { migrateUser } from './migration.ts';
import { passwordPolicy } from './pool.ts';
import { type ClientScope, clientScope, type PoolScope, poolScope, tokenScope } from './scope.ts';
import { announceConfirmed } from './sign-ups.ts';
import { passwordMatches, poolName } from './srp.ts';
import type { UserRow } from './user.ts';

const WORDING = 'Password does not conform to policy';

export const passwords = {
  ForgotPassword: async (input, ctx) => {
    const scope = await clientScope(ctx, input.ClientId);
    checkSecretHash(scope.client, [input.Username], input.SecretHash);
    const user =
      (await findUser(scope, scope.ctx.store, input.Username)) ??
      (await migrateUser(
        scope,
        input.Username,
        { source: 'UserMigration_ForgotPassword' },
        input.ClientMetadata,
      ));
    if (user === undefined) return { CodeDeliveryDetails: pretendDelivery(scope, input.Username) };
    if (!user.enabled) throw fault('NotAuthorizedException', 'User is disabled.');
    if (user.status === 'FORCE_CHANGE_PASSWORD') {
      throw fault('NotAuthorizedException', 'User password cannot be reset in the current state.');
    }
    const destination = recoveryDestination(scope.pool, user);
    if (destination === undefined) {
      throw fault(
        'InvalidParameterException',
        'Cannot reset password for the user as there is no registered/verified email or phone_number',
      );
    }
    await sendReset(scope, user, destination, input.Username, input.ClientMetadata);
    return { CodeDeliveryDetails: deliveryDetails(destination) };
  },

  ConfirmForgotPassword: async (input, ctx) => {
    const scope = await clientScope(ctx, input.ClientId);
    const { client, pool } = scope;
    checkSecretHash(client, [input.Username], input.SecretHash);
    const found = await findUser(scope, scope.ctx.store, input.Username);
    if (found === undefined) {
      throw client.settings.PreventUserExistenceErrors === 'ENABLED' ? codeMismatch() : noSuchAccount();
    }
    checkPassword(passwordPolicy(pool), input.Password, WORDING);
    const now = scope.ctx.world.clock.now();
    // Deriving the verifier takes a while: not inside the transaction.
    const { password, earlierPasswords } = withPassword(scope, found, input.Password, { temporary: false });
    const outcome = await scope.ctx.transact(async (tx) => {
      const user = await scope.rows.users.get(tx, [pool.id, found.username]);
      if (user === undefined) return 'expired';
      const verdict = checkCode(user.reset, input.ConfirmationCode, now);
      if (verdict === 'wrong' && user.reset !== undefined) {
        const reset = { ...user.reset, failures: user.reset.failures + 1 };
        await saveUser(scope, tx, user, { ...user, reset });
      }
      if (verdict !== 'right' || user.reset === undefined || password === undefined) return verdict;
      const { reset, failures: _failures, passwordExpiresAtMs: _ends, ...rest } = user;
      const changed: UserRow = {
        ...rest,
        password,
        ...(earlierPasswords === undefined ? {} : { earlierPasswords }),
        status: 'CONFIRMED',
        // The code came to this address, so it is proven.
        attributes: { ...user.attributes, [`${reset.attribute}_verified`]: 'true' },
        modifiedAtMs: now,
      };
      await saveUser(scope, tx, user, changed);
      return changed;
    });
    if (outcome === 'wrong') throw codeMismatch();
    if (outcome === 'exhausted') throw attemptLimit();
    if (outcome === 'expired' || outcome === 'right') throw codeExpired();
    await announceConfirmed(scope, outcome, 'PostConfirmation_ConfirmForgotPassword', input.ClientMetadata);
    return {};
  },

  ChangePassword: async (input, ctx) => {
    const scope = await tokenScope(ctx, input.AccessToken);
    const { pool, user } = scope;
    const now = scope.ctx.world.clock.now();
    if (isLocked(user.failures, now)) throw attemptLimit();
    const previous = input.PreviousPassword;
    if (
      user.password !== undefined &&
      (previous === undefined || !passwordMatches(poolName(pool.id), user.username, previous, user.password))
    ) {
      await updateUser(scope, user.username, (row) => ({
        ...row,
        failures: afterFailure(row.failures, now),
      }));
      throw wrongPassword();
    }
    checkPassword(passwordPolicy(pool), input.ProposedPassword, WORDING);
    const changed = withPassword(scope, user, input.ProposedPassword, { temporary: false });
    await updateUser(scope, user.username, (row) => ({ ...row, ...passwordOf(changed) }));
    return {};
  },

  AdminSetUserPassword: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const user = await getUser(scope, ctx.store, input.Username);
    checkPassword(passwordPolicy(scope.pool), input.Password, WORDING);
    const permanent = input.Permanent ?? false;
    const changed = withPassword(scope, user, input.Password, { temporary: !permanent });
    await updateUser(scope, user.username, (row) => {
      const { passwordExpiresAtMs: _ends, failures: _failures, reset: _reset, ...rest } = row;
      return { ...rest, ...passwordOf(changed), status: permanent ? 'CONFIRMED' : 'FORCE_CHANGE_PASSWORD' };
    });
    return {};
  },

  AdminResetUserPassword: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const user = await getUser(scope, ctx.store, input.Username);
    if (user.status === 'FORCE_CHANGE_PASSWORD' || user.status === 'UNCONFIRMED') {
      throw fault('NotAuthorizedException', 'User password cannot be reset in the current state.');
    }
    const destination = recoveryDestination(scope.pool, user);
    if (destination === undefined) {
      throw fault(
        'InvalidParameterException',
        'Cannot reset password for the user as there is no registered/verified email or phone_number',
      );
    }
    await sendReset(scope, user, destination, input.Username, input.ClientMetadata, 'RESET_REQUIRED');
    return {};
  },
} satisfies Group<CognitoIdpOperations>;

/** The members a new password writes. */
function passwordOf({ password, passwordExpiresAtMs, earlierPasswords, modifiedAtMs }: UserRow) {
  return {
    ...(password === undefined ? {} : { password }),
    ...(passwordExpiresAtMs === undefined ? {} : { passwordExpiresAtMs }),
    ...(earlierPasswords === undefined ? {} : { earlierPasswords }),
    modifiedAtMs,
  };
}

/** Changes a user's row; throws UserNotFoundException when it is gone. */
export async function updateUser(
  scope: PoolScope,
  username: string,
  change: (user: UserRow) => UserRow,
): Promise<UserRow> {
  return scope.ctx.transact(async (tx) => {
    const user = await scope.rows.users.get(tx, [scope.pool.id, username]);
    if (user === undefined) throw noSuchUser();
    const changed = change(user);
    await saveUser(scope, tx, user, changed);
    return changed;
  });
}

/** Writes a reset code and sends it, both or neither. */
async function sendReset(
  scope: PoolScope & { readonly client?: ClientScope['client'] },
  user: UserRow,
  destination: Destination,
  username: string,
  clientMetadata: Readonly<Record<string, string>> | undefined,
  status?: UserRow['status'],
): Promise<void> {
  const { random, clock } = scope.ctx.world;
  const code = makeCode(random, clock.now(), RESET_LIFETIME_MS);
  const letter = await compose(scope, {
    occasion: 'ForgotPassword',
    user,
    destination,
    code: code.code,
    username,
    clientId: scope.client?.id,
    clientMetadata,
  });
  await scope.ctx.transact(async (tx) => {
    const current = await scope.rows.users.get(tx, [scope.pool.id, user.username]);
    if (current === undefined) throw noSuchUser();
    await saveUser(scope, tx, current, {
      ...current,
      reset: { ...code, attribute: destination.attribute },
      ...(status === undefined ? {} : { status }),
    });
    send(scope, tx, letter);
  });
}
