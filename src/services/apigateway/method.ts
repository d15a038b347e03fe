import { parseArn } from '../../base/arn.ts';
import type { Integration, Method } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import type { ResourceRow } from './definition.ts';
import { badRequest, conflict, noSuchIntegration, noSuchMethod } from './fault.ts';
import { resourceOf, rowsOf } from './scope.ts';

export const HTTP_METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'ANY'];

/** What names a method. */
export interface MethodKey {
  readonly restApiId: string;
  readonly resourceId: string;
  readonly httpMethod: string;
}

export async function methodOf(
  ctx: Context,
  key: MethodKey,
  reader: Reader = ctx.store,
): Promise<{ readonly resource: ResourceRow; readonly method: Method }> {
  const resource = await resourceOf(ctx, key.restApiId, key.resourceId, reader);
  const method = Object.hasOwn(resource.methods, key.httpMethod)
    ? resource.methods[key.httpMethod]
    : undefined;
  if (method === undefined) throw noSuchMethod();
  return { resource, method };
}

export async function integrationOf(ctx: Context, key: MethodKey, reader: Reader = ctx.store) {
  const { resource, method } = await methodOf(ctx, key, reader);
  const { methodIntegration: integration } = method;
  if (integration === undefined) throw noSuchIntegration();
  return { resource, method, integration };
}

/** What methods refer to cannot go: throws for the first method of the API that `refers`. */
export async function checkUnreferenced(
  ctx: Context,
  reader: Reader,
  apiId: string,
  what: string,
  refers: (method: Method) => boolean,
): Promise<void> {
  for (const { value: resource } of await rowsOf(ctx).resources.all(reader, [apiId])) {
    for (const [verb, method] of Object.entries(resource.methods)) {
      if (refers(method))
        throw conflict(`Cannot delete ${what}, is referenced in method: ${resource.path}/${verb}`);
    }
  }
}

/** Writes a resource with one of its methods changed, or gone when `method` is undefined. */
export function saveMethod(
  ctx: Context,
  tx: Transaction,
  key: MethodKey,
  resource: ResourceRow,
  method: Method | undefined,
): void {
  const { [key.httpMethod]: _, ...others } = resource.methods;
  const methods = method === undefined ? others : { ...others, [key.httpMethod]: method };
  rowsOf(ctx).resources.set(tx, [key.restApiId, resource.id], { ...resource, methods });
}

const REQUEST_PARAMETER = /^method\.request\.(?:querystring|header|path)\.[^\s]+$/;

/** The parameters a method declares: places of the request, no name twice. */
export function checkRequestParameters(parameters: Readonly<Record<string, boolean>> | undefined): void {
  const names = Object.keys(parameters ?? {});
  for (const name of names) {
    if (!REQUEST_PARAMETER.test(name)) {
      throw badRequest(
        `Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: ${name}]`,
      );
    }
  }
  const last = names.map((name) => name.split('.').slice(3).join('.'));
  if (new Set(last).size !== last.length)
    throw badRequest('Parameter names must be unique across querystring, header and path');
}

const AUTHORIZATION_TYPES = new Set(['NONE', 'AWS_IAM', 'CUSTOM', 'COGNITO_USER_POOLS']);

/** Checks a method's references and words against its API. */
export async function checkMethod(
  ctx: Context,
  tx: Reader,
  api: string,
  method: Omit<Method, 'methodResponses' | 'methodIntegration'>,
): Promise<void> {
  const rows = rowsOf(ctx);
  const { authorizationType = '' } = method;
  if (!AUTHORIZATION_TYPES.has(authorizationType))
    throw badRequest(
      `Invalid authorization type specified. Valid options are ${[...AUTHORIZATION_TYPES].join(',')}`,
    );
  if (authorizationType === 'CUSTOM' || authorizationType === 'COGNITO_USER_POOLS') {
    const authorizer =
      method.authorizerId === undefined
        ? undefined
        : await rows.authorizers.get(tx, [api, method.authorizerId]);
    if (authorizer === undefined) {
      throw badRequest(
        'Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.',
      );
    }
  }
  const validator = method.requestValidatorId;
  if (validator !== undefined && (await rows.validators.get(tx, [api, validator])) === undefined)
    throw badRequest('Invalid Request Validator identifier specified');
  checkRequestParameters(method.requestParameters);
  for (const model of Object.values(method.requestModels ?? {})) {
    if ((await rows.models.get(tx, [api, model])) === undefined)
      throw badRequest(`Invalid model identifier specified: ${model}`);
  }
}

const DEFAULT_TIMEOUT_MS = 29_000;
const LEAST_TIMEOUT_MS = 50;
/** A function's ARN with a version or alias, and Firehose: all that may be called with the request as it is. */
const PROXIED = /^(?:lambda:path\/|firehose:action\/)/;

/** An integration with AWS's defaults, its words checked. */
export function completeIntegration(integration: Integration, resourceId: string): Integration {
  const { type, uri, httpMethod, timeoutInMillis } = integration;
  if (integration.connectionType === 'VPC_LINK')
    throw badRequest('Integrations through a VPC link are not simulated.');
  if (integration.responseTransferMode === 'STREAM')
    throw badRequest('The response transfer mode STREAM is not simulated.');
  if (
    timeoutInMillis !== undefined &&
    (timeoutInMillis < LEAST_TIMEOUT_MS || timeoutInMillis > DEFAULT_TIMEOUT_MS)
  ) {
    throw badRequest(`Timeout should be between ${LEAST_TIMEOUT_MS} ms and ${DEFAULT_TIMEOUT_MS} ms`);
  }
  if (type !== 'MOCK') {
    if (httpMethod === undefined || httpMethod === '')
      throw badRequest('Enumeration value for HttpMethod must be non-empty');
    checkUri(type, uri);
  }
  return {
    ...integration,
    passthroughBehavior: passthroughOf(integration.passthroughBehavior),
    timeoutInMillis: timeoutInMillis ?? DEFAULT_TIMEOUT_MS,
    cacheNamespace: integration.cacheNamespace ?? resourceId,
    cacheKeyParameters: integration.cacheKeyParameters ?? [],
  };
}

function passthroughOf(given = 'WHEN_NO_MATCH'): string {
  const behavior = given.toUpperCase();
  if (behavior !== 'WHEN_NO_MATCH' && behavior !== 'WHEN_NO_TEMPLATES' && behavior !== 'NEVER') {
    throw badRequest(
      'Invalid passthrough behavior specified. Valid options are WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER',
    );
  }
  return behavior;
}

function checkUri(type: string | undefined, uri = ''): void {
  if (type === 'HTTP' || type === 'HTTP_PROXY') {
    if (!/^https?:\/\/.+|^\$\{stageVariables\./.test(uri) && !/^https?:\/\/\$\{/.test(uri))
      throw badRequest('Invalid HTTP endpoint specified for URI');
    return;
  }
  const arn = parseArn(uri);
  if (arn === undefined || arn.service !== 'apigateway')
    throw badRequest('Invalid ARN specified in the request');
  // service:path/… or subdomain.service:action/…
  const target = `${arn.account}:${arn.resource}`;
  if (!/^[^:]+:(?:path|action)\//.test(target))
    throw badRequest('AWS ARN for integration must contain path or action');
  if (type === 'AWS_PROXY' && target.startsWith('firehose:'))
    throw badRequest('Integrations of type AWS_PROXY with Firehose streams are not simulated.');
  if (type === 'AWS_PROXY' && !PROXIED.test(target)) {
    throw badRequest(
      "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
    );
  }
}
