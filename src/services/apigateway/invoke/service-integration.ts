import { Readable } from 'node:stream';
import { loadModel, loadModelIndex } from '../../../model/load.ts';
import type { OperationModel, ProtocolName, ServiceModel } from '../../../model/model.ts';
import type { CallIdentity, Context } from '../../../service/context.ts';
import { Fault } from '../../../service/faults.ts';
import { routeOf } from '../../../wire/http-binding.ts';
import { WireFault, type WireRequest, type WireResponse } from '../../../wire/protocol.ts';
import { protocolOf } from '../../../wire/protocols.ts';
import type { Exchange } from './exchange.ts';
import { refusedCall } from './function.ts';
import type { MappedRequest } from './mapping.ts';
import type { IntegrationResult } from './parameter.ts';
import { configurationError } from './refusal.ts';

/** An operation, or a path, of an AWS service. */
export interface ServiceTarget {
  readonly region: string;
  /** As the CLI names it. */
  readonly service: string;
  readonly kind: 'action' | 'path';
  /** The action's name, or the path without its first slash. */
  readonly rest: string;
  readonly method: string;
}

const URI = /^arn:[^:]+:apigateway:([^:]+):(?:[^:.]+\.)?([^:]+):(action|path)\/(.*)$/s;

/** The target of `arn:aws:apigateway:region:service:action/Name` or `…:path/some/path`. */
export function serviceOf(uri: string, method: string): ServiceTarget | undefined {
  const [, region = '', name = '', kind, rest = ''] = URI.exec(uri) ?? [];
  const index = loadModelIndex();
  const service = Object.hasOwn(index, name)
    ? name
    : Object.keys(index).find((known) => index[known]?.endpointPrefix === name);
  if (service === undefined) return undefined;
  return { region, service, kind: kind === 'path' ? 'path' : 'action', rest, method };
}

const FORM = 'application/x-www-form-urlencoded';
const MOST_BODY = 10 * 1024 * 1024;

/** Calls the service as its own clients would, over the wire's bytes; its refusals are answers too. */
export async function callService(
  exchange: Exchange,
  target: ServiceTarget,
  request: MappedRequest,
  as: CallIdentity,
): Promise<IntegrationResult> {
  const model = loadModel(target.service);
  const wire = wireRequest(exchange, target, model, request);
  const protocolName = protocolFor(model, wire);
  const protocol = protocolOf(protocolName);
  const { requestId } = exchange;
  const identity = await assumed(exchange, as);
  const operation = operationOf(target, model, wire, protocolName);
  if (operation === undefined) throw configurationError();
  try {
    const input = protocol.decodeInput(model, operation, wire);
    const output = await exchange.ctx.call(target.service, operation.name, input, {
      as: identity,
      region: target.region,
    });
    return await resultOf(protocol.encodeOutput(model, operation, output, requestId));
  } catch (error) {
    if (!Fault.is(error) && !(error instanceof WireFault)) throw error;
    const { code, message, status } = error;
    const detail = Fault.is(error) ? error.detail : {};
    return resultOf(protocol.encodeError(model, operation, { code, message, detail, status, requestId }));
  }
}

/** A role that API Gateway may not take is the API's mistake, unlike one that may not do what is asked. */
async function assumed(exchange: Exchange, as: CallIdentity): Promise<CallIdentity> {
  if (!('roleArn' in as)) return as;
  try {
    const note: Context['noteDecision'] = (decision) => exchange.ctx.noteDecision(decision);
    return { principal: (await exchange.ctx.ports.identity.assumeForService({ ...as, note })).principal };
  } catch (error) {
    throw refusedCall(exchange, error);
  }
}

function wireRequest(
  exchange: Exchange,
  target: ServiceTarget,
  model: ServiceModel,
  request: MappedRequest,
): WireRequest {
  const headers: Record<string, string> = {
    'content-type': request.contentType,
    ...Object.fromEntries(request.headers),
  };
  const query = new URLSearchParams([...request.query]);
  if (target.kind === 'action') {
    const [, ...more] = target.rest.split('&');
    for (const [name, value] of new URLSearchParams(more.join('&'))) query.append(name, value);
  }
  const path = `/${target.kind === 'path' ? filled(target.rest, request) : ''}`;
  const isForm = headers['content-type']?.startsWith(FORM) === true;
  if (!isForm && !speaksForms(model)) {
    return { method: target.method, path, query: query.toString(), headers, body: request.body };
  }
  const form = new URLSearchParams(isForm ? Buffer.from(request.body).toString('utf8') : '');
  for (const [name, value] of query) if (!form.has(name)) form.append(name, value);
  if (target.kind === 'action') form.set('Action', actionOf(target));
  // The path of a queue's own address says which queue.
  else if (target.service === 'sqs' && !form.has('QueueUrl'))
    form.set('QueueUrl', `${exchange.ctx.endpoint}${path}`);
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: { ...headers, 'content-type': FORM },
    body: Buffer.from(form.toString()),
  };
}

function filled(path: string, { path: parameters }: MappedRequest): string {
  return path
    .replace(/\{([^}]+)\}/g, (whole, name: string) => parameters.get(name.replace(/\+$/, '')) ?? whole)
    .replace(/^\/+/, '');
}

const actionOf = ({ rest }: ServiceTarget) => rest.split('&')[0] ?? '';

function speaksForms({ metadata }: ServiceModel): boolean {
  return metadata.protocol === 'query' || metadata.protocol === 'ec2';
}

function protocolFor({ metadata }: ServiceModel, wire: WireRequest): ProtocolName {
  const isForm = wire.headers['content-type']?.startsWith(FORM) === true;
  return isForm && metadata.protocol === 'json' ? 'query' : metadata.protocol;
}

function operationOf(
  target: ServiceTarget,
  model: ServiceModel,
  wire: WireRequest,
  protocol: ProtocolName,
): OperationModel | undefined {
  const named = (name: string | undefined) =>
    name !== undefined && Object.hasOwn(model.operations, name) ? model.operations[name] : undefined;
  if (target.kind === 'action') return named(actionOf(target));
  if (protocol === 'query' || protocol === 'ec2')
    return named(new URLSearchParams(Buffer.from(wire.body).toString('utf8')).get('Action') ?? undefined);
  if (protocol === 'json') return named(wire.headers['x-amz-target']?.split('.').at(-1));
  return routeOf(model)(wire.method, wire.path, wire.query, wire.headers);
}

async function resultOf({ status, headers, body }: WireResponse): Promise<IntegrationResult> {
  if (!(body instanceof Readable))
    return { status, headers, body: typeof body === 'string' ? Buffer.from(body) : body };
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BODY) throw configurationError();
    chunks.push(chunk);
  }
  return { status, headers, body: Buffer.concat(chunks, size) };
}
