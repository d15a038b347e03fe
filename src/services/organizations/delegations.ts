import type { OrganizationsOperations } from '../../model/gen/organizations.ts';
import type { Group } from '../../service/service.ts';
import { checkAccount } from './accounts.ts';
import { constraint, fault } from './fault.ts';
import { changeManaged, readAdministered } from './membership.ts';
import { pageOf } from './page.ts';
import { shownAccount } from './view.ts';

/** Member accounts that administer a service for all. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html */
export const delegations = {
  async RegisterDelegatedAdministrator({ AccountId, ServicePrincipal }, ctx) {
    const nowMs = ctx.world.clock.now();
    await changeManaged(ctx, (row) => {
      const { closedAtMs } = checkAccount(row, AccountId);
      if (AccountId === row.managementAccount)
        throw constraint(
          'CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR',
          'You cannot register the management account of the organization as a delegated administrator.',
        );
      if (closedAtMs !== undefined)
        throw constraint(
          'CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR',
          'You cannot register a suspended account as a delegated administrator.',
        );
      if (row.serviceAccess[ServicePrincipal] === undefined)
        throw constraint(
          'SERVICE_ACCESS_NOT_ENABLED',
          'You must enable service access before you register a delegated administrator.',
        );
      const services = row.delegations?.[AccountId] ?? {};
      if (services[ServicePrincipal] !== undefined)
        throw fault(
          'AccountAlreadyRegisteredException',
          'The provided account is already a delegated administrator for your organization.',
        );
      const delegated = { ...services, [ServicePrincipal]: nowMs };
      return { ...row, delegations: { ...row.delegations, [AccountId]: delegated } };
    });
    return {};
  },

  async DeregisterDelegatedAdministrator({ AccountId, ServicePrincipal }, ctx) {
    await changeManaged(ctx, (row) => {
      checkAccount(row, AccountId);
      const { [AccountId]: services, ...others } = row.delegations ?? {};
      if (services?.[ServicePrincipal] === undefined) throw notRegistered();
      const { [ServicePrincipal]: _gone, ...kept } = services;
      const left = Object.keys(kept).length === 0 ? others : { ...others, [AccountId]: kept };
      return { ...row, delegations: left };
    });
    return {};
  },

  async ListDelegatedAdministrators({ ServicePrincipal, ...page }, { account, store }) {
    const row = await readAdministered(store, account);
    const wanted = Object.entries(row.delegations ?? {}).filter(
      ([, services]) => ServicePrincipal === undefined || services[ServicePrincipal] !== undefined,
    );
    const { items, NextToken } = pageOf(wanted, page);
    return {
      DelegatedAdministrators: items.map(([id, services]) => ({
        ...shownAccount(row, id),
        DelegationEnabledDate: new Date(
          services[ServicePrincipal ?? ''] ?? Math.min(...Object.values(services)),
        ),
      })),
      NextToken,
    };
  },

  async ListDelegatedServicesForAccount({ AccountId, ...page }, { account, store }) {
    const row = await readAdministered(store, account);
    checkAccount(row, AccountId);
    const services = row.delegations?.[AccountId];
    if (services === undefined) throw notRegistered();
    const { items, NextToken } = pageOf(Object.entries(services), page);
    return {
      DelegatedServices: items.map(([ServicePrincipal, sinceMs]) => ({
        ServicePrincipal,
        DelegationEnabledDate: new Date(sinceMs),
      })),
      NextToken,
    };
  },
} satisfies Group<OrganizationsOperations>;

function notRegistered() {
  return fault(
    'AccountNotRegisteredException',
    'The specified account is not a delegated administrator for this service.',
  );
}
