import { keyspace, rows } from '../../store/keyspace.ts';
import type { PolicyRow } from './policy.ts';
import type { ScheduledActionRow } from './scheduled-action.ts';
import type { ActivityRow, TargetRow } from './target.ts';

/** All of Application Auto Scaling's keys. What belongs to a target stands under its resource and dimension. */
export const layout = keyspace('application-autoscaling', {
  targets: rows<[namespace: string, resource: string, dimension: string], TargetRow>('targets'),
  /** The resource and dimension of a target, by the id in its ARN. */
  ids: rows<[id: string], readonly [namespace: string, resource: string, dimension: string]>('ids'),
  policies: rows<[namespace: string, resource: string, dimension: string, name: string], PolicyRow>(
    'policies',
  ),
  scheduledActions: rows<
    [namespace: string, resource: string, dimension: string, name: string],
    ScheduledActionRow
  >('scheduledActions'),
  /** What was done, by the time it began. */
  activities: rows<[namespace: string, atMs: number, id: string], ActivityRow>('activities'),
});
