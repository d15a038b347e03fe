import { assert } from '../base/assert.ts';
import type { ServiceModel, Shape, ShapeRef } from '../model/model.ts';
import type { FormNode } from './form.ts';
import { defineOwn } from './own.ts';
import { WireFault } from './protocol.ts';
import { textReader } from './scalar-text.ts';

/** Reads a shape's value from a form's fields. Throws `MalformedInput` for what does not fit. */
export type QueryDecode = (node: FormNode, name: string) => unknown;

export type QueryDialect = 'query' | 'ec2';

const decoders: Readonly<Record<QueryDialect, WeakMap<Shape, QueryDecode>>> = {
  query: new WeakMap(),
  ec2: new WeakMap(),
};

/** The decoder of whatever `ref` points at, compiled at its first use. */
export function queryDecoder(model: ServiceModel, ref: ShapeRef, dialect: QueryDialect): QueryDecode {
  const shape = shapeOf(model, ref);
  if (shape.type === 'list' || shape.type === 'map') return collectionDecoder(model, ref, shape, dialect);
  let decode = decoders[dialect].get(shape);
  if (!decode) decoders[dialect].set(shape, (decode = compile(model, shape, dialect)));
  return decode;
}

function shapeOf(model: ServiceModel, ref: ShapeRef): Shape {
  const shape = model.shapes[ref.shape];
  assert(shape !== undefined, `${model.name} has no shape ${ref.shape}`);
  return shape;
}

function compile(model: ServiceModel, shape: Shape, dialect: QueryDialect): QueryDecode {
  if (shape.type === 'structure') return structureDecoder(model, shape, dialect);
  const read = textReader(shape.type);
  assert(read !== undefined, `${shape.type} is a simple type`);
  return (node, name) => {
    if (node.value === undefined) malformed(`${name} must be a value of type ${shape.type}`);
    // An empty field of a type that has no empty value is one that was not given.
    if (node.value === '' && shape.type !== 'string' && shape.type !== 'blob') return undefined;
    return (
      read(node.value) ?? malformed(`'${node.value}' is not a valid value of type ${shape.type} for ${name}`)
    );
  };
}

function malformed(message: string): never {
  throw new WireFault('MalformedInput', message);
}

/** A member's name in the form. EC2 capitalises names. */
function fieldName(name: string, ref: ShapeRef, dialect: QueryDialect): string {
  if (ref.queryName !== undefined) return ref.queryName;
  const spelled = ref.locationName ?? name;
  return dialect === 'ec2' ? spelled.charAt(0).toUpperCase() + spelled.slice(1) : spelled;
}

function structureDecoder(model: ServiceModel, shape: Shape, dialect: QueryDialect): QueryDecode {
  interface Member {
    readonly name: string;
    readonly ref: ShapeRef;
    decode: QueryDecode | undefined;
  }
  const byField = new Map<string, Member>();
  for (const [name, ref] of Object.entries(shape.members ?? {})) {
    const member = { name, ref, decode: undefined };
    if (dialect === 'ec2' && !byField.has(name)) byField.set(name, member);
    byField.set(fieldName(name, ref, dialect), member);
  }
  return (node, path) => {
    const value: Record<string, unknown> = {};
    if (!node.children) return value;
    for (const [field, child] of node.children) {
      const member = byField.get(field);
      if (!member) continue;
      member.decode ??= queryDecoder(model, member.ref, dialect);
      const decoded = member.decode(child, path === '' ? field : `${path}.${field}`);
      if (decoded !== undefined) value[member.name] = decoded;
    }
    return value;
  };
}

function collectionDecoder(
  model: ServiceModel,
  ref: ShapeRef,
  shape: Shape,
  dialect: QueryDialect,
): QueryDecode {
  const flattened = dialect === 'ec2' || (ref.flattened ?? shape.flattened ?? false);
  return shape.type === 'list'
    ? listDecoder(model, shape, flattened, dialect)
    : mapDecoder(model, shape, flattened, dialect);
}

function listDecoder(
  model: ServiceModel,
  shape: Shape,
  flattened: boolean,
  dialect: QueryDialect,
): QueryDecode {
  const element = shape.member;
  assert(element !== undefined, 'a list has members');
  const wrapper = element.queryName ?? element.locationName ?? 'member';
  let decode: QueryDecode | undefined;
  return (node, path) => {
    decode ??= queryDecoder(model, element, dialect);
    const list: unknown[] = [];
    const inner = flattened ? node : (node.children?.get(wrapper) ?? node.children?.get('member') ?? node);
    for (const [index, child] of numbered(inner)) {
      const value = decode(child, `${path}.${index}`);
      if (value !== undefined) list.push(value);
    }
    return list;
  };
}

function mapDecoder(
  model: ServiceModel,
  shape: Shape,
  flattened: boolean,
  dialect: QueryDialect,
): QueryDecode {
  const { key, value } = shape;
  assert(key !== undefined && value !== undefined, 'a map has keys and values');
  const keyField = key.queryName ?? key.locationName ?? 'key';
  const valueField = value.queryName ?? value.locationName ?? 'value';
  let decode: QueryDecode | undefined;
  return (node, path) => {
    decode ??= queryDecoder(model, value, dialect);
    const map: Record<string, unknown> = {};
    const inner = flattened ? node : (node.children?.get('entry') ?? node);
    for (const [index, entry] of numbered(inner)) {
      const name = entry.children?.get(keyField)?.value;
      if (name === undefined) malformed(`${path}.${index} has no ${keyField}`);
      const child = entry.children?.get(valueField);
      const decoded = child && decode(child, `${path}.${index}.${valueField}`);
      if (decoded !== undefined) defineOwn(map, name, decoded);
    }
    return map;
  };
}

/** Children with a number for a name, in its order. */
function numbered(node: FormNode): [number, FormNode][] {
  const items: [number, FormNode][] = [];
  for (const [name, child] of node.children ?? []) {
    if (/^\d{1,9}$/.test(name)) items.push([Number(name), child]);
  }
  return items.sort(([a], [b]) => a - b);
}
