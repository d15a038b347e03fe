import type { Method } from '../../../model/gen/apigateway.ts';
import type { ApiDefinition } from '../definition.ts';
import { type CompiledSchema, compileSchema } from '../schema.ts';
import type { Exchange } from './exchange.ts';
import { mediaTypeOf } from './media-type.ts';
import { own, parseJson } from './parameter.ts';
import { Refusal } from './refusal.ts';

const PLACES = ['header', 'path', 'querystring'];

/**
 * The checks of a method's request validator: the parameters it requires, and the body against the model of its type.
 * Undefined when it has none.
 */
export function requestValidation(
  definition: ApiDefinition,
  method: Method,
): ((exchange: Exchange) => void) | undefined {
  const validator = definition.validators.find(({ id }) => id === method.requestValidatorId);
  const required = validator?.validateRequestParameters === true ? requiredParameters(method) : [];
  const schemas = validator?.validateRequestBody === true ? bodySchemas(definition, method) : new Map();
  if (required.length === 0 && schemas.size === 0) return undefined;
  return (exchange) => {
    checkParameters(exchange, required);
    if (schemas.size > 0) checkBody(exchange, schemas);
  };
}

interface Parameter {
  readonly place: string;
  readonly name: string;
}

function requiredParameters(method: Method): readonly Parameter[] {
  return Object.entries(method.requestParameters ?? {})
    .filter(([, required]) => required)
    .map(([key]) => {
      const [, , place = '', ...name] = key.split('.');
      return { place, name: name.join('.') };
    })
    .sort((one, other) => PLACES.indexOf(one.place) - PLACES.indexOf(other.place));
}

function checkParameters({ request, pathParameters }: Exchange, required: readonly Parameter[]): void {
  const missing = required.filter(({ place, name }) => {
    const value =
      place === 'header'
        ? request.header(name)
        : place === 'path'
          ? own(pathParameters, name)
          : request.query.get(name)?.at(-1);
    return value === undefined || value === '';
  });
  if (missing.length === 0) return;
  throw new Refusal(
    'BAD_REQUEST_PARAMETERS',
    400,
    'BadRequestException',
    `Missing required request parameters: [${missing.map(({ name }) => name).join(', ')}]`,
  );
}

/** The schema of each content type; a model that is not JSON checks nothing. */
function bodySchemas(definition: ApiDefinition, method: Method): ReadonlyMap<string, CompiledSchema> {
  const models = new Map(definition.models.map((model) => [model.name, model]));
  const parsed = (name: string): unknown => {
    const schema = models.get(name)?.schema;
    return schema === undefined ? undefined : parseJson(schema);
  };
  const schemas = new Map<string, CompiledSchema>();
  for (const [type, name] of Object.entries(method.requestModels ?? {})) {
    const schema = parsed(name);
    if (schema !== undefined) schemas.set(type.toLowerCase(), compileSchema(schema, parsed));
  }
  return schemas;
}

function checkBody({ request }: Exchange, schemas: ReadonlyMap<string, CompiledSchema>): void {
  const type = mediaTypeOf(request.header('content-type')) ?? 'application/json';
  const schema = schemas.get(type) ?? schemas.get('$default');
  if (schema === undefined) return;
  let body: unknown;
  try {
    body = JSON.parse(request.text === '' ? '{}' : request.text);
  } catch {
    throw invalidBody('[Unable to parse the request body as JSON]');
  }
  if (!schema.matches(body)) throw invalidBody(schema.unsupported ?? '[The body does not fit its model]');
}

const invalidBody = (validationError: string) =>
  new Refusal('BAD_REQUEST_BODY', 400, 'BadRequestException', 'Invalid request body', { validationError });
