import type {
  ApiKeySourceType,
  Authorizer,
  EndpointConfiguration,
  GatewayResponse,
  Method,
  Model,
  RequestValidator,
  RestApi,
} from '../../model/gen/apigateway.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import type { World } from '../../world/world.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';
import type { ApigatewayRows } from './layout.ts';

export interface ApiRow {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly rootResourceId: string;
  readonly apiKeySource: ApiKeySourceType;
  readonly endpointConfiguration: EndpointConfiguration;
  readonly disableExecuteApiEndpoint: boolean;
  readonly description?: string | undefined;
  readonly version?: string | undefined;
  readonly binaryMediaTypes?: readonly string[] | undefined;
  readonly minimumCompressionSize?: number | undefined;
  /** JSON text. */
  readonly policy?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly warnings?: readonly string[] | undefined;
}

export interface ResourceRow {
  readonly id: string;
  /** Absent for the root alone. */
  readonly parentId?: string | undefined;
  readonly pathPart?: string | undefined;
  /** The whole path: `/pets/{id}`. */
  readonly path: string;
  readonly methods: Readonly<Record<string, Method>>;
}

export type AuthorizerRow = Authorizer & { readonly id: string; readonly name: string };
export type ModelRow = Model & { readonly id: string; readonly name: string };
export type ValidatorRow = RequestValidator & { readonly id: string; readonly name: string };
export type GatewayResponseRow = Omit<GatewayResponse, 'defaultResponse'> & { readonly responseType: string };

/** Everything a deployment freezes. */
export interface ApiDefinition {
  readonly api: ApiRow;
  readonly resources: readonly ResourceRow[];
  readonly authorizers: readonly AuthorizerRow[];
  readonly models: readonly ModelRow[];
  readonly validators: readonly ValidatorRow[];
  readonly gatewayResponses: readonly GatewayResponseRow[];
}

/** Reads an API whole; `reader` should be one snapshot. */
export async function readDefinition(
  rows: ApigatewayRows,
  reader: Reader,
  api: ApiRow,
): Promise<ApiDefinition> {
  const key: [string] = [api.id];
  const [resources, authorizers, models, validators, gatewayResponses] = await Promise.all([
    rows.resources.all(reader, key),
    rows.authorizers.all(reader, key),
    rows.models.all(reader, key),
    rows.validators.all(reader, key),
    rows.gatewayResponses.all(reader, key),
  ]);
  return {
    api,
    resources: resources.map(({ value }) => value),
    authorizers: authorizers.map(({ value }) => value),
    models: models.map(({ value }) => value),
    validators: validators.map(({ value }) => value),
    gatewayResponses: gatewayResponses.map(({ value }) => value),
  };
}

/** Deletes all parts of an API but the API's own row, its deployments and its stages. */
export async function clearDefinition(rows: ApigatewayRows, tx: Transaction, api: string): Promise<void> {
  for (const { key } of await rows.resources.all(tx, [api])) rows.resources.delete(tx, key);
  for (const { key } of await rows.authorizers.all(tx, [api])) rows.authorizers.delete(tx, key);
  for (const { key } of await rows.models.all(tx, [api])) rows.models.delete(tx, key);
  for (const { key } of await rows.validators.all(tx, [api])) rows.validators.delete(tx, key);
  for (const { key } of await rows.gatewayResponses.all(tx, [api])) rows.gatewayResponses.delete(tx, key);
}

/** Writes the parts over what is there. */
export function writeDefinition(rows: ApigatewayRows, tx: Transaction, definition: ApiDefinition): void {
  const { id } = definition.api;
  rows.apis.set(tx, [id], definition.api);
  for (const resource of definition.resources) rows.resources.set(tx, [id, resource.id], resource);
  for (const authorizer of definition.authorizers) rows.authorizers.set(tx, [id, authorizer.id], authorizer);
  for (const model of definition.models) rows.models.set(tx, [id, model.name], model);
  for (const validator of definition.validators) rows.validators.set(tx, [id, validator.id], validator);
  for (const response of definition.gatewayResponses) {
    rows.gatewayResponses.set(tx, [id, response.responseType], response);
  }
}

/** Ids as API Gateway makes them: ten characters for APIs and keys, six for their parts. */
export function newId(world: World, length = 6): string {
  return world.random.id(length, ALPHANUMERIC_LOWER);
}

export function describeApi(api: ApiRow): RestApi {
  const { createdAtMs, ...rest } = api;
  return { ...rest, createdDate: new Date(createdAtMs) };
}

/** The two models every new API has. */
export function defaultModels(world: World): readonly ModelRow[] {
  const schema = (title: string, properties?: object) =>
    JSON.stringify(
      { $schema: 'http://json-schema.org/draft-04/schema#', title, type: 'object', ...properties },
      undefined,
      2,
    );
  return [
    {
      id: newId(world),
      name: 'Empty',
      description: 'This is a default empty schema model',
      contentType: 'application/json',
      schema: schema('Empty Schema'),
    },
    {
      id: newId(world),
      name: 'Error',
      description: 'This is a default error schema model',
      contentType: 'application/json',
      schema: schema('Error Schema', { properties: { message: { type: 'string' } } }),
    },
  ];
}
