import { formatArn, parseArn } from '../../base/arn.ts';
import type {
  CloudtrailOperations,
  CreateTrailRequest,
  UpdateTrailRequest,
} from '../../model/gen/cloudtrail.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import type { DeliveredTrail } from './delivered-trail.ts';
import { checkBucket } from './delivery.ts';
import { fault } from './fault.ts';
import { type Attempt, layout, type TrailRow } from './layout.ts';
import { isoSeconds } from './parameters.ts';
import { ensureSigningKey } from './signing-key.ts';
import { checkTrailArn, checkTrailName, readTrail, shownTrail, trailArn, trailSettings } from './trail.ts';
import { addTags } from './trail-tags.ts';

const MOST_TRAILS = 5;
const CLOUDTRAIL = 'cloudtrail.amazonaws.com';

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-and-update-a-trail.html */
export const trails = {
  async CreateTrail(input, ctx) {
    const { account, region } = ctx;
    checkTrailName(input.Name);
    const row: TrailRow = {
      ...settings(input, ctx),
      ...(input.IsOrganizationTrail === true ? { organizationId: await managedOrganization(ctx) } : {}),
      name: input.Name,
      homeRegion: region,
      bucket: input.S3BucketName,
      includeGlobal: input.IncludeGlobalServiceEvents ?? true,
      multiRegion: input.IsMultiRegionTrail ?? false,
      validation: input.EnableLogFileValidation ?? false,
      tags: addTags({}, input.TagsList ?? []),
      logging: false,
    };
    checkLogging(row);
    checkGlobal(row);
    await checkBucket(row, ctx);
    if (row.validation) await ensureSigningKey(ctx);
    await changeTrail(ctx, async (tx) => {
      const rows = layout.at(account, '').trails;
      if ((await rows.get(tx, [region, row.name])) !== undefined)
        throw fault(
          'TrailAlreadyExistsException',
          `Trail ${row.name} already exists for customer: ${account}`,
        );
      const here = await rows.all(tx, [region]);
      if (here.length >= MOST_TRAILS)
        throw fault(
          'MaximumNumberOfTrailsExceededException',
          `User: ${account} already has ${MOST_TRAILS} trails in ${region}.`,
        );
      rows.set(tx, [region, row.name], row);
      layout.global().trailAccounts.set(tx, [account], true);
    });
    return trailSettings(row, account);
  },

  async UpdateTrail(input, ctx) {
    const { account } = ctx;
    const before = await homeTrail(input.Name, ctx);
    const { organizationId: organization, ...others } = before;
    const shared = input.IsOrganizationTrail ?? organization !== undefined;
    const row: TrailRow = {
      ...others,
      ...settings(input, ctx),
      ...(shared ? { organizationId: organization ?? (await managedOrganization(ctx)) } : {}),
      bucket: input.S3BucketName ?? before.bucket,
      includeGlobal: input.IncludeGlobalServiceEvents ?? before.includeGlobal,
      multiRegion: input.IsMultiRegionTrail ?? before.multiRegion,
      validation: input.EnableLogFileValidation ?? before.validation,
    };
    checkLogging(row);
    checkGlobal(row);
    await checkBucket(row, ctx);
    if (row.validation) await ensureSigningKey(ctx);
    const { logging: _logging, ...changed } = row;
    const updated = await updateTrail(ctx, row, ({ organizationId: _left, ...current }) => ({
      ...current,
      ...changed,
    }));
    return trailSettings(updated, account);
  },

  async DeleteTrail({ Name }, ctx) {
    const { homeRegion, name } = await homeTrail(Name, ctx);
    await changeTrail(ctx, async (tx) => layout.at(ctx.account, '').trails.delete(tx, [homeRegion, name]));
    return {};
  },

  async GetTrail({ Name }, ctx) {
    const { trail, owner } = await seenTrail(Name, ctx);
    return { Trail: shownTrail(trail, owner) };
  },

  async DescribeTrails({ trailNameList = [], includeShadowTrails = true }, ctx) {
    const { region } = ctx;
    const here = (await visibleTrails(ctx)).filter(
      ({ trail: { homeRegion, multiRegion } }) =>
        homeRegion === region || (multiRegion && includeShadowTrails),
    );
    const named = trailNameList.map((name) => (name.startsWith('arn:') ? checkTrailArn(name) : name));
    for (const name of trailNameList) if (!name.startsWith('arn:')) checkTrailName(name);
    const wanted =
      named.length === 0
        ? here
        : here.filter(
            ({ trail, owner }) => named.includes(trailArn(owner, trail)) || named.includes(trail.name),
          );
    return { trailList: wanted.map(({ trail, owner }) => shownTrail(trail, owner)) };
  },

  async ListTrails(_input, ctx) {
    return {
      Trails: (await visibleTrails(ctx)).map(({ trail, owner }) => ({
        TrailARN: trailArn(owner, trail),
        Name: trail.name,
        HomeRegion: trail.homeRegion,
      })),
    };
  },

  async GetTrailStatus({ Name }, ctx) {
    const { trail: row } = await seenTrail(Name, ctx);
    const { delivery, notification, logDelivery, digestDelivery } = row;
    return {
      IsLogging: row.logging,
      LatestDeliveryError: delivery?.error,
      LatestNotificationError: notification?.error,
      LatestDeliveryTime: succeeded(delivery),
      LatestNotificationTime: succeeded(notification),
      StartLoggingTime: row.startedAtMs === undefined ? undefined : new Date(row.startedAtMs),
      StopLoggingTime: row.stoppedAtMs === undefined ? undefined : new Date(row.stoppedAtMs),
      LatestCloudWatchLogsDeliveryError: logDelivery?.error,
      LatestCloudWatchLogsDeliveryTime: succeeded(logDelivery),
      LatestDigestDeliveryTime: succeeded(digestDelivery),
      LatestDigestDeliveryError: digestDelivery?.error,
      LatestDeliveryAttemptTime: instant(delivery?.attemptedAtMs),
      LatestNotificationAttemptTime: instant(notification?.attemptedAtMs),
      LatestNotificationAttemptSucceeded: instant(notification?.succeededAtMs),
      LatestDeliveryAttemptSucceeded: instant(delivery?.succeededAtMs),
      TimeLoggingStarted: instant(row.startedAtMs),
      TimeLoggingStopped: instant(row.stoppedAtMs),
    };
  },

  async StartLogging({ Name }, ctx) {
    const startedAtMs = ctx.world.clock.now();
    await updateTrail(ctx, await homeTrail(Name, ctx), (row) =>
      row.logging ? row : { ...row, logging: true, startedAtMs },
    );
    return {};
  },

  async StopLogging({ Name }, ctx) {
    const stoppedAtMs = ctx.world.clock.now();
    await updateTrail(ctx, await homeTrail(Name, ctx), (row) =>
      row.logging ? { ...row, logging: false, stoppedAtMs } : row,
    );
    return {};
  },
} satisfies Group<CloudtrailOperations>;

