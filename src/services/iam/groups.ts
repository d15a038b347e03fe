import type { IamOperations } from '../../model/gen/iam.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { newUniqueId } from './identifier.ts';
import {
  checkBare,
  checkNameFree,
  identityRows,
  readIdentity,
  updateIdentity,
  writeIdentity,
} from './identity.ts';
import { type GroupRow, layout } from './layout.ts';
import { pageOfList, pageOfRows } from './page.ts';
import { rename } from './rename.ts';
import { listedUser, shownGroup } from './view.ts';

const MOST_GROUPS_OF_USER = 10;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html */
export const groups = {
  async CreateGroup({ GroupName, Path = '/' }, ctx) {
    const { account, world } = ctx;
    const row: GroupRow = {
      name: GroupName,
      path: Path,
      id: newUniqueId('AGPA', world.random),
      createdAtMs: world.clock.now(),
      inline: {},
      attached: [],
    };
    await change(ctx, async (tx) => {
      await checkNameFree(tx, account, 'group', GroupName);
      writeIdentity(tx, account, 'group', row);
    });
    return { Group: shownGroup(row, account) };
  },

  async GetGroup({ GroupName, ...page }, { account, store }) {
    return store.snapshot(async (reader) => {
      const row = await readIdentity(reader, account, 'group', GroupName);
      const members = await layout.at(account, '').members.all(reader, [GroupName]);
      const { items, ...more } = pageOfList(members, page, ({ key: [, user] }) => user);
      const users = await Promise.all(
        items.map(({ key: [, user] }) => readIdentity(reader, account, 'user', user)),
      );
      return {
        Group: shownGroup(row, account),
        Users: users.map((user) => listedUser(user, account)),
        ...more,
      };
    });
  },

  async ListGroups({ PathPrefix = '/', ...page }, { account, store }) {
    const rows = identityRows(account, 'group');
    const { items, ...more } = await pageOfRows(rows, store, page, ({ path }) => path.startsWith(PathPrefix));
    return { Groups: items.map((row) => shownGroup(row, account)), ...more };
  },

  async UpdateGroup({ GroupName, NewGroupName, NewPath }, ctx) {
    await change(ctx, (tx) => rename(tx, ctx.account, 'group', GroupName, NewGroupName, NewPath));
    return {};
  },

  async DeleteGroup({ GroupName }, ctx) {
    const { account } = ctx;
    await change(ctx, async (tx) => {
      const row = await readIdentity(tx, account, 'group', GroupName);
      const { rows } = await layout.at(account, '').members.page(tx, [GroupName], { limit: 1 });
      if (rows.length > 0)
        throw fault('DeleteConflict', 'Cannot delete entity, must remove users from group first.');
      checkBare(row);
      identityRows(account, 'group').delete(tx, [GroupName.toLowerCase()]);
    });
    return {};
  },

  async AddUserToGroup({ GroupName, UserName }, ctx) {
    const { account } = ctx;
    await change(ctx, async (tx) => {
      await readIdentity(tx, account, 'group', GroupName);
      await updateIdentity(tx, account, 'user', UserName, (row) => {
        if (row.groups.includes(GroupName)) return row;
        if (row.groups.length >= MOST_GROUPS_OF_USER)
          throw fault('LimitExceeded', `Cannot exceed quota for GroupsPerUser: ${MOST_GROUPS_OF_USER}`);
        return { ...row, groups: [...row.groups, GroupName] };
      });
      layout.at(account, '').members.set(tx, [GroupName, UserName], true);
    });
    return {};
  },

  async RemoveUserFromGroup({ GroupName, UserName }, ctx) {
    const { account } = ctx;
    await change(ctx, async (tx) => {
      await readIdentity(tx, account, 'group', GroupName);
      await updateIdentity(tx, account, 'user', UserName, (row) => {
        if (!row.groups.includes(GroupName))
          throw fault('NoSuchEntity', `The user with name ${UserName} is not in the group ${GroupName}.`);
        return { ...row, groups: row.groups.filter((group) => group !== GroupName) };
      });
      layout.at(account, '').members.delete(tx, [GroupName, UserName]);
    });
    return {};
  },

  async ListGroupsForUser({ UserName, ...page }, { account, store }) {
    return store.snapshot(async (reader) => {
      const { groups } = await readIdentity(reader, account, 'user', UserName);
      const { items, ...more } = pageOfList(groups, page, (name) => name);
      const rows = await Promise.all(items.map((name) => readIdentity(reader, account, 'group', name)));
      return { Groups: rows.map((row) => shownGroup(row, account)), ...more };
    });
  },
} satisfies Group<IamOperations>;
