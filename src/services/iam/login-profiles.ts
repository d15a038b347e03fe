import type { IamOperations, LoginProfile as ShownProfile } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { change } from './change.ts';
import { accessDenied, fault } from './fault.ts';
import { readIdentity, updateIdentity } from './identity.ts';
import { type LoginProfile, layout, type UserRow } from './layout.ts';
import { checkPassword, hashPassword, isPassword } from './password.ts';
import { ownUserName } from './users.ts';

const SALT_BYTES = 16;

/** Users' passwords for the console. */
export const loginProfiles = {
  async CreateLoginProfile({ UserName, Password, PasswordResetRequired = false }, ctx) {
    if (ofRoot(UserName, ctx)) return { LoginProfile: await createRootLogin(Password, ctx) };
    const name = UserName ?? ownUserName(ctx);
    if (Password === undefined) throw fault('ValidationError', 'Password must be specified');
    const login: LoginProfile = {
      createdAtMs: ctx.world.clock.now(),
      passwordHash: await newHash(Password, ctx),
      mustChange: PasswordResetRequired,
    };
    await change(ctx, (tx) =>
      updateIdentity(tx, ctx.account, 'user', name, (row) => {
        if (row.login !== undefined)
          throw fault('EntityAlreadyExists', `Login Profile for user ${name} already exists.`);
        return { ...row, login };
      }),
    );
    return { LoginProfile: shown(name, login) };
  },

  async GetLoginProfile({ UserName }, ctx) {
    if (ofRoot(UserName, ctx))
      return { LoginProfile: shownRoot(await readRootLogin(ctx.store, ctx.account)) };
    const name = UserName ?? ownUserName(ctx);
    return { LoginProfile: shown(name, loginOf(await readIdentity(ctx.store, ctx.account, 'user', name))) };
  },

  async UpdateLoginProfile({ UserName, Password, PasswordResetRequired }, ctx) {
    const passwordHash = Password === undefined ? undefined : await newHash(Password, ctx);
    await change(ctx, (tx) =>
      updateIdentity(tx, ctx.account, 'user', UserName, (row) => {
        const login = loginOf(row);
        return {
          ...row,
          login: {
            ...login,
            passwordHash: passwordHash ?? login.passwordHash,
            mustChange: PasswordResetRequired ?? login.mustChange,
          },
        };
      }),
    );
    return {};
  },

  async DeleteLoginProfile({ UserName }, ctx) {
    if (ofRoot(UserName, ctx)) {
      const { root } = layout.at(ctx.account, '');
      await change(ctx, async (tx) => {
        await readRootLogin(tx, ctx.account);
        const { login: _gone, ...rest } = (await root.get(tx, [])) ?? {};
        root.set(tx, [], rest);
      });
      return {};
    }
    const name = UserName ?? ownUserName(ctx);
    await change(ctx, (tx) =>
      updateIdentity(tx, ctx.account, 'user', name, (row) => {
        loginOf(row);
        const { login: _gone, ...rest } = row;
        return rest;
      }),
    );
    return {};
  },

  async ChangePassword({ OldPassword, NewPassword }, ctx) {
    const { account, principal, store } = ctx;
    if (principal.kind !== 'user')
      throw fault('InvalidUserType', 'Only IAM Users can change their own password');
    const login = loginOf(await readIdentity(store, account, 'user', principal.userName));
    if (!(await isPassword(OldPassword, login.passwordHash)))
      throw accessDenied('The old password was incorrect.');
    const passwordHash = await newHash(NewPassword, ctx);
    await change(ctx, (tx) =>
      updateIdentity(tx, account, 'user', principal.userName, (row) => ({
        ...row,
        login: { ...loginOf(row), passwordHash, mustChange: false },
      })),
    );
    return {};
  },
} satisfies Group<IamOperations>;

/** Whether the account's root asks about itself. */
function ofRoot(userName: string | undefined, { principal }: Context): boolean {
  return userName === undefined && principal.kind === 'root';
}

/** Lets the root choose a password where it signs in; none is ever set by this call. */
async function createRootLogin(password: string | undefined, ctx: Context): Promise<ShownProfile> {
  if (password !== undefined)
    throw fault('InvalidInput', 'The root user sets its own password when it first signs in.');
  const login = { createdAtMs: ctx.world.clock.now() };
  const { root } = layout.at(ctx.account, '');
  await change(ctx, async (tx) => {
    const row = (await root.get(tx, [])) ?? {};
    if (row.login !== undefined)
      throw fault('EntityAlreadyExists', `Login Profile for user ${ctx.account} already exists.`);
    root.set(tx, [], { ...row, login });
  });
  return shownRoot(login);
}

async function readRootLogin(reader: Reader, account: string): Promise<{ readonly createdAtMs: number }> {
  const row = await layout.at(account, '').root.get(reader, []);
  if (row?.login === undefined)
    throw fault('NoSuchEntity', `Login Profile for User ${account} cannot be found.`);
  return row.login;
}

/** A root has no name. */
function shownRoot({ createdAtMs }: { readonly createdAtMs: number }): ShownProfile {
  return { UserName: 'root', CreateDate: new Date(createdAtMs), PasswordResetRequired: false };
}

function loginOf(row: UserRow): LoginProfile {
  if (row.login === undefined)
    throw fault('NoSuchEntity', `Login Profile for User ${row.name} cannot be found.`);
  return row.login;
}

async function newHash(password: string, ctx: Context): Promise<string> {
  checkPassword(password, await layout.at(ctx.account, '').passwordPolicy.get(ctx.store, []));
  return hashPassword(password, ctx.world.random.bytes(SALT_BYTES));
}

function shown(name: string, login: LoginProfile): ShownProfile {
  return {
    UserName: name,
    CreateDate: new Date(login.createdAtMs),
    PasswordResetRequired: login.mustChange,
  };
}
