import type { IamOperations, InstanceProfile } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Reader } from '../../store/store.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { iamArn, newUniqueId } from './identifier.ts';
import { checkUnlinked, findIdentity, readIdentity } from './identity.ts';
import { type InstanceProfileRow, layout } from './layout.ts';
import { pageOfList, pageOfRows } from './page.ts';
import { addTags, shownTagsIfAny } from './tag.ts';
import { namedPrincipals } from './trust-policy.ts';
import { listedRole } from './view.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html */
export const instanceProfiles = {
  async CreateInstanceProfile({ InstanceProfileName, Path = '/', Tags }, ctx) {
    const { account, world } = ctx;
    const row: InstanceProfileRow = {
      name: InstanceProfileName,
      path: Path,
      id: newUniqueId('AIPA', world.random),
      createdAtMs: world.clock.now(),
      tags: addTags({}, Tags),
    };
    await change(ctx, async (tx) => {
      const rows = layout.at(account, '').instanceProfiles;
      const key: [string] = [row.name.toLowerCase()];
      if ((await rows.get(tx, key)) !== undefined)
        throw fault('EntityAlreadyExists', `Instance Profile ${row.name} already exists.`);
      rows.set(tx, key, row);
    });
    return { InstanceProfile: await shown(row, ctx) };
  },

  async GetInstanceProfile({ InstanceProfileName }, ctx) {
    const row = await readInstanceProfile(ctx.store, ctx.account, InstanceProfileName);
    return { InstanceProfile: await shown(row, ctx) };
  },

  async ListInstanceProfiles({ PathPrefix = '/', ...page }, ctx) {
    const rows = layout.at(ctx.account, '').instanceProfiles;
    const keep = ({ path }: InstanceProfileRow) => path.startsWith(PathPrefix);
    const { items, ...more } = await pageOfRows(rows, ctx.store, page, keep);
    return { InstanceProfiles: await Promise.all(items.map((row) => listed(row, ctx))), ...more };
  },

  async ListInstanceProfilesForRole({ RoleName, ...page }, ctx) {
    await readIdentity(ctx.store, ctx.account, 'role', RoleName);
    const rows = await layout.at(ctx.account, '').instanceProfiles.all(ctx.store, []);
    const holding = rows.map(({ value }) => value).filter(({ roleName }) => roleName === RoleName);
    const { items, ...more } = pageOfList(holding, page, ({ name }) => name);
    return { InstanceProfiles: await Promise.all(items.map((row) => listed(row, ctx))), ...more };
  },

  async AddRoleToInstanceProfile({ InstanceProfileName, RoleName }, ctx) {
    await change(ctx, async (tx) => {
      const row = await readInstanceProfile(tx, ctx.account, InstanceProfileName);
      checkUnlinked(await readIdentity(tx, ctx.account, 'role', RoleName));
      if (row.roleName !== undefined)
        throw fault('LimitExceeded', 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1');
      const rows = layout.at(ctx.account, '').instanceProfiles;
      rows.set(tx, [row.name.toLowerCase()], { ...row, roleName: RoleName });
    });
    return {};
  },

  async RemoveRoleFromInstanceProfile({ InstanceProfileName, RoleName }, ctx) {
    await change(ctx, async (tx) => {
      const row = await readInstanceProfile(tx, ctx.account, InstanceProfileName);
      await readIdentity(tx, ctx.account, 'role', RoleName);
      if (row.roleName !== RoleName)
        throw fault('NoSuchEntity', `The role with name ${RoleName} cannot be found.`);
      const { roleName: _role, ...rest } = row;
      layout.at(ctx.account, '').instanceProfiles.set(tx, [row.name.toLowerCase()], rest);
    });
    return {};
  },

  async DeleteInstanceProfile({ InstanceProfileName }, ctx) {
    await change(ctx, async (tx) => {
      const row = await readInstanceProfile(tx, ctx.account, InstanceProfileName);
      if (row.roleName !== undefined)
        throw fault('DeleteConflict', 'Cannot delete entity, must remove roles from instance profile first.');
      layout.at(ctx.account, '').instanceProfiles.delete(tx, [row.name.toLowerCase()]);
    });
    return {};
  },
} satisfies Group<IamOperations>;

export async function readInstanceProfile(
  reader: Reader,
  account: string,
  name: string,
): Promise<InstanceProfileRow> {
  const row = await layout.at(account, '').instanceProfiles.get(reader, [name.toLowerCase()]);
  if (row?.name !== name) throw fault('NoSuchEntity', `Instance Profile ${name} cannot be found.`);
  return row;
}

async function shown(row: InstanceProfileRow, ctx: Context): Promise<InstanceProfile> {
  return { ...(await listed(row, ctx)), Tags: shownTagsIfAny(row.tags) };
}

export async function listed(
  row: InstanceProfileRow,
  { account, store }: Pick<Context, 'account' | 'store'>,
): Promise<InstanceProfile> {
  const role =
    row.roleName === undefined ? undefined : await findIdentity(store, account, 'role', row.roleName);
  return {
    Path: row.path,
    InstanceProfileName: row.name,
    InstanceProfileId: row.id,
    Arn: iamArn(account, 'instance-profile', row.path, row.name),
    CreateDate: new Date(row.createdAtMs),
    Roles: role === undefined ? [] : [listedRole(role, account, await namedPrincipals(role.trust, store))],
  };
}
