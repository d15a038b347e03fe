import type { IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { checkPolicy, encodeDocument, fault, sizeOf } from './fault.ts';
import { checkUnlinked, readIdentity, updateIdentity } from './identity.ts';
import type { IdentityKind, IdentityRow, RoleRow } from './layout.ts';
import { type PageInput, pageOfList } from './page.ts';

/** Characters of all inline policies of one identity, spaces not counted. */
const MOST_BYTES: Readonly<Record<IdentityKind, number>> = { user: 2048, group: 5120, role: 10240 };

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html */
export const inlinePolicies = {
  PutUserPolicy: ({ UserName, PolicyName, PolicyDocument }, ctx) =>
    put(ctx, 'user', UserName, PolicyName, PolicyDocument),
  PutGroupPolicy: ({ GroupName, PolicyName, PolicyDocument }, ctx) =>
    put(ctx, 'group', GroupName, PolicyName, PolicyDocument),
  PutRolePolicy: ({ RoleName, PolicyName, PolicyDocument }, ctx) =>
    put(ctx, 'role', RoleName, PolicyName, PolicyDocument),

  async GetUserPolicy({ UserName, PolicyName }, ctx) {
    return { UserName, ...(await get(ctx, 'user', UserName, PolicyName)) };
  },
  async GetGroupPolicy({ GroupName, PolicyName }, ctx) {
    return { GroupName, ...(await get(ctx, 'group', GroupName, PolicyName)) };
  },
  async GetRolePolicy({ RoleName, PolicyName }, ctx) {
    return { RoleName, ...(await get(ctx, 'role', RoleName, PolicyName)) };
  },

  ListUserPolicies: ({ UserName, ...page }, ctx) => list(ctx, 'user', UserName, page),
  ListGroupPolicies: ({ GroupName, ...page }, ctx) => list(ctx, 'group', GroupName, page),
  ListRolePolicies: ({ RoleName, ...page }, ctx) => list(ctx, 'role', RoleName, page),

  DeleteUserPolicy: ({ UserName, PolicyName }, ctx) => remove(ctx, 'user', UserName, PolicyName),
  DeleteGroupPolicy: ({ GroupName, PolicyName }, ctx) => remove(ctx, 'group', GroupName, PolicyName),
  DeleteRolePolicy: ({ RoleName, PolicyName }, ctx) => remove(ctx, 'role', RoleName, PolicyName),
} satisfies Group<IamOperations>;

async function put(ctx: Context, kind: IdentityKind, name: string, policy: string, document: string) {
  const most = MOST_BYTES[kind];
  await change(ctx, (tx) =>
    updateIdentity(tx, ctx.account, kind, name, (row) => {
      checkChangeable(kind, row);
      checkPolicy(document, 'inline');
      const inline = { ...row.inline, [policy]: document };
      if (Object.values(inline).reduce((sum, text) => sum + sizeOf(text), 0) > most)
        throw fault('LimitExceeded', `Maximum policy size of ${most} bytes exceeded for ${kind} ${name}`);
      return { ...row, inline };
    }),
  );
  return {};
}

async function get({ account, store }: Context, kind: IdentityKind, name: string, policy: string) {
  const { inline } = await readIdentity(store, account, kind, name);
  return { PolicyName: policy, PolicyDocument: encodeDocument(existing(inline, kind, policy)) };
}

async function list({ account, store }: Context, kind: IdentityKind, name: string, page: PageInput) {
  const { inline } = await readIdentity(store, account, kind, name);
  const { items, ...more } = pageOfList(Object.keys(inline), page, (policy) => policy);
  return { PolicyNames: items, ...more };
}

async function remove(ctx: Context, kind: IdentityKind, name: string, policy: string) {
  await change(ctx, (tx) =>
    updateIdentity(tx, ctx.account, kind, name, (row) => {
      checkChangeable(kind, row);
      existing(row.inline, kind, policy);
      const { [policy]: _gone, ...inline } = row.inline;
      return { ...row, inline };
    }),
  );
  return {};
}

function existing(inline: IdentityRow['inline'], kind: IdentityKind, policy: string): string {
  const document = Object.hasOwn(inline, policy) ? inline[policy] : undefined;
  if (document === undefined)
    throw fault('NoSuchEntity', `The ${kind} policy with name ${policy} cannot be found.`);
  return document;
}

export function checkChangeable(kind: IdentityKind, row: IdentityRow): void {
  if (kind === 'role') checkUnlinked(row as RoleRow);
}
