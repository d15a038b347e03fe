import type { Exchange } from './exchange.ts';
import { evaluatePath } from './json-path.ts';
import { requestContext } from './request-context.ts';

/** The answer of an integration, before it is mapped. */
export interface IntegrationResult {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
  /** What selection patterns are matched with, when that is not the status. */
  readonly errorMessage?: string;
}

/**
 * The value of a mapping expression, as text: a quoted constant, a place of the request, the context, a stage
 * variable, or, where there is one, of the integration's answer. Undefined when there is nothing there.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
 */
export function mapped(
  expression: string,
  exchange: Exchange,
  result?: IntegrationResult,
): string | undefined {
  if (expression.startsWith("'")) return expression.replace(/^'|'$/g, '');
  const value = lookup(expression, exchange, result);
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function lookup(expression: string, exchange: Exchange, result: IntegrationResult | undefined): unknown {
  const { request, stage } = exchange;
  const parts = expression.split('.');
  const rest = (from: number) => parts.slice(from).join('.');
  if (parts[0] === 'context') return memberOf(requestContext(exchange), parts.slice(1));
  if (parts[0] === 'stageVariables') return own(stage.variables, rest(1));
  if (parts[0] === 'method' && parts[1] === 'request') {
    if (parts[2] === 'body') return pathOf(expression, 'method.request.body', request.text);
    const multi = parts[2]?.startsWith('multivalue') === true;
    switch (parts[2]) {
      case 'header':
      case 'multivalueheader':
        return request.header(rest(3));
      case 'querystring':
      case 'multivaluequerystring': {
        const values = request.query.get(rest(3));
        return multi ? values?.join(',') : values?.at(-1);
      }
      case 'path':
        return own(exchange.pathParameters, rest(3));
      default:
        return undefined;
    }
  }
  if (parts[0] === 'integration' && parts[1] === 'response' && result !== undefined) {
    if (parts[2] === 'body') {
      const text = Buffer.from(result.body).toString('utf8');
      return pathOf(expression, 'integration.response.body', text);
    }
    if (parts[2] === 'header' || parts[2] === 'multivalueheader') {
      const value = own(result.headers, rest(3).toLowerCase());
      return typeof value === 'object' ? value.join(',') : value;
    }
  }
  return undefined;
}

/** The whole body, or what the path after `prefix` selects of it. */
function pathOf(expression: string, prefix: string, text: string): unknown {
  if (expression === prefix) return text;
  return evaluatePath(parseJson(text), `$${expression.slice(prefix.length)}`);
}

/** A member that is not inherited. */
export function own<Member>(
  record: Readonly<Record<string, Member>> | null | undefined,
  name: string,
): Member | undefined {
  return record !== null && record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** JSON, or undefined for what is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Bodies may be anything; those that are not JSON have no members.
    return undefined;
  }
}

function memberOf(value: unknown, names: readonly string[]): unknown {
  let at = value;
  for (let index = 0; index < names.length; index += 1) {
    if (typeof at !== 'object' || at === null) return undefined;
    // Claims may have names with points and colons in them.
    const whole = names.slice(index).join('.');
    if (Object.hasOwn(at, whole)) return (at as Record<string, unknown>)[whole];
    const name = names[index] as string;
    at = Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined;
  }
  return at;
}
