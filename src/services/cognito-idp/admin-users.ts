import type { CognitoIdpOperations } from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import { attributeList, attributeMap } from './attribute.ts';
import { checkPassword, withPassword } from './credential.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { compose, type Destination, type Letter, send } from './delivery.ts';
import { fault } from './fault.ts';
import { parseFilter } from './filter.ts';
import { endSessions, findUser, getUser, removeUser, saveUser } from './membership.ts';
import { temporaryPassword } from './password.ts';
import { updateUser } from './passwords.ts';
import { passwordPolicy } from './pool.ts';
import { type PoolScope, poolScope } from './scope.ts';
import { accountExists, announceConfirmed, newUser } from './sign-ups.ts';
import { metadata, runTrigger } from './trigger.ts';
import { describeUser, describeUserFactors, type UserRow } from './user.ts';

const MOST_LISTED = 60;
/** Rows read at once while a filter looks for matches. */
const SCANNED_AT_ONCE = 500;

export const adminUsers = {
  AdminCreateUser: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const policy = passwordPolicy(scope.pool);
    const password = input.TemporaryPassword ?? temporaryPassword(policy, ctx.world.random);
    const mediums = input.DesiredDeliveryMediums ?? ['SMS'];
    const existing = await findUser(scope, ctx.store, input.Username);
    if (input.MessageAction === 'RESEND') {
      if (existing === undefined) throw fault('UserNotFoundException', 'User does not exist.');
      if (existing.status !== 'FORCE_CHANGE_PASSWORD') {
        throw fault(
          'UnsupportedUserStateException',
          'Resend not possible. User status is not FORCE_CHANGE_PASSWORD',
        );
      }
    } else if (existing !== undefined) {
      throw fault('UsernameExistsException', 'User account already exists');
    }
    checkPassword(policy, password, 'Password did not conform with policy');
    const fresh =
      existing ?? newUser(scope, input.Username, attributeMap(input.UserAttributes), 'FORCE_CHANGE_PASSWORD');
    if (existing === undefined) {
      await runTrigger(scope, 'PreSignUp', {
        source: 'PreSignUp_AdminCreateUser',
        username: fresh.username,
        clientId: undefined,
        request: {
          userAttributes: fresh.attributes,
          validationData: input.ValidationData === undefined ? null : attributeMap(input.ValidationData),
          ...metadata('clientMetadata', input.ClientMetadata),
        },
        response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
      });
    }
    const user = withPassword(scope, fresh, password, { temporary: true });
    const letters =
      input.MessageAction === 'SUPPRESS'
        ? []
        : await invitations(scope, user, password, input.Username, mediums, input.ClientMetadata);
    await ctx.transact(async (tx) => {
      const current = await scope.rows.users.get(tx, [scope.pool.id, user.username]);
      if (current !== undefined && existing === undefined) {
        throw fault('UsernameExistsException', 'User account already exists');
      }
      await saveUser(scope, tx, current, user, {
        forceAliases: input.ForceAliasCreation ?? false,
        ...(scope.pool.usernameAttributes.length > 0 ? { taken: accountExists } : {}),
      });
      for (const letter of letters) send(scope, tx, letter);
    });
    return { User: describeUser(user) };
  },

  AdminGetUser: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const user = await getUser(scope, ctx.store, input.Username);
    const { Attributes: _attributes, ...shown } = describeUser(user);
    return {
      ...shown,
      Username: user.username,
      UserAttributes: attributeList(user.sub, user.attributes),
      ...describeUserFactors(user),
    };
  },

  AdminConfirmSignUp: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const { username } = await getUser(scope, ctx.store, input.Username);
    const modifiedAtMs = ctx.world.clock.now();
    const confirmed = await updateUser(scope, username, (user) => {
      if (user.status !== 'UNCONFIRMED') {
        throw fault('NotAuthorizedException', `User cannot be confirmed. Current status is ${user.status}`);
      }
      const { confirmation: _confirmation, ...rest } = user;
      return { ...rest, status: 'CONFIRMED', modifiedAtMs };
    });
    await announceConfirmed(scope, confirmed, 'PostConfirmation_ConfirmSignUp', input.ClientMetadata);
    return {};
  },

  AdminDeleteUser: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      await removeUser(scope, tx, await getUser(scope, tx, input.Username));
    });
    return {};
  },

  AdminDisableUser: async (input, ctx) => {
    const modifiedAtMs = ctx.world.clock.now();
    await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      const user = await getUser(scope, tx, input.Username);
      await saveUser(scope, tx, user, { ...user, enabled: false, modifiedAtMs });
      await endSessions(scope, tx, user.username);
    });
    return {};
  },

  AdminEnableUser: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const { username } = await getUser(scope, ctx.store, input.Username);
    const modifiedAtMs = ctx.world.clock.now();
    await updateUser(scope, username, (user) => ({ ...user, enabled: true, modifiedAtMs }));
    return {};
  },

  ListUsers: async (input, ctx) => {
    const { rows, pool } = await poolScope(ctx, input.UserPoolId);
    const matches = parseFilter(input.Filter);
    const limit = input.Limit || MOST_LISTED;
    const found: UserRow[] = [];
    let after =
      input.PaginationToken === undefined
        ? undefined
        : readCursor<[string, string]>(input.PaginationToken, 2);
    let more = true;
    while (more && found.length < limit) {
      const page: Awaited<ReturnType<typeof rows.users.page>> = await rows.users.page(ctx.store, [pool.id], {
        limit: input.Filter === undefined ? limit : SCANNED_AT_ONCE,
        ...(after === undefined ? {} : { after }),
      });
      more = page.next !== undefined;
      for (const { key, value } of page.rows) {
        if (found.length === limit) {
          more = true;
          break;
        }
        after = key;
        if (matches(value)) found.push(value);
      }
    }
    const wanted = input.AttributesToGet;
    return {
      Users: found.map((user) => {
        const shown = describeUser(user);
        if (wanted === undefined) return shown;
        return { ...shown, Attributes: (shown.Attributes ?? []).filter(({ Name }) => wanted.includes(Name)) };
      }),
      ...(more && after !== undefined ? { PaginationToken: writeCursor(after) } : {}),
    };
  },
} satisfies Group<CognitoIdpOperations>;

/** The letters that tell a new user the temporary password, by the mediums the caller names. */
async function invitations(
  scope: PoolScope,
  user: UserRow,
  password: string,
  username: string,
  mediums: readonly string[],
  clientMetadata: Readonly<Record<string, string>> | undefined,
): Promise<Letter[]> {
  const destinations: Destination[] = [];
  const { email, phone_number: phone } = user.attributes;
  if (mediums.includes('EMAIL') && email) destinations.push({ attribute: 'email', address: email });
  if (mediums.includes('SMS') && phone) destinations.push({ attribute: 'phone_number', address: phone });
  // The default medium is SMS; a user without a number but with an address gets mail.
  if (destinations.length === 0 && email) destinations.push({ attribute: 'email', address: email });
  return Promise.all(
    destinations.map((destination) =>
      compose(scope, {
        occasion: 'AdminCreateUser',
        user,
        destination,
        code: password,
        username,
        clientId: undefined,
        clientMetadata,
      }),
    ),
  );
}
