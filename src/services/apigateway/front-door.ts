import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { FrontDoor, FrontDoorRequest } from '../../service/front-door.ts';
import { type Answer, writeAnswer } from './invoke/answer.ts';
import { checkApiKey } from './invoke/api-key-check.ts';
import { compressAnswer, plainBody } from './invoke/compression.ts';
import { type CompiledStage, type Exchange, newExchange } from './invoke/exchange.ts';
import { gatewayAnswer } from './invoke/gateway-answer.ts';
import { configurationError, noRoute, Refusal, throttled, tooLong } from './invoke/refusal.ts';
import { GatewayRequest, type RequestFacts } from './invoke/request.ts';
import { findRoute } from './invoke/route.ts';
import { servedStage } from './invoke/serving.ts';

const OWN_PATH = /^\/_aws\/execute-api\/([^/]+)(?:\/([^/]*)(\/.*)?)?$/;
const LOCALSTACK_PATH = /^\/restapis\/([^/]+)\/([^/]+)\/_user_request_(\/.*)?$/;
const HOST =
  /^([a-z0-9]+)\.execute-api\.(?:[a-z0-9-]+\.amazonaws\.com|(?:[a-z0-9-]+\.)?localhost(?:\.localstack\.cloud)?)$/;
const MOST_BODY = 10 * 1024 * 1024;

/** What a request's address names. */
export interface Address {
  readonly apiId: string;
  readonly stageName: string;
  /** As sent, beginning with a slash. */
  readonly path: string;
}

/**
 * Reads an API's address: `/_aws/execute-api/<id>/<stage>/…`, `/restapis/<id>/<stage>/_user_request_/…`, or the host
 * `<id>.execute-api.…` with the stage first in the path.
 */
export function readAddress(host: string, path: string): Address | undefined {
  const named = OWN_PATH.exec(path) ?? LOCALSTACK_PATH.exec(path);
  if (named !== null) {
    const [, apiId = '', stageName = '', rest = '/'] = named;
    return { apiId, stageName, path: rest };
  }
  const apiId = HOST.exec(host)?.[1];
  if (apiId === undefined) return undefined;
  const slash = path.indexOf('/', 1);
  return slash < 0
    ? { apiId, stageName: path.slice(1), path: '/' }
    : { apiId, stageName: path.slice(1, slash), path: path.slice(slash) };
}

/** Where deployed APIs answer. */
export const frontDoor: FrontDoor = {
  name: 'execute-api',
  paths: ['/_aws/execute-api/'],
  pathPattern: LOCALSTACK_PATH,
  host: HOST,
  handle: async (door, ctx) => {
    const address = readAddress(door.host, door.path);
    const served =
      address === undefined ? undefined : await servedStage(ctx, address.apiId, address.stageName);
    const identifiers = newIdentifiers(ctx, door);
    if (address === undefined || served === undefined) return refuseUnknown(door, identifiers);
    const { body, late } = await readBody(door, served.stage);
    const exchange = newExchange({
      ctx: ctx.as({
        account: served.account,
        region: served.region,
        principal: { kind: 'anonymous', account: served.account },
      }),
      stage: served.stage,
      request: new GatewayRequest(factsOf(door), address.path, body, identifiers.traceId),
      extendedRequestId: identifiers.extendedRequestId,
    });
    const answer = await answerTo(exchange, late);
    addIdentifiers(answer, identifiers);
    await compressAnswer(served.stage, door.headers['accept-encoding'], answer);
    writeAnswer(door.response, answer, door.method);
  },
};

/** The life of a request: the first step that refuses ends it. */
async function answerTo(exchange: Exchange, late: Refusal | undefined): Promise<Answer> {
  try {
    if (late !== undefined) throw late;
    const { stage, request, ctx } = exchange;
    const route = findRoute(stage.routes, request.method, request.path);
    if (route === undefined) throw noRoute();
    const { method } = route;
    exchange.method = method;
    exchange.pathParameters = route.pathParameters;
    if (method.authorise !== undefined) await method.authorise(exchange);
    if (method.apiKeyRequired) await checkApiKey(exchange);
    if (method.throttle !== undefined && !method.throttle.take(ctx.world.clock.now())) throw throttled();
    method.validate?.(exchange);
    return await method.integrate(exchange);
  } catch (error) {
    if (error instanceof Refusal) return gatewayAnswer(exchange, error);
    exchange.ctx.log('error', 'a request to an API failed', {
      api: exchange.stage.api.id,
      error: Fault.is(error)
        ? `${error.code}: ${error.message}`
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error),
    });
    return gatewayAnswer(exchange, configurationError());
  }
}

/** The body, or the refusal of one that is too long. */
async function readBody(
  door: FrontDoorRequest,
  stage: CompiledStage,
): Promise<{ readonly body: Uint8Array; readonly late: Refusal | undefined }> {
  try {
    const sent = await door.body(MOST_BODY);
    return { body: await plainBody(stage, door.headers['content-encoding'], sent), late: undefined };
  } catch (error) {
    if (error instanceof Refusal) return { body: new Uint8Array(0), late: error };
    if (Fault.is(error) && error.status === 413) return { body: new Uint8Array(0), late: tooLong() };
    throw error;
  }
}

function factsOf(door: FrontDoorRequest): RequestFacts {
  const { method, path, query, host, headers, sourceIp, origin, incoming } = door;
  const { rawHeaders, httpVersion } = incoming;
  return { method, path, query, host, headers, sourceIp, origin, rawHeaders, httpVersion };
}

interface Identifiers {
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly traceId: string;
}

const TRACE_ROOT = /^(?:Root|Self)=1-[0-9a-f]{8}-[0-9a-f]{24}/;

/** The request's names; a trace that the client began goes on. */
function newIdentifiers({ requestId, world }: Context, door: FrontDoorRequest): Identifiers {
  const random = Buffer.from(world.random.bytes(23));
  const given = door.headers['x-amzn-trace-id'];
  const seconds = Math.floor(world.clock.now() / 1000)
    .toString(16)
    .padStart(8, '0');
  return {
    requestId,
    extendedRequestId: random.toString('base64', 0, 11),
    traceId:
      given !== undefined && TRACE_ROOT.test(given)
        ? given
        : `Root=1-${seconds}-${random.toString('hex', 11, 23)}`,
  };
}

function addIdentifiers({ headers }: Answer, { requestId, extendedRequestId, traceId }: Identifiers): void {
  headers.set('x-amzn-RequestId', requestId);
  headers.set('x-amz-apigw-id', extendedRequestId);
  headers.set('X-Amzn-Trace-Id', traceId);
}

/** No such API or stage: AWS has no more to say to it than this. */
function refuseUnknown({ response }: FrontDoorRequest, { requestId, extendedRequestId }: Identifiers): void {
  const body = '{"message":"Forbidden"}';
  response.writeHead(403, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'x-amzn-RequestId': requestId,
    'x-amzn-ErrorType': 'ForbiddenException',
    'x-amz-apigw-id': extendedRequestId,
  });
  response.end(body);
}
