import type { ApigatewayOperations, TestInvokeMethodRequest } from '../../model/gen/apigateway.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { readDefinition } from './definition.ts';
import { badRequest } from './fault.ts';
import type { Answer } from './invoke/answer.ts';
import { compileStage } from './invoke/compile.ts';
import { newExchange } from './invoke/exchange.ts';
import { gatewayAnswer } from './invoke/gateway-answer.ts';
import { configurationError, Refusal } from './invoke/refusal.ts';
import { GatewayRequest } from './invoke/request.ts';
import { findRoute } from './invoke/route.ts';
import { methodOf } from './method.ts';
import { apiOf, rowsOf } from './scope.ts';

const STAGE = 'test-invoke-stage';

/** Calls a method as it is defined now, deployed or not, without authorisation. */
export const testInvocations = {
  TestInvokeMethod: async (input, ctx) => {
    const startedAtMs = ctx.world.clock.monotonic();
    if (input.clientCertificateId !== undefined) throw badRequest('Client certificates are not simulated.');
    const { resource } = await methodOf(ctx, input);
    const definition = await ctx.store.snapshot(async (reader) =>
      readDefinition(rowsOf(ctx), reader, await apiOf(ctx, input.restApiId, reader)),
    );
    const [path = '/', query = ''] = (input.pathWithQueryString ?? resource.path).split('?');
    const now = ctx.world.clock.now();
    const stage = compileStage(
      definition,
      {
        stageName: STAGE,
        deploymentId: '',
        createdAtMs: now,
        lastUpdatedAtMs: now,
        methodSettings: {},
        tracingEnabled: false,
        variables: input.stageVariables,
      },
      { account: ctx.account, region: ctx.region },
    );
    const verb = input.httpMethod === 'ANY' ? 'GET' : input.httpMethod;
    const route = findRoute(stage.routes, verb, path);
    if (route === undefined || route.method.resourceId !== resource.id)
      throw badRequest(`Invalid test path specified: it does not lead to ${resource.path}`);
    const exchange = newExchange({
      ctx,
      stage,
      request: testRequest(input, ctx, verb, path, query),
      extendedRequestId: '',
    });
    exchange.method = route.method;
    exchange.pathParameters = route.pathParameters;
    let answer: Answer;
    try {
      route.method.validate?.(exchange);
      answer = await route.method.integrate(exchange);
    } catch (error) {
      answer = gatewayAnswer(exchange, error instanceof Refusal ? error : configurationError());
      if (!(error instanceof Refusal)) ctx.log('error', `a test invocation failed: ${String(error)}`);
    }
    const latency = Math.round(ctx.world.clock.monotonic() - startedAtMs);
    return described(ctx, answer, latency, [
      `HTTP Method: ${verb}, Resource Path: ${path}`,
      `Method request path: ${mapText(route.pathParameters ?? {})}`,
      `Method request query string: ${mapText(Object.fromEntries(new URLSearchParams(query)))}`,
      `Method request headers: ${mapText(input.headers ?? {})}`,
      `Method request body before transformations: ${input.body ?? ''}`,
    ]);
  },
} satisfies Group<ApigatewayOperations>;

function testRequest(
  input: TestInvokeMethodRequest,
  ctx: Context,
  method: string,
  path: string,
  query: string,
): GatewayRequest {
  const rawHeaders: string[] = [];
  for (const [name, text] of Object.entries(input.headers ?? {})) rawHeaders.push(name, text);
  for (const [name, texts] of Object.entries(input.multiValueHeaders ?? {}))
    for (const text of texts) rawHeaders.push(name, text);
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers[(rawHeaders[at] as string).toLowerCase()] = rawHeaders[at + 1] as string;
  return new GatewayRequest(
    {
      method,
      path: `/${STAGE}${path}`,
      query,
      host: `${input.restApiId}.execute-api.${ctx.region}.amazonaws.com`,
      headers,
      rawHeaders,
      httpVersion: '1.1',
      sourceIp: STAGE,
      origin: 'https://',
    },
    path,
    Buffer.from(input.body ?? ''),
    `Root=${ctx.requestId}`,
  );
}

/** As Java prints a map. */
function mapText(map: Readonly<Record<string, string>>): string {
  return `{${Object.entries(map)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')}}`;
}

/** `Sat Nov 21 09:33:11 UTC 2026` */
function moment(ms: number): string {
  const [weekday, day, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}

function described(
  ctx: Context,
  { status, headers, body }: Answer,
  latency: number,
  steps: readonly string[],
) {
  const multi: [string, string[]][] = [...headers].map(([name, values]) => [name, [...values]]);
  return {
    status,
    body: typeof body === 'string' ? body : Buffer.from(body).toString('utf8'),
    headers: Object.fromEntries(multi.map(([name, values]) => [name, values.at(-1) ?? ''])),
    multiValueHeaders: Object.fromEntries(multi),
    latency,
    log: [
      `Execution log for request ${ctx.requestId}`,
      ...[
        `Starting execution for request: ${ctx.requestId}`,
        ...steps,
        `Method completed with status: ${status}`,
      ].map((line) => `${moment(ctx.world.clock.now())} : ${line}`),
      '',
    ].join('\n'),
  };
}
