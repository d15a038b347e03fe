import type { QuotaSettings } from '../../model/gen/apigateway.ts';
import type { UsageRow } from './api-key.ts';

const DAY_MS = 86_400_000;
/** A month's quota looks back at most 31 days; GetUsage shows ninety. */
export const USAGE_KEPT_MS = 92 * DAY_MS;

/** When the day of a time began, in UTC. */
export function dayStart(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}

/** When the quota period that a time lies in began, in UTC: its day, its week from Sunday, or its month. */
export function periodStart(period: 'DAY' | 'WEEK' | 'MONTH', atMs: number): number {
  const day = dayStart(atMs);
  const date = new Date(day);
  if (period === 'DAY') return day;
  if (period === 'WEEK') return day - date.getUTCDay() * DAY_MS;
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

export interface UsageDay {
  readonly key: readonly [plan: string, key: string, dayStartMs: number];
  readonly value: UsageRow;
}

/** Requests left of a quota at a time. The offset is spent in the first period alone. `days` are in order. */
export function remaining(
  { limit = 0, period = 'DAY', offset = 0 }: QuotaSettings,
  days: readonly UsageDay[],
  atMs: number,
): number {
  const start = periodStart(period, atMs);
  let used = (days[0]?.key[2] ?? start) >= start ? offset : 0;
  for (const { key, value } of days) if (key[2] >= start && key[2] <= atMs) used += value.used;
  return limit - used;
}

/** `YYYY-MM-DD` as the beginning of that day in UTC; undefined for what is no date. */
export function parseDay(text: string): number | undefined {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** What was used and what was left on each day from one to another, both included. */
export function usageBetween(
  quota: QuotaSettings,
  days: readonly UsageDay[],
  fromMs: number,
  toMs: number,
): number[][] {
  const between: number[][] = [];
  for (let day = fromMs; day <= toMs; day += DAY_MS) {
    const used = days.find(({ key }) => key[2] === day)?.value.used ?? 0;
    between.push([used, Math.max(0, remaining(quota, days, day))]);
  }
  return between;
}
