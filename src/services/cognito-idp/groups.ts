import type { CognitoIdpOperations, GroupType } from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { fault } from './fault.ts';
import { getUser } from './membership.ts';
import { type PoolScope, poolScope } from './scope.ts';
import { describeUser, type GroupRow } from './user.ts';

const MOST_LISTED = 60;

export const groups = {
  CreateGroup: async (input, ctx) => {
    const now = ctx.world.clock.now();
    const group: GroupRow = {
      ...groupSettings(input),
      name: input.GroupName,
      createdAtMs: now,
      modifiedAtMs: now,
    };
    await ctx.transact(async (tx) => {
      const { rows, pool } = await poolScope(ctx, input.UserPoolId, tx);
      if ((await rows.groups.get(tx, [pool.id, group.name])) !== undefined) {
        throw fault('GroupExistsException', 'A group with the name already exists.');
      }
      rows.groups.set(tx, [pool.id, group.name], group);
    });
    return { Group: describeGroup(input.UserPoolId, group) };
  },

  GetGroup: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    return { Group: describeGroup(scope.pool.id, await getGroup(scope, ctx.store, input.GroupName)) };
  },

  UpdateGroup: async (input, ctx) => {
    const modifiedAtMs = ctx.world.clock.now();
    const updated = await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      const group = await getGroup(scope, tx, input.GroupName);
      const next: GroupRow = { ...group, ...groupSettings(input), modifiedAtMs };
      scope.rows.groups.set(tx, [scope.pool.id, group.name], next);
      return next;
    });
    return { Group: describeGroup(input.UserPoolId, updated) };
  },

  DeleteGroup: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      const { rows, pool } = scope;
      const group = await getGroup(scope, tx, input.GroupName);
      for (const { key } of await rows.groupMembers.all(tx, [pool.id, group.name])) {
        rows.groupMembers.delete(tx, key);
        rows.userGroups.delete(tx, [pool.id, key[2], group.name]);
      }
      rows.groups.delete(tx, [pool.id, group.name]);
    });
    return {};
  },

  ListGroups: async (input, ctx) => {
    const { rows, pool } = await poolScope(ctx, input.UserPoolId);
    const page = await rows.groups.page(ctx.store, [pool.id], {
      limit: input.Limit || MOST_LISTED,
      ...(input.NextToken === undefined ? {} : { after: readCursor<[string, string]>(input.NextToken, 2) }),
    });
    return {
      Groups: page.rows.map(({ value }) => describeGroup(pool.id, value)),
      ...(page.next === undefined ? {} : { NextToken: writeCursor(page.next) }),
    };
  },

  AdminAddUserToGroup: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      const { username } = await getUser(scope, tx, input.Username);
      const { name } = await getGroup(scope, tx, input.GroupName);
      scope.rows.groupMembers.set(tx, [scope.pool.id, name, username], true);
      scope.rows.userGroups.set(tx, [scope.pool.id, username, name], true);
    });
    return {};
  },

  AdminRemoveUserFromGroup: async (input, ctx) => {
    await ctx.transact(async (tx) => {
      const scope = await poolScope(ctx, input.UserPoolId, tx);
      const { username } = await getUser(scope, tx, input.Username);
      const { name } = await getGroup(scope, tx, input.GroupName);
      scope.rows.groupMembers.delete(tx, [scope.pool.id, name, username]);
      scope.rows.userGroups.delete(tx, [scope.pool.id, username, name]);
    });
    return {};
  },

  AdminListGroupsForUser: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const { rows, pool } = scope;
    const { username } = await getUser(scope, ctx.store, input.Username);
    const page = await rows.userGroups.page(ctx.store, [pool.id, username], {
      limit: input.Limit || MOST_LISTED,
      ...(input.NextToken === undefined
        ? {}
        : { after: readCursor<[string, string, string]>(input.NextToken, 3) }),
    });
    const found = await Promise.all(
      page.rows.map(({ key }) => rows.groups.get(ctx.store, [pool.id, key[2]])),
    );
    return {
      Groups: found.filter((group) => group !== undefined).map((group) => describeGroup(pool.id, group)),
      ...(page.next === undefined ? {} : { NextToken: writeCursor(page.next) }),
    };
  },

  ListUsersInGroup: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const { rows, pool } = scope;
    const { name } = await getGroup(scope, ctx.store, input.GroupName);
    const page = await rows.groupMembers.page(ctx.store, [pool.id, name], {
      limit: input.Limit || MOST_LISTED,
      ...(input.NextToken === undefined
        ? {}
        : { after: readCursor<[string, string, string]>(input.NextToken, 3) }),
    });
    const found = await Promise.all(page.rows.map(({ key }) => rows.users.get(ctx.store, [pool.id, key[2]])));
    return {
      Users: found.filter((user) => user !== undefined).map(describeUser),
      ...(page.next === undefined ? {} : { NextToken: writeCursor(page.next) }),
    };
  },
} satisfies Group<CognitoIdpOperations>;

async function getGroup({ rows, pool }: PoolScope, reader: Reader, name: string): Promise<GroupRow> {
  const group = await rows.groups.get(reader, [pool.id, name]);
  if (group === undefined) throw fault('ResourceNotFoundException', 'Group not found.');
  return group;
}

function groupSettings(input: {
  readonly Description?: string | undefined;
  readonly RoleArn?: string | undefined;
  readonly Precedence?: number | undefined;
}) {
  return {
    ...(input.Description === undefined ? {} : { description: input.Description }),
    ...(input.RoleArn === undefined ? {} : { roleArn: input.RoleArn }),
    ...(input.Precedence === undefined ? {} : { precedence: input.Precedence }),
  };
}

function describeGroup(poolId: string, group: GroupRow): GroupType {
  return {
    GroupName: group.name,
    UserPoolId: poolId,
    Description: group.description,
    RoleArn: group.roleArn,
    Precedence: group.precedence,
    LastModifiedDate: new Date(group.modifiedAtMs),
    CreationDate: new Date(group.createdAtMs),
  };
}
