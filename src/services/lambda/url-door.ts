import type { Cors } from '../../model/gen/lambda.ts';
import { compilePolicy } from '../../policy/compile.ts';
import { decide } from '../../policy/evaluate.ts';
import { contextOf } from '../../policy/request.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { FrontDoor, FrontDoorRequest } from '../../service/front-door.ts';
import type { Principal } from '../../service/principal.ts';
import { verifySignature } from '../../wire/sigv4.ts';
import { parseSignature } from '../../wire/sigv4-claim.ts';
import { layout, type UrlRow } from './layout.ts';
import { resourcePolicy } from './permissions.ts';
import { type Target, targetOf } from './reading.ts';
import { arnOf } from './reference.ts';
import { runningOf } from './running.ts';
import { corsHeaders, streamedAnswer, type UrlAnswer, urlAnswer, urlEvent } from './url.ts';

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
  const nobody: Principal = { kind: 'anonymous', account: reference.account };
  if (url.authType === 'NONE') return nobody;
  const signed = {
    method: request.method,
    path: request.path,
    query: request.query,
    headers: request.headers,
    body,
  };
  const claim = parseSignature(signed, 'rest');
  if (claim === undefined) return undefined;
  const lookup = await ctx.ports.identity.credential(claim.accessKeyId, claim.sessionToken);
  if (lookup.kind !== 'found') return undefined;
  const { clock } = ctx.world;
  const real = clock.realNow();
  const virtual = clock.now();
  const nowMs = Math.abs(claim.dateTimeMs - real) <= Math.abs(claim.dateTimeMs - virtual) ? real : virtual;
  const { ok } = verifySignature(claim, signed, lookup.credential.secretAccessKey, {
    nowMs,
    style: 'rest',
    service: 'lambda',
    region: reference.region,
  });
  return ok ? lookup.credential.principal : undefined;
}

/** Asks the policies for `lambda:InvokeFunctionUrl`. https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html */
async function mayInvoke(
  { url, target }: Called,
  principal: Principal,
  request: FrontDoorRequest,
): Promise<boolean> {
  const { ctx, reference } = target;
  const resource = arnOf(reference);
  const document = await resourcePolicy(resource, ctx);
  const known = principal.kind !== 'anonymous' && principal.kind !== 'service';
  const policies = known ? await ctx.ports.identity.policies(principal) : undefined;
  const compile = ({ document: text, id }: { readonly document: string; readonly id: string }) =>
    compilePolicy(text, id);
  const session =
    principal.kind === 'role' || principal.kind === 'federated-user' ? principal.sessionPolicies : [];
  const decision = decide(
    {
      action: 'lambda:InvokeFunctionUrl',
      resource,
      resourceAccount: reference.account,
      principal,
      context: contextOf(
        {
          'lambda:FunctionUrlAuthType': url.authType,
          'aws:SourceIp': request.sourceIp,
          'aws:SecureTransport': false,
        },
        policies?.context ?? {},
      ),
    },
    {
      identity: policies?.identity.map(compile) ?? [],
      ...(policies?.boundary === undefined ? {} : { boundary: compile(policies.boundary) }),
      session: session.map((text, index) => compilePolicy(text, `session:${index}`)),
      ...(document === undefined ? {} : { resource: compilePolicy(document, resource) }),
    },
  );
  if (!decision.allowed) {
    ctx.log('warn', `a call of the URL of ${reference.name} was denied`, {
      missing: JSON.stringify({
        Effect: 'Allow',
        Principal: '*',
        Action: 'lambda:InvokeFunctionUrl',
        Resource: resource,
        Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': url.authType } },
      }),
    });
  }
  return decision.allowed;
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

const FORBIDDEN = refusal(403, 'Forbidden', 'AccessDeniedException');

async function answerTo(request: FrontDoorRequest, called: Called): Promise<UrlAnswer> {
  const { target, url } = called;
  const { ctx } = target;
  const body = await request.body(MOST_BODY_BYTES);
  const principal = await principalOf(called, request, body);
  if (principal === undefined || !(await mayInvoke(called, principal, request))) return FORBIDDEN;
  const running = runningOf(ctx);
  try {
    const requestId = ctx.world.random.uuid();
    const event = urlEvent({
      method: request.method,
      path: called.path,
      query: request.query,
      headers: request.headers,
      sourceIp: request.sourceIp,
      body,
      domainName: called.domainName,
      urlId: url.urlId,
      requestId,
      nowMs: ctx.world.clock.now(),
      principal,
    });
    const { result } = await running.run(target, await running.resolve(target), {
      requestId,
      payload: Buffer.from(JSON.stringify(event)),
      invokedArn: arnOf(target.reference),
      traceHeader: request.headers['x-amzn-trace-id'],
      wantsTail: false,
    });
    if (result.error !== undefined)
      return refusal(502, 'Internal Server Error', 'InternalServerErrorException');
    return url.invokeMode === 'RESPONSE_STREAM' ? streamedAnswer(result.payload) : urlAnswer(result.payload);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    const throttled = error.code === 'TooManyRequestsException';
    return refusal(throttled ? 429 : 502, throttled ? 'Rate Exceeded.' : error.message, error.code);
  }
}

function isPreflight(request: FrontDoorRequest): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

function send(request: FrontDoorRequest, answer: UrlAnswer, cors: Cors | undefined): void {
  const { response, headers, method } = request;
  const added = corsHeaders(cors, headers['origin'], isPreflight(request));
  // What CORS is configured to say, the function does not say again.
  const configured = new Set(added.map(([name]) => name));
  for (const [name, value] of [...answer.headers.filter(([own]) => !configured.has(own)), ...added]) {
    response.appendHeader(name, value);
  }
  response.writeHead(answer.status, { 'content-length': answer.body.byteLength });
  response.end(method === 'HEAD' ? undefined : answer.body);
}

async function serve(request: FrontDoorRequest, ctx: Context): Promise<void> {
  const called = await find(request, ctx);
  if (called === undefined) return send(request, FORBIDDEN, undefined);
  const { cors } = called.url;
  if (cors !== undefined && isPreflight(request)) {
    return send(request, { status: 200, headers: [], body: new Uint8Array(0) }, cors);
  }
  send(request, await answerTo(request, called), cors);
}

export const urlDoor: FrontDoor = { name: 'lambda-url', paths: [URL_PATH], host: HOST, handle: serve };
