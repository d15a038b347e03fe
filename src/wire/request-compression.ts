import { gunzipSync, inflateSync } from 'node:zlib';
import type { OperationModel } from '../model/model.ts';
import { WireFault, type WireRequest } from './protocol.ts';

/** The most a compressed body may grow to, in bytes. */
const MAX_INFLATED = 64 * 1024 * 1024;

/**
 * The body as it was before the client compressed it, which SDKs do of themselves for operations that allow it.
 * https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait
 */
export function plainBody(operation: OperationModel, request: WireRequest): Uint8Array {
  if (operation.requestcompression === undefined || request.body.length === 0) return request.body;
  const encoding = request.headers['content-encoding']?.split(',').at(-1)?.trim().toLowerCase();
  if (encoding !== 'gzip' || !operation.requestcompression.encodings.includes(encoding)) return request.body;
  try {
    return gunzipSync(request.body, { maxOutputLength: MAX_INFLATED });
  } catch {
    throw new WireFault('SerializationException', 'The body is not gzip, or grows too large');
  }
}

/** What a body of DynamoDB's may come to, in bytes, compressed or not. */
const MOST_ITEMS = 16 * 1024 * 1024;

/** DynamoDB takes any operation compressed, although its model names none, and answers 500 to what it cannot open. */
export function openedBody({ body, headers }: WireRequest): Uint8Array {
  const encoding = headers['content-encoding'];
  if (encoding !== 'gzip' && encoding !== 'deflate') return body;
  try {
    return (encoding === 'gzip' ? gunzipSync : inflateSync)(body, { maxOutputLength: MOST_ITEMS });
  } catch {
    throw new WireFault('InternalServerError', `The body is not ${encoding}, or grows too large`, 500);
  }
}
