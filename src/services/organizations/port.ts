import { compilePolicy } from '../../policy/compile.ts';
import type { AccountControls, OrganizationFacts, OrganizationsPort } from '../../service/organizations.ts';
import type { Store } from '../../store/store.ts';
import { type ControlType, layout, type OrganizationRow } from './layout.ts';
import { arnOf, attachedOf, lineOf, pathOf, policyOf } from './organization.ts';

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
    organization: async (account) => {
      const id = await layout.members.get(store, [account]);
      const row = id === undefined ? undefined : await layout.organizations.get(store, [id]);
      return row && factsOf(row);
    },
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

function factsOf(row: OrganizationRow): OrganizationFacts {
  const delegations = Object.entries(row.delegations ?? {});
  return {
    id: row.id,
    managementAccount: row.managementAccount,
    allFeatures: row.featureSet === 'ALL',
    accounts: new Set(
      Object.keys(row.accounts).filter((account) => row.accounts[account]?.closedAtMs === undefined),
    ),
    services: new Map(
      Object.keys(row.serviceAccess).map((service) => [
        service,
        new Set(delegations.filter(([, services]) => service in services).map(([account]) => account)),
      ]),
    ),
  };
}

/** Stands over a closed account's every policy. */
const CLOSED = compilePolicy(
  '{"Version":"2012-10-17","Statement":[{"Sid":"AccountIsClosed","Effect":"Deny","Action":"*","Resource":"*"}]}',
  'closed-account',
);

/** The management account is bound by neither kind. */
function controlsOf(row: OrganizationRow, account: string): AccountControls {
  const parent = row.accounts[account]?.parentId ?? row.rootId;
  const organization = { organizationId: row.id, path: pathOf(row, parent) };
  if (account === row.managementAccount) return organization;
  const levels = (type: ControlType) =>
    lineOf(row, account).map((target) =>
      attachedOf(row, target, type).map((id) => compilePolicy(policyOf(row, id).content, arnOf(row, id))),
    );
  const closed = row.accounts[account]?.closedAtMs === undefined ? [] : [[CLOSED]];
  const scps = row.enabledTypes.includes('SERVICE_CONTROL_POLICY') ? levels('SERVICE_CONTROL_POLICY') : [];
  return {
    ...organization,
    ...(closed.length + scps.length === 0 ? {} : { scps: [...closed, ...scps] }),
    ...(row.enabledTypes.includes('RESOURCE_CONTROL_POLICY')
      ? { rcps: levels('RESOURCE_CONTROL_POLICY') }
      : {}),
  };
}
