import { compilePolicy } from '../../policy/compile.ts';
import type { AccountControls, OrganizationsPort } from '../../service/organizations.ts';
import type { Store } from '../../store/store.ts';
import { type ControlType, layout, type OrganizationRow } from './layout.ts';
import { attachedOf, lineOf, pathOf, policyOf } from './organization.ts';

/** Every organization in memory: few have any, and every decision asks. A change by any process drops what is known. */
export function createOrganizationsPort(store: Store): OrganizationsPort {
  let known: ReadonlyMap<string, AccountControls> | undefined;
  let reading: Promise<ReadonlyMap<string, AccountControls>> | undefined;
  store.watch(layout.organizations.rangeOf([]), () => {
    known = undefined;
    reading = undefined;
  });

  async function read(): Promise<ReadonlyMap<string, AccountControls>> {
    const rows = await layout.organizations.all(store, []);
    return new Map(
      rows.flatMap(({ value: row }) =>
        Object.keys(row.accounts).map((account) => [account, controlsOf(row, account)] as const),
      ),
    );
  }

  return {
    controls: (account) => {
      if (known !== undefined) return known.size === 0 ? undefined : known.get(account);
      const mine = (reading ??= read());
      return mine.then((found) => {
        // What changed while it was read is read anew by the next.
        if (reading === mine) known = found;
        return found.get(account);
      });
    },
  };
}

/** The management account is bound by neither kind. */
function controlsOf(row: OrganizationRow, account: string): AccountControls {
  const parent = row.accounts[account]?.parentId ?? row.rootId;
  const organization = { organizationId: row.id, path: pathOf(row, parent) };
  if (account === row.managementAccount) return organization;
  const levels = (type: ControlType) =>
    lineOf(row, account).map((target) =>
      attachedOf(row, target, type).map((id) => compilePolicy(policyOf(row, id).content, id)),
    );
  return {
    ...organization,
    ...(row.enabledTypes.includes('SERVICE_CONTROL_POLICY')
      ? { scps: levels('SERVICE_CONTROL_POLICY') }
      : {}),
    ...(row.enabledTypes.includes('RESOURCE_CONTROL_POLICY')
      ? { rcps: levels('RESOURCE_CONTROL_POLICY') }
      : {}),
  };
}
