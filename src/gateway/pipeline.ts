import { AssertionError, assert } from '../base/assert.ts';
import { validatorOf } from '../model/validate.ts';
import { validationMessage } from '../model/violation.ts';
import { type ActionDecision, isDenial } from '../service/audit.ts';
import type { CallIdentity, CallOptions } from '../service/context.ts';
import { Fault } from '../service/faults.ts';
import type { Principal } from '../service/principal.ts';
import { type WireError, WireFault } from '../wire/protocol.ts';
import { protocolOf } from '../wire/protocols.ts';
import { authenticate } from './authenticate.ts';
import { authorise } from './authorise.ts';
import { authorizationMessage } from './authorization-message.ts';
import { Call, type HttpRequest, type Step } from './call.ts';
import { CallContext, type Host } from './call-context.ts';
import { admit, leave } from './limit.ts';
import { record } from './record.ts';
import { notImplemented, refusal, unknownOperation } from './refusal.ts';
import { operationOf, type Registry } from './registry.ts';
import { requestIds } from './request-id.ts';
import { routeRequest } from './route.ts';

/**
 * The life of every operation, whoever calls it. A step that throws goes straight to `encode`; a call from another
 * service enters at `validate` and takes its output, or its fault, as a value.
 */
export const PIPELINE: readonly Step[] = [
  { name: 'route', run: route },
  { name: 'authenticate', run: authenticate },
  { name: 'decode', run: decode },
  { name: 'validate', run: validate },
  { name: 'authorise', run: authorise },
  { name: 'limit', run: admit },
  { name: 'handle', run: handle },
  { name: 'encode', run: encode },
  { name: 'record', run: record },
];

const VALIDATE = PIPELINE.findIndex(({ name }) => name === 'validate');
const ENCODE = PIPELINE.findIndex(({ name }) => name === 'encode');
const OUTSIDE = PIPELINE.map(({ run }) => run);
const INSIDE = OUTSIDE.slice(VALIDATE, ENCODE);

function route(call: Call): void {
  const http = call.http as HttpRequest;
  if (http.tooLarge && http.route === undefined) {
    // A form names its operation in a body nobody read.
    call.protocolName = 'query';
    throw refusal('too-large', 'query');
  }
  const found = http.route ?? routeRequest(call.registry, http, http.resourcePath, http.form);
  if (found === undefined)
    throw new WireFault('UnknownOperationException', 'Nothing of AWS answers here.', 404);
  call.service = found.service;
  call.model = found.model;
  call.protocolName = found.protocol;
  call.protocol = protocolOf(found.protocol);
  call.requestId = nextRequestId(call.host)(found.service.name);
  if (found.operation === undefined) {
    const named =
      http.headers['x-amz-target']?.split('.').at(-1) ??
      /(?:^|&)Action=([^&]*)/.exec(http.form ?? http.query)?.[1];
    const words = found.service.definition?.unknownAction?.(named ?? '');
    throw unknownOperation(found.protocol, named ?? '', found.model.metadata.apiVersion, words);
  }
  call.operation = found.operation;
  const { definition } = found.service;
  if (definition === undefined || !Object.hasOwn(definition.operations, found.operation.name)) {
    throw notImplemented(found.service.name, found.operation.name);
  }
  call.definition = definition;
}

function decode(call: Call): void {
  const http = call.http as HttpRequest;
  const { method, resourcePath: path, query, body } = http;
  const { stream } = call;
  const headers = call.service.name === 's3' ? withHoisted(http) : http.headers;
  call.input = call.protocol.decodeInput(
    call.model,
    call.operation,
    stream === undefined
      ? { method, path, query, headers, body }
      : { method, path, query, headers, body, stream },
  );
  const { pathMembers } = call.definition;
  if (pathMembers === undefined || call.protocolName !== 'query') return;
  const input = call.model.shapes[call.operation.input?.shape ?? ''];
  for (const [name, value] of Object.entries(pathMembers(http.path, call.operation))) {
    if (input?.members?.[name] !== undefined) call.input[name] ??= value;
  }
}

/**
 * Signers of S3's addresses put headers into the query string, and S3 reads them there. Not so checksums: some
 * signers put there that of the empty body they had. https://github.com/aws/aws-sdk/issues/480
 */
function withHoisted({ headers, query }: HttpRequest): HttpRequest['headers'] {
  if (!query.includes('x-amz-')) return headers;
  const hoisted: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (/^x-amz-(?!checksum-|sdk-checksum-)[a-z0-9-]+$/.test(name)) hoisted[name] = value;
  }
  return { ...hoisted, ...headers };
}

function validate(call: Call): void {
  const violations = validatorOf(call.model, call.operation.name)(call.input);
  if (violations.length === 0) return;
  call.definition.refuseAlone?.(call.input, violations, call.operation);
  const usual =
    call.protocolName === 'query' || call.protocolName === 'ec2' ? 'ValidationError' : 'ValidationException';
  throw new Fault(call.definition.validationCode ?? usual, validationMessage(violations), {}, 400);
}

async function handle(call: Call): Promise<void> {
  const operation = call.definition.operations[call.operation.name];
  assert(operation !== undefined, 'route found the operation');
  try {
    call.output = (await operation(call.input, call.ctx)) as Readonly<Record<string, unknown>>;
  } finally {
    leave(call);
  }
}

