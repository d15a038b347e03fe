import type { Readable } from 'node:stream';
import { assert } from '../base/assert.ts';
import type { OperationModel, ServiceModel, Shape, ShapeRef } from '../model/model.ts';
import { toBase64 } from './base64.ts';
import { EVENT_STREAM_TYPE, eventBody, eventEncoder } from './event-stream.ts';
import { headerText, quoteHeaderItem } from './header-value.ts';
import type { WireResponse } from './protocol.ts';
import { RawJson } from './raw-json.ts';
import { textWriter, type WriteText } from './scalar-text.ts';
import { timestampFormat } from './timestamp.ts';

/** How a REST protocol prints a body. Both are given the operation's output, or its payload's reference. */
export interface BodyPrinter {
  readonly contentType: string;
  structure(
    model: ServiceModel,
    ref: ShapeRef,
    members: readonly (readonly [string, ShapeRef])[],
  ): (output: unknown) => string;
  payload(model: ServiceModel, ref: ShapeRef, name: string): (value: unknown) => string;
  /** The body of an output none of whose members go there. */
  readonly empty: string;
}

interface HeaderBinding {
  readonly name: string;
  readonly key: string;
  readonly write: WriteText;
}

interface OutputBinding {
  readonly status: number;
  readonly statusMember: string | undefined;
  readonly headers: readonly HeaderBinding[];
  readonly prefixes: readonly HeaderBinding[];
  readonly body: (output: Readonly<Record<string, unknown>>) => Body;
}

interface Body {
  readonly contentType: string | undefined;
  readonly body: Uint8Array | string | Readable;
}

const bindings = new WeakMap<OperationModel, OutputBinding>();
/** Answers of these statuses have no body. */
const BODILESS = new Set([204, 205, 304]);

/** Spreads an operation's output over status, headers and body, as its members' `location` says. */
export function encodeHttpOutput(
  model: ServiceModel,
  operation: OperationModel,
  output: Readonly<Record<string, unknown>>,
  idHeaders: Readonly<Record<string, string>>,
  printer: BodyPrinter,
): WireResponse {
  let binding = bindings.get(operation);
  if (!binding) bindings.set(operation, (binding = compile(model, operation, printer)));
  const { contentType, body } = binding.body(output);
  const headers: Record<string, string> = { ...idHeaders };
  if (contentType !== undefined) headers['content-type'] = contentType;
  writeHeaders(binding, output, headers);
  // Lambda binds the type of what is streamed to the header that tells the type of the stream.
  if (contentType === EVENT_STREAM_TYPE) headers['content-type'] = contentType;
  const status = binding.statusMember === undefined ? undefined : output[binding.statusMember];
  const answered = typeof status === 'number' ? status : binding.status;
  return { status: answered, headers, body: BODILESS.has(answered) ? '' : body };
}

/** Writes the members of an error's shape that go in headers. */
export function writeErrorHeaders(
  model: ServiceModel,
  shape: Shape,
  members: Readonly<Record<string, unknown>>,
  headers: Record<string, string>,
): void {
  const entries = Object.entries(shape.members ?? {});
  writeHeaders(headerBindings(model, entries), members, headers);
}

function writeHeaders(
  { headers: bound, prefixes }: Pick<OutputBinding, 'headers' | 'prefixes'>,
  output: Readonly<Record<string, unknown>>,
  headers: Record<string, string>,
): void {
  for (const { name, key, write } of bound) {
    const value = output[name];
    if (value !== undefined && value !== null) headers[key] = headerText(write(value));
  }
  for (const { name, key } of prefixes) {
    for (const [suffix, value] of Object.entries(
      (output[name] as Record<string, string> | undefined) ?? {},
    )) {
      if (value !== undefined) headers[`${key}${suffix}`.toLowerCase()] = headerText(String(value));
    }
  }
}

function compile(model: ServiceModel, operation: OperationModel, printer: BodyPrinter): OutputBinding {
  const status = operation.http?.responseCode ?? 200;
  const shape = operation.output && model.shapes[operation.output.shape];
  const members = Object.entries(shape?.members ?? {});
  return {
    status,
    statusMember: members.find(([, ref]) => ref.location === 'statusCode')?.[0],
    ...headerBindings(model, members),
    body:
      operation.output && shape
        ? bodyPrinter(model, operation.output, shape, printer)
        : () => ({ contentType: undefined, body: '' }),
  };
}

function headerBindings(
  model: ServiceModel,
  members: readonly (readonly [string, ShapeRef])[],
): Pick<OutputBinding, 'headers' | 'prefixes'> {
  const at = (location: ShapeRef['location']) =>
    members
      .filter(([, ref]) => ref.location === location)
      .map(([name, ref]) => ({
        name,
        key: (ref.locationName ?? name).toLowerCase(),
        write: headerWriter(model, ref),
      }));
  return { headers: at('header'), prefixes: at('headers') };
}

function headerWriter(model: ServiceModel, ref: ShapeRef): WriteText {
  const shape = model.shapes[ref.shape];
  assert(shape !== undefined, `${model.name} has no shape ${ref.shape}`);
  if (ref.jsonvalue) return (value) => toBase64(Buffer.from(String(value)));
  if (shape.type !== 'list' || !shape.member)
    return textWriter(shape.type, timestampFormat(ref, shape, 'rfc822'));
  const item = model.shapes[shape.member.shape];
  assert(item !== undefined, `${model.name} has no shape ${shape.member.shape}`);
  const write = textWriter(item.type, timestampFormat(shape.member, item, 'rfc822'));
  return item.type === 'string'
    ? (value) => (value as readonly unknown[]).map((one) => quoteHeaderItem(write(one))).join(', ')
    : (value) => (value as readonly unknown[]).map(write).join(', ');
}

function bodyPrinter(
  model: ServiceModel,
  output: ShapeRef,
  shape: Shape,
  printer: BodyPrinter,
): OutputBinding['body'] {
  if (shape.payload === undefined) {
    const members = Object.entries(shape.members ?? {}).filter(([, ref]) => ref.location === undefined);
    const { contentType } = printer;
    if (members.length === 0) {
      const nothing = { contentType: printer.empty === '' ? undefined : contentType, body: printer.empty };
      return () => nothing;
    }
    const print = printer.structure(model, output, members);
    return (value) => ({ contentType, body: value instanceof RawJson ? value.text : print(value) });
  }
  const name = shape.payload;
  const ref = shape.members?.[name];
  const payload = ref && model.shapes[ref.shape];
  assert(ref !== undefined && payload !== undefined, `${output.shape} has its payload ${name}`);
  if (payload.eventstream) {
    const encode = eventEncoder(model, payload, printer);
    return (value) => ({
      contentType: EVENT_STREAM_TYPE,
      body: eventBody(encode, value[name] as AsyncIterable<unknown>),
    });
  }
  if (payload.type === 'blob' || payload.type === 'string') {
    const contentType = payload.type === 'blob' ? 'application/octet-stream' : 'text/plain';
    return (value) => {
      const body = value[name] as Body['body'] | undefined;
      return body === undefined ? { contentType: undefined, body: '' } : { contentType, body };
    };
  }
  const print = printer.payload(model, ref, name);
  const { contentType } = printer;
  return (value) => {
    const item = value[name];
    if (item === undefined) return { contentType: undefined, body: '' };
    return { contentType, body: item instanceof RawJson ? item.text : print(item) };
  };
}
