import { formatArn, parseArn } from '../../base/arn.ts';
import type {
  CreateEventSourceMappingRequest,
  EventSourceMappingConfiguration,
  UpdateEventSourceMappingRequest,
} from '../../model/gen/lambda.ts';
import { destinationOf } from './destination.ts';
import { readPattern } from './event-pattern.ts';
import type { MappingRow } from './layout.ts';
import { fault } from './reference.ts';

/** Members for sources and behaviours that are not here: refused, as silence would be a lie. */
const UNSUPPORTED = [
  'AmazonManagedKafkaEventSourceConfig',
  'DocumentDBEventSourceConfig',
  'Queues',
  'SelfManagedEventSource',
  'SelfManagedKafkaEventSourceConfig',
  'SourceAccessConfigurations',
  'Topics',
] as const;

type Settings = Omit<UpdateEventSourceMappingRequest, 'UUID' | 'FunctionName'>;

const FOREVER = -1;

/** What a mapping reads. */
export function sourceKind(sourceArn: string): 'stream' | 'queue' | undefined {
  const service = parseArn(sourceArn)?.service;
  return service === 'dynamodb' ? 'stream' : service === 'sqs' ? 'queue' : undefined;
}

function checkPosition(sourceArn: string, position: string | undefined): void {
  if (sourceKind(sourceArn) === 'queue') {
    if (position === undefined) return;
    throw fault('InvalidParameterValueException', 'StartingPosition is not valid for SQS event sources.');
  }
  if (position === undefined) {
    throw fault(
      'InvalidParameterValueException',
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  }
  if (position === 'AT_TIMESTAMP') {
    throw fault('InvalidParameterValueException', `Unsupported starting position for arn type: ${sourceArn}`);
  }
}

/** Members that mean something for streams alone. */
const OF_STREAMS = [
  'BisectBatchOnFunctionError',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'ParallelizationFactor',
  'TumblingWindowInSeconds',
  'DestinationConfig',
] as const;

/** Members that mean something for queues alone, and for Kafka alone, which is not here. */
const OF_QUEUES = ['ScalingConfig', 'ProvisionedPollerConfig'] as const;
const OF_KAFKA = ['LoggingConfig'] as const;

/** Settings that are kept and answered, and change nothing about how a mapping reads here. */
export function storedOnlyOf({ KMSKeyArn, MetricsConfig, ProvisionedPollerConfig }: Settings): string[] {
  return [
    ...(KMSKeyArn ? ['KMSKeyArn'] : []),
    ...(MetricsConfig === undefined ? [] : ['MetricsConfig']),
    ...(ProvisionedPollerConfig === undefined ? [] : ['ProvisionedPollerConfig']),
  ];
}

function metricsOf(asked: Settings['MetricsConfig'], before: MappingRow['metrics']): MappingRow['metrics'] {
  if (asked === undefined) return before;
  const metrics = asked.Metrics ?? [];
  const unsupported = metrics.find((metric) => metric !== 'EventCount');
  if (unsupported !== undefined) {
    throw fault(
      'InvalidParameterValueException',
      `Unsupported metric ${unsupported} for given event source mapping type.`,
    );
  }
  return metrics.length === 0 ? undefined : metrics;
}

const FEWEST_POLLERS = 2;
const USUAL_POLLERS = 200;

/**
 * A queue's pollers in provisioned mode.
 * https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedPollerConfig.html
 */
function pollersFor(
  asked: Settings['ProvisionedPollerConfig'],
  before: MappingRow['pollers'],
): MappingRow['pollers'] {
  if (asked === undefined) return before;
  const { MinimumPollers, MaximumPollers, PollerGroupName } = asked;
  if (PollerGroupName !== undefined) {
    throw fault(
      'InvalidParameterValueException',
      'Unsupported PollerGroupName parameter for given event source mapping type.',
    );
  }
  // An empty object ends provisioned mode.
  if (MinimumPollers === undefined && MaximumPollers === undefined) return undefined;
  const minimum = MinimumPollers ?? before?.minimum ?? FEWEST_POLLERS;
  const maximum = MaximumPollers ?? before?.maximum ?? USUAL_POLLERS;
  if (minimum < FEWEST_POLLERS || maximum < minimum) {
    throw fault(
      'InvalidParameterValueException',
      `MinimumPollers must be at least ${FEWEST_POLLERS}, and MaximumPollers at least MinimumPollers.`,
    );
  }
  return { minimum, maximum };
}

const MOST_QUEUE_BATCH = 10;

const UNRECOGNISED = 'Unrecognized event source.';

export function newMapping(
  input: CreateEventSourceMappingRequest,
  made: Pick<MappingRow, 'uuid' | 'functionArn' | 'lastModifiedMs'>,
): MappingRow {
  const { EventSourceArn: sourceArn, StartingPosition: startingPosition } = input;
  const source = sourceArn === undefined ? undefined : sourceKind(sourceArn);
  if (sourceArn === undefined || source === undefined) {
    throw fault('InvalidParameterValueException', UNRECOGNISED);
  }
  checkPosition(sourceArn, startingPosition);
  return configureMapping(
    {
      ...made,
      sourceArn,
      startingPosition,
      enabled: true,
      batchSize: source === 'queue' ? 10 : 100,
      windowSeconds: 0,
      parallelization: 1,
      tumblingSeconds: 0,
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
  const isQueue = sourceKind(before.sourceArn) === 'queue';
  for (const name of OF_STREAMS) {
    if (isQueue && settings[name] !== undefined) {
      throw fault(
        'InvalidParameterValueException',
        `Unsupported ${name} parameter for given event source mapping type.`,
      );
    }
  }
  for (const name of isQueue ? OF_KAFKA : [...OF_KAFKA, ...OF_QUEUES]) {
    if (settings[name] !== undefined) {
      throw fault(
        'InvalidParameterValueException',
        `Unsupported ${name} parameter for given event source mapping type.`,
      );
    }
  }
  const batchSize = settings.BatchSize ?? before.batchSize;
  const windowSeconds = settings.MaximumBatchingWindowInSeconds ?? before.windowSeconds;
  if (isQueue && batchSize > MOST_QUEUE_BATCH && windowSeconds === 0) {
    throw fault(
      'InvalidParameterValueException',
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  const filters = settings.FilterCriteria?.Filters?.map(({ Pattern }) => Pattern ?? '') ?? before.filters;
  for (const text of filters) {
    if (readPattern(text) === undefined) {
      throw fault('InvalidParameterValueException', `Invalid filter pattern definition.`);
    }
  }
  const onFailure = settings.DestinationConfig?.OnFailure;
  const maximumConcurrency = settings.ScalingConfig?.MaximumConcurrency ?? before.maximumConcurrency;
  const pollers = pollersFor(settings.ProvisionedPollerConfig, before.pollers);
  if (pollers !== undefined && maximumConcurrency !== undefined) {
    throw fault(
      'InvalidParameterValueException',
      'MaximumConcurrency cannot be used with ProvisionedPollerConfig.',
    );
  }
  return {
    ...before,
    enabled: settings.Enabled ?? before.enabled,
    batchSize,
    windowSeconds,
    maximumConcurrency,
    pollers,
    metrics: metricsOf(settings.MetricsConfig, before.metrics),
    kmsKeyArn: settings.KMSKeyArn === undefined ? before.kmsKeyArn : settings.KMSKeyArn || undefined,
    parallelization: settings.ParallelizationFactor ?? before.parallelization,
    tumblingSeconds: settings.TumblingWindowInSeconds ?? before.tumblingSeconds,
    maximumAgeSeconds: settings.MaximumRecordAgeInSeconds ?? before.maximumAgeSeconds,
    maximumRetries: settings.MaximumRetryAttempts ?? before.maximumRetries,
    bisects: settings.BisectBatchOnFunctionError ?? before.bisects,
    reportsFailures:
      settings.FunctionResponseTypes === undefined
        ? before.reportsFailures
        : settings.FunctionResponseTypes.includes('ReportBatchItemFailures'),
    onFailure:
      onFailure === undefined
        ? before.onFailure
        : destinationOf({ OnFailure: onFailure }, 'OnFailure', 'stream'),
    filters,
  };
}

export function describeMapping(
  row: MappingRow,
  scope: { readonly account: string; readonly region: string },
  state?: 'Creating' | 'Enabling' | 'Disabling' | 'Updating' | 'Deleting',
): EventSourceMappingConfiguration {
  const isStream = sourceKind(row.sourceArn) === 'stream';
  return {
    UUID: row.uuid,
    BatchSize: row.batchSize,
    MaximumBatchingWindowInSeconds: row.windowSeconds,
    EventSourceArn: row.sourceArn,
    FilterCriteria:
      row.filters.length === 0 ? undefined : { Filters: row.filters.map((Pattern) => ({ Pattern })) },
    FunctionArn: row.functionArn,
    KMSKeyArn: row.kmsKeyArn,
    MetricsConfig: row.metrics && { Metrics: row.metrics },
    LastModified: new Date(row.lastModifiedMs),
    State: state ?? (row.enabled ? 'Enabled' : 'Disabled'),
    StateTransitionReason: isStream ? 'User action' : 'USER_INITIATED',
    FunctionResponseTypes: row.reportsFailures ? ['ReportBatchItemFailures'] : [],
    EventSourceMappingArn: formatArn(
      'lambda',
      scope.region,
      scope.account,
      `event-source-mapping:${row.uuid}`,
    ),
    ...(isStream
      ? {
          StartingPosition: row.startingPosition,
          ParallelizationFactor: row.parallelization,
          LastProcessingResult: row.lastResult ?? 'No records processed',
          DestinationConfig: {
            OnFailure: row.onFailure === undefined ? {} : { Destination: row.onFailure },
          },
          MaximumRecordAgeInSeconds: row.maximumAgeSeconds,
          BisectBatchOnFunctionError: row.bisects,
          MaximumRetryAttempts: row.maximumRetries,
          TumblingWindowInSeconds: row.tumblingSeconds,
        }
      : {
          ProvisionedPollerConfig: row.pollers && {
            MinimumPollers: row.pollers.minimum,
            MaximumPollers: row.pollers.maximum,
          },
          ScalingConfig:
            row.maximumConcurrency === undefined ? undefined : { MaximumConcurrency: row.maximumConcurrency },
        }),
  };
}
