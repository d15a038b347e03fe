import { keyspace, rows } from '../../store/keyspace.ts';
import type { ApiKeyRow, UsagePlanKeyRow, UsagePlanRow, UsageRow } from './api-key.ts';
import type {
  ApiRow,
  AuthorizerRow,
  GatewayResponseRow,
  ModelRow,
  ResourceRow,
  ValidatorRow,
} from './definition.ts';
import type { DeploymentRow, StageRow } from './stage.ts';

/** The whole key layout of REST APIs. Times are virtual milliseconds. */
export const layout = keyspace('apigateway', {
  apis: rows<[api: string], ApiRow>('apis'),
  /** Nodes of the path tree, each with its methods and their integrations. */
  resources: rows<[api: string, resource: string], ResourceRow>('resources'),
  authorizers: rows<[api: string, authorizer: string], AuthorizerRow>('authorizers'),
  models: rows<[api: string, name: string], ModelRow>('models'),
  validators: rows<[api: string, validator: string], ValidatorRow>('validators'),
  /** Only those that were set; the others are AWS's defaults. */
  gatewayResponses: rows<[api: string, type: string], GatewayResponseRow>('gatewayResponses'),
  deployments: rows<[api: string, deployment: string], DeploymentRow>('deployments'),
  stages: rows<[api: string, stage: string], StageRow>('stages'),
  apiKeys: rows<[key: string], ApiKeyRow>('apiKeys'),
  /** The SHA-256 of a key's value, in hex, to its id. */
  apiKeyValues: rows<[sha256: string], string>('apiKeyValues'),
  usagePlans: rows<[plan: string], UsagePlanRow>('usagePlans'),
  usagePlanKeys: rows<[plan: string, key: string], UsagePlanKeyRow>('usagePlanKeys'),
  /** Requests a key made under a plan with a quota on the day that began then. */
  usage: rows<[plan: string, key: string, dayStartMs: number], UsageRow>('usage'),
  account: rows<[], AccountRow>('account'),
});

export type ApigatewayRows = ReturnType<typeof layout.at>;

export interface AccountRow {
  readonly cloudwatchRoleArn?: string | undefined;
}

/** Kind of the cloud-wide directory: a request to an API names nothing but its id. */
export const API_DIRECTORY = 'execute-api';
