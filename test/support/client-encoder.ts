import { createHash } from 'node:crypto';
import type { OperationModel, ProtocolName, ServiceModel, Shape, ShapeRef } from '../../src/model/model.ts';
import { uriEncode } from '../../src/wire/sigv4-canonical.ts';
import { formatTimestamp, type TimestampFormat } from '../../src/wire/timestamp.ts';
import { escapeXml } from '../../src/wire/xml-text.ts';

export interface ClientRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

type Values = Readonly<Record<string, unknown>>;

/** What a client without CBOR speaks to the service. */
export function clientProtocol({ metadata }: ServiceModel): ProtocolName {
  const { protocol, protocols = [] } = metadata;
  if (protocol !== 'smithy-rpc-v2-cbor') return protocol;
  return protocols.find((other) => other === 'json' || other === 'query') ?? protocol;
}

/** An input as a client of the service puts it on the wire, unsigned. */
export function clientRequest(
  model: ServiceModel,
  operation: OperationModel,
  input: Values,
  protocol: ProtocolName = clientProtocol(model),
): ClientRequest {
  switch (protocol) {
    case 'json':
      return jsonRequest(model, operation, input);
    case 'query':
      return queryRequest(model, operation, input);
    case 'rest-json':
    case 'rest-xml':
      return restRequest(model, operation, input);
    default:
      throw new Error(`no client of ${protocol}`);
  }
}

function shapeOf(model: ServiceModel, ref: ShapeRef): Shape {
  const shape = model.shapes[ref.shape];
  if (shape === undefined) throw new Error(`${model.name} has no shape ${ref.shape}`);
  return shape;
}

function membersOf(model: ServiceModel, operation: OperationModel): readonly (readonly [string, ShapeRef])[] {
  return Object.entries(operation.input === undefined ? {} : (shapeOf(model, operation.input).members ?? {}));
}

function jsonRequest(model: ServiceModel, operation: OperationModel, input: Values): ClientRequest {
  const { jsonVersion = '1.0', targetPrefix = '' } = model.metadata;
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: {
      'content-type': `application/x-amz-json-${jsonVersion}`,
      'x-amz-target': `${targetPrefix}.${operation.name}`,
    },
    body: JSON.stringify(operation.input === undefined ? {} : jsonOf(model, operation.input, input)),
  };
}

function jsonOf(model: ServiceModel, ref: ShapeRef, value: unknown): unknown {
  const shape = shapeOf(model, ref);
  switch (shape.type) {
    case 'structure': {
      if (shape.document === true) return value;
      const members = shape.members ?? {};
      return Object.fromEntries(
        Object.entries(value as Values).map(([name, inner]) => {
          const member = members[name];
          if (member === undefined) throw new Error(`${ref.shape} has no ${name}`);
          return [member.locationName ?? name, jsonOf(model, member, inner)];
        }),
      );
    }
    case 'list':
      return (value as readonly unknown[]).map((item) => jsonOf(model, shape.member as ShapeRef, item));
    case 'map':
      return Object.fromEntries(
        Object.entries(value as Values).map(([key, item]) => [
          key,
          jsonOf(model, shape.value as ShapeRef, item),
        ]),
      );
    case 'blob':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'timestamp':
      return (value as Date).getTime() / 1000;
    default:
      return value;
  }
}

function queryRequest(model: ServiceModel, operation: OperationModel, input: Values): ClientRequest {
  const fields = new URLSearchParams({ Action: operation.name, Version: model.metadata.apiVersion });
  if (operation.input !== undefined) addFields(model, operation.input, input, '', fields);
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: fields.toString(),
  };
}

function addFields(
  model: ServiceModel,
  ref: ShapeRef,
  value: unknown,
  path: string,
  fields: URLSearchParams,
): void {
  const shape = shapeOf(model, ref);
  const flattened = ref.flattened ?? shape.flattened ?? false;
  switch (shape.type) {
    case 'structure':
      for (const [name, inner] of Object.entries(value as Values)) {
        const member = shape.members?.[name] as ShapeRef;
        addFields(model, member, inner, `${path}${path === '' ? '' : '.'}${nameIn(member, name)}`, fields);
      }
      return;
    case 'list': {
      const member = shape.member as ShapeRef;
      const prefix = flattened ? path : `${path}.${nameIn(member, 'member')}`;
      for (const [index, item] of (value as readonly unknown[]).entries())
        addFields(model, member, item, `${prefix}.${index + 1}`, fields);
      return;
    }
    case 'map': {
      const prefix = flattened ? path : `${path}.entry`;
      for (const [index, [key, item]] of Object.entries(value as Values).entries()) {
        const { key: keyRef, value: valueRef } = shape;
        fields.append(`${prefix}.${index + 1}.${nameIn(keyRef, 'key')}`, key);
        addFields(
          model,
          valueRef as ShapeRef,
          item,
          `${prefix}.${index + 1}.${nameIn(valueRef, 'value')}`,
          fields,
        );
      }
      return;
    }
    default:
      fields.append(path, textOf(shape, ref, value, 'iso8601'));
  }
}

