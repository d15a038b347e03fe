import type { Integration, IntegrationResponse } from '../../../model/gen/apigateway.ts';
import { type Node, TemplateError } from '../vtl/node.ts';
import { parseTemplate } from '../vtl/parse.ts';
import { render } from '../vtl/render.ts';
import { type Answer, addIntegrationHeader, HeaderList } from './answer.ts';
import { type Exchange, overridesOf } from './exchange.ts';
import { mediaTypeOf } from './media-type.ts';
import { type IntegrationResult, mapped } from './parameter.ts';
import { patternOf } from './pattern.ts';
import { configurationError, unsupportedMediaType } from './refusal.ts';
import { takeOverrides, templateVariables } from './template-variables.ts';

/** A request on its way to an integration. */
export interface MappedRequest {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly headers: Map<string, string>;
  readonly query: Map<string, string>;
  readonly path: Map<string, string>;
}

interface Parameter {
  readonly place: string;
  readonly name: string;
  readonly expression: string;
}

/** A template, read when it is first used: one that cannot be read fails the requests that need it. */
class Template {
  readonly #source: string;
  readonly #isPlain: boolean;
  #nodes: readonly Node[] | undefined;

  constructor(source: string) {
    this.#source = source;
    this.#isPlain = !/[$#]/.test(source);
  }

  render(exchange: Exchange, body: string): string {
    if (this.#isPlain) return this.#source;
    try {
      this.#nodes ??= parseTemplate(this.#source);
      const variables = templateVariables(exchange, body);
      const text = render(this.#nodes, variables);
      takeOverrides(exchange, variables);
      return text;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      exchange.ctx.log('warn', `a mapping template failed: ${error.message}`, {
        api: exchange.stage.api.id,
        resource: exchange.method?.resourcePath,
      });
      throw configurationError();
    }
  }
}

const templatesOf = (given: Readonly<Record<string, string>> | undefined): ReadonlyMap<string, Template> =>
  new Map(
    Object.entries(given ?? {})
      // An empty template is none: the body passes as it is.
      .filter(([, source]) => typeof source === 'string' && source !== '')
      .map(([type, source]) => [type.toLowerCase(), new Template(source)]),
  );

const parametersOf = (given: Readonly<Record<string, string>> | undefined): readonly Parameter[] =>
  Object.entries(given ?? {}).map(([key, expression]) => {
    const [, , place = '', ...name] = key.split('.');
    return { place, name: name.join('.'), expression };
  });

/** Both ways of an integration's mapping, compiled. */
export class Mapping {
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #integration: Integration;
  readonly #parameters: readonly Parameter[];
  readonly #responses: readonly ResponseMapping[];

  constructor(integration: Integration) {
    this.#integration = integration;
    this.#templates = templatesOf(integration.requestTemplates);
    this.#parameters = parametersOf(integration.requestParameters);
    this.#responses = Object.values(integration.integrationResponses ?? {}).map(
      (response) => new ResponseMapping(response),
    );
  }

  request(exchange: Exchange): MappedRequest {
    const { request } = exchange;
    const contentType = request.header('content-type') ?? 'application/json';
    const body = this.#requestBody(exchange, mediaTypeOf(contentType) ?? 'application/json');
    const mappedRequest: MappedRequest = {
      body,
      contentType,
      headers: new Map(),
      query: new Map(),
      path: new Map(),
    };
    this.#map(exchange, mappedRequest);
    const overrides = overridesOf(exchange);
    for (const [name, value] of overrides.requestHeaders)
      mappedRequest.headers.set(name.toLowerCase(), value);
    for (const [name, value] of overrides.requestQuery) mappedRequest.query.set(name, value);
    for (const [name, value] of overrides.requestPath) mappedRequest.path.set(name, value);
    return mappedRequest;
  }

  /** The request of a proxy: parameters are mapped, the body is what came. */
  proxied(exchange: Exchange): MappedRequest {
    const { request } = exchange;
    const contentType = request.header('content-type') ?? 'application/json';
    const result = { body: request.body, contentType, headers: new Map(), query: new Map(), path: new Map() };
    this.#map(exchange, result);
    return result;
  }

  #map(exchange: Exchange, into: MappedRequest): void {
    for (const { place, name, expression } of this.#parameters) {
      const value = mapped(expression, exchange);
      if (value === undefined) continue;
      if (place === 'header') into.headers.set(name.toLowerCase(), value);
      else if (place === 'querystring') into.query.set(name, value);
      else if (place === 'path') into.path.set(name, value);
    }
  }

