import { Readable } from 'node:stream';
import { assert } from '../base/assert.ts';
import type { OperationModel, ServiceModel, Shape, ShapeRef } from '../model/model.ts';
import { splitHeaderList } from './header-value.ts';
import { defineOwn } from './own.ts';
import type { WireRequest } from './protocol.ts';
import { parseQueryString } from './query-string.ts';
import { plainBody } from './request-compression.ts';
import { textReader } from './scalar-text.ts';
import { matchTemplate, parseUriTemplate, type UriTemplate } from './uri-template.ts';
import { utf8Text } from './utf8.ts';

/** What the REST protocols differ in: the body's format, and how they refuse. */
export interface BodyFormat {
  /** Reads the members that have no place elsewhere. `ref` names the input. */
  structure(
    model: ServiceModel,
    ref: ShapeRef,
    members: readonly (readonly [string, ShapeRef])[],
  ): (body: Uint8Array) => Record<string, unknown>;
  payload(model: ServiceModel, ref: ShapeRef, name: string): (body: Uint8Array) => unknown;
  refuse(message: string): never;
}

interface Binding {
  readonly name: string;
  /** The label, query parameter, header or prefix, as on the wire. */
  readonly key: string;
  readonly type: Shape['type'];
  /** Undefined for what one text cannot hold. */
  readonly read: ((text: string) => unknown) | undefined;
  /** For a list or map: reads one element. */
  readonly readItem: ((text: string) => unknown) | undefined;
  /** For a map in the query string: whether its values are lists. */
  readonly listed: boolean;
}

interface InputBinding {
  readonly template: UriTemplate;
  readonly labels: readonly Binding[];
  readonly query: readonly Binding[];
  readonly queryMap: Binding | undefined;
  readonly headers: readonly Binding[];
  readonly prefixes: readonly Binding[];
  readonly body: ((request: WireRequest, input: Record<string, unknown>) => void) | undefined;
}

const bindings = new WeakMap<OperationModel, InputBinding>();

/** Gathers an operation's input from path, query string, headers and body, as its members' `location` says. */
export function decodeHttpInput(
  model: ServiceModel,
  operation: OperationModel,
  request: WireRequest,
  format: BodyFormat,
): Record<string, unknown> {
  let binding = bindings.get(operation);
  if (!binding) bindings.set(operation, (binding = compile(model, operation, format)));
  const input: Record<string, unknown> = {};
  if (binding.labels.length > 0) readLabels(binding, request, input, format);
  if (binding.query.length > 0 || binding.queryMap) readQuery(binding, request, input, format);
  for (const header of binding.headers) {
    const text = request.headers[header.key];
    if (text !== undefined) set(input, header, readHeader(header, text), text, format);
  }
  for (const prefix of binding.prefixes) readPrefixed(prefix, request, input);
  if (binding.body) {
    const body = plainBody(operation, request);
    binding.body(body === request.body ? request : { ...request, body }, input);
  }
  return input;
}

function compile(model: ServiceModel, operation: OperationModel, format: BodyFormat): InputBinding {
  assert(operation.http !== undefined, `${operation.name} is bound to HTTP`);
  const shape = operation.input && model.shapes[operation.input.shape];
  const members = Object.entries(shape?.members ?? {});
  const at = (location: ShapeRef['location']) =>
    members.filter(([, ref]) => ref.location === location).map(([name, ref]) => bindingOf(model, name, ref));
  const query = at('querystring');
  return {
    template: parseUriTemplate(operation.http.requestUri),
    labels: at('uri'),
    query: query.filter(({ type }) => type !== 'map'),
    queryMap: query.find(({ type }) => type === 'map'),
    headers: at('header').map((header) => ({ ...header, key: header.key.toLowerCase() })),
    prefixes: at('headers').map((prefix) => ({ ...prefix, key: prefix.key.toLowerCase() })),
    body: operation.input && shape && bodyReader(model, operation.input, shape, format),
  };
}

