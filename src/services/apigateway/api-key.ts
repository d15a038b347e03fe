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
