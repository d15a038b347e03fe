import { hash } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type {
  ApiKey,
  ApiStage,
  QuotaSettings,
  ThrottleSettings,
  UsagePlan,
} from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';

export interface ApiKeyRow {
  readonly id: string;
  /** Its value, encrypted under the server's key. */
  readonly sealedValue: string;
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

/** Opens a key's value; whoever has it may call. */
export function openValue({ id, sealedValue }: ApiKeyRow, { ports }: Context): string {
  const value = ports.identity.openSecret(sealedValue, labelOf(id));
  assert(value !== undefined, `the value of API key ${id} does not open`);
  return Buffer.from(value).toString();
}

export function sealValue(id: string, value: string, { ports }: Context): string {
  return ports.identity.sealSecret(Buffer.from(value), labelOf(id));
}

function labelOf(id: string): string {
  return `api-key/${id}`;
}

/** Without a `value` a key is shown without it. */
export function describeKey(row: ApiKeyRow, value?: string): ApiKey {
  const { createdAtMs, lastUpdatedAtMs, sealedValue: _sealed, ...rest } = row;
  return {
    ...rest,
    ...(value === undefined ? {} : { value }),
    createdDate: new Date(createdAtMs),
    lastUpdatedDate: new Date(lastUpdatedAtMs),
  };
}

export function describePlan(row: UsagePlanRow): UsagePlan {
  return { ...row };
}
