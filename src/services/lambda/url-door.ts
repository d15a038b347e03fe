import type { Cors } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { FrontDoor, FrontDoorRequest } from '../../service/front-door.ts';
import type { Principal } from '../../service/principal.ts';
import type { ResponseSink } from '../../service/runtimes.ts';
import { WireFault } from '../../wire/protocol.ts';
import { type AnswerStream, openAnswer } from './answer-stream.ts';
import { layout, type UrlRow } from './layout.ts';
import { resourcePolicy } from './permissions.ts';
import { type Target, targetOf } from './reading.ts';
import { arnOf } from './reference.ts';
import { type Outcome, runningOf } from './running.ts';
import { newTraceHeader } from './trace.ts';
import { corsHeaders, PRELUDE_TYPE, preludeOf, type UrlAnswer, urlAnswer, urlEvent } from './url.ts';

export const URL_PATH = '/_aws/lambda-url/';
const HOST = /^([a-z0-9]+)\.lambda-url\.([a-z0-9-]+)\.(?:localhost|localhost\.localstack\.cloud|on\.aws)$/;
const MOST_BODY_BYTES = 6 * 1024 * 1024;

interface Called {
  readonly target: Target;
  readonly url: UrlRow;
  /** What follows the URL's own part. */
  readonly path: string;
  readonly domainName: string;
}

/** Finds the URL by its path or its host. */
async function find(request: FrontDoorRequest, ctx: Context): Promise<Called | undefined> {
  const byPath = request.path.startsWith(URL_PATH)
    ? /^([a-z0-9]+)(\/.*)?$/.exec(request.path.slice(URL_PATH.length))
    : undefined;
  const urlId = byPath?.[1] ?? HOST.exec(request.host)?.[1];
  if (urlId === undefined) return undefined;
  const owner = await ctx.ports.directory.lookup(ctx.store, 'lambda-url', urlId);
  if (owner === undefined) return undefined;
  const [name = '', qualifier = ''] = (owner.detail ?? '').split(':');
  const scoped = ctx.as({ account: owner.account, region: owner.region });
  const url = await layout.at(owner.account, owner.region).urls.get(ctx.store, [name, qualifier]);
  if (url === undefined) return undefined;
  return {
    target: targetOf(scoped, name, qualifier === '' ? undefined : qualifier),
    url,
    path: byPath ? (byPath[2] ?? '/') : request.path,
    domainName: byPath ? `${urlId}.lambda-url.${owner.region}.localhost` : request.host,
  };
}

/** Who calls: whoever signed, when the URL asks for it; undefined for a signature that is not good. */
async function principalOf(
  { url, target }: Called,
  request: FrontDoorRequest,
  body: Uint8Array,
): Promise<Principal | undefined> {
  const { ctx, reference } = target;
  if (url.authType === 'NONE') return { kind: 'anonymous', account: reference.account };
  const { method, path, query, headers } = request;
  try {
    const signed = { method, path, query, headers, body };
    return (await ctx.ports.access.signer(signed, 'lambda', reference.region))?.principal;
  } catch (error) {
    if (Fault.is(error) || error instanceof WireFault) return undefined;
    throw error;
  }
}

/**
 * Asks the policies: for the URL, and for the function as it is invoked by one.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
 */
async function mayInvoke({ url, target }: Called, principal: Principal): Promise<boolean> {
  const { reference } = target;
  const ctx = target.ctx.as({ principal });
  const resource = arnOf(reference);
  const document = await resourcePolicy(resource, ctx);
  const asked = [
    { action: 'lambda:InvokeFunctionUrl', context: { 'lambda:FunctionUrlAuthType': url.authType } },
    { action: 'lambda:InvokeFunction', context: { 'lambda:InvokedViaFunctionUrl': true } },
  ];
  for (const { action, context } of asked) {
    const request = { action, resource, resourceAccount: reference.account, context };
    if (!(await ctx.ports.access.decide(request, ctx, document)).allowed) return false;
  }
  return true;
}

function refusal(status: number, message: string, errorType: string): UrlAnswer {
  return {
    status,
    headers: [
      ['content-type', 'application/json'],
      ['x-amzn-errortype', errorType],
    ],
    body: Buffer.from(JSON.stringify({ Message: message })),
  };
}

/** A function that fails is answered in plain words. */
const FAILED: UrlAnswer = {
  status: 502,
  headers: [
    ['content-type', 'application/json'],
    ['x-amzn-errortype', 'InternalServerErrorException'],
  ],
  body: Buffer.from('Internal Server Error'),
};

const FORBIDDEN = refusal(
  403,
  'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html',
  'AccessDeniedException',
);

