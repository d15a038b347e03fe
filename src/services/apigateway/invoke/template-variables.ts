import { Callable, JsonList, toJson, toText, toValue, type Value, ValueMap } from '../vtl/value.ts';
import { type Exchange, overridesOf } from './exchange.ts';
import { evaluatePath } from './json-path.ts';
import { own, parseJson } from './parameter.ts';
import { requestContext } from './request-context.ts';

/**
 * The variables of a mapping template over a body.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
 */
export function templateVariables(exchange: Exchange, body: string): Map<string, Value> {
  return new Map<string, Value>([
    ['input', inputOf(exchange, body)],
    ['util', UTIL],
    ['context', contextOf(exchange)],
    ['stageVariables', toValue(exchange.stage.variables ?? {})],
  ]);
}

function inputOf(exchange: Exchange, body: string): ValueMap {
  let document: { readonly root: unknown } | undefined;
  const path = (args: readonly Value[]) => {
    document ??= { root: parseJson(body) };
    return evaluatePath(document.root, toText(args[0]));
  };
  return new ValueMap([
    ['body', body === '' ? '{}' : body],
    ['path', new Callable((...args) => toValue(path(args)))],
    ['json', new Callable((...args) => JSON.stringify(path(args) ?? (body === '' ? {} : '')))],
    [
      'params',
      new Callable((...args) => (args.length === 0 ? allParams(exchange) : param(exchange, toText(args[0])))),
    ],
  ]);
}

function param(exchange: Exchange, name: string): Value {
  const { request, pathParameters } = exchange;
  return own(pathParameters, name) ?? request.query.get(name)?.at(-1) ?? request.header(name) ?? '';
}

function allParams({ request, pathParameters }: Exchange): Value {
  return toValue({
    path: pathParameters ?? {},
    querystring: request.singleQuery ?? {},
    header: request.headers,
  });
}

function contextOf(exchange: Exchange): ValueMap {
  const context = toValue(requestContext(exchange)) as ValueMap;
  const overrides = overridesOf(exchange);
  context.set(
    'requestOverride',
    new ValueMap([
      ['header', toMap(overrides.requestHeaders)],
      ['querystring', toMap(overrides.requestQuery)],
      ['path', toMap(overrides.requestPath)],
    ]),
  );
  const response = new ValueMap([['header', toMap(overrides.responseHeaders)]]);
  if (overrides.status !== undefined) response.set('status', overrides.status);
  context.set('responseOverride', response);
  return context;
}

function toMap(texts: ReadonlyMap<string, string>): ValueMap {
  return new ValueMap([...texts]);
}

/** Takes what a template set under `$context.requestOverride` and `$context.responseOverride`. */
export function takeOverrides(exchange: Exchange, variables: ReadonlyMap<string, Value>): void {
  const overrides = overridesOf(exchange);
  const context = variables.get('context');
  if (!(context instanceof ValueMap)) return;
  const request = context.get('requestOverride');
  if (request instanceof ValueMap) {
    take(request.get('header'), overrides.requestHeaders);
    take(request.get('querystring'), overrides.requestQuery);
    take(request.get('path'), overrides.requestPath);
  }
  const response = context.get('responseOverride');
  if (response instanceof ValueMap) {
    take(response.get('header'), overrides.responseHeaders);
    const status = Number(response.get('status'));
    if (Number.isInteger(status) && status >= 100 && status <= 599) overrides.status = status;
  }
}

function take(from: Value, into: Map<string, string>): void {
  if (from instanceof ValueMap) for (const [name, value] of from) into.set(name, toText(value));
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  "'": "\\'",
  '\\': '\\\\',
  '/': '\\/',
};

/** As Apache Commons escapes for ECMAScript. */
function escapeJavaScript(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be escaped
  return text.replace(/[\u0000-\u001f"'\\/\u007f-\uffff]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return ESCAPES[character] ?? `\\u${code}`;
  });
}

/** As Java encodes forms: a blank is a plus, `*` stays, `~` does not. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/%20/g, '+')
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function urlDecode(text: string): Value {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Not an encoding: nothing, as for any call that has no result.
    return undefined;
  }
}

const onText = (call: (text: string) => Value) => new Callable((...args) => call(toText(args[0])));

const UTIL = new ValueMap([
  ['escapeJavaScript', new Callable((...args) => escapeJavaScript(printed(args[0])))],
  ['parseJson', onText((text) => toValue(parseJson(text)))],
  ['urlEncode', onText(urlEncode)],
  ['urlDecode', onText(urlDecode)],
  ['base64Encode', onText((text) => Buffer.from(text).toString('base64'))],
  ['base64Decode', onText((text) => Buffer.from(text, 'base64').toString('utf8'))],
]);

function printed(value: Value): string {
  if (value === undefined || value === null) return '';
  return value instanceof JsonList ? JSON.stringify(toJson(value)) : toText(value);
}
