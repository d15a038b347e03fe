import type { Readable } from 'node:stream';
import type { OperationModel, ServiceModel } from '../model/model.ts';

/** A request as the codecs see it: bytes in, nothing of sockets. */
export interface WireRequest {
  readonly method: string;
  /** Percent-encoded path as sent. For S3 in host form, the bucket has been put in front. */
  readonly path: string;
  /** Query string as sent, without `?`. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body; empty when the operation streams it. */
  readonly body: Uint8Array;
  /** The body of an operation whose payload streams. */
  readonly stream?: Readable;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string | Readable;
  /** Bytes in front of the body, in its own buffer, that nothing else needs: room for the head of the message. */
  readonly room?: number;
}

/** What an error answer is made of. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** Overrides the model's status. */
  readonly status: number | undefined;
  readonly requestId: string;
  /** For S3's error body. */
  readonly resource?: string;
}

/**
 * One of AWS's protocols, interpreted from the model. Values in memory: blobs are `Uint8Array` (a `Readable` when
 * they stream), timestamps `Date`, 64-bit integers `number` (`bigint` past 2^53), documents plain JSON,
 * maps plain objects without a prototype's members. Absent members are absent, never `undefined` or null.
 */
export interface Protocol {
  /** Decodes and type-checks; throws a `WireFault` (`SerializationException`, `MalformedXML`, …) for what cannot be read. */
  decodeInput(model: ServiceModel, operation: OperationModel, request: WireRequest): Record<string, unknown>;
  encodeOutput(
    model: ServiceModel,
    operation: OperationModel,
    output: Readonly<Record<string, unknown>>,
    requestId: string,
  ): WireResponse;
  /** `operation` is absent when the request named none. */
  encodeError(model: ServiceModel, operation: OperationModel | undefined, error: WireError): WireResponse;
}

/** The request cannot be read; the pipeline answers it in the protocol's shape. */
export class WireFault extends Error {
  override readonly name = 'WireFault';
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
