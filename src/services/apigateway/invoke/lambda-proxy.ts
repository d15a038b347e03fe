import { type Answer, addIntegrationHeader, HeaderList } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { mediaTypeOf } from './media-type.ts';
import { malformedResponse } from './refusal.ts';
import { requestContext } from './request-context.ts';

/**
 * The event of a function behind AWS_PROXY: the whole request, payload format 1.0.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export function proxyEvent(exchange: Exchange): Record<string, unknown> {
  const { request, stage } = exchange;
  const binary = request.body.length > 0 && stage.isBinary(mediaTypeOf(request.header('content-type')));
  return {
    resource: exchange.method?.resourcePath,
    path: request.path,
    httpMethod: request.method,
    headers: request.headers,
    multiValueHeaders: request.multiHeaders,
    queryStringParameters: request.singleQuery,
    multiValueQueryStringParameters: request.multiQuery,
    pathParameters: exchange.pathParameters ?? null,
    stageVariables: stage.variables,
    requestContext: requestContext(exchange),
    body:
      request.body.length === 0 ? null : binary ? Buffer.from(request.body).toString('base64') : request.text,
    isBase64Encoded: binary,
  };
}

/** The answer a function's result spells. Throws the refusal of a malformed one. */
export function proxyAnswer(exchange: Exchange, payload: Uint8Array): Answer {
  const result = parse(payload);
  const { statusCode, body, isBase64Encoded } = result;
  const status = statusCode === undefined ? Number.NaN : Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) throw malformedResponse();
  if (body !== undefined && body !== null && typeof body !== 'string') throw malformedResponse();
  const headers = new HeaderList();
  addMulti(headers, result['multiValueHeaders']);
  addSingle(headers, result['headers']);
  if (!headers.has('content-type')) headers.set('Content-Type', 'application/json');
  return { status, headers, body: bodyOf(exchange, body ?? '', isBase64Encoded === true, headers) };
}

function parse(payload: Uint8Array): Record<string, unknown> {
  let result: unknown;
  try {
    result = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8'));
  } catch {
    throw malformedResponse();
  }
  if (typeof result !== 'object' || result === null || Array.isArray(result)) throw malformedResponse();
  return result as Record<string, unknown>;
}

function addMulti(headers: HeaderList, given: unknown): void {
  if (given === undefined || given === null) return;
  if (typeof given !== 'object') throw malformedResponse();
  for (const [name, values] of Object.entries(given)) {
    if (!Array.isArray(values)) throw malformedResponse();
    for (const value of values) addIntegrationHeader(headers, name, headerText(value));
  }
}

function addSingle(headers: HeaderList, given: unknown): void {
  if (given === undefined || given === null) return;
  if (typeof given !== 'object' || Array.isArray(given)) throw malformedResponse();
  for (const [name, value] of Object.entries(given)) {
    const text = headerText(value);
    // Named in both forms with the same value, a header is sent once.
    if (headers.get(name)?.split(', ').includes(text) !== true) addIntegrationHeader(headers, name, text);
  }
}

function headerText(value: unknown): string {
  if (typeof value === 'object' && value !== null) throw malformedResponse();
  return value === null || value === undefined ? '' : String(value);
}

/** Base64 becomes bytes only for an API with binary media types that the client accepts or the answer has. */
function bodyOf(
  { stage, request }: Exchange,
  text: string,
  encoded: boolean,
  headers: HeaderList,
): string | Uint8Array {
  if (!encoded || stage.api.binaryMediaTypes === undefined) return text;
  const accepted = mediaTypeOf(request.header('accept')?.split(',')[0]);
  const binary = stage.isBinary(accepted) || stage.isBinary(mediaTypeOf(headers.get('content-type')));
  return binary ? Buffer.from(text, 'base64') : text;
}
