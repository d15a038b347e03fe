import type { ServiceModel } from '../model/model.ts';
import { CborError, readCbor } from './cbor-reader.ts';
import { cborDecoder, cborEncoder } from './cbor-shape.ts';
import { CborWriter } from './cbor-writer.ts';
import {
  type ErrorShape,
  errorMembers,
  errorShapeOf,
  faultOf,
  messageMember,
  statusOf,
} from './error-shape.ts';
import { type Protocol, type WireError, WireFault } from './protocol.ts';
import { plainBody } from './request-compression.ts';

/**
 * Smithy RPC v2 CBOR: `POST /service/{service}/operation/{operation}`, the body is the input.
 * https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
 */
export const rpcV2Cbor: Protocol = {
  decodeInput(model, operation, request) {
    if (request.body.length === 0 || !operation.input) return {};
    let value: unknown;
    try {
      value = readCbor(plainBody(operation, request));
    } catch (error) {
      if (error instanceof CborError)
        throw new WireFault('SerializationException', `The body is not CBOR: ${error.message}`);
      throw error;
    }
    return cborDecoder(model, operation.input)(value) as Record<string, unknown>;
  },

  encodeOutput(model, operation, output, requestId) {
    const headers: Record<string, string> = {
      'smithy-protocol': 'rpc-v2-cbor',
      'x-amzn-requestid': requestId,
    };
    if (!operation.output) return { status: 200, headers, body: '' };
    headers['content-type'] = 'application/cbor';
    const writer = new CborWriter();
    cborEncoder(model, operation.output)(output, writer);
    return { status: 200, headers, body: writer.finish() };
  },

  encodeError(model, _operation, error) {
    const found = errorShapeOf(model, error.code);
    const status = statusOf(error, found, 400);
    const headers: Record<string, string> = {
      'smithy-protocol': 'rpc-v2-cbor',
      'content-type': 'application/cbor',
      'x-amzn-requestid': error.requestId,
    };
    if (model.metadata.awsQueryCompatible !== undefined) {
      headers['x-amzn-query-error'] = `${found?.queryCode ?? error.code};${faultOf(found, status)}`;
    }
    return { status, headers, body: encodeError(model, found, error) };
  },
};

function encodeError(model: ServiceModel, found: ErrorShape | undefined, error: WireError): Uint8Array {
  const writer = new CborWriter();
  const values = errorMembers(error, found);
  const message = messageMember(found);
  const members = Object.entries(found?.shape.members ?? {}).filter(
    ([name]) => name !== message && values[name] !== undefined && values[name] !== null,
  );
  writer.map(members.length + 2);
  writer.text('__type');
  writer.text(found?.name ?? error.code);
  writer.text(message);
  writer.text(error.message);
  for (const [name, ref] of members) {
    writer.text(name);
    cborEncoder(model, ref)(values[name], writer);
  }
  return writer.finish();
}
