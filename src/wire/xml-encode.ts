import { assert } from '../base/assert.ts';
import type { ServiceModel, Shape, ShapeRef } from '../model/model.ts';
import { textWriter } from './scalar-text.ts';
import { timestampFormat } from './timestamp.ts';
import { escapeXml, escapeXmlAttribute } from './xml-text.ts';

export type XmlDialect = 'query' | 'ec2' | 'rest-xml';

/** Prints a value as an element; `attributes` begin with a space. A flattened list is several elements. */
export type XmlEncode = (value: unknown, tag: string, attributes: string) => string;

const encoders: Readonly<Record<XmlDialect, WeakMap<Shape, XmlEncode>>> = {
  query: new WeakMap(),
  ec2: new WeakMap(),
  'rest-xml': new WeakMap(),
};

/** The encoder of whatever `ref` points at, compiled at its first use. */
export function xmlEncoder(model: ServiceModel, ref: ShapeRef, dialect: XmlDialect): XmlEncode {
  const shape = model.shapes[ref.shape];
  assert(shape !== undefined, `${model.name} has no shape ${ref.shape}`);
  switch (shape.type) {
    case 'structure': {
      let encode = encoders[dialect].get(shape);
      if (!encode) {
        encode = xmlStructureEncoder(model, Object.entries(shape.members ?? {}), dialect);
        encoders[dialect].set(shape, encode);
      }
      return encode;
    }
    case 'list':
      return listEncoder(model, ref, shape, dialect);
    case 'map':
      return mapEncoder(model, ref, shape, dialect);
    case 'string':
    case 'character':
      return (value, tag, attributes) => element(tag, attributes, escapeXml(String(value)));
    default: {
      const format = timestampFormat(ref, shape, 'iso8601');
      // S3 and its like always print milliseconds, the query services only where there are some.
      const whole = shape.type === 'timestamp' && dialect === 'rest-xml' && format === 'iso8601';
      const write = whole
        ? (value: unknown) => (value as Date).toISOString()
        : textWriter(shape.type, format);
      return (value, tag, attributes) => element(tag, attributes, write(value));
    }
  }
}

function element(tag: string, attributes: string, content: string): string {
  return content === '' ? `<${tag}${attributes}/>` : `<${tag}${attributes}>${content}</${tag}>`;
}

/** A member's name in XML. */
function tagOf(name: string, ref: ShapeRef, dialect: XmlDialect): string {
  return (dialect === 'query' ? ref.queryName : undefined) ?? ref.locationName ?? name;
}

/** `xmlns` as the model declares it on a member or its shape. */
export function namespaceAttribute(namespace: ShapeRef['xmlNamespace'] | undefined): string {
  if (namespace === undefined) return '';
  if (typeof namespace === 'string') return ` xmlns="${escapeXmlAttribute(namespace)}"`;
  const name = namespace.prefix === undefined ? 'xmlns' : `xmlns:${namespace.prefix}`;
  return ` ${name}="${escapeXmlAttribute(namespace.uri)}"`;
}

export function xmlStructureEncoder(
  model: ServiceModel,
  members: readonly (readonly [string, ShapeRef])[],
  dialect: XmlDialect,
): XmlEncode {
  const asAttributes = members.filter(([, ref]) => ref.xmlAttribute);
  const content = xmlContentEncoder(
    model,
    members.filter(([, ref]) => !ref.xmlAttribute),
    dialect,
  );
  if (asAttributes.length === 0) return (value, tag, attributes) => element(tag, attributes, content(value));
  return (value, tag, attributes) => {
    let start = attributes;
    for (const [name, ref] of asAttributes) {
      const item = (value as Readonly<Record<string, unknown>>)[name];
      if (item !== undefined) start += ` ${tagOf(name, ref, dialect)}="${escapeXmlAttribute(String(item))}"`;
    }
    return element(tag, start, content(value));
  };
}

/** Prints members as elements one after the other, in the model's order, without one around them. */
export function xmlContentEncoder(
  model: ServiceModel,
  members: readonly (readonly [string, ShapeRef])[],
  dialect: XmlDialect,
): (value: unknown) => string {
  const compiled = members.map(([name, ref]) => {
    const shape = model.shapes[ref.shape];
    return {
      name,
      ref,
      tag: tagOf(name, ref, dialect),
      attributes: namespaceAttribute(ref.xmlNamespace ?? shape?.xmlNamespace),
      encode: undefined as XmlEncode | undefined,
    };
  });
  return (value) => {
    const object = value as Readonly<Record<string, unknown>>;
    let content = '';
    for (const member of compiled) {
      const item = object[member.name];
      if (item === undefined || item === null) continue;
      member.encode ??= xmlEncoder(model, member.ref, dialect);
      content += member.encode(item, member.tag, member.attributes);
    }
    return content;
  };
}

function isFlattened(ref: ShapeRef, shape: Shape | undefined): boolean {
  return ref.flattened ?? shape?.flattened ?? false;
}

function listEncoder(model: ServiceModel, ref: ShapeRef, shape: Shape, dialect: XmlDialect): XmlEncode {
  const member = shape.member;
  assert(member !== undefined, 'a list has members');
  const flattened = isFlattened(ref, shape);
  const memberTag = tagOf(dialect === 'ec2' ? 'item' : 'member', member, dialect);
  const memberAttributes = namespaceAttribute(member.xmlNamespace);
  let encode: XmlEncode | undefined;
  return (value, tag, attributes) => {
    encode ??= xmlEncoder(model, member, dialect);
    let items = '';
    for (const item of value as readonly unknown[]) {
      if (item === undefined || item === null) continue;
      items += flattened ? encode(item, tag, attributes) : encode(item, memberTag, memberAttributes);
    }
    return flattened ? items : element(tag, attributes, items);
  };
}

function mapEncoder(model: ServiceModel, ref: ShapeRef, shape: Shape, dialect: XmlDialect): XmlEncode {
  const { key, value: mapped } = shape;
  assert(key !== undefined && mapped !== undefined, 'a map has keys and values');
  const flattened = isFlattened(ref, shape);
  const keyTag = tagOf('key', key, dialect);
  const valueTag = tagOf('value', mapped, dialect);
  const keyAttributes = namespaceAttribute(key.xmlNamespace);
  const valueAttributes = namespaceAttribute(mapped.xmlNamespace);
  let encode: XmlEncode | undefined;
  return (value, tag, attributes) => {
    encode ??= xmlEncoder(model, mapped, dialect);
    let entries = '';
    for (const [name, item] of Object.entries(value as object)) {
      if (item === undefined || item === null) continue;
      const entry = element(keyTag, keyAttributes, escapeXml(name)) + encode(item, valueTag, valueAttributes);
      entries += flattened ? element(tag, attributes, entry) : element('entry', '', entry);
    }
    return flattened ? entries : element(tag, attributes, entries);
  };
}