/** The account's own trails, and those of its organization that others made. */
async function visibleTrails({ account, store, ports }: Context): Promise<readonly DeliveredTrail[]> {
  const organization = await ports.organizations.organization(account);
  const makers =
    organization === undefined
      ? []
      : [organization.managementAccount, ...(organization.services.get(CLOUDTRAIL) ?? [])];
  const trailsOf = async (owner: string) => {
    const rows = await layout.at(owner, '').trails.all(store, []);
    return rows
      .map(({ value }) => ({ trail: value, owner }))
      .filter(({ trail }) => owner === account || trail.organizationId === organization?.id);
  };
  const found = await Promise.all([...new Set([account, ...makers])].map(trailsOf));
  return found.flat().filter(({ trail, owner }) => owner === account || trail.organizationId !== undefined);
}

/** A trail the caller may look at: one of its own, or, by its ARN, one of its organization's. */
export async function seenTrail(nameOrArn: string, ctx: Context): Promise<DeliveredTrail> {
  const { account, region, store } = ctx;
  if (nameOrArn.startsWith('arn:') && parseArn(checkTrailArn(nameOrArn))?.account !== account) {
    const visible = await visibleTrails(ctx);
    const found = visible.find(({ trail, owner }) => trailArn(owner, trail) === nameOrArn);
    if (found !== undefined) return found;
  }
  return { trail: await readTrail(store, account, region, nameOrArn), owner: account };
}

/** A trail is changed in its home region alone. */
export async function homeTrail(name: string, { account, region, store }: Context): Promise<TrailRow> {
  const row = await readTrail(store, account, region, name);
  if (row.homeRegion === region) return row;
  throw fault(
    'InvalidHomeRegionException',
    `Trail ${trailArn(account, row)} cannot be modified from region ${region}: its home region is ${row.homeRegion}.`,
  );
}

