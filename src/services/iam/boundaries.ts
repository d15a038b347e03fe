import type { IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { readIdentity, writeIdentity } from './identity.ts';
import { checkChangeable } from './inline-policies.ts';
import { layout } from './layout.ts';
import { checkBoundary } from './managed-policy-row.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html */
export const boundaries = {
  PutUserPermissionsBoundary: ({ UserName, PermissionsBoundary }, ctx) =>
    replace(ctx, 'user', UserName, PermissionsBoundary),
  PutRolePermissionsBoundary: ({ RoleName, PermissionsBoundary }, ctx) =>
    replace(ctx, 'role', RoleName, PermissionsBoundary),
  DeleteUserPermissionsBoundary: ({ UserName }, ctx) => replace(ctx, 'user', UserName, undefined),
  DeleteRolePermissionsBoundary: ({ RoleName }, ctx) => replace(ctx, 'role', RoleName, undefined),
} satisfies Group<IamOperations>;

async function replace(ctx: Context, kind: 'user' | 'role', name: string, arn: string | undefined) {
  const { account } = ctx;
  await change(ctx, async (tx) => {
    const row = await readIdentity(tx, account, kind, name);
    checkChangeable(kind, row);
    if (arn !== undefined) await checkBoundary(tx, account, arn);
    else if (row.boundary === undefined)
      throw fault('NoSuchEntity', `The ${kind} with name ${name} does not have a permissions boundary.`);
    const { boundary, ...rest } = row;
    const { attachments } = layout.at(account, '');
    if (boundary !== undefined) attachments.delete(tx, [boundary, 'boundary', kind, name]);
    if (arn !== undefined) attachments.set(tx, [arn, 'boundary', kind, name], true);
    writeIdentity(tx, account, kind, arn === undefined ? rest : { ...rest, boundary: arn });
  });
  return {};
}
