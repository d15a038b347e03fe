import { actionPrefix } from '../../model/action-prefix.ts';
import type { EntityDetails, IamOperations, RoleLastUsed, ServiceLastAccessed } from '../../model/gen/iam.ts';
import { loadModelIndex } from '../../model/load.ts';
import { servicesAllowed } from '../../policy/service-access.ts';
import type { Activity } from '../../service/audit.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { fault } from './fault.ts';
import { type Actor, readHolder } from './holders.ts';
import { identityArn } from './identity.ts';
import { type LastAccessedRow, layout, type RoleRow } from './layout.ts';
import { pageOfList } from './page.ts';

/** AWS tracks this far back, and keeps a report for seven days; virtual time. */
export const TRACKED_MS = 400 * 24 * 60 * 60 * 1000;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html */
export const serviceLastAccessed = {
  async GenerateServiceLastAccessedDetails({ Arn, Granularity = 'SERVICE_LEVEL' }, ctx) {
    await readHolder(ctx.store, ctx.account, Arn);
    const JobId = ctx.world.random.uuid();
    const row: LastAccessedRow = { arn: Arn, granularity: Granularity, createdAtMs: ctx.world.clock.now() };
    await ctx.transact(async (tx) => layout.at(ctx.account, '').lastAccessed.set(tx, [JobId], row));
    return { JobId };
  },

  async GetServiceLastAccessedDetails({ JobId, ...page }, ctx) {
    const job = await readJob(ctx, JobId);
    const { actors, policies } = await readHolder(ctx.store, ctx.account, job.arn);
    const names = serviceNames();
    const allowed = new Set(policies.flatMap(({ document }) => servicesAllowed(document, [...names.keys()])));
    const done = await activitiesOf(ctx, actors, job);
    const { items, ...more } = pageOfList([...allowed], page, (service) => service);
    const created = new Date(job.createdAtMs);
    return {
      JobStatus: 'COMPLETED',
      JobType: job.granularity,
      JobCreationDate: created,
      JobCompletionDate: created,
      ServicesLastAccessed: items.map((service) =>
        lastAccessed(service, names.get(service) ?? service, done, job),
      ),
      ...more,
    };
  },

  async GetServiceLastAccessedDetailsWithEntities({ JobId, ServiceNamespace, ...page }, ctx) {
    const job = await readJob(ctx, JobId);
    const { actors } = await readHolder(ctx.store, ctx.account, job.arn);
    const done = await activitiesOf(ctx, actors, job);
    const entities = done.map(({ actor, activities }): EntityDetails => {
      const last = latestOf(activities.filter(({ action }) => action.startsWith(`${ServiceNamespace}:`)));
      return {
        EntityInfo: {
          Arn: actor.arn,
          Name: actor.row.name,
          Type: actor.kind === 'user' ? 'USER' : 'ROLE',
          Id: actor.row.id,
          Path: actor.row.path,
        },
        LastAuthenticated: last && new Date(last.lastMs),
      };
    });
    const { items, ...more } = pageOfList(entities, page, ({ EntityInfo }) => EntityInfo.Arn);
    const created = new Date(job.createdAtMs);
    return {
      JobStatus: 'COMPLETED',
      JobCreationDate: created,
      JobCompletionDate: created,
      EntityDetailsList: items,
      ...more,
    };
  },

  async ListPoliciesGrantingServiceAccess({ Arn, ServiceNamespaces, Marker }, { account, store }) {
    const { kind, policies } = await readHolder(store, account, Arn);
    if (kind === 'policy') throw fault('InvalidInput', `Invalid ARN: ${Arn}`);
    const { items, ...more } = pageOfList(ServiceNamespaces, { Marker }, (service) => service);
    return {
      PoliciesGrantingServiceAccess: items.map((service) => ({
        ServiceNamespace: service,
        Policies: policies
          .filter(({ document }) => servicesAllowed(document, [service]).length > 0)
          .map(({ document: _document, ...policy }) => policy),
      })),
      ...more,
    };
  },
} satisfies Group<IamOperations>;

async function readJob(ctx: Context, id: string): Promise<LastAccessedRow> {
  const row = await layout.at(ctx.account, '').lastAccessed.get(ctx.store, [id]);
  if (row === undefined) throw fault('NoSuchEntity', `Job ${id} does not exist.`);
  return row;
}

interface Done {
  readonly actor: Actor;
  readonly activities: readonly Activity[];
}

function activitiesOf(
  ctx: Context,
  actors: readonly Actor[],
  { createdAtMs }: LastAccessedRow,
): Promise<Done[]> {
  const since = createdAtMs - TRACKED_MS;
  return Promise.all(
    actors.map(async (actor) => ({
      actor,
      activities: await ctx.ports.audit.activity(ctx.account, actor.arn, since),
    })),
  );
}

function lastAccessed(
  service: string,
  name: string,
  done: readonly Done[],
  { granularity }: LastAccessedRow,
): ServiceLastAccessed {
  const own = done
    .map(({ actor, activities }) => ({
      actor,
      activities: activities.filter(({ action }) => action.startsWith(`${service}:`)),
    }))
    .filter(({ activities }) => activities.length > 0);
  const latest = own
    .map(({ actor, activities }) => ({ actor, last: latestOf(activities) }))
    .sort((a, b) => (b.last?.lastMs ?? 0) - (a.last?.lastMs ?? 0))[0];
  return {
    ServiceName: name,
    ServiceNamespace: service,
    TotalAuthenticatedEntities: own.length,
    LastAuthenticated: latest?.last && new Date(latest.last.lastMs),
    LastAuthenticatedEntity: latest?.actor.arn,
    LastAuthenticatedRegion: latest?.last?.region,
    TrackedActionsLastAccessed: granularity === 'ACTION_LEVEL' ? trackedActions(own) : undefined,
  };
}

function trackedActions(done: readonly Done[]) {
  const actions = new Map<string, { readonly arn: string; readonly last: Activity }>();
  for (const { actor, activities } of done) {
    for (const last of activities) {
      const name = last.action.slice(last.action.indexOf(':') + 1);
      if ((actions.get(name)?.last.lastMs ?? -1) < last.lastMs) actions.set(name, { arn: actor.arn, last });
    }
  }
  return [...actions].map(([ActionName, { arn, last }]) => ({
    ActionName,
    LastAccessedEntity: arn,
    LastAccessedTime: new Date(last.lastMs),
    LastAccessedRegion: last.region,
  }));
}

/** The latest of some activities. */
export function latestOf(activities: readonly Activity[]): Activity | undefined {
  return activities.reduce<Activity | undefined>(
    (latest, one) => (latest === undefined || one.lastMs > latest.lastMs ? one : latest),
    undefined,
  );
}

/** When a role last did anything that needed a permission; nothing when it did not in AWS's 400 days. */
export async function roleLastUsed(row: RoleRow, ctx: Context): Promise<RoleLastUsed> {
  const since = ctx.world.clock.now() - TRACKED_MS;
  const arn = identityArn(ctx.account, 'role', row);
  const last = latestOf(await ctx.ports.audit.activity(ctx.account, arn, since));
  return last === undefined ? {} : { LastUsedDate: new Date(last.lastMs), Region: last.region };
}

/** Full names by the prefix of the services' actions; of two with one prefix, the first by name. */
export function serviceNames(): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const metadata of Object.values(loadModelIndex())) {
    const prefix = actionPrefix(metadata);
    if (!names.has(prefix)) names.set(prefix, metadata.serviceFullName ?? metadata.serviceId);
  }
  return names;
}
