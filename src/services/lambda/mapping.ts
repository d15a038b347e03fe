import { formatArn, parseArn } from '../../base/arn.ts';
import type {
  CreateEventSourceMappingRequest,
  EventSourceMappingConfiguration,
  UpdateEventSourceMappingRequest,
} from '../../model/gen/lambda.ts';
import { readPattern } from './event-pattern.ts';
import type { MappingRow } from './layout.ts';
import { fault } from './reference.ts';

/** Members for sources and behaviours that are not here: refused, as silence would be a lie. */
const UNSUPPORTED = [
  'AmazonManagedKafkaEventSourceConfig',
  'DocumentDBEventSourceConfig',
  'ProvisionedPollerConfig',
  'Queues',
  'ScalingConfig',
  'SelfManagedEventSource',
  'SelfManagedKafkaEventSourceConfig',
  'SourceAccessConfigurations',
  'Topics',
] as const;

type Settings = Omit<UpdateEventSourceMappingRequest, 'UUID' | 'FunctionName'>;

const FOREVER = -1;

export function newMapping(
  input: CreateEventSourceMappingRequest,
  made: Pick<MappingRow, 'uuid' | 'functionArn' | 'lastModifiedMs'>,
): MappingRow {
  const { EventSourceArn: sourceArn, StartingPosition: startingPosition } = input;
  const service = sourceArn === undefined ? undefined : parseArn(sourceArn)?.service;
  if (sourceArn === undefined || service !== 'dynamodb') {
    throw fault(
      'InvalidParameterValueException',
      `Unrecognized event source, must be a DynamoDB stream: ${sourceArn ?? ''}`,
    );
  }
  if (startingPosition === undefined) {
    throw fault(
      'InvalidParameterValueException',
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  }
  if (startingPosition === 'AT_TIMESTAMP') {
    throw fault(
      'InvalidParameterValueException',
      'Unsupported starting position for arn type: AT_TIMESTAMP. Supported values are LATEST and TRIM_HORIZON',
    );
  }
  return configureMapping(
    {
      ...made,
      sourceArn,
      startingPosition,
      enabled: true,
      batchSize: 100,
      windowSeconds: 0,
      parallelization: 1,
      maximumAgeSeconds: FOREVER,
      maximumRetries: FOREVER,
      bisects: false,
      reportsFailures: false,
      filters: [],
      tags: input.Tags ?? {},
    },
    input,
  );
}

export function configureMapping(before: MappingRow, settings: Settings): MappingRow {
  for (const name of UNSUPPORTED) {
    if ((settings as Readonly<Record<string, unknown>>)[name] !== undefined) {
      throw fault('InvalidParameterValueException', `${name} is not supported here.`);
    }
  }
  if ((settings.TumblingWindowInSeconds ?? 0) > 0) {
    throw fault('InvalidParameterValueException', 'TumblingWindowInSeconds is not supported here.');
  }
  const filters = settings.FilterCriteria?.Filters?.map(({ Pattern }) => Pattern ?? '') ?? before.filters;
  for (const text of filters) {
    if (readPattern(text) === undefined) {
      throw fault('InvalidParameterValueException', `Invalid filter pattern definition.`);
    }
  }
  const onFailure = settings.DestinationConfig?.OnFailure;
  return {
    ...before,
    enabled: settings.Enabled ?? before.enabled,
    batchSize: settings.BatchSize ?? before.batchSize,
    windowSeconds: settings.MaximumBatchingWindowInSeconds ?? before.windowSeconds,
    parallelization: settings.ParallelizationFactor ?? before.parallelization,
    maximumAgeSeconds: settings.MaximumRecordAgeInSeconds ?? before.maximumAgeSeconds,
    maximumRetries: settings.MaximumRetryAttempts ?? before.maximumRetries,
    bisects: settings.BisectBatchOnFunctionError ?? before.bisects,
    reportsFailures:
      settings.FunctionResponseTypes === undefined
        ? before.reportsFailures
        : settings.FunctionResponseTypes.includes('ReportBatchItemFailures'),
    onFailure: onFailure === undefined ? before.onFailure : onFailure.Destination || undefined,
    filters,
  };
}

export function describeMapping(
  row: MappingRow,
  scope: { readonly account: string; readonly region: string },
  state?: 'Creating' | 'Updating' | 'Deleting',
): EventSourceMappingConfiguration {
  return {
    UUID: row.uuid,
    StartingPosition: row.startingPosition,
    BatchSize: row.batchSize,
    MaximumBatchingWindowInSeconds: row.windowSeconds,
    ParallelizationFactor: row.parallelization,
    EventSourceArn: row.sourceArn,
    FilterCriteria:
      row.filters.length === 0 ? undefined : { Filters: row.filters.map((Pattern) => ({ Pattern })) },
    FunctionArn: row.functionArn,
    LastModified: new Date(row.lastModifiedMs),
    LastProcessingResult: row.lastResult ?? 'No records processed',
    State: state ?? (row.enabled ? 'Enabled' : 'Disabled'),
    StateTransitionReason: 'User action',
    DestinationConfig: { OnFailure: row.onFailure === undefined ? {} : { Destination: row.onFailure } },
    MaximumRecordAgeInSeconds: row.maximumAgeSeconds,
    BisectBatchOnFunctionError: row.bisects,
    MaximumRetryAttempts: row.maximumRetries,
    TumblingWindowInSeconds: 0,
    FunctionResponseTypes: row.reportsFailures ? ['ReportBatchItemFailures'] : [],
    EventSourceMappingArn: formatArn(
      'lambda',
      scope.region,
      scope.account,
      `event-source-mapping:${row.uuid}`,
    ),
  };
}
