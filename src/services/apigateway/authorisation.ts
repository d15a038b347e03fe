import { loadModel } from '../../model/load.ts';
import type { OperationModel } from '../../model/model.ts';
import type { ContextValue, ContextValues } from '../../policy/request.ts';
import { Fault } from '../../service/faults.ts';
import { passingRole } from '../../service/passing-role.ts';
import type { ActionRequest, AuthorisationRule, AuthorisationScope } from '../../service/service.ts';
import { PRINCIPAL } from './invoke/function.ts';
import { credentialsIn, readDocument } from './openapi/document.ts';

type Input = Readonly<Record<string, unknown>>;

/**
 * API Gateway's actions are HTTP verbs and its resources the paths of its own API:
 * `apigateway:PATCH` on `arn:aws:apigateway:us-east-1::/restapis/abc/stages/prod`. Whoever names a role for API Gateway
 * to act under hands it over.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
 */
export function authorisationOf(operations: readonly string[]): Readonly<Record<string, AuthorisationRule>> {
  return Object.fromEntries(operations.map((name) => [name, ruleOf(name)]));
}

function ruleOf(name: string): AuthorisationRule<Input> {
  let binding: { readonly action: string; readonly parts: readonly PathPart[] } | undefined;
  const roles = ROLES[name];
  return (input, { region }: AuthorisationScope): readonly ActionRequest[] => {
    binding ??= bindingOf(name);
    let path = '';
    for (const part of binding.parts)
      path += typeof part === 'string' ? part : encodeURIComponent(String(input[part.member]));
    const resource = `arn:aws:apigateway:${region}::${path}`;
    const context = REQUEST_KEYS[name]?.(input);
    const own = { action: binding.action, resource, ...(context === undefined ? {} : { context }) };
    const passed = roles?.(input).filter(isRole) ?? [];
    return passed.length === 0 ? [own] : [own, ...passed.map((role) => passingRole(role, PRINCIPAL))];
  };
}

type Keys = (input: Input) => ContextValues;

/**
 * What policies may ask of what is to be made.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/security_iam_id-based-policy-examples.html
 */
const REQUEST_KEYS: Readonly<Record<string, Keys>> = {
  CreateRestApi: ({ name, disableExecuteApiEndpoint, endpointConfiguration }) => {
    const { types } = (endpointConfiguration ?? {}) as { readonly types?: readonly string[] };
    return requestKeys({
      ApiName: name,
      EndpointType: types ?? ['EDGE'],
      DisableExecuteApiEndpoint: disableExecuteApiEndpoint ?? false,
    });
  },
  CreateAuthorizer: ({ type, authorizerUri }) =>
    requestKeys({ AuthorizerType: type, AuthorizerUri: authorizerUri }),
  PutMethod: ({ authorizationType, apiKeyRequired }) =>
    requestKeys({ RouteAuthorizationType: authorizationType, ApiKeyRequired: apiKeyRequired ?? false }),
  CreateStage: ({ stageName }) => requestKeys({ StageName: stageName }),
  CreateDeployment: ({ stageName }) => requestKeys({ StageName: stageName }),
};

function requestKeys(values: Readonly<Record<string, unknown>>): ContextValues {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [[`apigateway:Request/${key}`, value as ContextValue]],
    ),
  );
}

/** The roles an input names; of others, only that they name none. */
const ROLES: Readonly<Record<string, (input: Input) => readonly unknown[]>> = {
  PutIntegration: ({ credentials }) => [credentials],
  UpdateIntegration: patchedAt('/credentials'),
  CreateAuthorizer: ({ authorizerCredentials }) => [authorizerCredentials],
  UpdateAuthorizer: patchedAt('/authorizerCredentials'),
  UpdateAccount: patchedAt('/cloudwatchRoleArn'),
  ImportRestApi: imported,
  PutRestApi: imported,
};

function patchedAt(path: string): (input: Input) => readonly unknown[] {
  return ({ patchOperations }) =>
    ((patchOperations ?? []) as readonly { readonly path?: string; readonly value?: string }[])
      .filter((operation) => operation.path === path)
      .map(({ value }) => value);
}

/** A document that cannot be read names no role; the operation says what is wrong with it. */
function imported({ body }: Input): readonly unknown[] {
  try {
    return credentialsIn(readDocument(body as Uint8Array).root);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    return [];
  }
}

/** `arn:aws:iam::*:user/*` are the credentials of whoever calls the API. */
function isRole(credentials: unknown): credentials is string {
  return (
    typeof credentials === 'string' && credentials !== '' && !/^arn:aws:iam::\*:user\//.test(credentials)
  );
}

type PathPart = string | { readonly member: string };

function bindingOf(name: string): { readonly action: string; readonly parts: readonly PathPart[] } {
  const { operations, shapes } = loadModel('apigateway');
  const operation = operations[name] as OperationModel;
  const members = Object.entries(shapes[operation.input?.shape ?? '']?.members ?? {});
  const { method, requestUri } = operation.http ?? { method: 'GET', requestUri: '/' };
  const parts = (requestUri.split('?')[0] as string).split(/(\{[^}]+\})/).map((piece): PathPart => {
    if (!piece.startsWith('{')) return piece;
    const label = piece.slice(1, -1);
    const found = members.find(([, member]) => member.location === 'uri' && member.locationName === label);
    return { member: found?.[0] ?? label };
  });
  return { action: `apigateway:${method}`, parts };
}