function bindingOf(model: ServiceModel, name: string, ref: ShapeRef): Binding {
  const shape = model.shapes[ref.shape];
  assert(shape !== undefined, `${model.name} has no shape ${ref.shape}`);
  const item = model.shapes[(shape.member ?? shape.value)?.shape ?? ''];
  const itemOfItem = model.shapes[item?.member?.shape ?? ''];
  const read = textReader(shape.type);
  return {
    name,
    key: ref.locationName ?? name,
    type: shape.type,
    read: ref.jsonvalue && ref.location === 'header' ? readEncodedJson : read,
    readItem: textReader((itemOfItem ?? item ?? shape).type),
    listed: itemOfItem !== undefined,
  };
}

/** JSON in a header travels in base64. */
function readEncodedJson(text: string): string | undefined {
  return utf8Text(Buffer.from(text, 'base64'));
}

function set(
  input: Record<string, unknown>,
  { name, key, type }: Binding,
  value: unknown,
  text: string,
  format: BodyFormat,
): void {
  if (value !== undefined) input[name] = value;
  else if (text !== '') format.refuse(`'${text}' is not a valid value of type ${type} for ${key}`);
}

function readLabels(
  { template, labels }: InputBinding,
  request: WireRequest,
  input: Record<string, unknown>,
  format: BodyFormat,
): void {
  const given = matchTemplate(template, request.path);
  if (!given) return;
  for (const label of labels) {
    const raw = given.get(label.key);
    if (raw === undefined) continue;
    let text: string;
    try {
      text = decodeURIComponent(raw);
    } catch {
      format.refuse('The path holds escapes that are not UTF-8');
    }
    set(input, label, label.read?.(text), text, format);
  }
}

function readQuery(
  { template, query, queryMap }: InputBinding,
  request: WireRequest,
  input: Record<string, unknown>,
  format: BodyFormat,
): void {
  const parameters =
    parseQueryString(request.query) ?? format.refuse('The query string holds escapes that are not UTF-8');
  for (const binding of query) {
    const values = parameters.get(binding.key);
    if (values === undefined) continue;
    const [first = ''] = values;
    if (binding.type !== 'list') set(input, binding, binding.read?.(first), first, format);
    else input[binding.name] = values.map((text) => binding.readItem?.(text) ?? text);
  }
  if (!queryMap) return;
  const map: Record<string, unknown> = {};
  for (const [name, values] of parameters) {
    const taken =
      query.some(({ key }) => key === name) ||
      template.query.some(([literal]) => literal === name) ||
      name.startsWith('X-Amz-');
    if (!taken) defineOwn(map, name, queryMap.listed ? values : values[0]);
  }
  if (Object.keys(map).length > 0) input[queryMap.name] = map;
}

function readHeader(header: Binding, text: string): unknown {
  if (header.type !== 'list') return header.read?.(text);
  const items = splitHeaderList(text).map((item) => header.readItem?.(item));
  return items.includes(undefined) ? undefined : items;
}

function readPrefixed(prefix: Binding, request: WireRequest, input: Record<string, unknown>): void {
  const map: Record<string, unknown> = {};
  let any = false;
  for (const name in request.headers) {
    if (!name.startsWith(prefix.key)) continue;
    defineOwn(map, name.slice(prefix.key.length), request.headers[name]);
    any = true;
  }
  if (any) input[prefix.name] = map;
}

function bodyReader(
  model: ServiceModel,
  input: ShapeRef,
  shape: Shape,
  format: BodyFormat,
): InputBinding['body'] {
  if (shape.payload === undefined) {
    const members = Object.entries(shape.members ?? {}).filter(([, ref]) => ref.location === undefined);
    if (members.length === 0) return undefined;
    const read = format.structure(model, input, members);
    return (request, into) => void Object.assign(into, request.body.length === 0 ? {} : read(request.body));
  }
  const name = shape.payload;
  const ref = shape.members?.[name];
  const payload = ref && model.shapes[ref.shape];
  assert(ref !== undefined && payload !== undefined, `${input.shape} has its payload ${name}`);
  if (payload.type === 'blob' && (ref.streaming || payload.streaming)) {
    return (request, into) => {
      into[name] = request.stream ?? Readable.from(request.body.length === 0 ? [] : [request.body]);
    };
  }
  const read =
    payload.type === 'blob'
      ? (body: Uint8Array) => body
      : payload.type === 'string'
        ? (body: Uint8Array) => utf8Text(body) ?? format.refuse('The body is not UTF-8')
        : format.payload(model, ref, name);
  return (request, into) => {
    if (request.body.length > 0) into[name] = read(request.body);
  };
}
