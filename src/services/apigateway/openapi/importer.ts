import type { Method, MethodResponse } from '../../../model/gen/apigateway.ts';
import type { World } from '../../../world/world.ts';
import { checkPolicy, endpointOf } from '../apis.ts';
import { completeAuthorizer } from '../authorizers.ts';
import {
  type ApiDefinition,
  type ApiRow,
  type AuthorizerRow,
  type GatewayResponseRow,
  newId,
  type ResourceRow,
  type ValidatorRow,
} from '../definition.ts';
import { badRequest } from '../fault.ts';
import { isResponseType } from '../gateway-response.ts';
import { checkPart, childPath } from '../resources.ts';
import {
  type ApiDocument,
  dereference,
  isObject,
  type Json,
  listAt,
  memberAt,
  objectAt,
  textAt,
  textsAt,
} from './document.ts';
import { integrationFrom } from './integration.ts';
import { Models } from './models.ts';
import { securityOf, securitySchemes } from './security.ts';

const VERBS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const ANY = 'x-amazon-apigateway-any-method';

export interface ImportOptions {
  readonly world: World;
  /** The API as it is; a new one has its root alone. */
  readonly base: ApiDefinition;
  readonly mode: 'merge' | 'overwrite';
  /** `ignore`, `prepend` or `split` what the document says of its base path. */
  readonly basePath: string;
}

export interface ImportResult {
  readonly definition: ApiDefinition;
  readonly warnings: readonly string[];
}

/**
 * The API a document describes, over `base`.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
 */
export function importDocument(document: ApiDocument, options: ImportOptions): ImportResult {
  return new Importer(document, options).run();
}

class Importer {
  readonly #document: ApiDocument;
  readonly #options: ImportOptions;
  readonly #warnings: string[] = [];
  readonly #resources = new Map<string, ResourceRow>();
  readonly #authorizers: Map<string, AuthorizerRow>;
  readonly #validators: Map<string, ValidatorRow>;
  readonly #models: Models;

  constructor(document: ApiDocument, options: ImportOptions) {
    this.#document = document;
    this.#options = options;
    const { base, mode, world } = options;
    const kept = mode === 'merge' ? base : { ...base, authorizers: [], validators: [], models: [] };
    for (const resource of mode === 'merge'
      ? base.resources
      : base.resources.filter((one) => one.path === '/'))
      this.#resources.set(resource.path, mode === 'merge' ? resource : { ...resource, methods: {} });
    this.#authorizers = new Map(kept.authorizers.map((row) => [row.name, row]));
    this.#validators = new Map(kept.validators.map((row) => [row.name, row]));
    this.#models = new Models(document, base.api.id, kept.models, world);
  }

