import type { ScalableTargetAction } from '../../model/gen/application-autoscaling.ts';
import { isZone } from './calendar.ts';
import { invalid } from './fault.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

/** A scheduled action as it is stored. */
export interface ScheduledActionRow {
  readonly id: string;
  readonly createdAtMs: number;
  readonly schedule: string;
  readonly zone?: string;
  readonly startAtMs?: number;
  readonly endAtMs?: number;
  readonly action: ScalableTargetAction;
  /** Names the chain of jobs that carry it out: another's jobs do nothing. */
  readonly run: string;
  /** When it was carried out last. */
  readonly actedAtMs?: number;
}

/** Throws for a schedule or zone that is none. */
export function scheduleOf({ schedule, zone }: Pick<ScheduledActionRow, 'schedule' | 'zone'>): Schedule {
  if (zone !== undefined && !isZone(zone)) throw invalid(`Time zone ${zone} is invalid`);
  const parsed = parseSchedule(schedule, zone ?? 'UTC');
  if (parsed === undefined) throw invalid(`Schedule expression ${schedule} is invalid`);
  return parsed;
}

/** When an action is due next, after a moment; undefined when never again. */
export function nextDue(row: ScheduledActionRow, afterMs: number): number | undefined {
  const sinceMs = row.startAtMs ?? row.createdAtMs;
  const dueMs = scheduleOf(row).next(Math.max(afterMs, (row.startAtMs ?? 0) - 1), sinceMs);
  return dueMs === undefined || (row.endAtMs !== undefined && dueMs > row.endAtMs) ? undefined : dueMs;
}
