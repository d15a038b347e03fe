import type { AccessDetail, IamOperations, sortKeyType } from '../../model/gen/iam.ts';
import { servicesAllowed, servicesDenied } from '../../policy/service-access.ts';
import type { Activity } from '../../service/audit.ts';
import type { Context } from '../../service/context.ts';
import type { OrganizationFacts } from '../../service/organizations.ts';
import type { Group } from '../../service/service.ts';
import { accessDenied, fault } from './fault.ts';
import { layout, type OrganizationReportRow } from './layout.ts';
import { pageOfList } from './page.ts';
import { latestOf, serviceNames, TRACKED_MS } from './service-last-accessed.ts';

/**
 * Which services the accounts under a root, a unit or an account may use by their service control policies, and when
 * one of them last did. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html
 */
export const organizationsAccess = {
  async GenerateOrganizationsAccessReport({ EntityPath, OrganizationsPolicyId }, ctx) {
    const organization = await readManaged(ctx);
    const row: OrganizationReportRow = {
      entityPath: EntityPath.replace(/\/$/, ''),
      createdAtMs: ctx.world.clock.now(),
      ...(OrganizationsPolicyId === undefined ? {} : { policyId: OrganizationsPolicyId }),
    };
    if ((await accountsUnder(row.entityPath, organization, ctx)).length === 0)
      throw fault('InvalidInput', `Invalid entity path: ${EntityPath}`);
    const JobId = ctx.world.random.uuid();
    await ctx.transact(async (tx) => layout.at(ctx.account, '').organizationReports.set(tx, [JobId], row));
    return { JobId };
  },

  async GetOrganizationsAccessReport({ JobId, SortKey = 'SERVICE_NAMESPACE_ASCENDING', ...page }, ctx) {
    const row = await layout.at(ctx.account, '').organizationReports.get(ctx.store, [JobId]);
    if (row === undefined) throw fault('NoSuchEntity', `Job ${JobId} does not exist.`);
    const accounts = await accountsUnder(row.entityPath, await readManaged(ctx), ctx);
    const details = await detailsOf(accounts, row, ctx);
    const ranked = details
      .sort((a, b) => compare(a, b, SortKey))
      .map((detail, index) => ({ detail, key: String(index).padStart(6, '0') }));
    const { items, ...more } = pageOfList(ranked, page, ({ key }) => key);
    const created = new Date(row.createdAtMs);
    return {
      JobStatus: 'COMPLETED',
      JobCreationDate: created,
      JobCompletionDate: created,
      NumberOfServicesAccessible: details.length,
      NumberOfServicesNotAccessed: details.filter((found) => found.LastAuthenticatedTime === undefined)
        .length,
      AccessDetails: items.map(({ detail }) => detail),
      ...more,
    };
  },
} satisfies Group<IamOperations>;

async function readManaged(ctx: Context): Promise<OrganizationFacts> {
  const organization = await ctx.ports.organizations.organization(ctx.account);
  if (organization?.managementAccount === ctx.account) return organization;
  throw accessDenied('Only the management account of an organization can ask for its access report.');
}

interface Placed {
  readonly account: string;
  /** From the organization down to the account. */
  readonly path: string;
  /** By its service control policies. */
  readonly services: ReadonlySet<string>;
}

async function accountsUnder(
  entityPath: string,
  { accounts }: OrganizationFacts,
  ctx: Context,
  policyId?: string,
): Promise<readonly Placed[]> {
  const all = [...serviceNames().keys()];
  const placed = await Promise.all(
    [...accounts].map(async (account) => {
      const controls = await ctx.ports.organizations.controls(account);
      const levels = (controls?.scps ?? [])
        .map((level) => level.filter(({ id }) => policyId === undefined || id.endsWith(`/${policyId}`)))
        .filter((level) => policyId === undefined || level.length > 0);
      const services = all.filter((service) =>
        levels.every(
          (level) =>
            level.some(({ document }) => servicesAllowed(document, [service]).length > 0) &&
            !level.some(({ document }) => servicesDenied(document, [service]).length > 0),
        ),
      );
      return { account, path: `${controls?.path ?? ''}${account}`, services: new Set(services) };
    }),
  );
  return placed.filter(({ path }) => path === entityPath || path.startsWith(`${entityPath}/`));
}

async function detailsOf(
  accounts: readonly Placed[],
  { createdAtMs, policyId, entityPath }: OrganizationReportRow,
  ctx: Context,
): Promise<AccessDetail[]> {
  const placed =
    policyId === undefined
      ? accounts
      : await accountsUnder(entityPath, await readManaged(ctx), ctx, policyId);
  const done = await Promise.all(
    placed.map(async (each) => ({ ...each, activities: await activitiesIn(each.account, createdAtMs, ctx) })),
  );
  const names = serviceNames();
  const accessible = [...names].filter(([service]) => placed.some(({ services }) => services.has(service)));
  return accessible.map(([service, name]) => {
    const own = done
      .map(({ path, activities }) => ({
        path,
        last: latestOf(activities.filter(({ action }) => action.startsWith(`${service}:`))),
      }))
      .filter(({ last }) => last !== undefined)
      .sort((a, b) => (b.last?.lastMs ?? 0) - (a.last?.lastMs ?? 0));
    const [latest] = own;
    return {
      ServiceName: name,
      ServiceNamespace: service,
      TotalAuthenticatedEntities: own.length,
      ...(latest?.last === undefined
        ? {}
        : {
            Region: latest.last.region,
            EntityPath: latest.path,
            LastAuthenticatedTime: new Date(latest.last.lastMs),
          }),
    };
  });
}

/** What anybody of an account did in the time AWS tracks. */
async function activitiesIn(account: string, atMs: number, { ports }: Context): Promise<readonly Activity[]> {
  const everybody = await ports.identity.inventory(account);
  const found = await Promise.all(
    everybody.map(({ arn }) => ports.audit.activity(account, arn, atMs - TRACKED_MS)),
  );
  return found.flat();
}

function compare(a: AccessDetail, b: AccessDetail, key: sortKeyType): number {
  const byName = a.ServiceNamespace < b.ServiceNamespace ? -1 : 1;
  const byTime = (a.LastAuthenticatedTime?.getTime() ?? 0) - (b.LastAuthenticatedTime?.getTime() ?? 0);
  switch (key) {
    case 'SERVICE_NAMESPACE_ASCENDING':
      return byName;
    case 'SERVICE_NAMESPACE_DESCENDING':
      return -byName;
    case 'LAST_AUTHENTICATED_TIME_ASCENDING':
      return byTime === 0 ? byName : byTime;
    case 'LAST_AUTHENTICATED_TIME_DESCENDING':
      return byTime === 0 ? byName : -byTime;
  }
}
