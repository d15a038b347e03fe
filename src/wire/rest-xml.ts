import type { ServiceModel, ShapeRef } from '../model/model.ts';
import { type ErrorShape, errorMembers, errorShapeOf, faultOf, statusOf } from './error-shape.ts';
import { type BodyFormat, decodeHttpInput } from './http-input.ts';
import { type BodyPrinter, encodeHttpOutput, writeErrorHeaders } from './http-output.ts';
import { type Protocol, type WireError, WireFault } from './protocol.ts';
import { errorDetail } from './query.ts';
import { s3StatusOf } from './s3-error.ts';
import { utf8Text } from './utf8.ts';
import { malformedXml, type XmlDecode, xmlDecoder, xmlStructureDecoder } from './xml-decode.ts';
import { namespaceAttribute, xmlEncoder, xmlStructureEncoder } from './xml-encode.ts';
import { parseXml } from './xml-reader.ts';
import { escapeXml } from './xml-text.ts';

const PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** Outputs whose only member is the document itself, not an element inside it. */
const UNWRAPPED = new Set(['GetBucketLocationOutput']);

const format: BodyFormat = {
  structure(model, ref, members) {
    const decode = xmlStructureDecoder(model, members);
    const roots = rootNames(model, ref);
    return (body) => decodeDocument(body, roots, decode) as Record<string, unknown>;
  },
  payload(model, ref) {
    const decode = xmlDecoder(model, ref);
    const roots = rootNames(model, ref);
    return (body) => decodeDocument(body, roots, decode);
  },
  refuse(message) {
    throw new WireFault('InvalidArgument', message);
  },
};

/** What clients call the document: by its place or by its shape. */
function rootNames(model: ServiceModel, ref: ShapeRef): ReadonlySet<string | undefined> {
  return new Set([ref.locationName, model.shapes[ref.shape]?.locationName, ref.shape]);
}

function decodeDocument(
  body: Uint8Array,
  roots: ReadonlySet<string | undefined>,
  decode: XmlDecode,
): unknown {
  const text = utf8Text(body);
  const element = text === undefined ? undefined : parseXml(text);
  if (!element || !roots.has(element.name)) malformedXml();
  return decode(element);
}

const printer: BodyPrinter = {
  contentType: 'application/xml',
  empty: '',
  structure(model, ref, members) {
    const attributes = namespaceAttribute(ref.xmlNamespace ?? model.metadata.xmlNamespace);
    const [only] = members;
    if (only && UNWRAPPED.has(ref.shape)) {
      const encode = xmlEncoder(model, only[1], 'rest-xml');
      return (output) =>
        PROLOG + encode((output as Record<string, unknown>)[only[0]] ?? '', only[0], attributes);
    }
    const root = ref.locationName ?? model.shapes[ref.shape]?.locationName ?? ref.shape;
    const encode = xmlStructureEncoder(model, members, 'rest-xml');
    return (output) => PROLOG + encode(output, root, attributes);
  },
  payload(model, ref, name) {
    const shape = model.shapes[ref.shape];
    const root = ref.locationName ?? shape?.locationName ?? name;
    const encode = xmlEncoder(model, ref, 'rest-xml');
    const attributes = namespaceAttribute(
      ref.xmlNamespace ?? shape?.xmlNamespace ?? model.metadata.xmlNamespace,
    );
    return (value) => PROLOG + encode(value, root, attributes);
  },
};

/**
 * REST with XML bodies, as S3, CloudFront and Route 53 speak it.
 * https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
 */
export const restXml: Protocol = {
  decodeInput(model, operation, request) {
    return decodeHttpInput(model, operation, request, format);
  },

  encodeOutput(model, operation, output, requestId) {
    return encodeHttpOutput(model, operation, output, idHeaders(model, requestId), printer);
  },

  encodeError(model, operation, error) {
    const found = errorShapeOf(model, error.code);
    const status = isS3(model)
      ? (error.status ?? s3StatusOf(error.code) ?? statusOf(error, found, 403))
      : statusOf(error, found, 403);
    const headers: Record<string, string> = { ...idHeaders(model, error.requestId) };
    if (found) writeErrorHeaders(model, found.shape, errorMembers(error, found), headers);
    if (operation?.http?.method === 'HEAD' || status === 304) return { status, headers, body: '' };
    headers['content-type'] = isS3(model) ? 'application/xml' : 'text/xml';
    const body = isS3(model) ? s3Error(error, found) : wrappedError(model, found, error, status);
    return { status, headers, body };
  },
};

function isS3(model: ServiceModel): boolean {
  return model.name === 's3';
}

function idHeaders(model: ServiceModel, requestId: string): Readonly<Record<string, string>> {
  return isS3(model)
    ? { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId(requestId) }
    : { 'x-amzn-requestid': requestId };
}

/** S3's second id of a request: opaque, and here as telling as the first. */
function hostId(requestId: string): string {
  return Buffer.from(`${requestId}${requestId}`).toString('base64');
}

/** S3 answers errors without a wrapper, and says in elements of its own what they are about. */
function s3Error(error: WireError, found: ErrorShape | undefined): string {
  let detail = '';
  for (const [name, value] of Object.entries(error.detail)) {
    if (typeof value === 'object' || value === undefined) continue;
    if (found?.shape.members?.[name]?.location === 'header') continue;
    detail += `<${name}>${escapeXml(String(value))}</${name}>`;
  }
  const resource = error.resource === undefined ? '' : `<Resource>${escapeXml(error.resource)}</Resource>`;
  return (
    `${PROLOG}<Error><Code>${escapeXml(error.code)}</Code><Message>${escapeXml(error.message)}</Message>${detail}` +
    `${resource}<RequestId>${escapeXml(error.requestId)}</RequestId><HostId>${hostId(error.requestId)}</HostId></Error>`
  );
}

function wrappedError(
  model: ServiceModel,
  found: ErrorShape | undefined,
  error: WireError,
  status: number,
): string {
  return (
    `${PROLOG}<ErrorResponse${namespaceAttribute(model.metadata.xmlNamespace)}><Error>` +
    `<Type>${faultOf(found, status)}</Type><Code>${escapeXml(found?.name ?? error.code)}</Code>` +
    `<Message>${escapeXml(error.message)}</Message>${errorDetail(model, found, error)}</Error>` +
    `<RequestId>${escapeXml(error.requestId)}</RequestId></ErrorResponse>`
  );
}
