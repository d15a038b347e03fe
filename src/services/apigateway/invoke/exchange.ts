import type { Context } from '../../../service/context.ts';
import type { Principal } from '../../../service/principal.ts';
import type { ApiRow } from '../definition.ts';
import type { Answer } from './answer.ts';
import type { GatewayRequest } from './request.ts';
import type { RouteNode } from './route.ts';
import type { TokenBucket } from './token-bucket.ts';

/** A method of a deployed API, ready to serve. */
export interface CompiledMethod {
  readonly resourceId: string;
  /** `/pets/{id}` */
  readonly resourcePath: string;
  readonly authorise: ((exchange: Exchange) => Promise<void>) | undefined;
  readonly apiKeyRequired: boolean;
  readonly validate: ((exchange: Exchange) => void) | undefined;
  readonly integrate: (exchange: Exchange) => Promise<Answer>;
  readonly throttle: TokenBucket | undefined;
}

/** What a customer set over a response API Gateway makes itself. */
export interface CompiledResponse {
  readonly status: number | undefined;
  readonly parameters: readonly (readonly [header: string, expression: string])[];
  readonly templates: Readonly<Record<string, string>>;
}

/** A stage's deployment with the stage's variables put in, kept in memory until either changes. */
export interface CompiledStage {
  readonly account: string;
  readonly region: string;
  readonly api: ApiRow;
  readonly stageName: string;
  readonly deploymentId: string;
  readonly variables: Readonly<Record<string, string>> | null;
  readonly isBinary: (mediaType: string | undefined) => boolean;
  readonly routes: RouteNode<CompiledMethod>;
  readonly gatewayResponses: ReadonlyMap<string, CompiledResponse>;
  /** The resource policy, its abbreviated resources spelled out. */
  readonly policy: string | undefined;
}

export interface Caller {
  readonly principal: Principal;
  readonly accessKeyId: string;
}

/** One request on its way; each step adds what it found. */
export interface Exchange {
  /** In the API's account and region. */
  readonly ctx: Context;
  readonly stage: CompiledStage;
  readonly request: GatewayRequest;
  readonly requestId: string;
  readonly extendedRequestId: string;
  /** Virtual. */
  readonly atMs: number;
  method: CompiledMethod | undefined;
  pathParameters: Readonly<Record<string, string>> | undefined;
  /** `requestContext.authorizer`, as an authorizer gave it. */
  authorizer: Readonly<Record<string, unknown>> | undefined;
  /** Who signed the request, for methods of IAM authorisation. */
  caller: Caller | undefined;
  apiKey: { readonly id: string; readonly value: string } | undefined;
  /** A key the authorizer names instead of a header. */
  usageIdentifierKey: string | undefined;
  /** Set by templates through `$context.…Override`; see {@link overridesOf}. */
  overrides: Overrides | undefined;
}

export interface Overrides {
  status: number | undefined;
  readonly responseHeaders: Map<string, string>;
  readonly requestHeaders: Map<string, string>;
  readonly requestQuery: Map<string, string>;
  readonly requestPath: Map<string, string>;
}

/** `arn:aws:execute-api:region:account:api/stage/VERB/path`; `path` begins with its slash. */
export function methodArn({ stage, request }: Exchange, path: string): string {
  return `arn:aws:execute-api:${stage.region}:${stage.account}:${stage.api.id}/${stage.stageName}/${request.method}${path}`;
}

/** Made when a template runs: proxies have none. */
export function overridesOf(exchange: Exchange): Overrides {
  exchange.overrides ??= {
    status: undefined,
    responseHeaders: new Map(),
    requestHeaders: new Map(),
    requestQuery: new Map(),
    requestPath: new Map(),
  };
  return exchange.overrides;
}

/** A request at its beginning: nothing is known of it yet. */
export function newExchange(
  begun: Pick<Exchange, 'ctx' | 'stage' | 'request' | 'extendedRequestId'>,
): Exchange {
  const { ctx } = begun;
  return {
    ctx,
    stage: begun.stage,
    request: begun.request,
    requestId: ctx.requestId,
    extendedRequestId: begun.extendedRequestId,
    atMs: ctx.world.clock.now(),
    method: undefined,
    pathParameters: undefined,
    authorizer: undefined,
    caller: undefined,
    apiKey: undefined,
    usageIdentifierKey: undefined,
    overrides: undefined,
  };
}
