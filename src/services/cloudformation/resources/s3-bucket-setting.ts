import { isList, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import { listIn, mapIn, mapsIn, pick, refuseOthers } from './property.ts';

/** How one property of a bucket is put, and taken away: by an operation, or by an empty value. */
export type BucketSetting = {
  readonly put: string;
  readonly input: (value: Value) => Readonly<Record<string, unknown>>;
} & ({ readonly remove: string } | { readonly none: Readonly<Record<string, unknown>> });

function asMap(value: Value): ValueMap {
  return isMap(value) ? value : {};
}

function asMaps(value: Value): readonly ValueMap[] {
  return isList(value) ? value.filter(isMap) : [];
}

function renamed(value: ValueMap, names: Readonly<Record<string, string>>): ValueMap {
  const result: MutableMap = {};
  for (const [key, item] of Object.entries(value)) result[names[key] ?? key] = item;
  return result;
}

function event(configuration: ValueMap, target: string, arn: string) {
  const { Event, Filter } = configuration;
  const key = isMap(Filter) ? mapIn(Filter, 'S3Key') : undefined;
  return {
    [arn]: configuration[target],
    Events: [Event],
    ...(key === undefined ? {} : { Filter: { Key: { FilterRules: listIn(key, 'Rules') } } }),
  };
}

function notifications(value: Value) {
  const given = asMap(value);
  const bridge = mapIn(given, 'EventBridgeConfiguration');
  return {
    LambdaFunctionConfigurations: mapsIn(given, 'LambdaConfigurations').map((one) =>
      event(one, 'Function', 'LambdaFunctionArn'),
    ),
    QueueConfigurations: mapsIn(given, 'QueueConfigurations').map((one) => event(one, 'Queue', 'QueueArn')),
    TopicConfigurations: mapsIn(given, 'TopicConfigurations').map((one) => event(one, 'Topic', 'TopicArn')),
    ...(bridge?.['EventBridgeEnabled'] === true ? { EventBridgeConfiguration: {} } : {}),
  };
}

function website(value: Value) {
  const { IndexDocument, ErrorDocument, RedirectAllRequestsTo, RoutingRules } = asMap(value);
  return {
    ...(IndexDocument === undefined ? {} : { IndexDocument: { Suffix: IndexDocument } }),
    ...(ErrorDocument === undefined ? {} : { ErrorDocument: { Key: ErrorDocument } }),
    ...(RedirectAllRequestsTo === undefined ? {} : { RedirectAllRequestsTo }),
    ...(RoutingRules === undefined
      ? {}
      : {
          RoutingRules: asMaps(RoutingRules).map(({ RedirectRule, RoutingRuleCondition }) => ({
            Redirect: RedirectRule,
            ...(RoutingRuleCondition === undefined ? {} : { Condition: RoutingRuleCondition }),
          })),
        }),
  };
}

const LIFECYCLE = [
  'AbortIncompleteMultipartUpload',
  'ExpirationDate',
  'ExpirationInDays',
  'ExpiredObjectDeleteMarker',
  'Id',
  'NoncurrentVersionExpiration',
  'NoncurrentVersionExpirationInDays',
  'NoncurrentVersionTransition',
  'NoncurrentVersionTransitions',
  'ObjectSizeGreaterThan',
  'ObjectSizeLessThan',
  'Prefix',
  'Status',
  'TagFilters',
  'Transition',
  'Transitions',
];

function lifecycleRule(rule: ValueMap) {
  refuseOthers('AWS::S3::Bucket LifecycleConfiguration', rule, LIFECYCLE);
  const Expiration = {
    ...(rule['ExpirationDate'] === undefined ? {} : { Date: new Date(String(rule['ExpirationDate'])) }),
    ...(rule['ExpirationInDays'] === undefined ? {} : { Days: rule['ExpirationInDays'] }),
    ...(rule['ExpiredObjectDeleteMarker'] === undefined
      ? {}
      : { ExpiredObjectDeleteMarker: rule['ExpiredObjectDeleteMarker'] }),
  };
  const transitions = [...one(rule['Transition']), ...mapsIn(rule, 'Transitions')].map((transition) => ({
    ...pick(transition, ['StorageClass']),
    ...(transition['TransitionInDays'] === undefined ? {} : { Days: transition['TransitionInDays'] }),
    ...(transition['TransitionDate'] === undefined
      ? {}
      : { Date: new Date(String(transition['TransitionDate'])) }),
  }));
  const noncurrent = [
    ...one(rule['NoncurrentVersionTransition']),
    ...mapsIn(rule, 'NoncurrentVersionTransitions'),
  ].map((transition) => renamed(transition, { TransitionInDays: 'NoncurrentDays' }));
  const days = rule['NoncurrentVersionExpirationInDays'];
  return {
    ...pick(rule, ['AbortIncompleteMultipartUpload', 'NoncurrentVersionExpiration', 'Status']),
    ...(rule['Id'] === undefined ? {} : { ID: rule['Id'] }),
    Filter: lifecycleFilter(rule),
    ...(Object.keys(Expiration).length === 0 ? {} : { Expiration }),
    ...(transitions.length === 0 ? {} : { Transitions: transitions }),
    ...(noncurrent.length === 0 ? {} : { NoncurrentVersionTransitions: noncurrent }),
    ...(days === undefined ? {} : { NoncurrentVersionExpiration: { NoncurrentDays: days } }),
  };
}

function one(value: Value | undefined): readonly ValueMap[] {
  return isMap(value) ? [value] : [];
}

function lifecycleFilter(rule: ValueMap): Readonly<Record<string, unknown>> {
  const parts = pick(rule, ['Prefix', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan']);
  const tags = mapsIn(rule, 'TagFilters');
  const count = Object.keys(parts).length + tags.length;
  if (count === 0) return { Prefix: '' };
  if (count === 1) return tags.length === 1 ? { Tag: tags[0] } : parts;
  return { And: { ...parts, ...(tags.length === 0 ? {} : { Tags: tags }) } };
}

/** In the order in which they are put: what others depend on comes first. */
export const SETTINGS: Readonly<Record<string, BucketSetting>> = {
  OwnershipControls: {
    put: 'PutBucketOwnershipControls',
    input: (value) => ({ OwnershipControls: value }),
    remove: 'DeleteBucketOwnershipControls',
  },
  PublicAccessBlockConfiguration: {
    put: 'PutPublicAccessBlock',
    input: (value) => ({ PublicAccessBlockConfiguration: value }),
    remove: 'DeletePublicAccessBlock',
  },
  VersioningConfiguration: {
    put: 'PutBucketVersioning',
    input: (value) => ({ VersioningConfiguration: value }),
    none: { VersioningConfiguration: { Status: 'Suspended' } },
  },
  BucketEncryption: {
    put: 'PutBucketEncryption',
    input: (value) => ({
      ServerSideEncryptionConfiguration: {
        Rules: mapsIn(asMap(value), 'ServerSideEncryptionConfiguration').map(
          ({ ServerSideEncryptionByDefault, ...rest }) => ({
            ...rest,
            ...(ServerSideEncryptionByDefault === undefined
              ? {}
              : { ApplyServerSideEncryptionByDefault: ServerSideEncryptionByDefault }),
          }),
        ),
      },
    }),
    remove: 'DeleteBucketEncryption',
  },
  CorsConfiguration: {
    put: 'PutBucketCors',
    input: (value) => ({
      CORSConfiguration: {
        CORSRules: mapsIn(asMap(value), 'CorsRules').map((rule) =>
          renamed(rule, { Id: 'ID', ExposedHeaders: 'ExposeHeaders', MaxAge: 'MaxAgeSeconds' }),
        ),
      },
    }),
    remove: 'DeleteBucketCors',
  },
  WebsiteConfiguration: {
    put: 'PutBucketWebsite',
    input: (value) => ({ WebsiteConfiguration: website(value) }),
    remove: 'DeleteBucketWebsite',
  },
  LifecycleConfiguration: {
    put: 'PutBucketLifecycleConfiguration',
    input: (value) => ({
      LifecycleConfiguration: { Rules: mapsIn(asMap(value), 'Rules').map(lifecycleRule) },
    }),
    remove: 'DeleteBucketLifecycle',
  },
  LoggingConfiguration: {
    put: 'PutBucketLogging',
    input: (value) => ({
      BucketLoggingStatus: {
        LoggingEnabled: renamed(asMap(value), {
          DestinationBucketName: 'TargetBucket',
          LogFilePrefix: 'TargetPrefix',
        }),
      },
    }),
    none: { BucketLoggingStatus: {} },
  },
  Tags: {
    put: 'PutBucketTagging',
    input: (value) => ({ Tagging: { TagSet: asMaps(value) } }),
    remove: 'DeleteBucketTagging',
  },
  AccelerateConfiguration: {
    put: 'PutBucketAccelerateConfiguration',
    input: (value) => ({ AccelerateConfiguration: { Status: asMap(value)['AccelerationStatus'] } }),
    none: { AccelerateConfiguration: { Status: 'Suspended' } },
  },
  NotificationConfiguration: {
    put: 'PutBucketNotificationConfiguration',
    input: (value) => ({ NotificationConfiguration: notifications(value) }),
    none: { NotificationConfiguration: {} },
  },
};
