import { errorMembers, errorShapeOf, statusOf } from './error-shape.ts';
import { type BodyFormat, decodeHttpInput } from './http-input.ts';
import { type BodyPrinter, encodeHttpOutput, writeErrorHeaders } from './http-output.ts';
import { decodeJsonBody, jsonDecoder, structureDecoder } from './json-decode.ts';
import { jsonEncoder, structureEncoder } from './json-encode.ts';
import { encodeJsonError } from './json-error.ts';
import { type Protocol, WireFault } from './protocol.ts';

const format: BodyFormat = {
  structure(model, ref, members) {
    const decode = structureDecoder(model, ref.shape, members);
    return (body) => decodeJsonBody(decode, body) as Record<string, unknown>;
  },
  payload(model, ref) {
    const decode = jsonDecoder(model, ref);
    return (body) => decodeJsonBody(decode, body);
  },
  refuse(message) {
    throw new WireFault('SerializationException', message);
  },
};

const printer: BodyPrinter = {
  contentType: 'application/json',
  empty: '{}',
  structure: (model, _ref, members) => structureEncoder(model, members),
  payload: (model, ref) => jsonEncoder(model, ref),
};

/**
 * REST with JSON bodies, as Lambda and API Gateway speak it.
 * https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
export const restJson: Protocol = {
  decodeInput(model, operation, request) {
    return decodeHttpInput(model, operation, request, format);
  },

  encodeOutput(model, operation, output, requestId) {
    return encodeHttpOutput(model, operation, output, { 'x-amzn-requestid': requestId }, printer);
  },

  encodeError(model, operation, error) {
    const found = errorShapeOf(model, error.code);
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'x-amzn-requestid': error.requestId,
      'x-amzn-errortype': found?.name ?? error.code,
    };
    if (found) writeErrorHeaders(model, found.shape, errorMembers(error, found), headers);
    const body = operation?.http?.method === 'HEAD' ? '' : encodeJsonError(model, found, error);
    return { status: statusOf(error, found, 403), headers, body };
  },
};