  run(): ImportResult {
    const { root } = this.#document;
    const { base } = this.#options;
    this.#models.readAll();
    this.#readValidators();
    this.#readAuthorizers();
    const prefix = this.#basePath();
    for (const [path, item] of Object.entries(objectAt(root, 'paths'))) {
      if (path.startsWith('/')) this.#readPath(prefix + path, dereference(this.#document, item));
    }
    const api = this.#api(base.api);
    checkPolicy(api.policy);
    return {
      definition: {
        api,
        resources: [...this.#resources.values()],
        authorizers: [...this.#authorizers.values()],
        validators: [...this.#validators.values()],
        models: this.#models.rows(),
        gatewayResponses: this.#gatewayResponses(),
      },
      warnings: this.#warnings,
    };
  }

  #api(base: ApiRow): ApiRow {
    const { root } = this.#document;
    const info = objectAt(root, 'info');
    const overwrite = this.#options.mode === 'overwrite';
    const policy = memberAt(root, 'x-amazon-apigateway-policy');
    const endpoint = objectAt(root, 'x-amazon-apigateway-endpoint-configuration');
    const media = listAt(root, 'x-amazon-apigateway-binary-media-types').map(String);
    const compression = memberAt(root, 'x-amazon-apigateway-minimum-compression-size');
    const keySource = textAt(root, 'x-amazon-apigateway-api-key-source')?.toUpperCase();
    const vpcEndpointIds = listAt(endpoint, 'vpcEndpointIds').map(String);
    return {
      ...base,
      name: textAt(info, 'title') ?? base.name,
      description: textAt(info, 'description') ?? (overwrite ? undefined : base.description),
      version: textAt(info, 'version') ?? (overwrite ? undefined : base.version),
      apiKeySource: keySource === 'AUTHORIZER' || keySource === 'HEADER' ? keySource : base.apiKeySource,
      policy:
        policy === undefined ? base.policy : typeof policy === 'string' ? policy : JSON.stringify(policy),
      binaryMediaTypes:
        media.length > 0
          ? [...new Set([...(overwrite ? [] : (base.binaryMediaTypes ?? [])), ...media])]
          : overwrite
            ? undefined
            : base.binaryMediaTypes,
      minimumCompressionSize: typeof compression === 'number' ? compression : base.minimumCompressionSize,
      disableExecuteApiEndpoint:
        memberAt(endpoint, 'disableExecuteApiEndpoint') === true || base.disableExecuteApiEndpoint,
      endpointConfiguration:
        vpcEndpointIds.length === 0
          ? base.endpointConfiguration
          : endpointOf({ ...base.endpointConfiguration, vpcEndpointIds }),
      warnings: this.#warnings.length > 0 ? this.#warnings : undefined,
    };
  }

  #basePath(): string {
    const { root, version } = this.#document;
    const { basePath: how } = this.#options;
    if (how === 'ignore') return '';
    let path = textAt(root, 'basePath') ?? '';
    if (version === 3) {
      const server = listAt(root, 'servers')[0];
      let url = textAt(server, 'url') ?? '';
      for (const [name, variable] of Object.entries(objectAt(server, 'variables')))
        url = url.replaceAll(`{${name}}`, textAt(variable, 'default') ?? '');
      path = url.replace(/^[a-z]+:\/\/[^/]*/i, '');
    }
    path = path.replace(/\/+$/, '');
    if (path !== '' && !path.startsWith('/')) path = `/${path}`;
    // `split` leaves the first part to the base path mapping of a domain name.
    return how === 'split' ? path.replace(/^\/[^/]+/, '') : path;
  }

  #readValidators(): void {
    const { world } = this.#options;
    const declared = objectAt(this.#document.root, 'x-amazon-apigateway-request-validators');
    for (const [name, validator] of Object.entries(declared)) {
      this.#validators.set(name, {
        id: this.#validators.get(name)?.id ?? newId(world),
        name,
        validateRequestBody: memberAt(validator, 'validateRequestBody') === true,
        validateRequestParameters: memberAt(validator, 'validateRequestParameters') === true,
      });
    }
  }

  #readAuthorizers(): void {
    for (const [name, scheme] of Object.entries(securitySchemes(this.#document))) {
      const authorizer = objectAt(scheme, 'x-amazon-apigateway-authorizer');
      if (Object.keys(authorizer).length === 0) continue;
      const type = textAt(authorizer, 'type')?.toUpperCase();
      if (type !== 'TOKEN' && type !== 'REQUEST' && type !== 'COGNITO_USER_POOLS')
        throw badRequest(`Unsupported authorizer type '${type ?? ''}' of ${name}`);
      const header = textAt(scheme, 'in') === 'header' ? textAt(scheme, 'name') : undefined;
      const source =
        textAt(authorizer, 'identitySource') ??
        (header === undefined || type === 'REQUEST' ? undefined : `method.request.header.${header}`);
      const ttl = memberAt(authorizer, 'authorizerResultTtlInSeconds');
      const providers = listAt(authorizer, 'providerARNs').map(String);
      this.#authorizers.set(
        name,
        completeAuthorizer({
          id: this.#authorizers.get(name)?.id ?? newId(this.#options.world),
          name,
          type,
          authType: textAt(scheme, 'x-amazon-apigateway-authtype'),
          ...(providers.length === 0 ? {} : { providerARNs: providers }),
          authorizerUri: textAt(authorizer, 'authorizerUri'),
          authorizerCredentials: textAt(authorizer, 'authorizerCredentials'),
          identitySource: source,
          identityValidationExpression: textAt(authorizer, 'identityValidationExpression'),
          ...(ttl === undefined ? {} : { authorizerResultTtlInSeconds: Number(ttl) }),
        }),
      );
    }
  }

  /** The resource of a path, with those above it. */
  #resource(path: string): ResourceRow {
    const clean = path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
    const known = this.#resources.get(clean);
    if (known !== undefined) return known;
    const slash = clean.lastIndexOf('/');
    const parent = this.#resource(clean.slice(0, slash) || '/');
    const pathPart = clean.slice(slash + 1);
    const siblings = [...this.#resources.values()].filter(({ parentId }) => parentId === parent.id);
    checkPart(pathPart, parent, siblings);
    const resource: ResourceRow = {
      id: newId(this.#options.world),
      parentId: parent.id,
      pathPart,
      path: childPath(parent.path, pathPart),
      methods: {},
    };
    this.#resources.set(clean, resource);
    return resource;
  }

  #readPath(path: string, item: unknown): void {
    const resource = this.#resource(path);
    const methods: Record<string, Method> = { ...resource.methods };
    for (const verb of [...VERBS, ANY]) {
      const operation = memberAt(item, verb);
      if (isObject(operation)) {
        const name = verb === ANY ? 'ANY' : verb.toUpperCase();
        methods[name] = this.#method(name, resource, item as Json, operation);
      }
    }
    this.#resources.set(resource.path, { ...resource, methods });
  }

  #method(httpMethod: string, resource: ResourceRow, item: Json, operation: Json): Method {
    const where = `${httpMethod} ${resource.path}`;
    const { parameters, models } = this.#inputs(item, operation);
    const extension = memberAt(operation, 'x-amazon-apigateway-integration');
    const validator =
      textAt(operation, 'x-amazon-apigateway-request-validator') ??
      textAt(this.#document.root, 'x-amazon-apigateway-request-validator');
    const known = validator === undefined ? undefined : this.#validators.get(validator);
    if (validator !== undefined && known === undefined)
      this.#warnings.push(`Request validator ${validator} of ${where} is not defined`);
    const responses = this.#responses(operation);
    return {
      httpMethod,
      operationName: textAt(operation, 'operationId'),
      ...securityOf(this.#document, operation, this.#authorizers, (warning) =>
        this.#warnings.push(`${warning} for ${where}`),
      ),
      requestValidatorId: known?.id,
      ...(Object.keys(parameters).length === 0 ? {} : { requestParameters: parameters }),
      ...(Object.keys(models).length === 0 ? {} : { requestModels: models }),
      ...(Object.keys(responses).length === 0 ? {} : { methodResponses: responses }),
      ...(extension === undefined
        ? {}
        : {
            methodIntegration: integrationFrom(dereference(this.#document, extension), resource),
          }),
    };
  }

  #inputs(item: Json, operation: Json) {
    const parameters: Record<string, boolean> = {};
    const models: Record<string, string> = {};
    const all = [...listAt(item, 'parameters'), ...listAt(operation, 'parameters')];
    for (const given of all) {
      const parameter = dereference(this.#document, given);
      const name = textAt(parameter, 'name') ?? '';
      const required = memberAt(parameter, 'required') === true;
      const place = textAt(parameter, 'in');
      if (place === 'header' || place === 'path') parameters[`method.request.${place}.${name}`] = required;
      else if (place === 'query') parameters[`method.request.querystring.${name}`] = required;
      else if (place === 'body') {
        const model = this.#models.nameOf(memberAt(parameter, 'schema'));
        if (model !== undefined) for (const type of this.#consumes(operation)) models[type] = model;
      }
    }
    const body = dereference(this.#document, memberAt(operation, 'requestBody'));
    for (const [type, media] of Object.entries(objectAt(body, 'content'))) {
      const model = this.#models.nameOf(memberAt(media, 'schema'));
      if (model !== undefined) models[type] = model;
    }
    return { parameters, models };
  }

  #consumes(operation: Json): readonly string[] {
    const own = listAt(operation, 'consumes');
    const types = (own.length > 0 ? own : listAt(this.#document.root, 'consumes')).map(String);
    return types.length > 0 ? types : ['application/json'];
  }

  #produces(operation: Json): readonly string[] {
    const own = listAt(operation, 'produces');
    const types = (own.length > 0 ? own : listAt(this.#document.root, 'produces')).map(String);
    return types.length > 0 ? types : ['application/json'];
  }

  #responses(operation: Json): Record<string, MethodResponse> {
    const responses: Record<string, MethodResponse> = {};
    for (const [statusCode, given] of Object.entries(objectAt(operation, 'responses'))) {
      if (!/^[1-5]\d\d$/.test(statusCode)) continue;
      const response = dereference(this.#document, given);
      const responseModels: Record<string, string> = {};
      const inline = this.#models.nameOf(memberAt(response, 'schema'));
      if (inline !== undefined) for (const type of this.#produces(operation)) responseModels[type] = inline;
      for (const [type, media] of Object.entries(objectAt(response, 'content'))) {
        const model = this.#models.nameOf(memberAt(media, 'schema'));
        if (model !== undefined) responseModels[type] = model;
      }
      const headers = Object.keys(objectAt(response, 'headers'));
      responses[statusCode] = {
        statusCode,
        ...(Object.keys(responseModels).length === 0 ? {} : { responseModels }),
        ...(headers.length === 0
          ? {}
          : {
              responseParameters: Object.fromEntries(
                headers.map((name) => [`method.response.header.${name}`, false]),
              ),
            }),
      };
    }
    return responses;
  }

  #gatewayResponses(): readonly GatewayResponseRow[] {
    const { base, mode } = this.#options;
    const rows = new Map<string, GatewayResponseRow>(
      mode === 'merge' ? base.gatewayResponses.map((row) => [row.responseType, row]) : [],
    );
    const declared = objectAt(this.#document.root, 'x-amazon-apigateway-gateway-responses');
    for (const [type, response] of Object.entries(declared)) {
      if (!isResponseType(type)) throw badRequest(`Invalid gateway response type specified: ${type}`);
      const statusCode = textAt(response, 'statusCode');
      if (statusCode !== undefined && !/^[1-5]\d\d$/.test(statusCode))
        throw badRequest(`Invalid status code specified: ${statusCode}`);
      rows.set(type, {
        responseType: type,
        ...(statusCode === undefined ? {} : { statusCode }),
        responseParameters: textsAt(response, 'responseParameters'),
        responseTemplates: textsAt(response, 'responseTemplates'),
      });
    }
    return [...rows.values()];
  }
}

/** What an import starts from: an API with its root and nothing else. */
export function blankDefinition(api: ApiRow): ApiDefinition {
  return {
    api,
    resources: [{ id: api.rootResourceId, path: '/', methods: {} }],
    authorizers: [],
    models: [],
    validators: [],
    gatewayResponses: [],
  };
}
