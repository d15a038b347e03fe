import type { Readable } from 'node:stream';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { OperationModel, ProtocolName, ServiceModel } from '../model/model.ts';
import type { Decision } from '../policy/evaluate.ts';
import type { AuditedCall } from '../service/audit.ts';
import type { HttpFacts } from '../service/context.ts';
import type { Principal } from '../service/principal.ts';
import type { ServiceDefinition } from '../service/service.ts';
import type { Protocol, WireResponse } from '../wire/protocol.ts';
import type { CallContext, Host } from './call-context.ts';
import type { KnownService, Registry } from './registry.ts';
import type { Route } from './route.ts';

/** The HTTP request a call came by; absent for calls from inside. */
export interface HttpRequest extends HttpFacts {
  /** The path with S3's bucket put in front when the host named it. */
  readonly resourcePath: string;
  readonly body: Uint8Array;
  /** The body of an operation that streams it; {@link body} is empty then. */
  readonly stream: Readable | undefined;
  /** The body was longer than its protocol allows and has not been read. */
  readonly tooLarge: boolean;
  /** Where it goes, when that could be told without the body. */
  readonly route: Route | undefined;
  /** The body's text, when it is a form. */
  readonly form: string | undefined;
  /** Aborts when the client has left. */
  readonly signal: () => AbortSignal;
  /** Whether a function of ours calls, as far as its connection tells. */
  readonly fromFunction: () => boolean;
}

const FROM_OUTSIDE: readonly string[] = [];

/**
 * One call on its way through the pipeline: each step reads what earlier ones found and adds its own, so a field is
 * set from its step on.
 */
export class Call implements AuditedCall {
  readonly host: Host;
  readonly registry: Registry;
  readonly http: HttpRequest | undefined;
  readonly startedAtMs: number;
  requestId = '';

  // route
  service!: KnownService;
  definition!: ServiceDefinition;
  model!: ServiceModel;
  operation!: OperationModel;
  protocolName: ProtocolName = 'json';
  protocol!: Protocol;
  // authenticate
  principal!: Principal;
  accessKeyId: string | undefined = undefined;
  via: readonly string[] = FROM_OUTSIDE;
  region = '';
  stream: Readable | undefined = undefined;
  ctx!: CallContext;
  // decode
  input!: Record<string, unknown>;
  // authorise
  decision: Decision | 'public' | undefined = undefined;
  // handle
  output: Readonly<Record<string, unknown>> | undefined = undefined;
  /** What a step threw; encoded instead of the output. */
  fault: unknown = undefined;
  // encode
  response: WireResponse | undefined = undefined;
  errorCode: string | undefined = undefined;

  constructor(host: Host, registry: Registry, http: HttpRequest | undefined) {
    this.host = host;
    this.registry = registry;
    this.http = http;
    this.startedAtMs = host.world.clock.monotonic();
  }
}

/** One step of the pipeline. Throwing goes straight to encoding the fault. */
export interface Step {
  readonly name: string;
  readonly run: (call: Call) => MaybePromise<void>;
}
