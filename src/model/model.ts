/**
 * A service model: AWS's published description of one service, prose removed, as `models/<name>.json` holds it.
 * https://smithy.io/2.0/ and botocore's service-2 format, whose names are kept.
 */
export interface ServiceModel {
  readonly name: string;
  readonly metadata: ModelMetadata;
  readonly operations: Readonly<Record<string, OperationModel>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

export type ProtocolName = 'json' | 'query' | 'ec2' | 'rest-json' | 'rest-xml' | 'smithy-rpc-v2-cbor';

export interface ModelMetadata {
  readonly apiVersion: string;
  readonly endpointPrefix: string;
  /** The service name in a signature's credential scope. */
  readonly signingName?: string;
  readonly serviceId: string;
  readonly serviceFullName?: string;
  readonly protocol: ProtocolName;
  /** Every protocol the service accepts; `protocol` is the preferred one. */
  readonly protocols?: readonly ProtocolName[];
  /** 1.0 or 1.1 for `json`. */
  readonly jsonVersion?: string;
  /** Before the dot in `X-Amz-Target`. */
  readonly targetPrefix?: string;
  readonly xmlNamespace?: string | { readonly uri: string };
  readonly globalEndpoint?: string;
  /** Set on services that moved from `query`: errors carry their query codes too. */
  readonly awsQueryCompatible?: object;
}

export interface OperationModel {
  readonly name: string;
  readonly http?: { readonly method: string; readonly requestUri: string; readonly responseCode?: number };
  readonly input?: ShapeRef;
  readonly output?: ShapeRef & { readonly resultWrapper?: string };
  readonly errors?: readonly ShapeRef[];
  /** `none`: the operation takes unsigned requests. */
  readonly authtype?: string;
  readonly auth?: readonly string[];
  readonly unsignedPayload?: boolean;
  readonly deprecated?: boolean;
  /** Encodings clients may send the body in. */
  readonly requestcompression?: { readonly encodings: readonly string[] };
}

export interface ShapeRef {
  readonly shape: string;
  readonly location?: 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode';
  readonly locationName?: string;
  readonly queryName?: string;
  readonly flattened?: boolean;
  readonly xmlNamespace?: string | { readonly uri: string; readonly prefix?: string };
  readonly xmlAttribute?: boolean;
  readonly idempotencyToken?: boolean;
  readonly jsonvalue?: boolean;
  readonly streaming?: boolean;
  readonly hostLabel?: boolean;
  /** Of an event's member: all of the message's payload, or one of its headers. */
  readonly eventpayload?: boolean;
  readonly eventheader?: boolean;
  readonly timestampFormat?: 'iso8601' | 'rfc822' | 'unixTimestamp';
}

export interface Shape {
  readonly type:
    | 'structure'
    | 'list'
    | 'map'
    | 'string'
    | 'character'
    | 'blob'
    | 'boolean'
    | 'integer'
    | 'long'
    | 'float'
    | 'double'
    | 'timestamp';
  readonly members?: Readonly<Record<string, ShapeRef>>;
  readonly required?: readonly string[];
  readonly member?: ShapeRef;
  readonly key?: ShapeRef;
  readonly value?: ShapeRef;
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly payload?: string;
  readonly streaming?: boolean;
  readonly flattened?: boolean;
  readonly locationName?: string;
  readonly union?: boolean;
  readonly document?: boolean;
  readonly box?: boolean;
  readonly sensitive?: boolean;
  readonly timestampFormat?: 'iso8601' | 'rfc822' | 'unixTimestamp';
  readonly xmlNamespace?: string | { readonly uri: string; readonly prefix?: string };
  readonly exception?: boolean;
  /** An error of the service, not of the caller. */
  readonly fault?: boolean;
  /** A list or map that may hold nulls. */
  readonly sparse?: boolean;
  readonly error?: {
    readonly code?: string;
    readonly httpStatusCode?: number;
    readonly senderFault?: boolean;
    /** The message in the query protocol, where it is another. */
    readonly queryMessage?: string;
  };
  readonly eventstream?: boolean;
  readonly event?: boolean;
}
