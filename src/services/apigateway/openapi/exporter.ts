import type { Integration, Method } from '../../../model/gen/apigateway.ts';
import type { ApiDefinition, AuthorizerRow, ResourceRow } from '../definition.ts';
import type { Json } from './document.ts';

export interface ExportOptions {
  readonly version: 2 | 3;
  readonly stageName: string;
  readonly region: string;
  /** Which of API Gateway's own extensions to write. */
  readonly integrations: boolean;
  readonly authorizers: boolean;
}

type Tree = Record<string, unknown>;

const SIGV4 = 'sigv4';
const API_KEY = 'api_key';

/**
 * The document of a deployed API, OpenAPI 3 or Swagger 2; importing it gives the API again.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-export-api.html
 */
export function exportDocument(definition: ApiDefinition, options: ExportOptions): Json {
  return new Exporter(definition, options).run();
}

class Exporter {
  readonly #definition: ApiDefinition;
  readonly #options: ExportOptions;
  readonly #schemes: Tree = {};

  constructor(definition: ApiDefinition, options: ExportOptions) {
    this.#definition = definition;
    this.#options = options;
  }

  run(): Json {
    const { api, models } = this.#definition;
    const { version, stageName, region } = this.#options;
    const host = `${api.id}.execute-api.${region}.amazonaws.com`;
    const paths: Tree = {};
    for (const resource of this.#definition.resources) {
      if (Object.keys(resource.methods).length > 0) paths[resource.path] = this.#path(resource);
    }
    const schemas = Object.fromEntries(
      models.map(({ name, schema = '{}' }) => [name, this.#local(JSON.parse(schema))]),
    );
    const info = { title: api.name, description: api.description, version: api.version ?? '1.0' };
    const own = this.#extensions();
    if (version === 2) {
      return {
        swagger: '2.0',
        info,
        host,
        basePath: `/${stageName}`,
        schemes: ['https'],
        paths,
        ...filled('securityDefinitions', this.#schemes),
        ...filled('definitions', schemas),
        ...own,
      };
    }
    return {
      openapi: '3.0.1',
      info,
      servers: [{ url: `https://${host}/{basePath}`, variables: { basePath: { default: stageName } } }],
      paths,
      components: { ...filled('schemas', schemas), ...filled('securitySchemes', this.#schemes) },
      ...own,
    };
  }

  #extensions(): Tree {
    if (!this.#options.integrations) return {};
    const { api, gatewayResponses, validators } = this.#definition;
    return {
      ...filled(
        'x-amazon-apigateway-gateway-responses',
        Object.fromEntries(gatewayResponses.map(({ responseType, ...response }) => [responseType, response])),
      ),
      ...filled(
        'x-amazon-apigateway-request-validators',
        Object.fromEntries(validators.map(({ id: _, name, ...validator }) => [name, validator])),
      ),
      ...(api.binaryMediaTypes === undefined
        ? {}
        : { 'x-amazon-apigateway-binary-media-types': api.binaryMediaTypes }),
      ...(api.policy === undefined ? {} : { 'x-amazon-apigateway-policy': JSON.parse(api.policy) }),
    };
  }

  #path({ methods }: ResourceRow): Tree {
    const item: Tree = {};
    for (const [verb, method] of Object.entries(methods)) {
      const key = verb === 'ANY' ? 'x-amazon-apigateway-any-method' : verb.toLowerCase();
      item[key] = this.#operation(method);
    }
    return item;
  }

  #operation(method: Method): Tree {
    const { version, integrations } = this.#options;
    const parameters = parametersOf(method, version);
    const models = Object.entries(method.requestModels ?? {});
    const types = models.map(([type]) => type);
    if (version === 2 && models[0] !== undefined) {
      const [, model] = models[0];
      parameters.push({ in: 'body', name: model, required: true, schema: this.#reference(model) });
    }
    const security = this.#security(method);
    const validator = this.#definition.validators.find(({ id }) => id === method.requestValidatorId);
    return {
      ...(method.operationName === undefined ? {} : { operationId: method.operationName }),
      ...(version === 2 && types.length > 0 ? { consumes: types } : {}),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(version === 3 && models.length > 0
        ? { requestBody: { required: true, content: this.#content(method.requestModels) } }
        : {}),
      responses: this.#responses(method),
      ...(security.length === 0 ? {} : { security }),
      ...(integrations && validator !== undefined
        ? { 'x-amazon-apigateway-request-validator': validator.name }
        : {}),
      ...(integrations && method.methodIntegration !== undefined
        ? { 'x-amazon-apigateway-integration': integrationExtension(method.methodIntegration) }
        : {}),
    };
  }

  #responses({ methodResponses }: Method): Tree {
    const { version } = this.#options;
    const responses: Tree = {};
    for (const [status, response] of Object.entries(methodResponses ?? {})) {
      const names = Object.keys(response.responseParameters ?? {}).map((key) =>
        key.slice('method.response.header.'.length),
      );
      const type = version === 2 ? { type: 'string' } : { schema: { type: 'string' } };
      const headers = Object.fromEntries(names.map((name) => [name, type]));
      const [model] = Object.values(response.responseModels ?? {});
      responses[status] = {
        description: `${status} response`,
        ...filled('headers', headers),
        ...(version === 2
          ? model === undefined
            ? {}
            : { schema: this.#reference(model) }
          : filled('content', this.#content(response.responseModels))),
      };
    }
    return responses;
  }

  #content(models: Readonly<Record<string, string>> | undefined): Tree {
    return Object.fromEntries(
      Object.entries(models ?? {}).map(([type, model]) => [type, { schema: this.#reference(model) }]),
    );
  }

  #reference(model: string) {
    return { $ref: this.#options.version === 2 ? `#/definitions/${model}` : `#/components/schemas/${model}` };
  }

  /** What a method requires; the schemes it names are added to the document's. */
  #security(method: Method): Tree[] {
    const security: Tree[] = [];
    if (method.authorizationType === 'AWS_IAM') {
      this.#schemes[SIGV4] = headerScheme('Authorization', 'awsSigv4');
      security.push({ [SIGV4]: [] });
    }
    const authorizer = this.#definition.authorizers.find(({ id }) => id === method.authorizerId);
    if (authorizer !== undefined) {
      this.#schemes[authorizer.name] = this.#authorizerScheme(authorizer);
      security.push({ [authorizer.name]: method.authorizationScopes ?? [] });
    }
    if (method.apiKeyRequired === true) {
      this.#schemes[API_KEY] = { type: 'apiKey', name: 'x-api-key', in: 'header' };
      security.push({ [API_KEY]: [] });
    }
    return security;
  }

  #authorizerScheme(authorizer: AuthorizerRow): Tree {
    const { id: _, name: _name, authType, type, ...rest } = authorizer;
    const header = /^method\.request\.header\.([^,]+)$/.exec(authorizer.identitySource ?? '')?.[1];
    return {
      ...headerScheme(header ?? 'Unused', authType ?? 'custom'),
      ...(this.#options.authorizers
        ? { 'x-amazon-apigateway-authorizer': { type: type?.toLowerCase(), ...rest } }
        : {}),
    };
  }

  /** References to models spelled as those to the document's own definitions. */
  #local(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#local(item));
    if (typeof value !== 'object' || value === null) return value;
    const ref = (value as Tree)['$ref'];
    if (typeof ref === 'string' && ref.startsWith('https://apigateway.amazonaws.com/restapis/'))
      return this.#reference(ref.slice(ref.lastIndexOf('/') + 1));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#local(item)]));
  }
}

function filled(name: string, members: Tree): Tree {
  return Object.keys(members).length === 0 ? {} : { [name]: members };
}

function headerScheme(name: string, authtype: string): Tree {
  return { type: 'apiKey', name, in: 'header', 'x-amazon-apigateway-authtype': authtype };
}

function parametersOf({ requestParameters }: Method, version: 2 | 3): Tree[] {
  return Object.entries(requestParameters ?? {}).map(([key, required]) => {
    const [, , place, ...name] = key.split('.');
    return {
      name: name.join('.'),
      in: place === 'querystring' ? 'query' : place,
      required: required || place === 'path',
      ...(version === 2 ? { type: 'string' } : { schema: { type: 'string' } }),
    };
  });
}

/** `x-amazon-apigateway-integration`: its responses are listed by selection pattern. */
function integrationExtension(integration: Integration): Tree {
  const {
    type,
    integrationResponses,
    passthroughBehavior,
    cacheNamespace: _,
    cacheKeyParameters: _keys,
    ...rest
  } = integration;
  const responses = Object.values(integrationResponses ?? {}).map(({ selectionPattern, ...response }) => [
    selectionPattern === undefined || selectionPattern === '' ? 'default' : selectionPattern,
    response,
  ]);
  return {
    type: type?.toLowerCase(),
    ...rest,
    passthroughBehavior: passthroughBehavior?.toLowerCase(),
    ...(responses.length === 0 ? {} : { responses: Object.fromEntries(responses) }),
  };
}
