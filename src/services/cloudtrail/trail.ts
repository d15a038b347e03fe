import { formatArn, parseArn } from '../../base/arn.ts';
import type { Trail } from '../../model/gen/cloudtrail.ts';
import type { Reader } from '../../store/store.ts';
import { fault } from './fault.ts';
import { layout, type TrailRow } from './layout.ts';

export function trailArn(
  account: string,
  { homeRegion, name }: Pick<TrailRow, 'homeRegion' | 'name'>,
): string {
  return formatArn('cloudtrail', homeRegion, account, `trail/${name}`);
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html */
export function checkTrailName(name: string): void {
  const complaint =
    name.length < 3
      ? 'Trail name too short. Minimum allowed length: 3 characters. Specified name length: '
      : name.length > 128
        ? 'Trail name too long. Maximum allowed length: 128 characters. Specified name length: '
        : undefined;
  if (complaint !== undefined)
    throw fault('InvalidTrailNameException', `${complaint}${name.length} characters.`);
  if (!/^[A-Za-z0-9]/.test(name))
    throw fault('InvalidTrailNameException', 'Trail name must starts with a letter or number.');
  if (!/[A-Za-z0-9]$/.test(name))
    throw fault('InvalidTrailNameException', 'Trail name must ends with a letter or number.');
  if (!/^[\w.-]+$/.test(name))
    throw fault(
      'InvalidTrailNameException',
      'Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).',
    );
  if (/[._-]{2}/.test(name))
    throw fault(
      'InvalidTrailNameException',
      'Trail name must not have adjacent periods (.), hyphens (-), or underscores (_).',
    );
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name))
    throw fault('InvalidTrailNameException', 'Trail name must not be in IP address format.');
}

/** Throws unless the text is spelled as a trail's ARN is. */
export function checkTrailArn(text: string): string {
  const arn = parseArn(text);
  if (arn?.service === 'cloudtrail' && /^trail\/.+$/.test(arn.resource)) return text;
  throw fault('CloudTrailARNInvalidException', `${text} is not a valid trail ARN.`);
}

/** Where a trail's name or ARN says it lives. */
export function trailKey(
  nameOrArn: string,
  account: string,
  region: string,
): readonly [homeRegion: string, name: string] {
  if (!nameOrArn.startsWith('arn:')) {
    checkTrailName(nameOrArn);
    return [region, nameOrArn];
  }
  const arn = parseArn(checkTrailArn(nameOrArn));
  if (arn?.account !== account) throw unknownTrail(nameOrArn, account);
  return [arn.region, arn.resource.slice('trail/'.length)];
}

/** A trail of the account by its name: one of this region, else one of all regions. */
export async function findTrail(
  reader: Reader,
  account: string,
  region: string,
  name: string,
): Promise<TrailRow | undefined> {
  const { trails } = layout.at(account, '');
  const row = await trails.get(reader, [region, name]);
  if (row !== undefined) return row;
  const all = await trails.all(reader, []);
  return all.find(({ value }) => value.name === name && value.multiRegion)?.value;
}

export async function readTrail(
  reader: Reader,
  account: string,
  region: string,
  nameOrArn: string,
): Promise<TrailRow> {
  const [homeRegion, name] = trailKey(nameOrArn, account, region);
  const row = nameOrArn.startsWith('arn:')
    ? await layout.at(account, '').trails.get(reader, [homeRegion, name])
    : await findTrail(reader, account, region, name);
  if (row !== undefined) return row;
  throw unknownTrail(trailArn(account, { homeRegion, name }), account);
}

function unknownTrail(arn: string, account: string) {
  return fault('TrailNotFoundException', `Unknown trail: ${arn} for the user: ${account}`);
}

/** What CreateTrail and UpdateTrail answer; {@link shownTrail} adds what the trail has become. */
export function trailSettings(row: TrailRow, account: string) {
  return {
    Name: row.name,
    S3BucketName: row.bucket,
    S3KeyPrefix: row.prefix,
    SnsTopicName: row.snsTopicArn,
    SnsTopicARN: row.snsTopicArn,
    IncludeGlobalServiceEvents: row.includeGlobal,
    IsMultiRegionTrail: row.multiRegion,
    TrailARN: trailArn(account, row),
    LogFileValidationEnabled: row.validation,
    CloudWatchLogsLogGroupArn: row.logGroupArn,
    CloudWatchLogsRoleArn: row.logRoleArn,
    IsOrganizationTrail: row.organizationId !== undefined,
  };
}

export function shownTrail(row: TrailRow, account: string): Trail {
  const { LogFileValidationEnabled, ...settings } = trailSettings(row, account);
  return {
    ...settings,
    HomeRegion: row.homeRegion,
    LogFileValidationEnabled,
    HasCustomEventSelectors: row.eventSelectors !== undefined || row.advancedSelectors !== undefined,
    HasInsightSelectors: false,
  };
}
