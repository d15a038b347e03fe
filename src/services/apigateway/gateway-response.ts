import type { GatewayResponse, GatewayResponseType } from '../../model/gen/apigateway.ts';
import type { GatewayResponseRow } from './definition.ts';

/** The status of each response API Gateway makes by itself; the two defaults leave it to the cause. */
const STATUSES: Readonly<Record<GatewayResponseType, string | undefined>> = {
  ACCESS_DENIED: '403',
  API_CONFIGURATION_ERROR: '500',
  AUTHORIZER_CONFIGURATION_ERROR: '500',
  AUTHORIZER_FAILURE: '500',
  BAD_REQUEST_BODY: '400',
  BAD_REQUEST_PARAMETERS: '400',
  DEFAULT_4XX: undefined,
  DEFAULT_5XX: undefined,
  EXPIRED_TOKEN: '403',
  INTEGRATION_FAILURE: '504',
  INTEGRATION_TIMEOUT: '504',
  INVALID_API_KEY: '403',
  INVALID_SIGNATURE: '403',
  MISSING_AUTHENTICATION_TOKEN: '403',
  QUOTA_EXCEEDED: '429',
  REQUEST_TOO_LARGE: '413',
  RESOURCE_NOT_FOUND: '404',
  THROTTLED: '429',
  UNAUTHORIZED: '401',
  UNSUPPORTED_MEDIA_TYPE: '415',
  WAF_FILTERED: '403',
};

export const RESPONSE_TYPES = Object.keys(STATUSES) as readonly GatewayResponseType[];

export function isResponseType(type: string): type is GatewayResponseType {
  return Object.hasOwn(STATUSES, type);
}

export const DEFAULT_TEMPLATES = { 'application/json': '{"message":$context.error.messageString}' };

/** AWS's own response of a type, and what was set over it. */
export function describeResponse(
  type: GatewayResponseType,
  row: GatewayResponseRow | undefined,
): GatewayResponse {
  const templates = row?.responseTemplates;
  const statusCode = row?.statusCode ?? STATUSES[type];
  return {
    responseType: type,
    ...(statusCode === undefined ? {} : { statusCode }),
    responseParameters: row?.responseParameters ?? {},
    responseTemplates:
      templates === undefined || Object.keys(templates).length === 0 ? DEFAULT_TEMPLATES : templates,
    defaultResponse: row === undefined,
  };
}