/** A whole answer; undefined when it has been sent as it came. */
async function answerTo(request: FrontDoorRequest, called: Called): Promise<UrlAnswer | undefined> {
  const { target, url } = called;
  const { ctx } = target;
  const body = await request.body(MOST_BODY_BYTES);
  const principal = await principalOf(called, request, body);
  if (principal === undefined || !(await mayInvoke(called, principal))) return FORBIDDEN;
  const running = runningOf(ctx);
  try {
    const requestId = ctx.world.random.uuid();
    const traceHeader = request.headers['x-amzn-trace-id'] ?? newTraceHeader(ctx.world);
    request.response.setHeader('x-amzn-requestid', requestId);
    request.response.setHeader('x-amzn-trace-id', traceHeader);
    const event = urlEvent({
      method: request.method,
      path: called.path,
      query: request.query,
      headers: request.headers,
      sourceIp: request.sourceIp,
      origin: request.origin,
      traceHeader,
      body,
      domainName: called.domainName,
      urlId: url.urlId,
      requestId,
      nowMs: ctx.world.clock.now(),
      principal,
    });
    const runnable = await running.resolve(target);
    running.admit(target, runnable);
    const run = (sink?: ResponseSink) =>
      running.run(target, runnable, {
        requestId,
        payload: Buffer.from(JSON.stringify(event)),
        invokedArn: arnOf(target.reference),
        traceHeader,
        wantsTail: false,
        sink,
      });
    if (url.invokeMode !== 'RESPONSE_STREAM') return wholeAnswer(await run());
    const answer = await openAnswer(run);
    if (answer.contentType === undefined) return wholeAnswer(await answer.outcome);
    return await stream(request, answer, answer.contentType, url.cors);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    const throttled = error.code === 'TooManyRequestsException';
    return refusal(throttled ? 429 : 502, throttled ? 'Rate Exceeded.' : error.message, error.code);
  }
}

function wholeAnswer({ result }: Outcome): UrlAnswer {
  if (result.error !== undefined) return FAILED;
  return urlAnswer(result.payload);
}

/** Sends an answer as it comes. One that fails before its head is complete is answered as an error. */
async function stream(
  request: FrontDoorRequest,
  { chunks, outcome }: AnswerStream,
  contentType: string,
  cors: Cors | undefined,
): Promise<UrlAnswer | undefined> {
  const { response } = request;
  const headed = contentType === PRELUDE_TYPE;
  let head: UrlAnswer | undefined = headed
    ? undefined
    : { status: 200, headers: [['content-type', contentType]], body: NOTHING };
  if (head !== undefined) writeHead(request, head, cors);
  let held = NOTHING;
  response.once('close', () => chunks.destroy());
  try {
    for await (const chunk of chunks) {
      let bytes = chunk as Buffer;
      if (head === undefined) {
        held = Buffer.concat([held, bytes]);
        head = preludeOf(held);
        if (head === undefined) continue;
        writeHead(request, head, cors);
        bytes = held.subarray(held.length - head.body.byteLength);
      }
      if (request.method !== 'HEAD' && bytes.length > 0 && !response.write(bytes)) {
        await new Promise((resolve) => {
          response.once('drain', resolve);
          response.once('close', resolve);
        });
      }
    }
  } catch (error) {
    // The client has left: the function goes on.
    if (response.destroyed) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (head === undefined) return FAILED;
  const { result } = await outcome;
  // What was cut short must not look complete.
  if (result.error === undefined) response.end();
  else response.destroy();
  return undefined;
}

const NOTHING: Buffer = Buffer.alloc(0);

function isPreflight(request: FrontDoorRequest): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

function send(request: FrontDoorRequest, answer: UrlAnswer, cors: Cors | undefined): void {
  const { response, method } = request;
  writeHead(request, answer, cors, answer.body.byteLength);
  response.end(method === 'HEAD' ? undefined : answer.body);
}

/** Without a length the body goes in chunks. */
function writeHead(
  request: FrontDoorRequest,
  answer: UrlAnswer,
  cors: Cors | undefined,
  length?: number,
): void {
  const { response, headers } = request;
  const added = corsHeaders(cors, headers['origin'], isPreflight(request));
  // What CORS is configured to say, the function does not say again.
  const configured = new Set(added.map(([name]) => name));
  for (const [name, value] of [...answer.headers.filter(([own]) => !configured.has(own)), ...added]) {
    response.appendHeader(name, value);
  }
  response.writeHead(answer.status, length === undefined ? {} : { 'content-length': length });
  if (length === undefined) response.flushHeaders();
}

async function serve(request: FrontDoorRequest, ctx: Context): Promise<void> {
  const called = await find(request, ctx);
  if (called === undefined) return send(request, FORBIDDEN, undefined);
  const { cors } = called.url;
  if (cors !== undefined && isPreflight(request)) {
    return send(request, { status: 200, headers: [], body: new Uint8Array(0) }, cors);
  }
  const answer = await answerTo(request, called);
  if (answer !== undefined) send(request, answer, cors);
}

export const urlDoor: FrontDoor = { name: 'lambda-url', paths: [URL_PATH], host: HOST, handle: serve };
