import { assert } from '../base/assert.ts';
import type { ServiceModel, Shape, ShapeRef } from '../model/model.ts';
import type { CborWriter } from './cbor-writer.ts';
import { WireFault } from './protocol.ts';
import { fromEpochSeconds } from './timestamp.ts';

/** Checks what `readCbor` gave against a shape, in place; drops nulls and members the shape does not have. */
export type CborDecode = (value: unknown) => unknown;
export type CborEncode = (value: unknown, to: CborWriter) => void;

const decoders = new WeakMap<Shape, CborDecode>();
const encoders = new WeakMap<Shape, CborEncode>();

function shapeOf(model: ServiceModel, ref: ShapeRef): Shape {
  const shape = model.shapes[ref.shape];
  assert(shape !== undefined, `${model.name} has no shape ${ref.shape}`);
  return shape;
}

function refuse(value: unknown, type: string): never {
  const found = Array.isArray(value) ? 'list' : value instanceof Date ? 'timestamp' : typeof value;
  throw new WireFault('SerializationException', `${found} cannot be converted to ${type}`);
}

/** The decoder of whatever `ref` points at, compiled at its first use. Recursion is as deep as the item was read. */
export function cborDecoder(model: ServiceModel, ref: ShapeRef): CborDecode {
  const shape = shapeOf(model, ref);
  let decode = decoders.get(shape);
  if (!decode) decoders.set(shape, (decode = compileDecoder(model, shape)));
  return decode;
}

function compileDecoder(model: ServiceModel, shape: Shape): CborDecode {
  const { type } = shape;
  switch (type) {
    case 'structure':
      return shape.document ? (value) => value : structureDecoder(model, shape);
    case 'list':
      return listDecoder(model, shape);
    case 'map':
      return mapDecoder(model, shape);
    case 'string':
    case 'character':
      return (value) => (typeof value === 'string' ? value : refuse(value, type));
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : refuse(value, type));
    case 'blob':
      return (value) => (value instanceof Uint8Array ? value : refuse(value, type));
    case 'integer':
      return (value) =>
        Number.isInteger(value) && Math.abs(value as number) <= 2 ** 31 ? value : refuse(value, type);
    case 'long':
      return (value) => (typeof value === 'bigint' || Number.isInteger(value) ? value : refuse(value, type));
    case 'float':
    case 'double':
      return (value) =>
        typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : refuse(value, type);
    case 'timestamp':
      return (value) => {
        if (value instanceof Date) return value;
        const at = typeof value === 'number' ? fromEpochSeconds(value) : undefined;
        return at ?? refuse(value, type);
      };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Date)
  );
}

function structureDecoder(model: ServiceModel, shape: Shape): CborDecode {
  const members = new Map(Object.entries(shape.members ?? {}));
  return (value) => {
    if (!isObject(value)) refuse(value, 'structure');
    const kept: Record<string, unknown> = {};
    for (const key in value) {
      const ref = members.get(key);
      const item = value[key];
      if (ref !== undefined && item !== null) kept[key] = cborDecoder(model, ref)(item);
    }
    return kept;
  };
}

function listDecoder(model: ServiceModel, shape: Shape): CborDecode {
  const ref = shape.member;
  assert(ref !== undefined, 'a list has members');
  return (value) => {
    if (!Array.isArray(value)) refuse(value, 'list');
    const decode = cborDecoder(model, ref);
    return value.map((item: unknown) => (item === null && shape.sparse ? null : decode(item)));
  };
}

function mapDecoder(model: ServiceModel, shape: Shape): CborDecode {
  const ref = shape.value;
  assert(ref !== undefined, 'a map has values');
  return (value) => {
    if (!isObject(value)) refuse(value, 'map');
    const decode = cborDecoder(model, ref);
    // Every key, `__proto__` too, is already the object's own.
    for (const key in value) {
      const item = value[key];
      if (item === null && shape.sparse) continue;
      value[key] = decode(item);
    }
    return value;
  };
}

/** The encoder of whatever `ref` points at, compiled at its first use. */
export function cborEncoder(model: ServiceModel, ref: ShapeRef): CborEncode {
  const shape = shapeOf(model, ref);
  let encode = encoders.get(shape);
  if (!encode) encoders.set(shape, (encode = compileEncoder(model, shape)));
  return encode;
}

function compileEncoder(model: ServiceModel, shape: Shape): CborEncode {
  switch (shape.type) {
    case 'structure':
      return shape.document ? encodeDocument : structureEncoder(model, shape);
    case 'list': {
      const ref = shape.member;
      assert(ref !== undefined, 'a list has members');
      return (value, to) => {
        const encode = cborEncoder(model, ref);
        const list = value as readonly unknown[];
        to.array(list.length);
        for (const item of list) encodeOrNull(encode, item, to);
      };
    }
    case 'map': {
      const ref = shape.value;
      assert(ref !== undefined, 'a map has values');
      return (value, to) => {
        const encode = cborEncoder(model, ref);
        const entries = Object.entries(value as object).filter(([, item]) => item !== undefined);
        to.map(entries.length);
        for (const [key, item] of entries) {
          to.text(key);
          encodeOrNull(encode, item, to);
        }
      };
    }
    case 'string':
    case 'character':
      return (value, to) => to.text(String(value));
    case 'boolean':
      return (value, to) => to.boolean(value === true);
    case 'blob':
      return (value, to) => to.bytes(value as Uint8Array);
    case 'integer':
    case 'long':
      return (value, to) => to.integer(value as number | bigint);
    case 'float':
    case 'double':
      return (value, to) => to.double(value as number);
    case 'timestamp':
      return (value, to) => to.time(value as Date);
  }
}

function encodeOrNull(encode: CborEncode, item: unknown, to: CborWriter): void {
  if (item === undefined || item === null) to.null();
  else encode(item, to);
}

function structureEncoder(model: ServiceModel, shape: Shape): CborEncode {
  const members = Object.entries(shape.members ?? {});
  return (value, to) => {
    const object = value as Readonly<Record<string, unknown>>;
    const present = members.filter(([name]) => object[name] !== undefined && object[name] !== null);
    to.map(present.length);
    for (const [name, ref] of present) {
      to.text(name);
      cborEncoder(model, ref)(object[name], to);
    }
  };
}

function encodeDocument(value: unknown, to: CborWriter): void {
  if (value === null || value === undefined) to.null();
  else if (typeof value === 'string') to.text(value);
  else if (typeof value === 'boolean') to.boolean(value);
  else if (typeof value === 'number') Number.isSafeInteger(value) ? to.integer(value) : to.double(value);
  else if (Array.isArray(value)) {
    to.array(value.length);
    for (const item of value) encodeDocument(item, to);
  } else {
    const entries = Object.entries(value);
    to.map(entries.length);
    for (const [key, item] of entries) {
      to.text(key);
      encodeDocument(item, to);
    }
  }
}
