import { gunzipSync } from 'node:zlib';
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
