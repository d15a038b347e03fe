import type { OperationModel, ServiceModel, Shape } from '../model/model.ts';
import { type ErrorShape, errorShapeOf, faultOf, statusOf } from './error-shape.ts';
import { addForm, parseForm } from './form.ts';
import { type Protocol, type WireError, WireFault, type WireRequest, type WireResponse } from './protocol.ts';
import { type QueryDialect, queryDecoder } from './query-decode.ts';
import { plainBody } from './request-compression.ts';
import { namespaceAttribute, xmlContentEncoder, xmlEncoder } from './xml-encode.ts';
import { escapeXml } from './xml-text.ts';

/**
 * AWS Query: form fields in, XML out. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 * The fields may come in the query string too, as they do in a GET.
 */
export const awsQuery: Protocol = {
  decodeInput(model, operation, request) {
    return decodeFields(model, operation, request, 'query');
  },

  encodeOutput(model, operation, output, requestId) {
    const { name } = operation;
    const result = operation.output
      ? xmlEncoder(model, operation.output, 'query')(
          output,
          operation.output.resultWrapper ?? `${name}Result`,
          '',
        )
      : '';
    const metadata = `<ResponseMetadata><RequestId>${escapeXml(requestId)}</RequestId></ResponseMetadata>`;
    const namespace = namespaceAttribute(model.metadata.xmlNamespace);
    return xmlAnswer(200, `<${name}Response${namespace}>${result}${metadata}</${name}Response>`, requestId);
  },

  encodeError(model, _operation, error) {
    const found = errorShapeOf(model, error.code);
    const status = statusOf(error, found, 403);
    const body =
      `<ErrorResponse${namespaceAttribute(model.metadata.xmlNamespace)}><Error>` +
      `<Type>${faultOf(found, status)}</Type><Code>${escapeXml(found?.queryCode ?? error.code)}</Code>` +
      `<Message>${escapeXml(found?.shape.error?.queryMessage ?? error.message)}</Message>` +
      `${model.metadata.awsQueryCompatible === undefined ? '' : '<Detail/>'}` +
      `${errorDetail(model, found, error)}</Error>` +
      `<RequestId>${escapeXml(error.requestId)}</RequestId></ErrorResponse>`;
    return xmlAnswer(status, body, error.requestId);
  },
};

/** Decodes an operation's form fields, of the body and of the query string. */
export function decodeFields(
  model: ServiceModel,
  operation: OperationModel,
  request: WireRequest,
  dialect: QueryDialect,
): Record<string, unknown> {
  const form = parseForm(plainBody(operation, request));
  if (!form || !addForm(form, request.query)) {
    throw new WireFault('MalformedQueryString', 'The query string contains a syntax error.');
  }
  if (!operation.input) return {};
  return queryDecoder(model, operation.input, dialect)(form, '') as Record<string, unknown>;
}

export function xmlAnswer(status: number, body: string, requestId: string): WireResponse {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body };
}

const detailEncoders = new WeakMap<Shape, (value: unknown) => string>();

/** An error's members other than its message and code, which have elements of their own. */
export function errorDetail(model: ServiceModel, found: ErrorShape | undefined, error: WireError): string {
  if (!found) return '';
  let encode = detailEncoders.get(found.shape);
  if (!encode) {
    const members = Object.entries(found.shape.members ?? {}).filter(
      ([name, ref]) => ref.location === undefined && !/^(?:message|code)$/i.test(name),
    );
    detailEncoders.set(found.shape, (encode = xmlContentEncoder(model, members, 'query')));
  }
  return encode(error.detail);
}