function nameIn(ref: ShapeRef | undefined, usual: string): string {
  return ref?.queryName ?? ref?.locationName ?? usual;
}

function textOf(shape: Shape, ref: ShapeRef, value: unknown, format: TimestampFormat): string {
  if (value instanceof Date)
    return formatTimestamp(value, ref.timestampFormat ?? shape.timestampFormat ?? format);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return String(value);
}

function restRequest(model: ServiceModel, operation: OperationModel, input: Values): ClientRequest {
  const { method = 'POST', requestUri = '/' } = operation.http ?? {};
  let [path = '/', literals = ''] = requestUri.split('?', 2);
  const query = literals === '' ? [] : [literals];
  const headers: Record<string, string> = {};
  for (const [name, ref] of membersOf(model, operation)) {
    const value = input[name];
    if (value === undefined) continue;
    const shape = shapeOf(model, ref);
    const key = ref.locationName ?? name;
    const text = (one: unknown) => textOf(shape, ref, one, ref.location === 'header' ? 'rfc822' : 'iso8601');
    if (ref.location === 'uri') {
      path = path
        .replace(`{${key}}`, uriEncode(text(value)))
        .replace(`{${key}+}`, uriEncode(text(value), true));
    } else if (ref.location === 'querystring') {
      if (shape.type === 'map') {
        for (const [at, item] of Object.entries(value as Values)) query.push(pair(at, String(item)));
      } else for (const one of Array.isArray(value) ? value : [value]) query.push(pair(key, text(one)));
    } else if (ref.location === 'header') {
      headers[key.toLowerCase()] = Array.isArray(value) ? value.join(',') : text(value);
    } else if (ref.location === 'headers') {
      for (const [at, item] of Object.entries(value as Values))
        headers[`${key}${at}`.toLowerCase()] = String(item);
    }
  }
  const body = restBody(model, operation, input, headers);
  if (body.length > 0 && model.metadata.protocol === 'rest-xml')
    headers['content-md5'] = createHash('md5').update(body).digest('base64');
  return { method, path, query: query.join('&'), headers, body };
}

function pair(name: string, value: string): string {
  return `${uriEncode(name)}=${uriEncode(value)}`;
}

function restBody(
  model: ServiceModel,
  operation: OperationModel,
  input: Values,
  headers: Record<string, string>,
): string | Uint8Array {
  if (operation.input === undefined) return '';
  const shape = shapeOf(model, operation.input);
  const json = model.metadata.protocol === 'rest-json';
  if (shape.payload !== undefined) {
    const ref = shape.members?.[shape.payload] as ShapeRef;
    const value = input[shape.payload];
    if (value === undefined) return '';
    if (value instanceof Uint8Array || typeof value === 'string') return value;
    headers['content-type'] = json ? 'application/json' : 'application/xml';
    return json
      ? JSON.stringify(jsonOf(model, ref, value))
      : xmlOf(model, ref, value, ref.locationName ?? ref.shape);
  }
  const inBody = membersOf(model, operation).filter(([, { location }]) => location === undefined);
  if (inBody.length === 0) return '';
  if (!json) throw new Error(`${operation.name} has no payload`);
  headers['content-type'] = 'application/json';
  const values = Object.fromEntries(
    inBody.flatMap(([name]) => (input[name] === undefined ? [] : [[name, input[name]]])),
  );
  return JSON.stringify(jsonOf(model, operation.input, values));
}

function xmlOf(model: ServiceModel, ref: ShapeRef, value: unknown, name: string): string {
  const shape = shapeOf(model, ref);
  switch (shape.type) {
    case 'structure': {
      let attributes = '';
      let content = '';
      for (const [key, inner] of Object.entries(value as Values)) {
        const member = shape.members?.[key] as ShapeRef;
        if (member.xmlAttribute !== true) content += xmlOf(model, member, inner, member.locationName ?? key);
        else
          attributes += ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ${member.locationName ?? key}="${String(inner)}"`;
      }
      return `<${name}${attributes}>${content}</${name}>`;
    }
    case 'list': {
      const member = shape.member as ShapeRef;
      const flattened = ref.flattened ?? shape.flattened ?? false;
      const items = (value as readonly unknown[])
        .map((item) => xmlOf(model, member, item, flattened ? name : (member.locationName ?? 'member')))
        .join('');
      return flattened ? items : `<${name}>${items}</${name}>`;
    }
    case 'map':
      throw new Error(`${model.name} has no maps in XML`);
    default:
      return `<${name}>${escapeXml(textOf(shape, ref, value, 'iso8601'))}</${name}>`;
  }
}
