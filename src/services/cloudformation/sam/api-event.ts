import { isList, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import type { Api } from './api.ts';
import { methodKey } from './api-definition.ts';
import type { FunctionUnderWay } from './function.ts';
import { eventProblem } from './problem.ts';
import { type Generated, passedOn, present, refTo } from './resource.ts';

const KNOWN = [
  'Auth',
  'Method',
  'Path',
  'RequestModel',
  'RequestParameters',
  'RestApiId',
  'TimeoutInMillis',
  'ResponseTransferMode',
];
const NO_VALUE: ValueMap = { Ref: 'AWS::NoValue' };

/** A function's `Api` event: a method of the API, when the API's definition is SAM's, and leave to invoke. */
export function addApiEvent(
  fn: FunctionUnderWay,
  eventId: string,
  properties: ValueMap,
  api: Api | undefined,
): Generated {
  const problem = (message: string) => eventProblem(fn.logicalId, eventId, message);
  const unknown = Object.keys(properties).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw problem(`property ${unknown} not defined for resource of type Api`);
  const { Path: path, Method: method } = properties;
  if (path === undefined) throw problem("Property 'Path' is required.");
  if (method === undefined) throw problem("Property 'Method' is required.");
  if (typeof path !== 'string') throw problem("Property 'Path' should be a string.");
  if (typeof method !== 'string') throw problem("Property 'Method' should be a string.");
  if (api === undefined) {
    throw problem(
      "RestApiId must be a valid reference to an 'AWS::Serverless::Api' resource in same template.",
    );
  }
  if (api.managed)
    api.addMethod(path, methodKey(method), operation(fn, properties, api, problem), fn.resource['Condition']);
  return permission(fn, eventId, path, method, api);
}

function operation(
  fn: FunctionUnderWay,
  properties: ValueMap,
  api: Api,
  problem: (message: string) => Error,
): ValueMap {
  const own = isMap(properties['Auth']) ? properties['Auth'] : {};
  for (const name of ['ResourcePolicy', 'OverrideApiAuth']) {
    if (own[name] !== undefined) throw problem(`Lambent does not transform Auth.${name} of an event yet.`);
  }
  const { security, credentials } = api.auth.ofMethod(own, {
    method: String(properties['Method']).toLowerCase(),
    path: String(properties['Path']),
    problem,
  });
  const condition = fn.resource['Condition'];
  const target = fn.alias ?? `${fn.logicalId}.Arn`;
  const uri: ValueMap = {
    'Fn::Sub': `arn:aws:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/\${${target}}/invocations`,
  };
  const { parameters, cached } = requestParameters(properties['RequestParameters'], problem);
  const model = requestModel(properties['RequestModel'], api, problem);
  const all = [...parameters, ...model.parameters];
  return present({
    'x-amazon-apigateway-integration': present({
      type: 'aws_proxy',
      httpMethod: 'POST',
      uri: condition === undefined ? uri : { 'Fn::If': [condition, uri, NO_VALUE] },
      credentials,
      timeoutInMillis: properties['TimeoutInMillis'],
      responseTransferMode: properties['ResponseTransferMode'],
      cacheKeyParameters: cached.length === 0 ? undefined : cached,
    }),
    responses: {},
    security,
    parameters: all.length === 0 ? undefined : all,
    requestBody: model.body,
    'x-amazon-apigateway-request-validator': model.validator,
  });
}

const PLACES: Readonly<Record<string, string>> = { header: 'header', path: 'path', querystring: 'query' };

function requestParameters(value: Value | undefined, problem: (message: string) => Error) {
  const parameters: ValueMap[] = [];
  const cached: string[] = [];
  for (const item of isList(value) ? value : []) {
    const [name = '', settings] = isMap(item) ? (Object.entries(item)[0] ?? []) : [String(item)];
    const [, place = '', rest = ''] = /^method\.request\.(querystring|path|header)\.(.+)$/.exec(name) ?? [];
    const where = PLACES[place];
    if (where === undefined) {
      throw problem(
        "Invalid value for 'RequestParameters' property. Keys must be in the format 'method.request.[querystring|path|header].{value}', e.g 'method.request.header.Authorization'.",
      );
    }
    const { Required = false, Caching = false } = isMap(settings) ? settings : {};
    parameters.push({ in: where, name: rest, required: Required, type: 'string' });
    if (Caching === true) cached.push(name);
  }
  return { parameters, cached };
}

function requestModel(value: Value | undefined, api: Api, problem: (message: string) => Error) {
  if (value === undefined) return { parameters: [], body: undefined, validator: undefined };
  const { Model, Required, ValidateBody, ValidateParameters } = isMap(value) ? value : {};
  if (typeof Model !== 'string' || !api.hasModel(Model)) {
    throw problem(
      `Unable to set RequestModel [${String(Model)}] because it wasn't defined in the API's Models.`,
    );
  }
  const name = Model.toLowerCase();
  const validator =
    ValidateBody === undefined && ValidateParameters === undefined
      ? undefined
      : api.addValidator(ValidateBody === true, ValidateParameters === true);
  if (api.openApi3) {
    const body: MutableMap = {
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
    };
    if (Required !== undefined) body['required'] = Required;
    return { parameters: [], body, validator };
  }
  const parameter = present({
    in: 'body',
    name,
    schema: { $ref: `#/definitions/${name}` },
    required: Required,
  });
  return { parameters: [parameter], body: undefined, validator };
}

function permission(
  fn: FunctionUnderWay,
  eventId: string,
  path: string,
  method: string,
  api: Api,
): Generated {
  const verb = method.toLowerCase() === 'any' ? '*' : method.toUpperCase();
  const arnPath = path
    .replace(/\{[^}]*\}/g, '*')
    .replace(/^\/?/, '/')
    .replace(/(.)\/$/, '$1');
  return {
    [`${fn.logicalId}${eventId}Permission${api.stageSuffix}`]: {
      Type: 'AWS::Lambda::Permission',
      ...passedOn(fn.resource),
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: fn.target,
        Principal: 'apigateway.amazonaws.com',
        SourceArn: {
          'Fn::Sub': [
            `arn:aws:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${__ApiId__}/\${__Stage__}/${verb}${arnPath}`,
            { __ApiId__: refTo(api.logicalId), __Stage__: '*' },
          ],
        },
      },
    },
  };
}
