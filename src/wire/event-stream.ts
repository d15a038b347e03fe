import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { assert } from '../base/assert.ts';
import type { ServiceModel, Shape, ShapeRef } from '../model/model.ts';

/**
 * `application/vnd.amazon.eventstream`: messages of a prelude (total length, length of the headers, CRC-32 of both),
 * typed headers, a payload and a CRC-32 of all that. https://smithy.io/2.0/aws/amazon-eventstream.html
 */
export const EVENT_STREAM_TYPE = 'application/vnd.amazon.eventstream';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
/** The type of a header whose value is a string. */
const STRING = 7;
const NOTHING = new Uint8Array(0);

/** One message. Header names take up to 255 bytes, values, which are strings here, up to 65,535. */
export function eventMessage(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const entries = Object.entries(headers);
  let headerBytes = 0;
  for (const [name, value] of entries) headerBytes += 4 + Buffer.byteLength(name) + Buffer.byteLength(value);
  const length = PRELUDE_BYTES + headerBytes + payload.byteLength + CRC_BYTES;
  const message = Buffer.allocUnsafe(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(headerBytes, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  let at = PRELUDE_BYTES;
  for (const [name, value] of entries) {
    at = message.writeUInt8(Buffer.byteLength(name), at);
    at += message.write(name, at);
    at = message.writeUInt8(STRING, at);
    at = message.writeUInt16BE(Buffer.byteLength(value), at);
    at += message.write(value, at);
  }
  message.set(payload, at);
  message.writeUInt32BE(crc32(message.subarray(0, length - CRC_BYTES)), length - CRC_BYTES);
  return message;
}

type Members = readonly (readonly [string, ShapeRef])[];

/** How the protocol at hand prints some members of a structure as text. */
export interface EventPrinter {
  readonly contentType: string;
  structure(model: ServiceModel, ref: ShapeRef, members: Members): (value: unknown) => string;
}

/** Turns one event, `{[member of the union]: value}`, into its message. */
export type EncodeEvent = (event: unknown) => Buffer;

/** The encoder of a union of events, each compiled when the first of its kind comes. */
export function eventEncoder(model: ServiceModel, union: Shape, printer: EventPrinter): EncodeEvent {
  const encoders = new Map<string, (value: unknown) => Buffer>();
  return (event) => {
    const [name, value] = Object.entries(event as object).find(([, member]) => member !== undefined) ?? [];
    assert(name !== undefined, 'an event names its kind');
    let encode = encoders.get(name);
    if (encode === undefined) {
      const ref = union.members?.[name];
      assert(ref !== undefined, `events have a ${name}`);
      encoders.set(name, (encode = memberEncoder(model, name, ref, printer)));
    }
    return encode(value);
  };
}

function memberEncoder(
  model: ServiceModel,
  name: string,
  ref: ShapeRef,
  printer: EventPrinter,
): (value: unknown) => Buffer {
  const shape = model.shapes[ref.shape];
  assert(shape !== undefined, `${model.name} has no shape ${ref.shape}`);
  const kind: Record<string, string> = shape.exception
    ? { ':exception-type': name, ':message-type': 'exception' }
    : { ':event-type': name, ':message-type': 'event' };
  const members = Object.entries(shape.members ?? {});
  const inHeaders = members.filter(([, member]) => member.eventheader === true).map(([key]) => key);
  const inBody = members.filter(([, member]) => member.eventheader !== true);
  const payload = members.find(([, member]) => member.eventpayload === true);
  const headersOf = (value: Readonly<Record<string, unknown>>, contentType: string | undefined) => {
    const headers = { ...kind };
    if (contentType !== undefined) headers[':content-type'] = contentType;
    for (const key of inHeaders) if (value[key] !== undefined) headers[key] = String(value[key]);
    return headers;
  };
  if (payload !== undefined) {
    const [key, payloadRef] = payload;
    const { type, members: inPayload } = model.shapes[payloadRef.shape] ?? {};
    if (type === 'blob' || type === 'string') {
      const contentType = type === 'blob' ? 'application/octet-stream' : 'text/plain';
      return (value) => {
        const event = value as Readonly<Record<string, unknown>>;
        const body = event[key] as Uint8Array | string | undefined;
        const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? NOTHING);
        return eventMessage(headersOf(event, contentType), bytes);
      };
    }
    const print = printer.structure(model, payloadRef, Object.entries(inPayload ?? {}));
    return (value) => {
      const event = value as Readonly<Record<string, unknown>>;
      return eventMessage(headersOf(event, printer.contentType), Buffer.from(print(event[key])));
    };
  }
  if (inBody.length === 0) {
    return (value) => eventMessage(headersOf(value as Readonly<Record<string, unknown>>, undefined), NOTHING);
  }
  const print = printer.structure(model, ref, inBody);
  return (value) =>
    eventMessage(
      headersOf(value as Readonly<Record<string, unknown>>, printer.contentType),
      Buffer.from(print(value)),
    );
}

/** The body of an answer: each event as a message, as soon as it comes, behind `first`. */
export function eventBody(encode: EncodeEvent, events: AsyncIterable<unknown>, first?: Buffer): Readable {
  async function* messages(): AsyncGenerator<Buffer> {
    if (first !== undefined) yield first;
    for await (const event of events) yield encode(event);
  }
  return Readable.from(messages(), { objectMode: false });
}
