import { hash } from 'node:crypto';
import type {
  ApiKey,
  ApiStage,
  QuotaSettings,
  ThrottleSettings,
  UsagePlan,
} from '../../model/gen/apigateway.ts';

export interface ApiKeyRow {
  readonly id: string;
  readonly value: string;
  readonly enabled: boolean;
  readonly createdAtMs: number;
  readonly lastUpdatedAtMs: number;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly customerId?: string | undefined;
  readonly stageKeys: readonly string[];
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface UsagePlanRow {
  readonly id: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly apiStages: readonly ApiStage[];
  readonly throttle?: ThrottleSettings | undefined;
  readonly quota?: QuotaSettings | undefined;
  readonly productCode?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface UsagePlanKeyRow {
  readonly id: string;
  readonly type: string;
  readonly name?: string | undefined;
}

export interface UsageRow {
  readonly used: number;
}

/** What a key's value is found by: the value itself stays out of keys, whose length is bounded. */
export const valueHash = (value: string) => hash('sha256', value, 'hex');

export function describeKey(row: ApiKeyRow, withValue: boolean): ApiKey {
  const { createdAtMs, lastUpdatedAtMs, value, ...rest } = row;
  return {
    ...rest,
    ...(withValue ? { value } : {}),
    createdDate: new Date(createdAtMs),
    lastUpdatedDate: new Date(lastUpdatedAtMs),
  };
}

export function describePlan(row: UsagePlanRow): UsagePlan {
  return { ...row };
}

const DAY_MS = 86_400_000;

/**
 * When the quota period that `atMs` lies in began, in UTC: a day, a week from Sunday, or a month. `offset` is how many
 * requests the first period has already used, as AWS counts it, and does not move it.
 */
export function periodStart(period: 'DAY' | 'WEEK' | 'MONTH', atMs: number): number {
  const day = Math.floor(atMs / DAY_MS) * DAY_MS;
  const date = new Date(day);
  if (period === 'DAY') return day;
  if (period === 'WEEK') return day - date.getUTCDay() * DAY_MS;
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}
