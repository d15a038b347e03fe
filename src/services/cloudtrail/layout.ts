import type { Activity, RecordedDecision } from '../../service/audit.ts';
import { keyspace, rows } from '../../store/keyspace.ts';
import type { TrailEvent } from './event.ts';

/** CloudTrail's rows. Events are under the account and region they happened in; decisions belong to the whole cloud. */
export const layout = keyspace('cloudtrail', {
  events: rows<[atMs: number, eventId: string], TrailEvent>('events'),
  /** Events by what LookupEvents asks for. */
  lookup: rows<[attribute: string, value: string, atMs: number, eventId: string], true>('lookup'),
  /** Marks that a job of {@link retention} waits for this scope. */
  retention: rows<[], true>('retention'),

  /** Only global: what `lambent iam why` shows. */
  decisions: rows<[requestId: string], RecordedDecision>('decisions'),
  decisionAges: rows<[atMs: number, requestId: string], true>('decision-ages'),
  /** Only global: the latest data calls, as many as were kept of each interval; the slots are written over in turn. */
  samples: rows<[slot: number], readonly RecordedDecision[]>('samples'),
  /** Under the account of the principal, in no region. */
  activity: rows<[principal: string, action: string, resource: string], ActivityRow>('activity'),
});

export type ActivityRow = Omit<Activity, 'action' | 'resource'>;

/** CloudTrail's event history reaches back this far; virtual time. */
export const RETENTION_MS = 90 * 24 * 60 * 60 * 1000;
