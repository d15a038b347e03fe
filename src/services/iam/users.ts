import type { IamOperations, User } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { iamArn, newUniqueId } from './identifier.ts';
import { checkBare, checkNameFree, identityRows, readIdentity, writeIdentity } from './identity.ts';
import { layout, type UserRow } from './layout.ts';
import { checkBoundary } from './managed-policy-row.ts';
import { pageOfRows } from './page.ts';
import { rename } from './rename.ts';
import { addTags } from './tag.ts';
import { listedUser, shownUser } from './view.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users.html */
export const users = {
  async CreateUser(input, ctx) {
    const { account, world } = ctx;
    const row: UserRow = {
      name: input.UserName,
      path: input.Path ?? '/',
      id: newUniqueId('AIDA', world.random),
      createdAtMs: world.clock.now(),
      inline: {},
      attached: [],
      tags: addTags({}, input.Tags),
      groups: [],
      accessKeyIds: [],
      mfaSerials: [],
      ...(input.PermissionsBoundary === undefined ? {} : { boundary: input.PermissionsBoundary }),
    };
    await change(ctx, async (tx) => {
      await checkNameFree(tx, account, 'user', row.name);
      if (row.boundary !== undefined) {
        await checkBoundary(tx, account, row.boundary);
        const key = [row.boundary, 'boundary', 'user', row.name] as const;
        layout.at(account, '').attachments.set(tx, [...key], true);
      }
      writeIdentity(tx, account, 'user', row);
      layout.global().uniqueIds.set(tx, [row.id], { account, kind: 'user', name: row.name });
    });
    return { User: shownUser(row, account) };
  },

  async GetUser({ UserName }, ctx) {
    const { account, principal, store } = ctx;
    if (UserName === undefined && principal.kind === 'root') return { User: rootUser(account) };
    const name = UserName ?? ownUserName(ctx);
    return { User: shownUser(await readIdentity(store, account, 'user', name), account) };
  },

  async ListUsers({ PathPrefix = '/', ...page }, { account, store }) {
    const rows = identityRows(account, 'user');
    const { items, ...more } = await pageOfRows(rows, store, page, ({ path }) => path.startsWith(PathPrefix));
    return { Users: items.map((row) => listedUser(row, account)), ...more };
  },

  async UpdateUser({ UserName, NewUserName, NewPath }, ctx) {
    await change(ctx, (tx) => rename(tx, ctx.account, 'user', UserName, NewUserName, NewPath));
    return {};
  },

  async DeleteUser({ UserName }, ctx) {
    const { account } = ctx;
    await change(ctx, async (tx) => {
      const row = await readIdentity(tx, account, 'user', UserName);
      if (row.groups.length > 0)
        throw fault('DeleteConflict', 'Cannot delete entity, must remove users from group first.');
      checkBare(row);
      if (row.accessKeyIds.length > 0)
        throw fault('DeleteConflict', 'Cannot delete entity, must delete access keys first.');
      if (row.mfaSerials.length > 0)
        throw fault('DeleteConflict', 'Cannot delete entity, must delete MFA device first.');
      if (row.login !== undefined)
        throw fault('DeleteConflict', 'Cannot delete entity, must delete login profile first.');
      if ((row.sshKeys ?? []).length > 0)
        throw fault('DeleteConflict', 'Cannot delete entity, must delete SSH public keys first.');
      if ((row.certificates ?? []).length > 0)
        throw fault('DeleteConflict', 'Cannot delete entity, must delete signing certificates first.');
      if ((row.serviceCredentials ?? []).length > 0)
        throw fault('DeleteConflict', 'Cannot delete entity, must remove referenced objects first.');
      const { attachments } = layout.at(account, '');
      if (row.boundary !== undefined) attachments.delete(tx, [row.boundary, 'boundary', 'user', row.name]);
      identityRows(account, 'user').delete(tx, [row.name.toLowerCase()]);
      layout.global().uniqueIds.delete(tx, [row.id]);
    });
    return {};
  },
} satisfies Group<IamOperations>;

/** Operations about oneself name nobody. */
export function ownUserName({ principal }: Context): string {
  if (principal.kind === 'user') return principal.userName;
  throw fault('ValidationError', 'Must specify userName when calling with non-User credentials');
}

/** Root has neither name nor path. */
function rootUser(account: string): User {
  const root: Partial<User> = {
    UserId: account,
    Arn: iamArn(account, 'root'),
    CreateDate: new Date(0),
  };
  return root as User;
}
