import type { IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { readIdentity, updateIdentity } from './identity.ts';
import { checkChangeable } from './inline-policies.ts';
import { type IdentityKind, layout } from './layout.ts';
import { checkArn, readAttachablePolicy, readManagedPolicy } from './managed-policy-row.ts';
import { type PageInput, pageOfList } from './page.ts';

const QUOTAS: Readonly<Record<IdentityKind, string>> = {
  user: 'PoliciesPerUser',
  group: 'PoliciesPerGroup',
  role: 'PoliciesPerRole',
};
const MOST_ATTACHED = 10;
const SERVICE_LINKED = 'arn:aws:iam::aws:policy/aws-service-role/';

/** Managed policies on identities. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-attach-detach.html */
export const attachments = {
  AttachUserPolicy: ({ UserName, PolicyArn }, ctx) => attach(ctx, 'user', UserName, PolicyArn),
  AttachGroupPolicy: ({ GroupName, PolicyArn }, ctx) => attach(ctx, 'group', GroupName, PolicyArn),
  AttachRolePolicy: ({ RoleName, PolicyArn }, ctx) => attach(ctx, 'role', RoleName, PolicyArn),

  DetachUserPolicy: ({ UserName, PolicyArn }, ctx) => detach(ctx, 'user', UserName, PolicyArn),
  DetachGroupPolicy: ({ GroupName, PolicyArn }, ctx) => detach(ctx, 'group', GroupName, PolicyArn),
  DetachRolePolicy: ({ RoleName, PolicyArn }, ctx) => detach(ctx, 'role', RoleName, PolicyArn),

  ListAttachedUserPolicies: ({ UserName, ...page }, ctx) => list(ctx, 'user', UserName, page),
  ListAttachedGroupPolicies: ({ GroupName, ...page }, ctx) => list(ctx, 'group', GroupName, page),
  ListAttachedRolePolicies: ({ RoleName, ...page }, ctx) => list(ctx, 'role', RoleName, page),

  async ListEntitiesForPolicy(input, { account, store }) {
    const {
      PolicyArn,
      EntityFilter,
      PathPrefix = '/',
      PolicyUsageFilter = 'PermissionsPolicy',
      ...page
    } = input;
    const wanted = EntityFilter === undefined ? ['user', 'group', 'role'] : [EntityFilter.toLowerCase()];
    return store.snapshot(async (reader) => {
      await readManagedPolicy(reader, account, PolicyArn);
      const usage = PolicyUsageFilter === 'PermissionsPolicy' ? 'policy' : 'boundary';
      const rows = await layout.at(account, '').attachments.all(reader, [PolicyArn, usage]);
      const entities = await Promise.all(
        rows
          .map(({ key: [, , kind, name] }) => ({ kind, name }))
          .filter(({ kind }) => wanted.includes(kind))
          .map(async ({ kind, name }) => ({ kind, row: await readIdentity(reader, account, kind, name) })),
      );
      const within = entities.filter(({ row }) => row.path.startsWith(PathPrefix));
      const { items, ...more } = pageOfList(within, page, ({ kind, row }) => `${kind}/${row.name}`);
      const of = (wantedKind: IdentityKind) =>
        items.filter(({ kind }) => kind === wantedKind).map(({ row }) => row);
      return {
        PolicyGroups: of('group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
        PolicyUsers: of('user').map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyRoles: of('role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
        ...more,
      };
    });
  },
} satisfies Group<IamOperations>;

async function attach(ctx: Context, kind: IdentityKind, name: string, arn: string) {
  const { account } = ctx;
  checkArn(arn);
  await change(ctx, async (tx) => {
    const { name: exactName } = await updateIdentity(tx, account, kind, name, async (row) => {
      checkChangeable(kind, row);
      await readAttachablePolicy(tx, account, arn);
      if (arn.startsWith(SERVICE_LINKED))
        throw fault('PolicyNotAttachable', 'Cannot attach a Service Role Policy to a Customer Role.');
      if (row.attached.includes(arn)) return row;
      if (row.attached.length >= MOST_ATTACHED)
        throw fault('LimitExceeded', `Cannot exceed quota for ${QUOTAS[kind]}: ${MOST_ATTACHED}`);
      return { ...row, attached: [...row.attached, arn] };
    });
    layout.at(account, '').attachments.set(tx, [arn, 'policy', kind, exactName], true);
  });
  return {};
}

async function detach(ctx: Context, kind: IdentityKind, name: string, arn: string) {
  const { account } = ctx;
  checkArn(arn);
  await change(ctx, async (tx) => {
    await updateIdentity(tx, account, kind, name, (row) => {
      checkChangeable(kind, row);
      if (!row.attached.includes(arn)) throw fault('NoSuchEntity', `Policy ${arn} was not found.`);
      return { ...row, attached: row.attached.filter((attached) => attached !== arn) };
    });
    layout.at(account, '').attachments.delete(tx, [arn, 'policy', kind, name]);
  });
  return {};
}

async function list(
  { account, store }: Context,
  kind: IdentityKind,
  name: string,
  { PathPrefix = '/', ...page }: PageInput & { readonly PathPrefix?: string | undefined },
) {
  const { attached } = await readIdentity(store, account, kind, name);
  const policies = attached
    .map((arn) => ({
      PolicyName: arn.slice(arn.lastIndexOf('/') + 1),
      PolicyArn: arn,
      path: arn.slice(arn.indexOf('/'), arn.lastIndexOf('/') + 1),
    }))
    .filter(({ path }) => path.startsWith(PathPrefix));
  const { items, ...more } = pageOfList(policies, page, ({ PolicyArn }) => PolicyArn);
  return { AttachedPolicies: items.map(({ PolicyName, PolicyArn }) => ({ PolicyName, PolicyArn })), ...more };
}
