import { assert } from '../base/assert.ts';
import type { ServiceModel, Shape, ShapeRef } from '../model/model.ts';
import { defineOwn } from './own.ts';
import { WireFault } from './protocol.ts';
import { textReader } from './scalar-text.ts';
import type { XmlElement } from './xml-reader.ts';

/** Reads a shape's value from an element. Throws `MalformedXML` for what does not fit. */
export type XmlDecode = (element: XmlElement) => unknown;

const decoders = new WeakMap<Shape, XmlDecode>();

export function malformedXml(): never {
  throw new WireFault(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

/** The decoder of whatever `ref` points at, compiled at its first use. */
export function xmlDecoder(model: ServiceModel, ref: ShapeRef): XmlDecode {
  const shape = shapeOf(model, ref);
  let decode = decoders.get(shape);
  if (!decode) decoders.set(shape, (decode = compile(model, shape)));
  return decode;
}

function shapeOf(model: ServiceModel, ref: ShapeRef): Shape {
  const shape = model.shapes[ref.shape];
  assert(shape !== undefined, `${model.name} has no shape ${ref.shape}`);
  return shape;
}

function compile(model: ServiceModel, shape: Shape): XmlDecode {
  switch (shape.type) {
    case 'structure':
      return xmlStructureDecoder(model, Object.entries(shape.members ?? {}));
    case 'list':
      return listDecoder(model, shape);
    case 'map':
      return mapDecoder(model, shape);
    default: {
      const read = textReader(shape.type);
      assert(read !== undefined, `${shape.type} is a simple type`);
      return (element) =>
        element.children.length > 0 ? malformedXml() : (read(element.text) ?? malformedXml());
    }
  }
}

interface Member {
  readonly name: string;
  readonly ref: ShapeRef;
  readonly flattened: 'list' | 'map' | undefined;
  decode: XmlDecode | undefined;
}

/** `members` are those that stand in the element. Elements of other names are passed over. */
export function xmlStructureDecoder(
  model: ServiceModel,
  members: readonly (readonly [string, ShapeRef])[],
): XmlDecode {
  const byTag = new Map<string, Member>();
  const byAttribute = new Map<string, string>();
  for (const [name, ref] of members) {
    if (ref.xmlAttribute) {
      byAttribute.set(ref.locationName ?? name, name);
      continue;
    }
    const shape = shapeOf(model, ref);
    const isFlattened = ref.flattened ?? shape.flattened ?? false;
    const flattened = isFlattened && (shape.type === 'list' || shape.type === 'map') ? shape.type : undefined;
    const member = { name, ref, flattened, decode: undefined };
    byTag.set(ref.locationName ?? name, member);
  }
  return (element) => {
    const value: Record<string, unknown> = {};
    for (const [name, text] of element.attributes) {
      const member = byAttribute.get(name);
      if (member !== undefined) value[member] = text;
    }
    for (const child of element.children) {
      const member = byTag.get(child.name);
      if (member === undefined) continue;
      member.decode ??= memberDecoder(model, member);
      if (member.flattened === 'list') {
        const list = (value[member.name] ??= []) as unknown[];
        list.push(member.decode(child));
      } else if (member.flattened === 'map') {
        const map = (value[member.name] ??= {}) as Record<string, unknown>;
        for (const [key, item] of Object.entries(member.decode(child) as object)) defineOwn(map, key, item);
      } else value[member.name] = member.decode(child);
    }
    return value;
  };
}

/** What reads one element of the member: of a flattened list or map, one of its entries. */
function memberDecoder(model: ServiceModel, { ref, flattened }: Member): XmlDecode {
  if (flattened === undefined) return xmlDecoder(model, ref);
  const shape = shapeOf(model, ref);
  if (flattened === 'map') return entryDecoder(model, shape);
  assert(shape.member !== undefined, 'a list has members');
  return xmlDecoder(model, shape.member);
}

function listDecoder(model: ServiceModel, shape: Shape): XmlDecode {
  const ref = shape.member;
  assert(ref !== undefined, 'a list has members');
  const tag = ref.locationName ?? 'member';
  let decode: XmlDecode | undefined;
  return (element) => {
    decode ??= xmlDecoder(model, ref);
    const list: unknown[] = [];
    for (const child of element.children) if (child.name === tag) list.push(decode(child));
    return list;
  };
}

function mapDecoder(model: ServiceModel, shape: Shape): XmlDecode {
  const decodeEntry = entryDecoder(model, shape);
  return (element) => {
    const map: Record<string, unknown> = {};
    for (const child of element.children) {
      if (child.name !== 'entry') continue;
      for (const [key, item] of Object.entries(decodeEntry(child) as object)) defineOwn(map, key, item);
    }
    return map;
  };
}

/** A map of the one entry an element holds. */
function entryDecoder(model: ServiceModel, { key, value }: Shape): XmlDecode {
  assert(key !== undefined && value !== undefined, 'a map has keys and values');
  const keyTag = key.locationName ?? 'key';
  const valueTag = value.locationName ?? 'value';
  let decode: XmlDecode | undefined;
  return (element) => {
    decode ??= xmlDecoder(model, value);
    const keyElement = element.children.find(({ name }) => name === keyTag);
    const valueElement = element.children.find(({ name }) => name === valueTag);
    if (!keyElement || !valueElement) malformedXml();
    const entry: Record<string, unknown> = {};
    defineOwn(entry, keyElement.text, decode(valueElement));
    return entry;
  };
}