  #requestBody(exchange: Exchange, mediaType: string): Uint8Array {
    const { contentHandling, passthroughBehavior } = this.#integration;
    const { request } = exchange;
    const isBinary = exchange.stage.isBinary(mediaType);
    const toText = contentHandling === 'CONVERT_TO_TEXT' && isBinary;
    const text = toText ? Buffer.from(request.body).toString('base64') : request.text;
    const template = this.#templates.get(mediaType) ?? this.#templates.get('$default');
    if (template === undefined) {
      const none = this.#templates.size === 0;
      if (passthroughBehavior === 'NEVER' || (passthroughBehavior === 'WHEN_NO_TEMPLATES' && !none))
        throw unsupportedMediaType();
      if (contentHandling === 'CONVERT_TO_BINARY' && !isBinary) return Buffer.from(request.text, 'base64');
      return toText ? Buffer.from(text) : request.body;
    }
    const rendered = template.render(exchange, text);
    return contentHandling === 'CONVERT_TO_BINARY' ? Buffer.from(rendered, 'base64') : Buffer.from(rendered);
  }

  /** The client's answer: by the first response whose pattern fits, else the one without a pattern. */
  answer(exchange: Exchange, result: IntegrationResult): Answer {
    const judged = result.errorMessage ?? String(result.status);
    const response =
      this.#responses.find(({ matches }) => matches?.(judged) === true && !isSuccess(result)) ??
      this.#responses.find(({ matches }) => matches === undefined);
    if (response === undefined) throw configurationError();
    return response.answer(exchange, result);
  }
}

/** A function that answered has no message to match; any other result is judged by its status. */
function isSuccess({ errorMessage }: IntegrationResult): boolean {
  return errorMessage === '';
}

class ResponseMapping {
  readonly matches: ((text: string) => boolean) | undefined;
  readonly #status: number;
  readonly #parameters: readonly Parameter[];
  readonly #templates: ReadonlyMap<string, Template>;
  readonly #contentHandling: string | undefined;

  constructor(response: IntegrationResponse) {
    const { selectionPattern } = response;
    this.matches =
      selectionPattern === undefined || selectionPattern === '' ? undefined : patternOf(selectionPattern);
    this.#status = Number(response.statusCode ?? 200);
    this.#parameters = parametersOf(response.responseParameters);
    this.#templates = templatesOf(response.responseTemplates);
    this.#contentHandling = response.contentHandling;
  }

  answer(exchange: Exchange, result: IntegrationResult): Answer {
    const headers = new HeaderList();
    for (const { name, expression } of this.#parameters) {
      const value = mapped(expression, exchange, result);
      if (value !== undefined) addIntegrationHeader(headers, name, value);
    }
    const [type, template] = this.#templateFor(exchange, result);
    const body = this.#body(exchange, result, template);
    if (!headers.has('content-type')) headers.set('Content-Type', type);
    const overrides = overridesOf(exchange);
    for (const [name, value] of overrides.responseHeaders) headers.set(name, value);
    return { status: overrides.status ?? this.#status, headers, body };
  }

  #body(exchange: Exchange, result: IntegrationResult, template: Template | undefined): string | Uint8Array {
    if (template === undefined) {
      if (this.#contentHandling === 'CONVERT_TO_BINARY')
        return Buffer.from(Buffer.from(result.body).toString('utf8'), 'base64');
      if (this.#contentHandling === 'CONVERT_TO_TEXT' && exchange.stage.isBinary(typeOf(result)))
        return Buffer.from(result.body).toString('base64');
      return result.body;
    }
    const text = template.render(exchange, Buffer.from(result.body).toString('utf8'));
    return this.#contentHandling === 'CONVERT_TO_BINARY' ? Buffer.from(text, 'base64') : text;
  }

  #templateFor(
    exchange: Exchange,
    result: IntegrationResult,
  ): readonly [type: string, template: Template | undefined] {
    const given = typeOf(result);
    if (this.#templates.size === 0)
      return [headerOf(result, 'content-type') ?? 'application/json', undefined];
    const accept = exchange.request.header('accept')?.toLowerCase() ?? '';
    const types = [...this.#templates.keys()];
    const type =
      types.find((known) => accept.includes(known)) ??
      types.find((known) => known === given) ??
      (this.#templates.has('application/json') ? 'application/json' : (types[0] as string));
    return [type, this.#templates.get(type)];
  }
}

function headerOf(result: IntegrationResult, name: string): string | undefined {
  const value = result.headers[name];
  return typeof value === 'object' ? value[0] : value;
}

const typeOf = (result: IntegrationResult) => mediaTypeOf(headerOf(result, 'content-type'));
