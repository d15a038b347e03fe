import type { Integration } from '../../../model/gen/apigateway.ts';
import type { Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import {
  type FunctionResult,
  functionOf,
  identityFor,
  invokeFunction,
  refusedCall,
  within,
} from './function.ts';
import { callHttp, type HttpTarget, passedAnswer, withClientParts } from './http-integration.ts';
import { proxyAnswer, proxyEvent } from './lambda-proxy.ts';
import { Mapping } from './mapping.ts';
import { type IntegrationResult, parseJson } from './parameter.ts';
import { configurationError, malformedResponse } from './refusal.ts';
import { callService, serviceOf } from './service-integration.ts';

type Integrate = (exchange: Exchange) => Promise<Answer>;

const DEFAULT_TIMEOUT_MS = 29_000;

/** How a method's integration answers, with the stage's variables in its addresses. */
export function compileIntegration(
  integration: Integration,
  resourcePath: string,
  withVariables: (text: string) => string,
): Integrate {
  const timeoutMs = integration.timeoutInMillis ?? DEFAULT_TIMEOUT_MS;
  const work = compile(
    {
      ...integration,
      uri: integration.uri === undefined ? undefined : withVariables(integration.uri),
      credentials: integration.credentials === undefined ? undefined : withVariables(integration.credentials),
    },
    resourcePath,
  );
  return integration.type === 'MOCK' ? work : (exchange) => within(exchange, timeoutMs, work(exchange));
}

function compile(integration: Integration, resourcePath: string): Integrate {
  switch (integration.type) {
    case 'AWS_PROXY':
      return lambdaProxy(integration, resourcePath);
    case 'AWS':
      return functionOf(integration.uri ?? '') === undefined
        ? service(integration, resourcePath)
        : mappedFunction(integration, resourcePath);
    case 'HTTP':
    case 'HTTP_PROXY':
      return http(integration);
    case 'MOCK':
      return mock(integration);
    default:
      return misconfigured;
  }
}

const misconfigured: Integrate = async () => {
  throw configurationError();
};

/** As whom the method's own ARN lets API Gateway invoke a function. */
function sourceArn({ stage, request }: Exchange, resourcePath: string): string {
  return `arn:aws:execute-api:${stage.region}:${stage.account}:${stage.api.id}/${stage.stageName}/${request.method}${resourcePath}`;
}

function lambdaProxy(integration: Integration, resourcePath: string): Integrate {
  const target = functionOf(integration.uri ?? '');
  // A function is invoked by POST whatever the client's verb is.
  if (target === undefined || integration.httpMethod?.toUpperCase() !== 'POST') return misconfigured;
  return async (exchange) => {
    const event = Buffer.from(JSON.stringify(proxyEvent(exchange)));
    const as = identityFor(exchange, integration.credentials, sourceArn(exchange, resourcePath));
    let result: FunctionResult;
    try {
      result = await invokeFunction(exchange, target, event, as);
    } catch (error) {
      throw refusedCall(exchange, error);
    }
    if (result.error !== undefined) throw malformedResponse();
    return proxyAnswer(exchange, result.payload);
  };
}

function mappedFunction(integration: Integration, resourcePath: string): Integrate {
  const target = functionOf(integration.uri ?? '');
  const mapping = new Mapping(integration);
  if (target === undefined) return misconfigured;
  return async (exchange) => {
    const { body, headers } = mapping.request(exchange);
    const as = identityFor(exchange, integration.credentials, sourceArn(exchange, resourcePath));
    const payload = body.length === 0 ? Buffer.from('{}') : body;
    if (headers.get('x-amz-invocation-type') === 'Event')
      return mapping.answer(exchange, await invokeLater(exchange, target, payload, as));
    let result: FunctionResult;
    try {
      result = await invokeFunction(exchange, target, payload, as);
    } catch (error) {
      throw refusedCall(exchange, error);
    }
    const answer =
      result.error === undefined ? undefined : parseJson(Buffer.from(result.payload).toString('utf8'));
    return mapping.answer(exchange, {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: result.payload,
      errorMessage:
        result.error === undefined ? '' : String((answer as { errorMessage?: unknown } | null)?.errorMessage),
    });
  };
}

/** A header of the integration's request asks for an invocation nobody waits for. */
async function invokeLater(
  exchange: Exchange,
  target: NonNullable<ReturnType<typeof functionOf>>,
  Payload: Uint8Array,
  as: ReturnType<typeof identityFor>,
): Promise<IntegrationResult> {
  try {
    await exchange.ctx.call(
      'lambda',
      'Invoke',
      { FunctionName: target.functionName, InvocationType: 'Event', Payload },
      { as, ...(target.region === undefined ? {} : { region: target.region }) },
    );
  } catch (error) {
    throw refusedCall(exchange, error);
  }
  return { status: 202, headers: {}, body: new Uint8Array(0), errorMessage: '' };
}

function service(integration: Integration, resourcePath: string): Integrate {
  const target = serviceOf(integration.uri ?? '', integration.httpMethod?.toUpperCase() ?? 'POST');
  const mapping = new Mapping(integration);
  if (target === undefined) return misconfigured;
  return async (exchange) => {
    const request = mapping.request(exchange);
    const as = identityFor(exchange, integration.credentials, sourceArn(exchange, resourcePath));
    return mapping.answer(exchange, await callService(exchange, target, request, as));
  };
}

function http(integration: Integration): Integrate {
  const target: HttpTarget = {
    uri: integration.uri ?? '',
    method: integration.httpMethod?.toUpperCase() ?? 'GET',
    insecure: integration.tlsConfig?.insecureSkipVerification === true,
  };
  const mapping = new Mapping(integration);
  if (integration.type === 'HTTP_PROXY') {
    return async (exchange) => {
      const request = withClientParts(exchange, mapping.proxied(exchange));
      return passedAnswer(await callHttp(exchange, target, request));
    };
  }
  return async (exchange) =>
    mapping.answer(exchange, await callHttp(exchange, target, mapping.request(exchange)));
}

const STATUS_CODE = /["']?statusCode["']?\s*:\s*["']?(\d{3})/;

/** A mock's request template says which status its integration answered with. */
function mock(integration: Integration): Integrate {
  const mapping = new Mapping(integration);
  return async (exchange) => {
    const { body } = mapping.request(exchange);
    const status = STATUS_CODE.exec(Buffer.from(body).toString('utf8'))?.[1];
    if (status === undefined) throw configurationError();
    return mapping.answer(exchange, {
      status: Number(status),
      headers: {},
      body: new Uint8Array(0),
    });
  };
}
