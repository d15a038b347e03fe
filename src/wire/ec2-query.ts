import type { Shape } from '../model/model.ts';
import { errorShapeOf, statusOf } from './error-shape.ts';
import type { Protocol } from './protocol.ts';
import { decodeFields, xmlAnswer } from './query.ts';
import { namespaceAttribute, xmlContentEncoder } from './xml-encode.ts';
import { escapeXml } from './xml-text.ts';

const contentEncoders = new WeakMap<Shape, (value: unknown) => string>();

/** EC2's dialect of AWS Query. https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html */
export const ec2Query: Protocol = {
  decodeInput(model, operation, request) {
    return decodeFields(model, operation, request, 'ec2');
  },

  encodeOutput(model, operation, output, requestId) {
    const shape = operation.output && model.shapes[operation.output.shape];
    let encode = shape && contentEncoders.get(shape);
    if (shape && !encode) {
      encode = xmlContentEncoder(model, Object.entries(shape.members ?? {}), 'ec2');
      contentEncoders.set(shape, encode);
    }
    const namespace = namespaceAttribute(
      model.metadata.xmlNamespace ?? `http://ec2.amazonaws.com/doc/${model.metadata.apiVersion}/`,
    );
    const body =
      `<${operation.name}Response${namespace}><requestId>${escapeXml(requestId)}</requestId>` +
      `${encode?.(output) ?? ''}</${operation.name}Response>`;
    return xmlAnswer(200, body, requestId);
  },

  encodeError(model, _operation, error) {
    const found = errorShapeOf(model, error.code);
    const body =
      `<Response><Errors><Error><Code>${escapeXml(found?.queryCode ?? error.code)}</Code>` +
      `<Message>${escapeXml(error.message)}</Message></Error></Errors>` +
      `<RequestID>${escapeXml(error.requestId)}</RequestID></Response>`;
    return xmlAnswer(statusOf(error, found, 403), body, error.requestId);
  },
};