/** What a thrown value becomes on the wire: a defect of ours is logged and answered without a word of its cause. */
function wireError(call: Call): WireError {
  const { fault, requestId } = call;
  if (Fault.is(fault)) {
    const { code, message, detail, status } = fault;
    return { code, message, detail, status, requestId };
  }
  if (fault instanceof WireFault) {
    return { code: fault.code, message: fault.message, detail: {}, status: fault.status, requestId };
  }
  call.host.log.event('error', 'internal failure', {
    requestId,
    operation: call.operation === undefined ? undefined : `${call.service.name}.${call.operation.name}`,
    error: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault),
  });
  const { code, message, status } = refusal('internal', call.protocolName);
  return { code, message, detail: {}, status, requestId };
}

function encode(call: Call): void {
  if (call.fault === undefined) {
    try {
      call.response = call.protocol.encodeOutput(
        call.model,
        call.operation,
        call.output ?? {},
        call.requestId,
      );
      return;
    } catch (error) {
      call.fault = error;
    }
  }
  const error = wireError(call);
  call.errorCode = error.code;
  if (call.requestId === '') call.requestId = nextRequestId(call.host)('');
  if (call.protocol === undefined) {
    call.protocol = protocolOf(call.protocolName);
    call.model = unknownModel;
  }
  const response = call.protocol.encodeError(call.model, call.operation, {
    ...error,
    requestId: call.requestId,
  });
  const encoded = isDenial(error.code) ? encodedDenial(call) : undefined;
  call.response =
    encoded === undefined
      ? response
      : { ...response, headers: { ...response.headers, [DENIAL_HEADER]: encoded } };
}

/** Where every protocol's denial carries what `sts:DecodeAuthorizationMessage` opens. */
const DENIAL_HEADER = 'x-lambent-authorization-message';

function encodedDenial(call: Call): string | undefined {
  const last = call.ctx?.decisions.at(-1);
  return last === undefined || last.decision.allowed || last.audited === true
    ? undefined
    : authorizationMessage(call, last);
}

/** Stands in where a request named no service, so that its error still has a protocol's shape. */
const unknownModel = {
  name: 'unknown',
  metadata: { apiVersion: '', endpointPrefix: '', serviceId: '', protocol: 'json', jsonVersion: '1.1' },
  operations: {},
  shapes: {},
} as const;

const idMakers = new WeakMap<Host, (service: string) => string>();
function nextRequestId(host: Host): (service: string) => string {
  let ids = idMakers.get(host);
  if (ids === undefined) idMakers.set(host, (ids = requestIds(host.world)));
  return ids;
}

/** Runs a request that came over HTTP; the call has a response afterwards, whatever happened. */
export async function runRequest(host: Host, registry: Registry, http: HttpRequest): Promise<Call> {
  const call = new Call(host, registry, http);
  for (let step = 0; step < OUTSIDE.length; step++) {
    try {
      const pending = (OUTSIDE[step] as Step['run'])(call);
      if (pending !== undefined) await pending;
    } catch (error) {
      call.fault = error;
      assert(
        step < ENCODE,
        `${PIPELINE[step]?.name} does not throw: ${error instanceof Error ? error.stack : error}`,
      );
      step = ENCODE - 1;
    }
  }
  return call;
}

async function identityOf(from: CallContext, as: CallIdentity | undefined): Promise<Principal> {
  if (as === undefined) return from.principal;
  if ('principal' in as) return as.principal;
  if ('roleArn' in as) {
    const note = (decision: ActionDecision) => from.noteDecision(decision);
    return (await from.ports.identity.assumeForService({ ...as, note })).principal;
  }
  const { service, sourceArn, account = from.account } = as;
  return { kind: 'service', service, account, ...(sourceArn === undefined ? {} : { sourceArn }) };
}

/** Runs a call that another service makes; see `Context.call`. */
export async function callInside(
  host: Host,
  registry: Registry,
  from: CallContext,
  serviceName: string,
  operationName: string,
  input: unknown,
  options: CallOptions,
): Promise<unknown> {
  const service = registry.byName(serviceName);
  if (service === undefined) throw new AssertionError(`there is no service ${serviceName}`);
  const call = new Call(host, registry, undefined);
  call.service = service;
  call.model = service.model();
  call.protocolName = service.metadata.protocol;
  const operation = operationOf(service, operationName);
  if (operation === undefined) {
    throw unknownOperation(call.protocolName, operationName, service.metadata.apiVersion);
  }
  if (service.definition === undefined || !Object.hasOwn(service.definition.operations, operationName)) {
    throw notImplemented(serviceName, operationName);
  }
  call.operation = operation;
  call.definition = service.definition;
  call.requestId = nextRequestId(host)(serviceName);
  call.principal = await identityOf(from, options.as);
  call.region = options.region ?? from.region;
  call.via = viaOf(from, options.as);
  call.input = (input ?? {}) as Record<string, unknown>;
  const signal = options.signal;
  call.ctx = new CallContext(host, {
    requestId: call.requestId,
    account: options.account ?? (call.principal.kind === 'service' ? from.account : call.principal.account),
    region: call.region,
    service: service.definition.name,
    operation: operationName,
    principal: call.principal,
    http: from.http,
    inside: true,
    via: call.via,
    traceHeader: options.traceHeader,
    signal: signal === undefined ? () => from.signal : () => signal,
  });
  try {
    for (const run of INSIDE) {
      const pending = run(call);
      if (pending !== undefined) await pending;
    }
  } catch (error) {
    call.fault = error;
    call.errorCode = Fault.is(error) ? error.code : 'InternalFailure';
    throw error;
  } finally {
    const pending = record(call);
    if (pending !== undefined) await pending;
  }
  return call.output;
}

/** Under an identity of its own a service does not act for its caller any more. */
function viaOf(from: CallContext, as: CallIdentity | undefined): readonly string[] {
  const service = `${from.service}.amazonaws.com`;
  return as === undefined || 'principal' in as ? [...from.via, service] : [service];
}
