import type { OrganizationsOperations } from '../../model/gen/organizations.ts';
import type { Group } from '../../service/service.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';
import { constraint, fault } from './fault.ts';
import type { OrganizationRow } from './layout.ts';
import { changeManaged, readAdministered } from './membership.ts';
import { checkParent, lineOf, targetType, withFullAccess, withoutTarget } from './organization.ts';
import { pageOf } from './page.ts';
import { taggedWith } from './tags.ts';
import { shownUnit } from './view.ts';

/** Units nest this deep under the root. */
const MOST_DEPTH = 5;

/** Organizational units and the tree they make. */
export const units = {
  async CreateOrganizationalUnit({ ParentId, Name, Tags }, ctx) {
    const id = ctx.world.random.id(8, ALPHANUMERIC_LOWER);
    let unitId = '';
    const row = await changeManaged(ctx, (before) => {
      checkParent(before, ParentId);
      checkName(before, ParentId, Name);
      if (lineOf(before, ParentId).length > MOST_DEPTH)
        throw constraint('OU_DEPTH_LIMIT_EXCEEDED', 'You have exceeded the maximum depth of units.');
      unitId = `ou-${before.rootId.slice(2)}-${id}`;
      const grown = { ...before, units: { ...before.units, [unitId]: { name: Name, parentId: ParentId } } };
      return taggedWith(withFullAccess(grown, unitId), unitId, Tags);
    });
    return { OrganizationalUnit: shownUnit(row, unitId) };
  },

  async UpdateOrganizationalUnit({ OrganizationalUnitId: id, Name }, ctx) {
    const row = await changeManaged(ctx, (before) => {
      const unit = unitOf(before, id);
      if (Name === undefined || Name === unit.name) return before;
      checkName(before, unit.parentId, Name);
      return { ...before, units: { ...before.units, [id]: { ...unit, name: Name } } };
    });
    return { OrganizationalUnit: shownUnit(row, id) };
  },

  async DeleteOrganizationalUnit({ OrganizationalUnitId: id }, ctx) {
    await changeManaged(ctx, (row) => {
      unitOf(row, id);
      if (childrenOf(row, id, 'ACCOUNT').length + childrenOf(row, id, 'ORGANIZATIONAL_UNIT').length > 0)
        throw fault(
          'OrganizationalUnitNotEmptyException',
          'The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.',
        );
      return withoutTarget(row, id);
    });
    return {};
  },

  async DescribeOrganizationalUnit({ OrganizationalUnitId: id }, { account, store }) {
    const row = await readAdministered(store, account);
    unitOf(row, id);
    return { OrganizationalUnit: shownUnit(row, id) };
  },

  async ListOrganizationalUnitsForParent({ ParentId, ...page }, { account, store }) {
    const row = await readAdministered(store, account);
    checkParent(row, ParentId);
    const { items, NextToken } = pageOf(childrenOf(row, ParentId, 'ORGANIZATIONAL_UNIT'), page);
    return { OrganizationalUnits: items.map((id) => shownUnit(row, id)), NextToken };
  },

  async ListChildren({ ParentId, ChildType, ...page }, { account, store }) {
    const row = await readAdministered(store, account);
    checkParent(row, ParentId);
    const { items, NextToken } = pageOf(childrenOf(row, ParentId, ChildType), page);
    return { Children: items.map((Id) => ({ Id, Type: ChildType })), NextToken };
  },

  async ListParents({ ChildId, ...page }, { account, store }) {
    const row = await readAdministered(store, account);
    const parent = row.units[ChildId]?.parentId ?? row.accounts[ChildId]?.parentId;
    if (parent === undefined)
      throw fault(
        'ChildNotFoundException',
        "You specified an organizational unit (OU) or AWS account ID that doesn't exist.",
      );
    const { items, NextToken } = pageOf([parent], page);
    const type = parent === row.rootId ? 'ROOT' : 'ORGANIZATIONAL_UNIT';
    return { Parents: items.map((Id) => ({ Id, Type: type })), NextToken };
  },
} satisfies Group<OrganizationsOperations>;

export function childrenOf(
  row: OrganizationRow,
  parentId: string,
  type: 'ACCOUNT' | 'ORGANIZATIONAL_UNIT',
): readonly string[] {
  const all: Readonly<Record<string, { readonly parentId: string }>> =
    type === 'ACCOUNT' ? row.accounts : row.units;
  return Object.keys(all).filter((id) => all[id]?.parentId === parentId);
}

function unitOf(row: OrganizationRow, id: string) {
  const unit = row.units[id];
  if (unit === undefined || targetType(row, id) !== 'ORGANIZATIONAL_UNIT')
    throw fault(
      'OrganizationalUnitNotFoundException',
      "You specified an organizational unit that doesn't exist.",
    );
  return unit;
}

function checkName(row: OrganizationRow, parentId: string, name: string): void {
  const siblings = childrenOf(row, parentId, 'ORGANIZATIONAL_UNIT');
  if (siblings.some((id) => row.units[id]?.name === name))
    throw fault('DuplicateOrganizationalUnitException', 'An OU with the same name already exists.');
}
