import type { IamOperations } from '../../model/gen/iam.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { change } from './change.ts';
import { fault } from './fault.ts';
import { newUniqueId } from './identifier.ts';
import {
  checkBare,
  checkNameFree,
  checkUnlinked,
  identityRows,
  readIdentity,
  updateIdentity,
  writeIdentity,
} from './identity.ts';
import { layout, type RoleRow } from './layout.ts';
import { checkBoundary } from './managed-policy-row.ts';
import { pageOfRows } from './page.ts';
import { roleLastUsed } from './service-last-accessed.ts';
import { addTags } from './tag.ts';
import { namedPrincipals, storedTrust } from './trust-policy.ts';
import { createdRole, listedRole, shownRole } from './view.ts';

const DEFAULT_SESSION_SECONDS = 3600;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html */
export const roles = {
  async CreateRole(input, ctx) {
    const { account, world } = ctx;
    const draft = {
      name: input.RoleName,
      path: input.Path ?? '/',
      id: newUniqueId('AROA', world.random),
      createdAtMs: world.clock.now(),
      inline: {},
      attached: [],
      tags: addTags({}, input.Tags),
      maxSessionSeconds: input.MaxSessionDuration ?? DEFAULT_SESSION_SECONDS,
      ...(input.Description === undefined ? {} : { description: input.Description }),
      ...(input.PermissionsBoundary === undefined ? {} : { boundary: input.PermissionsBoundary }),
    };
    const row = await change(ctx, async (tx) => {
      await checkNameFree(tx, account, 'role', draft.name);
      const made: RoleRow = {
        ...draft,
        trust: await storedTrust(input.AssumeRolePolicyDocument, account, tx),
      };
      if (made.boundary !== undefined) {
        await checkBoundary(tx, account, made.boundary);
        layout.at(account, '').attachments.set(tx, [made.boundary, 'boundary', 'role', made.name], true);
      }
      writeIdentity(tx, account, 'role', made);
      layout.global().uniqueIds.set(tx, [made.id], { account, kind: 'role', name: made.name });
      return made;
    });
    return { Role: createdRole(row, account, await namedPrincipals(row.trust, ctx.store)) };
  },

  async GetRole({ RoleName }, ctx) {
    const { account, store } = ctx;
    const row = await readIdentity(store, account, 'role', RoleName);
    const trust = await namedPrincipals(row.trust, store);
    return { Role: shownRole(row, account, trust, await roleLastUsed(row, ctx)) };
  },

  async ListRoles({ PathPrefix = '/', ...page }, { account, store }) {
    const rows = identityRows(account, 'role');
    const { items, ...more } = await pageOfRows(rows, store, page, ({ path }) => path.startsWith(PathPrefix));
    const shown = items.map(async (row) => listedRole(row, account, await namedPrincipals(row.trust, store)));
    return { Roles: await Promise.all(shown), ...more };
  },

  async UpdateRole({ RoleName, Description, MaxSessionDuration }, ctx) {
    await update(ctx, RoleName, (row) => ({
      ...row,
      maxSessionSeconds: MaxSessionDuration ?? row.maxSessionSeconds,
      ...(Description === undefined ? {} : { description: Description }),
    }));
    return {};
  },

  async UpdateRoleDescription({ RoleName, Description }, ctx) {
    const row = await update(ctx, RoleName, (role) => ({ ...role, description: Description }));
    return { Role: shownRole(row, ctx.account, await namedPrincipals(row.trust, ctx.store)) };
  },

  async UpdateAssumeRolePolicy({ RoleName, PolicyDocument }, ctx) {
    const { account } = ctx;
    await change(ctx, (tx) =>
      updateIdentity(tx, account, 'role', RoleName, async (row) => ({
        ...checkUnlinked(row),
        trust: await storedTrust(PolicyDocument, account, tx),
      })),
    );
    return {};
  },

  async DeleteRole({ RoleName }, ctx) {
    const { account } = ctx;
    await change(ctx, async (tx) => {
      const row = checkUnlinked(await readIdentity(tx, account, 'role', RoleName));
      const { attachments, instanceProfiles } = layout.at(account, '');
      const profiles = await instanceProfiles.all(tx, []);
      if (profiles.some(({ value }) => value.roleName === RoleName))
        throw fault('DeleteConflict', 'Cannot delete entity, must remove roles from instance profile first.');
      checkBare(row);
      if (row.boundary !== undefined) attachments.delete(tx, [row.boundary, 'boundary', 'role', row.name]);
      identityRows(account, 'role').delete(tx, [RoleName.toLowerCase()]);
      layout.global().uniqueIds.delete(tx, [row.id]);
    });
    return {};
  },
} satisfies Group<IamOperations>;

function update(ctx: Context, name: string, body: (row: RoleRow) => RoleRow): Promise<RoleRow> {
  return change(ctx, (tx) =>
    updateIdentity(tx, ctx.account, 'role', name, (row) => body(checkUnlinked(row))),
  );
}
