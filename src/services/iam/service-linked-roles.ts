import type { IamOperations } from '../../model/gen/iam.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { newUniqueId } from './identifier.ts';
import { identityRows, readIdentity, writeIdentity } from './identity.ts';
import { layout, type RoleRow } from './layout.ts';
import { SERVICE_LINKED_ROLES } from './service-linked-role.ts';
import { createdRole } from './view.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html */
export const serviceLinkedRoles = {
  async CreateServiceLinkedRole({ AWSServiceName, Description, CustomSuffix }, ctx) {
    const { account, world } = ctx;
    const known = Object.hasOwn(SERVICE_LINKED_ROLES, AWSServiceName)
      ? SERVICE_LINKED_ROLES[AWSServiceName]
      : undefined;
    if (known === undefined)
      throw fault('InvalidInput', `Service ${AWSServiceName} has no service-linked role here.`);
    if (CustomSuffix !== undefined && known.suffix !== true)
      throw fault('InvalidInput', `Custom suffix is not allowed for ${AWSServiceName}`);
    const arn = `arn:aws:iam::aws:policy/aws-service-role/${known.policy}`;
    const row: RoleRow = {
      name: CustomSuffix === undefined ? known.roleName : `${known.roleName}_${CustomSuffix}`,
      path: `/aws-service-role/${AWSServiceName}/`,
      id: newUniqueId('AROA', world.random),
      createdAtMs: world.clock.now(),
      inline: {},
      attached: [arn],
      tags: {},
      trust: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: AWSServiceName }, Action: 'sts:AssumeRole' }],
      }),
      maxSessionSeconds: 3600,
      linkedService: AWSServiceName,
      ...(Description === undefined ? {} : { description: Description }),
    };
    await change(ctx, async (tx) => {
      if ((await identityRows(account, 'role').get(tx, [row.name.toLowerCase()])) !== undefined)
        throw fault(
          'InvalidInput',
          `Service role name ${row.name} has been taken in this account, please try a different suffix.`,
        );
      writeIdentity(tx, account, 'role', row);
      layout.at(account, '').attachments.set(tx, [arn, 'policy', 'role', row.name], true);
      layout.global().uniqueIds.set(tx, [row.id], { account, kind: 'role', name: row.name });
    });
    return { Role: createdRole(row, account, row.trust) };
  },

  async DeleteServiceLinkedRole({ RoleName }, ctx) {
    const { account } = ctx;
    const task = ctx.world.random.uuid();
    const service = await change(ctx, async (tx) => {
      const row = await readIdentity(tx, account, 'role', RoleName);
      if (row.linkedService === undefined)
        throw fault('NoSuchEntity', `The service-linked role with name ${RoleName} cannot be found.`);
      const { attachments } = layout.at(account, '');
      for (const arn of row.attached) attachments.delete(tx, [arn, 'policy', 'role', row.name]);
      identityRows(account, 'role').delete(tx, [RoleName.toLowerCase()]);
      layout.global().uniqueIds.delete(tx, [row.id]);
      return row.linkedService;
    });
    return { DeletionTaskId: `task/aws-service-role/${service}/${RoleName}/${task}` };
  },

  /** Deletion is done when it is answered. */
  async GetServiceLinkedRoleDeletionStatus({ DeletionTaskId }) {
    if (!/^task\/aws-service-role\/[^/]+\/[^/]+\/[0-9a-f-]{36}$/.test(DeletionTaskId))
      throw fault('NoSuchEntity', `The deletion task with id ${DeletionTaskId} cannot be found.`);
    return { Status: 'SUCCEEDED' as const };
  },
} satisfies Group<IamOperations>;
