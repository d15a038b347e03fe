import type { OperationModel, ServiceModel } from '../../model/model.ts';

/** How CloudTrail sees an operation. */
export interface OperationFacts {
  /** `dynamodb.amazonaws.com` */
  readonly eventSource: string;
  /** The operation's name, with the version that Lambda's and a few of S3's carry. */
  readonly eventName: string;
  readonly management: boolean;
  readonly readOnly: boolean;
  /** The region its events are kept in, whatever region was called; absent: that one. */
  readonly region?: string;
}

/**
 * Operations on what resources hold rather than on the resources: CloudTrail records them only where a trail asks.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
 */
const DATA: Readonly<Record<string, RegExp>> = {
  dynamodb: /^(?:Get|Put|Update|Delete)Item$|^Query$|^Scan$|^Batch|^Transact|^Execute/,
  dynamodbstreams: /^Get/,
  lambda: /^Invoke/,
  sqs: /^(?:Send|Receive|Delete)Message|^ChangeMessageVisibility/,
  sns: /^Publish/,
  kinesis: /^PutRecord|^GetRecords$|^GetShardIterator$|^SubscribeToShard$/,
  firehose: /^PutRecord/,
  stepfunctions: /^StartSyncExecution$|^SendTask|^GetActivityTask$/,
  events: /^PutEvents$/,
  logs: /^PutLogEvents$|^GetLogEvents$|^FilterLogEvents$|^StartLiveTail$|^GetLogRecord$/,
  cloudwatch: /^PutMetricData$|^GetMetric(?:Data|Statistics|WidgetImage)$|^ListMetrics$/,
  xray: /^Put|^GetSampling/,
  'cognito-identity': /^GetId$|^GetOpenIdToken|^GetCredentialsForIdentity$/,
  'rds-data': /./,
  apigatewaymanagementapi: /./,
  appconfigdata: /./,
  ses: /^Send/,
  sesv2: /^Send/,
};

const READS =
  /^(?:Get|List|Describe|Head|BatchGet|Search|Lookup|Query|Scan|Filter|Simulate|Test|Validate|Estimate|Detect|Preview|Select|Receive|Admin(?:Get|List))/;
/** Read-only although their names do not say so. */
const ALSO_READS =
  /^(?:AssumeRole|AssumeRoot|DecodeAuthorizationMessage|GenerateCredentialReport|GenerateServiceLastAccessedDetails|TransactGetItems|PartiQLSelect)/;

/** Names under which services record themselves, where that is not their endpoint's. */
const SOURCES: Readonly<Record<string, string>> = {
  dynamodbstreams: 'dynamodb',
  cloudwatch: 'monitoring',
  stepfunctions: 'states',
  ses: 'ses',
  sesv2: 'ses',
  cloudfront: 'cloudfront',
  apigatewayv2: 'apigateway',
  elbv2: 'elasticloadbalancing',
};

/** Their events are in the region where their one endpoint is. */
const GLOBAL = new Set(['iam', 'cloudfront', 'route53', 'organizations', 'waf', 'shield']);

const S3_NAMES: Readonly<Record<string, string>> = {
  ListObjectsV2: 'ListObjects',
  PutBucketLifecycleConfiguration: 'PutBucketLifecycle',
  GetBucketLifecycleConfiguration: 'GetBucketLifecycle',
  PutBucketNotificationConfiguration: 'PutBucketNotification',
  GetBucketNotificationConfiguration: 'GetBucketNotification',
};
const S3_LISTS = /^ListObject|^DeleteObjects$|^ListMultipartUploads$/;

/** Operations of Lambda that came a second time under the same address. */
const LAMBDA_SECOND = new Set([
  'AddPermission',
  'GetFunction',
  'GetFunctionConfiguration',
  'GetPolicy',
  'RemovePermission',
  'UpdateFunctionCode',
  'UpdateFunctionConfiguration',
]);

const known = new WeakMap<OperationModel, OperationFacts>();

export function factsOf(model: ServiceModel, operation: OperationModel): OperationFacts {
  let facts = known.get(operation);
  if (facts === undefined) known.set(operation, (facts = lookAt(model, operation)));
  return facts;
}

function lookAt(model: ServiceModel, operation: OperationModel): OperationFacts {
  const { name, metadata } = model;
  const source = SOURCES[name] ?? metadata.endpointPrefix.replace(/^.*\./, '');
  return {
    eventSource: `${source}.amazonaws.com`,
    eventName: eventName(name, operation),
    management: !isData(model, operation),
    readOnly: READS.test(operation.name) || ALSO_READS.test(operation.name),
    ...(GLOBAL.has(name) ? { region: 'us-east-1' } : {}),
  };
}

function isData(model: ServiceModel, operation: OperationModel): boolean {
  if (model.name !== 's3') return DATA[model.name]?.test(operation.name) === true;
  const members = model.shapes[operation.input?.shape ?? '']?.members ?? {};
  return 'Key' in members || S3_LISTS.test(operation.name);
}

function eventName(service: string, operation: OperationModel): string {
  const { name } = operation;
  if (service === 's3') return S3_NAMES[name] ?? name;
  if (service !== 'lambda' || name.startsWith('Invoke')) return name;
  const version = /^\/(\d{4})-(\d\d)-(\d\d)\//.exec(operation.http?.requestUri ?? '');
  if (version === null) return name;
  return `${name}${version.slice(1).join('')}${LAMBDA_SECOND.has(name) ? 'v2' : ''}`;
}
