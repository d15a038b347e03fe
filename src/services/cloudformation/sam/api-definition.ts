import { isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import type { ApiAuth } from './api-auth.ts';
import { isIntrinsic, present } from './resource.ts';

/** An API's definition as SAM edits it: paths → methods → operations. */
export type Definition = { paths: Record<string, Record<string, MutableMap>> } & Record<string, Value>;

export const ANY = 'x-amazon-apigateway-any-method';
const ALL_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** The definition of an API whose template has none. */
export function emptyDefinition(openApiVersion: string | undefined): Definition {
  return {
    ...(openApiVersion?.startsWith('3') ? { openapi: openApiVersion } : { swagger: '2.0' }),
    info: { version: '1.0', title: { Ref: 'AWS::StackName' } },
    paths: {},
  } as Definition;
}

/** A copy of a template's own definition that can be edited; undefined when its paths cannot be looked into. */
export function editable(body: ValueMap): Definition | undefined {
  if (!isMap(body['paths']) || isIntrinsic(body) || isIntrinsic(body['paths'])) return undefined;
  return structuredClone(body) as Definition;
}

/** `any` is an extension; the rest are lower case. */
export function methodKey(method: string): string {
  const lower = method.toLowerCase();
  return lower === 'any' ? ANY : lower;
}

export interface Cors {
  readonly AllowOrigin: Value;
  readonly AllowHeaders?: Value;
  readonly AllowMethods?: Value;
  readonly MaxAge?: Value;
  readonly AllowCredentials?: Value;
}

/** The preflight method of one path: a mock that answers with the headers. */
function preflight(cors: Cors, methods: readonly string[], openApi3: boolean): MutableMap {
  const allowed = methods.includes(ANY)
    ? ALL_METHODS
    : [...new Set([...methods.map((one) => one.toUpperCase()), 'OPTIONS'])].sort();
  const headers: Readonly<Record<string, readonly [Value | undefined, string]>> = {
    'Access-Control-Allow-Headers': [cors.AllowHeaders, 'string'],
    'Access-Control-Allow-Origin': [cors.AllowOrigin, 'string'],
    'Access-Control-Max-Age': [cors.MaxAge, 'integer'],
    'Access-Control-Allow-Methods': [cors.AllowMethods ?? `'${allowed.join(',')}'`, 'string'],
    'Access-Control-Allow-Credentials': [cors.AllowCredentials === true ? "'true'" : undefined, 'string'],
  };
  const sent = Object.entries(headers).filter(([, [value]]) => value !== undefined);
  return {
    summary: 'CORS support',
    // OpenAPI 3 says media types elsewhere, and a header's type in a schema.
    ...(openApi3 ? {} : { consumes: ['application/json'], produces: ['application/json'] }),
    'x-amazon-apigateway-integration': {
      type: 'mock',
      requestTemplates: { 'application/json': '{\n  "statusCode" : 200\n}\n' },
      responses: {
        default: {
          statusCode: '200',
          responseParameters: Object.fromEntries(
            sent.map(([name, [value]]) => [`method.response.header.${name}`, value ?? '']),
          ),
          responseTemplates: { 'application/json': '{}\n' },
        },
      },
    },
    responses: {
      '200': {
        description: 'Default response for CORS method',
        headers: Object.fromEntries(
          sent.map(([name, [, type]]) => [name, openApi3 ? { schema: { type } } : { type }]),
        ),
      },
    },
  };
}

export function addCors(definition: Definition, cors: Cors, auth: ApiAuth): void {
  for (const path of Object.values(definition.paths)) {
    if (isIntrinsic(path as Value) || path['options'] !== undefined) continue;
    const methods = Object.keys(path)
      .filter((key) => key === ANY || /^[a-z]+$/.test(key))
      .filter((key) => key !== 'parameters');
    const options = preflight(cors, methods, definition['openapi'] !== undefined);
    const security = auth.ofPreflight();
    path['options'] = security === undefined ? options : { ...options, security };
  }
}

/** Puts the default authorizer on the operations of a template's own definition. */
export function secureAll(definition: Definition, auth: ApiAuth): void {
  if (auth.default === undefined && !auth.needsKey) return;
  for (const [path, methods] of Object.entries(definition.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (
        method === 'options' ||
        !isMap(operation) ||
        operation['security'] !== undefined ||
        operation['x-amazon-apigateway-integration'] === undefined
      ) {
        continue;
      }
      const { security, credentials } = auth.ofMethod(
        {},
        { method, path, problem: (message) => new Error(message) },
      );
      if (security !== undefined) operation['security'] = security;
      const integration = operation['x-amazon-apigateway-integration'];
      if (credentials !== undefined && isMap(integration) && integration['credentials'] === undefined) {
        operation['x-amazon-apigateway-integration'] = { ...integration, credentials };
      }
    }
  }
}

export function gatewayResponses(given: ValueMap): ValueMap {
  return Object.fromEntries(
    Object.entries(given).map(([type, response]) => {
      const { StatusCode, ResponseParameters, ResponseTemplates } = isMap(response) ? response : {};
      return [
        type,
        present({
          statusCode: StatusCode === undefined ? undefined : String(StatusCode),
          responseParameters: isMap(ResponseParameters) ? responseParameters(ResponseParameters) : undefined,
          responseTemplates: ResponseTemplates,
        }),
      ];
    }),
  );
}

const PLACES: Readonly<Record<string, string>> = {
  Headers: 'header',
  Paths: 'path',
  QueryStrings: 'querystring',
};

function responseParameters(given: ValueMap): ValueMap {
  const result: MutableMap = {};
  for (const [place, prefix] of Object.entries(PLACES)) {
    const values = given[place];
    if (!isMap(values)) continue;
    for (const [name, value] of Object.entries(values)) result[`gatewayresponse.${prefix}.${name}`] = value;
  }
  return result;
}

/** OpenAPI 3 keeps schemas and security schemes among its components. */
export function addComponents(
  definition: Definition,
  parts: { readonly models: ValueMap | undefined; readonly security: ValueMap | undefined },
): void {
  const { models, security } = parts;
  if (definition['openapi'] === undefined) {
    if (models !== undefined) definition['definitions'] = { ...map(definition['definitions']), ...models };
    if (security !== undefined) {
      definition['securityDefinitions'] = { ...map(definition['securityDefinitions']), ...security };
    }
    return;
  }
  if (models === undefined && security === undefined) return;
  const components = map(definition['components']);
  definition['components'] = {
    ...components,
    ...(security === undefined
      ? {}
      : { securitySchemes: { ...map(components['securitySchemes']), ...security } }),
    ...(models === undefined ? {} : { schemas: { ...map(components['schemas']), ...models } }),
  };
}

function map(value: Value | undefined): ValueMap {
  return isMap(value) ? value : {};
}
