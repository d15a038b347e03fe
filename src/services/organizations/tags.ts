import type { OrganizationsOperations, Tag } from '../../model/gen/organizations.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { layout, type OrganizationRow } from './layout.ts';
import { changeManaged, readManaged } from './membership.ts';
import { targetType } from './organization.ts';

export const tags = {
  async TagResource({ ResourceId, Tags }, ctx) {
    await changeManaged(ctx, (row) => taggedWith(checked(row, ResourceId), ResourceId, Tags));
    return {};
  },

  async UntagResource({ ResourceId, TagKeys }, ctx) {
    await changeManaged(ctx, (row) => {
      checked(row, ResourceId);
      const kept = Object.entries(row.tags[ResourceId] ?? {}).filter(([key]) => !TagKeys.includes(key));
      return { ...row, tags: { ...row.tags, [ResourceId]: Object.fromEntries(kept) } };
    });
    return {};
  },

  async ListTagsForResource({ ResourceId }, { account, store }) {
    const row = checked(await readManaged(store, account), ResourceId);
    return { Tags: Object.entries(row.tags[ResourceId] ?? {}).map(([Key, Value]) => ({ Key, Value })) };
  },
} satisfies Group<OrganizationsOperations>;

/** The tags of an account, a unit, a root or a policy, for the pipeline: its id ends its ARN. */
export async function resourceTags(
  resourceArn: string,
  { account, store }: Context,
): Promise<Readonly<Record<string, string>> | undefined> {
  const id = await layout.members.get(store, [account]);
  const row = id === undefined ? undefined : await layout.organizations.get(store, [id]);
  return row?.tags[resourceArn.slice(resourceArn.lastIndexOf('/') + 1)];
}

export function taggedWith(
  row: OrganizationRow,
  id: string,
  added: readonly Tag[] | undefined,
): OrganizationRow {
  if (added === undefined || added.length === 0) return row;
  const all = { ...row.tags[id], ...Object.fromEntries(added.map(({ Key, Value }) => [Key, Value])) };
  return { ...row, tags: { ...row.tags, [id]: all } };
}

function checked(row: OrganizationRow, id: string): OrganizationRow {
  if (targetType(row, id) === undefined && !Object.hasOwn(row.policies, id) && row.resourcePolicy?.id !== id)
    throw fault(
      'TargetNotFoundException',
      "We can't find a root, OU, account, or policy with the TargetId that you specified.",
    );
  return row;
}