export function updateTrail(
  ctx: Context,
  { homeRegion, name }: TrailRow,
  body: (row: TrailRow) => TrailRow,
): Promise<TrailRow> {
  return changeTrail(ctx, async (tx) => {
    const rows = layout.at(ctx.account, '').trails;
    const row = await rows.get(tx, [homeRegion, name]);
    if (row === undefined)
      throw fault(
        'TrailNotFoundException',
        `Unknown trail: ${trailArn(ctx.account, { homeRegion, name })} for the user: ${ctx.account}`,
      );
    const updated = body(row);
    rows.set(tx, [homeRegion, name], updated);
    return updated;
  });
}

/** Resolves when the change holds for the next call. */
async function changeTrail<T>(ctx: Context, body: (tx: Transaction) => Promise<T>): Promise<T> {
  const mark = ctx.world.random.uuid();
  const changed = await ctx.transact(async (tx) => {
    const answer = await body(tx);
    layout.global().trailChanges.set(tx, [], mark);
    return answer;
  });
  await ctx.ports.audit.flush();
  return changed;
}

type Settings = Pick<TrailRow, 'prefix' | 'snsTopicArn' | 'logGroupArn' | 'logRoleArn'>;

function settings(input: CreateTrailRequest | UpdateTrailRequest, { account, region }: Context): Settings {
  const { S3KeyPrefix, SnsTopicName, CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn } = input;
  if (input.RecursiveLogging === true)
    throw fault(
      'UnsupportedOperationException',
      'Lambent does not deliver what its own deliveries do: the log files would never end.',
    );
  if (input.KmsKeyId !== undefined && input.KmsKeyId !== '')
    throw fault('UnsupportedOperationException', 'Lambent does not encrypt log files with KMS keys yet.');
  if (S3KeyPrefix !== undefined && S3KeyPrefix.length > 200)
    throw fault('InvalidS3PrefixException', 'The S3 key prefix is longer than 200 characters.');
  return {
    ...(S3KeyPrefix === undefined ? {} : { prefix: S3KeyPrefix }),
    ...(SnsTopicName === undefined || SnsTopicName === ''
      ? {}
      : {
          snsTopicArn: SnsTopicName.startsWith('arn:')
            ? SnsTopicName
            : formatArn('sns', region, account, SnsTopicName),
        }),
    ...(CloudWatchLogsLogGroupArn === undefined ? {} : { logGroupArn: CloudWatchLogsLogGroupArn }),
    ...(CloudWatchLogsRoleArn === undefined ? {} : { logRoleArn: CloudWatchLogsRoleArn }),
  };
}

/**
 * The organization a trail of the caller may be of: it manages it, or administers CloudTrail for it.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html
 */
async function managedOrganization({ account, ports }: Context): Promise<string> {
  const organization = await ports.organizations.organization(account);
  if (organization === undefined)
    throw fault(
      'OrganizationsNotInUseException',
      'The request could not be processed because your account is not a member of an organization.',
    );
  if (!organization.allFeatures)
    throw fault(
      'OrganizationNotInAllFeaturesModeException',
      'Your organization does not have all features enabled.',
    );
  const administrators = organization.services.get(CLOUDTRAIL);
  if (organization.managementAccount !== account && administrators?.has(account) !== true)
    throw fault(
      'NotOrganizationMasterAccountException',
      'The account is not the management account or a delegated administrator of CloudTrail for the organization.',
    );
  if (administrators === undefined)
    throw fault(
      'CloudTrailAccessNotEnabledException',
      'Trusted access between CloudTrail and Organizations is not enabled.',
    );
  return organization.id;
}

function checkLogging({ logGroupArn, logRoleArn }: TrailRow): void {
  if ((logGroupArn === undefined) === (logRoleArn === undefined)) return;
  throw fault(
    'InvalidParameterCombinationException',
    'You must specify both a CloudWatch Logs log group ARN and a role ARN.',
  );
}

function checkGlobal({ multiRegion, includeGlobal }: TrailRow): void {
  if (multiRegion && !includeGlobal)
    throw fault(
      'InvalidParameterCombinationException',
      'Multi-Region trail must include global service events.',
    );
}

function succeeded(attempt: Attempt | undefined): Date | undefined {
  return attempt?.succeededAtMs === undefined ? undefined : new Date(attempt.succeededAtMs);
}

function instant(ms: number | undefined): string {
  return ms === undefined ? '' : isoSeconds(ms);
}
