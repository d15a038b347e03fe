import { crc32 } from 'node:zlib';
import type { OperationModel, ServiceModel, Shape, ShapeRef } from '../model/model.ts';
import { type ErrorShape, errorShapeOf, faultOf, statusOf } from './error-shape.ts';
import { EVENT_STREAM_TYPE, eventBody, eventEncoder, eventMessage } from './event-stream.ts';
import { decodeJsonBody, jsonDecoder, structureDecoder } from './json-decode.ts';
import { jsonEncoder, structureEncoder } from './json-encode.ts';
import { encodeJsonError } from './json-error.ts';
import type { Protocol, WireError, WireResponse } from './protocol.ts';
import { queryCompatible } from './query-compatible.ts';
import { HEAD_ROOM, RawAnswer, RawJson } from './raw-json.ts';
import { openedBody, plainBody } from './request-compression.ts';

/**
 * AWS JSON 1.0 and 1.1: the operation is in `X-Amz-Target`, the body is the input.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
 */
export const awsJson: Protocol = {
  decodeInput(model, operation, request) {
    const decode = operation.input
      ? jsonDecoder(model, operation.input)
      : structureDecoder(model, 'Unit', []);
    const body = CHECKSUMMED.has(model.name) ? openedBody(request) : plainBody(operation, request);
    return decodeJsonBody(decode, body) as Record<string, unknown>;
  },

  encodeOutput(model, operation, output, requestId) {
    const events = operation.output && eventsOf(model, operation.output, requestId);
    if (events) return events(output);
    if (output instanceof RawAnswer)
      return { ...answer(model, 200, output.body, requestId), room: HEAD_ROOM };
    return answer(model, 200, encodedOutput(model, operation, output), requestId);
  },

  encodeError(model, _operation, error) {
    const found = errorShapeOf(model, error.code);
    const status = statusOf(error, found, 400);
    if (model.metadata.awsQueryCompatible === undefined) {
      return answer(model, status, encodedError(model, error, found), error.requestId);
    }
    const common = found === undefined ? queryCompatible(error.code) : undefined;
    const text = encodedError(model, { ...error, code: common?.type ?? error.code }, found);
    const response = answer(model, common?.status ?? status, text, error.requestId);
    const queryError = `${found?.queryCode ?? common?.queryCode};${faultOf(found, status)}`;
    return { ...response, headers: { ...response.headers, 'x-amzn-query-error': queryError } };
  },
};

type Encode = (output: Readonly<Record<string, unknown>>) => WireResponse;

/** Outputs in which no member streams: almost all. */
const still = new WeakSet<Shape>();

/** The answer of an operation that streams events; its other members come first, as an event of their own. */
function eventsOf(model: ServiceModel, ref: ShapeRef, requestId: string): Encode | undefined {
  const shape = model.shapes[ref.shape];
  if (shape === undefined || still.has(shape)) return undefined;
  const members = Object.entries(shape.members ?? {});
  const streamed = members.find(([, member]) => model.shapes[member.shape]?.eventstream === true);
  const union = streamed && model.shapes[streamed[1].shape];
  if (streamed === undefined || union === undefined) {
    still.add(shape);
    return undefined;
  }
  const [name] = streamed;
  const contentType = 'application/x-amz-json-1.1';
  const encode = eventEncoder(model, union, {
    contentType,
    structure: (_model, _ref, inEvent) => structureEncoder(model, inEvent),
  });
  const first = structureEncoder(
    model,
    members.filter(([member]) => member !== name),
  );
  const headers = {
    ':event-type': 'initial-response',
    ':message-type': 'event',
    ':content-type': contentType,
  };
  return (output) => ({
    status: 200,
    headers: { 'content-type': EVENT_STREAM_TYPE, 'x-amzn-requestid': requestId },
    body: eventBody(
      encode,
      output[name] as AsyncIterable<unknown>,
      eventMessage(headers, Buffer.from(first(output))),
    ),
  });
}

/** DynamoDB's clients check its answers' CRC-32. */
const CHECKSUMMED: ReadonlySet<string> = new Set(['dynamodb', 'dynamodbstreams']);
const NAMESPACES: Readonly<Record<string, string>> = {
  dynamodb: 'com.amazonaws.dynamodb.v20120810#',
  dynamodbstreams: 'com.amazonaws.dynamodb.v20120810#',
  sqs: 'com.amazonaws.sqs#',
};
/** Where DynamoDB's errors that are not its own come from: the framework's parts. */
const FRAMEWORK: Readonly<Record<string, string>> = {
  ValidationException: 'com.amazon.coral.validate#',
  ThrottlingException: 'com.amazon.coral.availability#',
};

function answer(
  model: ServiceModel,
  status: number,
  body: string | Uint8Array,
  requestId: string,
): WireResponse {
  const contentType =
    model.metadata.jsonVersion === '1.0' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1';
  if (!CHECKSUMMED.has(model.name)) {
    return { status, headers: { 'content-type': contentType, 'x-amzn-requestid': requestId }, body };
  }
  return {
    status,
    headers: {
      'content-type': contentType,
      'x-amzn-requestid': requestId,
      'x-amz-crc32': String(crc32(body)),
    },
    body,
  };
}

function encodedOutput(
  model: ServiceModel,
  operation: OperationModel,
  output: Readonly<Record<string, unknown>>,
): string {
  if (output instanceof RawJson) return output.text;
  // What answers nothing has no body, not one that says nothing.
  return operation.output ? jsonEncoder(model, operation.output)(output) : '';
}

function encodedError(model: ServiceModel, error: WireError, found: ErrorShape | undefined): string {
  const type = JSON.stringify(typeOf(model, error, found));
  if (!found) {
    // The framework spells the message of what it could not parse with a capital letter, and leaves out an empty one.
    const spelling = error.code === 'SerializationException' ? 'Message' : 'message';
    const message = error.message === '' ? '' : `,"${spelling}":${JSON.stringify(error.message)}`;
    return `{"__type":${type}${message}}`;
  }
  return `{"__type":${type},${encodeJsonError(model, found, error).slice(1)}`;
}

function typeOf(model: ServiceModel, error: WireError, found: ErrorShape | undefined): string {
  const namespace = NAMESPACES[model.name];
  if (namespace === undefined) return found?.name ?? error.code;
  if (found) return namespace + found.name;
  return (FRAMEWORK[error.code] ?? 'com.amazon.coral.service#') + error.code;
}
