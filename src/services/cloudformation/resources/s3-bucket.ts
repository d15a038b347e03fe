import { Fault } from '../../../service/faults.ts';
import { equalValues, type Value, type ValueMap } from '../template/value.ts';
import { documentText, refuseOthers, requiredText, textIn } from './property.ts';
import type { ResourceProvider, ResourceScope } from './provider.ts';
import { type BucketSetting, SETTINGS } from './s3-bucket-setting.ts';

const SUPPORTED = [...Object.keys(SETTINGS), 'BucketName', 'AccessControl', 'ObjectLockEnabled'];
const CANNED: Readonly<Record<string, string>> = {
  Private: 'private',
  PublicRead: 'public-read',
  PublicReadWrite: 'public-read-write',
  AuthenticatedRead: 'authenticated-read',
  LogDeliveryWrite: 'log-delivery-write',
  BucketOwnerRead: 'bucket-owner-read',
  BucketOwnerFullControl: 'bucket-owner-full-control',
  AwsExecRead: 'aws-exec-read',
};

async function setUp(
  Bucket: string,
  before: ValueMap,
  wanted: ValueMap,
  { call }: ResourceScope,
): Promise<void> {
  for (const [name, setting] of Object.entries(SETTINGS) as [string, BucketSetting][]) {
    const value = wanted[name];
    if (equalValues(before[name], value)) continue;
    if (value !== undefined) await call('s3', setting.put, { Bucket, ...setting.input(value) });
    else if ('remove' in setting) await call('s3', setting.remove, { Bucket });
    else await call('s3', setting.put, { Bucket, ...setting.none });
  }
  const acl = wanted['AccessControl'];
  if (!equalValues(before['AccessControl'], acl)) {
    await call('s3', 'PutBucketAcl', { Bucket, ACL: CANNED[String(acl ?? 'Private')] ?? String(acl) });
  }
}

function attributes(bucket: string, { region, endpoint }: ResourceScope): Record<string, Value> {
  return {
    Arn: `arn:aws:s3:::${bucket}`,
    DomainName: `${bucket}.s3.amazonaws.com`,
    DualStackDomainName: `${bucket}.s3.dualstack.${region}.amazonaws.com`,
    RegionalDomainName: `${bucket}.s3.${region}.amazonaws.com`,
    WebsiteURL: `${endpoint}/_aws/s3-website/${bucket}`,
  };
}

/** AWS::S3::Bucket */
export const s3Bucket: ResourceProvider = {
  async create(wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    const given = textIn(wanted, 'BucketName');
    const Bucket = given ?? scope.name(63, 'lower');
    try {
      await scope.call('s3', 'CreateBucket', {
        Bucket,
        ...(scope.region === 'us-east-1'
          ? {}
          : { CreateBucketConfiguration: { LocationConstraint: scope.region } }),
        ...(wanted['ObjectLockEnabled'] === true ? { ObjectLockEnabledForBucket: true } : {}),
      });
    } catch (error) {
      const ours = scope.rerun && given === undefined;
      if (!(ours && Fault.is(error) && error.code === 'BucketAlreadyOwnedByYou')) throw error;
    }
    scope.stands(Bucket);
    await setUp(Bucket, {}, wanted, scope);
    return { physicalId: Bucket, attributes: attributes(Bucket, scope) };
  },

  async update({ physicalId, properties }, wanted, scope) {
    refuseOthers(scope.type, wanted, SUPPORTED);
    await setUp(physicalId, properties, wanted, scope);
    return { physicalId, attributes: attributes(physicalId, scope) };
  },

  async remove({ physicalId }, { call }) {
    await call('s3', 'DeleteBucket', { Bucket: physicalId });
    return undefined;
  },
};

/** AWS::S3::BucketPolicy */
export const bucketPolicy: ResourceProvider = {
  async create(wanted, { call }) {
    const Bucket = requiredText(wanted, 'Bucket');
    await call('s3', 'PutBucketPolicy', { Bucket, Policy: documentText(wanted['PolicyDocument']) });
    return { physicalId: Bucket, attributes: {} };
  },
  async update({ physicalId, attributes: same }, wanted, { call }) {
    await call('s3', 'PutBucketPolicy', {
      Bucket: physicalId,
      Policy: documentText(wanted['PolicyDocument']),
    });
    return { physicalId, attributes: same };
  },
  async remove({ physicalId }, { call }) {
    await call('s3', 'DeleteBucketPolicy', { Bucket: physicalId });
    return undefined;
  },
};
