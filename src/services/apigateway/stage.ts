import type { AccessLogSettings, Deployment, MethodSetting, Stage } from '../../model/gen/apigateway.ts';
import type { BlobRef } from '../../store/blobs.ts';
import type { ApiDefinition } from './definition.ts';
import { badRequest } from './fault.ts';

/** A deployment: the API as it was, and never changes. */
export interface DeploymentRow {
  readonly id: string;
  readonly createdAtMs: number;
  readonly description?: string | undefined;
  /** JSON of an {@link ApiDefinition}. */
  readonly definition: BlobRef;
}

export interface StageRow {
  readonly stageName: string;
  readonly deploymentId: string;
  readonly createdAtMs: number;
  readonly lastUpdatedAtMs: number;
  readonly description?: string | undefined;
  readonly documentationVersion?: string | undefined;
  readonly clientCertificateId?: string | undefined;
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** By `*` + `/*`, or a resource's path without its first slash and a method. */
  readonly methodSettings: Readonly<Record<string, MethodSetting>>;
  readonly accessLogSettings?: AccessLogSettings | undefined;
  readonly tracingEnabled: boolean;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Results of authorizers from before are forgotten. */
  readonly authorizersFlushedAtMs?: number | undefined;
}

export function describeDeployment(row: DeploymentRow, definition?: ApiDefinition): Deployment {
  const summary = definition === undefined ? {} : { apiSummary: summaryOf(definition) };
  return { id: row.id, description: row.description, createdDate: new Date(row.createdAtMs), ...summary };
}

function summaryOf({ resources }: ApiDefinition): NonNullable<Deployment['apiSummary']> {
  return Object.fromEntries(
    resources
      .filter(({ methods }) => Object.keys(methods).length > 0)
      .map(({ path, methods }) => [
        path,
        Object.fromEntries(
          Object.entries(methods).map(([name, { authorizationType, apiKeyRequired }]) => [
            name,
            { authorizationType, apiKeyRequired },
          ]),
        ),
      ]),
  );
}

export function describeStage(row: StageRow): Stage {
  const { createdAtMs, lastUpdatedAtMs, authorizersFlushedAtMs: _, ...rest } = row;
  return {
    ...rest,
    cacheClusterEnabled: false,
    cacheClusterStatus: 'NOT_AVAILABLE',
    createdDate: new Date(createdAtMs),
    lastUpdatedDate: new Date(lastUpdatedAtMs),
  };
}

/** What a stage may ask for and Lambent does not do is refused by name. */
export function refuseUnsimulated(input: {
  readonly cacheClusterEnabled?: boolean | undefined;
  readonly canarySettings?: unknown;
}): void {
  if (input.cacheClusterEnabled === true) throw badRequest('The cache cluster of a stage is not simulated.');
  if (input.canarySettings !== undefined) throw badRequest('Canary settings are not simulated.');
}

const VARIABLE_NAME = /^\w+$/;
const VARIABLE_VALUE = /^[A-Za-z0-9\-._~:/?#&=,]+$/;

/** https://docs.aws.amazon.com/apigateway/latest/api/API_Stage.html */
export function checkVariables(variables: Readonly<Record<string, string>> | undefined): void {
  for (const [name, text] of Object.entries(variables ?? {})) {
    if (!VARIABLE_NAME.test(name))
      throw badRequest(`Stage variable name must be alphanumeric, can contain underscores: ${name}`);
    if (!VARIABLE_VALUE.test(text))
      throw badRequest('Stage variable values may contain only the characters A-Za-z0-9-._~:/?#&=, ');
  }
}

const STAGE_NAME = /^[a-zA-Z0-9_-]{1,128}$/;

export function checkStageName(name: string): void {
  if (name === 'test-invoke-stage' || !STAGE_NAME.test(name))
    throw badRequest('Stage name only allows a-zA-Z0-9_-');
}

const SETTING_GROUPS: Readonly<
  Record<string, { readonly member: keyof MethodSetting; readonly type: 'boolean' | 'number' | 'string' }>
> = {
  'metrics/enabled': { member: 'metricsEnabled', type: 'boolean' },
  'logging/dataTrace': { member: 'dataTraceEnabled', type: 'boolean' },
  'logging/loglevel': { member: 'loggingLevel', type: 'string' },
  'throttling/burstLimit': { member: 'throttlingBurstLimit', type: 'number' },
  'throttling/rateLimit': { member: 'throttlingRateLimit', type: 'number' },
  'caching/enabled': { member: 'cachingEnabled', type: 'boolean' },
  'caching/ttlInSeconds': { member: 'cacheTtlInSeconds', type: 'number' },
  'caching/dataEncrypted': { member: 'cacheDataEncrypted', type: 'boolean' },
  'caching/requireAuthorizationForCacheControl': {
    member: 'requireAuthorizationForCacheControl',
    type: 'boolean',
  },
  'caching/unauthorizedCacheControlHeaderStrategy': {
    member: 'unauthorizedCacheControlHeaderStrategy',
    type: 'string',
  },
};

const NEW_SETTING: MethodSetting = {
  metricsEnabled: false,
  dataTraceEnabled: false,
  throttlingBurstLimit: 5000,
  throttlingRateLimit: 10_000,
  cachingEnabled: false,
  cacheTtlInSeconds: 300,
  cacheDataEncrypted: false,
  requireAuthorizationForCacheControl: true,
  unauthorizedCacheControlHeaderStrategy: 'SUCCEED_WITH_RESPONSE_HEADER',
};

/**
 * Applies a patch to the settings of a method: `parts` are those of `/{resource}/{method}/{group}/{setting}`, or of
 * `/{resource}/{method}` to remove them. Undefined when the path is not one of those.
 */
export function patchMethodSetting(
  stage: StageRow,
  parts: readonly string[],
  op: string,
  text: string | undefined,
): StageRow | undefined {
  const [resource, method, group, setting] = parts;
  if (resource === undefined || method === undefined) return undefined;
  const key = `${resource.replace(/^\/(?=.)/, '')}/${method}`;
  if (parts.length === 2 && op === 'remove') {
    if (!Object.hasOwn(stage.methodSettings, key)) {
      throw badRequest(
        `Cannot remove method setting ${key} because there is no method setting for this method `,
      );
    }
    const { [key]: _, ...methodSettings } = stage.methodSettings;
    return { ...stage, methodSettings };
  }
  const known = SETTING_GROUPS[`${group}/${setting}`];
  if (parts.length !== 4 || known === undefined) return undefined;
  if (known.member === 'cachingEnabled' && text === 'true')
    throw badRequest('The cache of a stage is not simulated.');
  const parsed = known.type === 'boolean' ? text === 'true' : known.type === 'number' ? Number(text) : text;
  if (typeof parsed === 'number' && !Number.isFinite(parsed)) throw badRequest(`Invalid patch value ${text}`);
  return {
    ...stage,
    methodSettings: {
      ...stage.methodSettings,
      [key]: { ...(stage.methodSettings[key] ?? NEW_SETTING), [known.member]: parsed },
    },
  };
}
