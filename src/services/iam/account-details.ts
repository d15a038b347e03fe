import type {
  GroupDetail,
  IamOperations,
  ManagedPolicyDetail,
  PolicyDetail,
  RoleDetail,
  UserDetail,
} from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { encodeDocument } from './fault.ts';
import { identityArn } from './identity.ts';
import { listed } from './instance-profiles.ts';
import {
  type GroupRow,
  type IdentityRow,
  type InstanceProfileRow,
  layout,
  type RoleRow,
  type UserRow,
} from './layout.ts';
import { findManagedPolicy, listedPolicy, type ManagedPolicy, policyArn } from './managed-policy-row.ts';
import { pageOfList } from './page.ts';
import { listedVersion, newestFirst, versionsOf } from './policies.ts';
import { roleLastUsed } from './service-last-accessed.ts';
import { shownTags } from './tag.ts';
import { namedPrincipals } from './trust-policy.ts';
import { shownBoundary } from './view.ts';

type Item =
  | { readonly kind: 'User'; readonly row: UserRow }
  | { readonly kind: 'Group'; readonly row: GroupRow }
  | { readonly kind: 'Role'; readonly row: RoleRow }
  | { readonly kind: 'LocalManagedPolicy' | 'AWSManagedPolicy'; readonly managed: ManagedPolicy };

/** Everything about permissions of an account at once. */
export const accountDetails = {
  async GetAccountAuthorizationDetails({ Filter, ...page }, ctx) {
    const { account, store } = ctx;
    const all = await itemsOf(ctx);
    const wanted = Filter === undefined || Filter.length === 0 ? undefined : new Set<string>(Filter);
    const kept = all.filter(({ kind }) => wanted === undefined || wanted.has(kind));
    const { items, ...more } = pageOfList(kept, page, keyOf);
    const profiles = (await layout.at(account, '').instanceProfiles.all(store, [])).map(({ value }) => value);
    const users: UserDetail[] = [];
    const groups: GroupDetail[] = [];
    const roles: RoleDetail[] = [];
    const policies: ManagedPolicyDetail[] = [];
    for (const item of items) {
      if (item.kind === 'User') users.push(userDetail(item.row, account));
      else if (item.kind === 'Group') groups.push(groupDetail(item.row, account));
      else if (item.kind === 'Role') roles.push(await roleDetail(item.row, profiles, ctx));
      else policies.push(await policyDetail(item.managed, ctx));
    }
    return {
      UserDetailList: users,
      GroupDetailList: groups,
      RoleDetailList: roles,
      Policies: policies,
      ...more,
    };
  },
} satisfies Group<IamOperations>;

/** AWS's own policies are listed only where they are in use. */
async function itemsOf({ account, store }: Context): Promise<Item[]> {
  return store.snapshot(async (reader) => {
    const rows = layout.at(account, '');
    const used = new Set((await rows.attachments.all(reader, [])).map(({ key: [arn] }) => arn));
    const aws: Item[] = [];
    for (const arn of used) {
      const managed = await findManagedPolicy(reader, account, arn);
      if (managed?.owner === 'aws') aws.push({ kind: 'AWSManagedPolicy', managed });
    }
    return [
      ...(await rows.users.all(reader, [])).map(({ value: row }): Item => ({ kind: 'User', row })),
      ...(await rows.groups.all(reader, [])).map(({ value: row }): Item => ({ kind: 'Group', row })),
      ...(await rows.roles.all(reader, [])).map(({ value: row }): Item => ({ kind: 'Role', row })),
      ...(await rows.policies.all(reader, [])).map(
        ({ value: row }): Item => ({
          kind: 'LocalManagedPolicy',
          managed: { owner: 'account', row, arn: policyArn(account, row) },
        }),
      ),
      ...aws,
    ];
  });
}

function keyOf(item: Item): string {
  return `${item.kind}/${'row' in item ? item.row.name : item.managed.arn}`;
}

function inlineList({ inline }: IdentityRow): PolicyDetail[] {
  return Object.entries(inline).map(([PolicyName, document]) => ({
    PolicyName,
    PolicyDocument: encodeDocument(document),
  }));
}

function attachedList({ attached }: IdentityRow) {
  return attached.map((arn) => ({ PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn }));
}

function userDetail(row: UserRow, account: string): UserDetail {
  return {
    Path: row.path,
    UserName: row.name,
    UserId: row.id,
    Arn: identityArn(account, 'user', row),
    CreateDate: new Date(row.createdAtMs),
    UserPolicyList: inlineList(row),
    GroupList: row.groups,
    AttachedManagedPolicies: attachedList(row),
    PermissionsBoundary: shownBoundary(row.boundary),
    Tags: shownTags(row.tags),
  };
}

function groupDetail(row: GroupRow, account: string): GroupDetail {
  return {
    Path: row.path,
    GroupName: row.name,
    GroupId: row.id,
    Arn: identityArn(account, 'group', row),
    CreateDate: new Date(row.createdAtMs),
    GroupPolicyList: inlineList(row),
    AttachedManagedPolicies: attachedList(row),
  };
}

async function roleDetail(
  row: RoleRow,
  profiles: readonly InstanceProfileRow[],
  ctx: Context,
): Promise<RoleDetail> {
  const own = profiles.filter(({ roleName }) => roleName === row.name);
  return {
    Path: row.path,
    RoleName: row.name,
    RoleId: row.id,
    Arn: identityArn(ctx.account, 'role', row),
    CreateDate: new Date(row.createdAtMs),
    AssumeRolePolicyDocument: encodeDocument(await namedPrincipals(row.trust, ctx.store)),
    InstanceProfileList: await Promise.all(own.map((profile) => listed(profile, ctx))),
    RolePolicyList: inlineList(row),
    AttachedManagedPolicies: attachedList(row),
    PermissionsBoundary: shownBoundary(row.boundary),
    Tags: shownTags(row.tags),
    RoleLastUsed: await roleLastUsed(row, ctx),
  };
}

async function policyDetail(managed: ManagedPolicy, ctx: Context): Promise<ManagedPolicyDetail> {
  const { Tags: _tags, ...policy } = await listedPolicy(ctx.store, ctx.account, managed);
  const { versions, defaultVersion } = versionsOf(managed);
  return {
    ...policy,
    PolicyVersionList: versions
      .toSorted((a, b) => (newestFirst(a.id) < newestFirst(b.id) ? -1 : 1))
      .map((version) => ({
        Document: encodeDocument(version.document),
        ...listedVersion(version, defaultVersion),
      })),
  };
}
