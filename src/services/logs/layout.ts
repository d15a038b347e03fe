import type { Distribution, LogGroupClass, MetricTransformation } from '../../model/gen/logs.ts';
import { keyspace, rows } from '../../store/keyspace.ts';

/** CloudWatch Logs' rows of one account in one region. */
export const layout = keyspace('logs', {
  groups: rows<[name: string], GroupRow>('groups'),
  /** Under the group's id: a group made again under its old name starts empty. */
  streams: rows<[groupId: string, name: string], StreamRow>('streams'),
  /** Who gets the events of a group; under the group's id. */
  subscriptions: rows<[groupId: string, name: string], SubscriptionRow>('subscriptions'),
  /** Kept and shown; no metrics come of them. */
  metricFilters: rows<[groupId: string, name: string], MetricFilterRow>('metric-filters'),
  /** Events in runs of a few seconds, so that a busy stream is not a row for each line. */
  runs: rows<[streamId: string, firstMs: number, sequence: number], RunRow>('runs'),
});

export interface GroupRow {
  readonly id: string;
  readonly createdAtMs: number;
  readonly retentionDays?: number | undefined;
  /** Tells the retention's own purge from those of earlier retentions. */
  readonly retentionId?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly groupClass: LogGroupClass;
  readonly kmsKeyId?: string | undefined;
  readonly deletionProtected: boolean;
}

export interface SubscriptionRow {
  readonly pattern: string;
  readonly destinationArn: string;
  readonly roleArn?: string | undefined;
  readonly distribution: Distribution;
  readonly createdAtMs: number;
}

export interface MetricFilterRow {
  readonly pattern: string;
  readonly transformations: readonly MetricTransformation[];
  readonly createdAtMs: number;
}

export interface StreamRow {
  readonly id: string;
  readonly createdAtMs: number;
  readonly nextSequence: number;
  readonly firstEventMs?: number | undefined;
  readonly lastEventMs?: number | undefined;
  readonly lastIngestionMs?: number | undefined;
  readonly storedBytes: number;
}

/** Consecutive events of one PutLogEvents, none more than {@link RUN_SPAN_MS} after the first. */
export interface RunRow {
  readonly ingestedAtMs: number;
  readonly events: readonly (readonly [timestampMs: number, message: string])[];
}

/** A run is found from any of its events by looking this far back. */
export const RUN_SPAN_MS = 10_000;
