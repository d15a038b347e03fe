import { type Answer, HeaderList } from './answer.ts';
import type { CompiledResponse, Exchange } from './exchange.ts';
import { mapped } from './parameter.ts';
import type { Refusal } from './refusal.ts';

/** The answer to a request that is refused, as the API's gateway responses make it. */
export function gatewayAnswer(exchange: Exchange, refusal: Refusal): Answer {
  const { gatewayResponses } = exchange.stage;
  const fallback = refusal.status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const custom = gatewayResponses.get(refusal.type) ?? gatewayResponses.get(fallback);
  const headers = new HeaderList();
  headers.set('x-amzn-ErrorType', refusal.errorType);
  for (const [name, expression] of custom?.parameters ?? []) {
    const value = mapped(expression, exchange);
    if (value !== undefined) headers.set(name, value);
  }
  const [type, template] = templateOf(custom, exchange.request.header('accept'));
  if (!headers.has('content-type')) headers.set('Content-Type', type);
  return {
    status: custom?.status ?? refusal.status,
    headers,
    body:
      template === undefined
        ? JSON.stringify({ [refusal.member]: refusal.text })
        : substituted(template, exchange, refusal),
  };
}

/** The template of the type the client accepts, else JSON's, else the first; undefined for AWS's own. */
function templateOf(
  custom: CompiledResponse | undefined,
  accept: string | undefined,
): readonly [type: string, template: string | undefined] {
  const templates = custom?.templates ?? {};
  const types = Object.keys(templates);
  const type =
    types.find((known) => accept?.includes(known) === true) ??
    (types.includes('application/json') ? 'application/json' : (types[0] ?? 'application/json'));
  return [type, templates[type]];
}

const VARIABLE = /\$(?:\{([A-Za-z][\w.-]*)\}|((?:context|stageVariables|method)(?:\.[A-Za-z0-9_-]+)+))/g;

/** These templates know variables and nothing else of the template language. */
function substituted(template: string, exchange: Exchange, refusal: Refusal): string {
  return template.replace(VARIABLE, (_whole, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? '';
    switch (name) {
      case 'context.error.messageString':
        return JSON.stringify(refusal.text);
      case 'context.error.message':
        return refusal.text ?? '';
      case 'context.error.responseType':
        return refusal.type;
      case 'context.error.validationErrorString':
        return refusal.validationError ?? '';
      default:
        return mapped(name, exchange) ?? '';
    }
  });
}
