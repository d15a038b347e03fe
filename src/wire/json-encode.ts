import { assert } from '../base/assert.ts';
import type { ServiceModel, Shape, ShapeRef } from '../model/model.ts';
import { toBase64 } from './base64.ts';
import { RawJson, stringifyPlain } from './raw-json.ts';
import { formatTimestamp, timestampFormat } from './timestamp.ts';

/** Prints a shape's value as JSON text. Only the members the shape has are printed: nothing stored leaks by accident. */
export type JsonEncode = (value: unknown) => string;

const encoders = new WeakMap<Shape, JsonEncode>();

/** The encoder of whatever `ref` points at, compiled at its first use. */
export function jsonEncoder(model: ServiceModel, ref: ShapeRef): JsonEncode {
  const shape = model.shapes[ref.shape];
  assert(shape !== undefined, `${model.name} has no shape ${ref.shape}`);
  if (shape.type === 'timestamp') return timestampEncoder(ref, shape);
  let encode = encoders.get(shape);
  if (!encode) encoders.set(shape, (encode = compile(model, shape)));
  return encode;
}

function compile(model: ServiceModel, shape: Shape): JsonEncode {
  switch (shape.type) {
    case 'structure':
      return shape.document ? JSON.stringify : structureEncoder(model, Object.entries(shape.members ?? {}));
    case 'list':
      return listEncoder(model, shape);
    case 'map':
      return mapEncoder(model, shape);
    case 'blob':
      return encodeBlob;
    case 'float':
    case 'double':
      return encodeFloat;
    case 'integer':
    case 'long':
      return String;
    default:
      return JSON.stringify;
  }
}

export function structureEncoder(
  model: ServiceModel,
  members: readonly (readonly [string, ShapeRef])[],
): JsonEncode {
  interface Member {
    /** `"name":` */
    readonly label: string;
    readonly ref: ShapeRef;
    encode: JsonEncode | undefined;
  }
  const byName = new Map<string, Member>();
  for (const [name, ref] of members) {
    byName.set(name, { label: `${JSON.stringify(ref.locationName ?? name)}:`, ref, encode: undefined });
  }
  return (value) => {
    const object = value as Record<string, unknown>;
    let text = '';
    for (const key in object) {
      const item = object[key];
      if (item === undefined || item === null) continue;
      const member = byName.get(key);
      if (member === undefined) continue;
      text += text === '' ? member.label : `,${member.label}`;
      text += item instanceof RawJson ? item.text : (member.encode ??= jsonEncoder(model, member.ref))(item);
    }
    return `{${text}}`;
  };
}

function listEncoder(model: ServiceModel, shape: Shape): JsonEncode {
  const ref = shape.member;
  assert(ref !== undefined, 'a list has members');
  return collectionEncoder(model, ref, (value, encode) => {
    let items = '';
    for (const item of value as readonly unknown[]) {
      if (items !== '') items += ',';
      items += printed(encode, item);
    }
    return `[${items}]`;
  });
}

function mapEncoder(model: ServiceModel, shape: Shape): JsonEncode {
  const ref = shape.value;
  assert(ref !== undefined, 'a map has values');
  return collectionEncoder(model, ref, (value, encode) => {
    const object = value as Record<string, unknown>;
    let entries = '';
    for (const key in object) {
      const item = object[key];
      if (item === undefined) continue;
      if (entries !== '') entries += ',';
      entries += `${JSON.stringify(key)}:${printed(encode, item)}`;
    }
    return `{${entries}}`;
  });
}

/** `print` is for what `JSON.stringify` would not print as AWS does. */
function collectionEncoder(
  model: ServiceModel,
  ref: ShapeRef,
  print: (value: unknown, encode: JsonEncode) => string,
): JsonEncode {
  const plain = isPlain(model, ref);
  let encode: JsonEncode | undefined;
  return (value) => {
    const text = plain ? stringifyPlain(value) : undefined;
    if (text !== undefined) return text;
    encode ??= jsonEncoder(model, ref);
    return print(value, encode);
  };
}

function printed(encode: JsonEncode, item: unknown): string {
  if (item instanceof RawJson) return item.text;
  return item === undefined || item === null ? 'null' : encode(item);
}

/** Whether `JSON.stringify` prints what `ref` points at as AWS does: strings, booleans, integers, and lists and maps of them. */
function isPlain(model: ServiceModel, ref: ShapeRef): boolean {
  const shape = model.shapes[ref.shape];
  switch (shape?.type) {
    case 'string':
    case 'character':
    case 'boolean':
    case 'integer':
    case 'long':
      return true;
    case 'list':
      return shape.member !== undefined && isPlain(model, shape.member);
    case 'map':
      return shape.value !== undefined && isPlain(model, shape.value);
    default:
      return false;
  }
}

function encodeBlob(value: unknown): string {
  return `"${toBase64(value as Uint8Array)}"`;
}

function encodeFloat(value: unknown): string {
  return Number.isFinite(value) ? String(value) : `"${String(value)}"`;
}

function timestampEncoder(ref: ShapeRef, shape: Shape): JsonEncode {
  const format = timestampFormat(ref, shape, 'unixTimestamp');
  return format === 'unixTimestamp'
    ? (value) => formatTimestamp(value as Date, format)
    : (value) => `"${formatTimestamp(value as Date, format)}"`;
}
