import { assert } from '../base/assert.ts';
import type { ServiceModel, Shape, ShapeRef } from '../model/model.ts';
import { fromBase64 } from './base64.ts';
import { parseJsonExactly } from './json-exact.ts';
import { WireFault } from './protocol.ts';
import { fromEpochSeconds, parseTimestamp } from './timestamp.ts';
import { utf8Text } from './utf8.ts';

/**
 * Converts what `JSON.parse` gave into a shape's value, in place where it can; a value of the right type comes back
 * itself. Members the shape does not have and nulls are dropped. Throws a `SerializationException` in AWS's words.
 */
export type JsonDecode = (value: unknown, depth: number) => unknown;

/** Levels of structures, lists and maps. DynamoDB's 32 levels of nesting are 64 of ours. */
export const MAX_DEPTH = 300;
const MIN_INTEGER = -(2 ** 31);
const MAX_INTEGER = 2 ** 31 - 1;
const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;
/** `SerializationException` messages name Java classes; only DynamoDB's package is known. */
const JAVA_PACKAGES: Readonly<Record<string, string>> = {
  dynamodb: 'com.amazonaws.dynamodb.v20120810',
  dynamodbstreams: 'com.amazonaws.dynamodb.v20120810',
};
const PARAMETERIZED_TYPE = 'sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl';
const NOT_A_CLASS =
  `class ${PARAMETERIZED_TYPE} cannot be cast to class java.lang.Class (${PARAMETERIZED_TYPE} and ` +
  "java.lang.Class are in module java.base of loader 'bootstrap')";

const decoders = new WeakMap<Shape, JsonDecode>();

/** A number JSON.parse has rounded stands where every digit counts: parse again, exactly. */
class Inexact extends Error {}

function refuse(message: string): never {
  throw new WireFault('SerializationException', message);
}

/** Decodes a whole JSON body; an empty one is an empty structure. */
export function decodeJsonBody(decode: JsonDecode, body: Uint8Array): unknown {
  if (body.length === 0) return decode({}, 0);
  const text = utf8Text(body) ?? refuse('');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    refuse('');
  }
  if (parsed === null) refuse('');
  try {
    return decode(parsed, 0);
  } catch (error) {
    if (error instanceof Inexact) return decode(parseJsonExactly(text, MAX_DEPTH) ?? refuse(''), 0);
    throw error;
  }
}

/** The decoder of whatever `ref` points at, compiled at its first use. */
export function jsonDecoder(model: ServiceModel, ref: ShapeRef): JsonDecode {
  const shape = model.shapes[ref.shape];
  assert(shape !== undefined, `${model.name} has no shape ${ref.shape}`);
  if (ref.jsonvalue) return decodeString;
  let decode = decoders.get(shape);
  if (!decode) decoders.set(shape, (decode = compile(model, ref.shape, shape)));
  return decode;
}

function compile(model: ServiceModel, name: string, shape: Shape): JsonDecode {
  switch (shape.type) {
    case 'structure':
      return shape.document
        ? decodeDocument
        : structureDecoder(model, name, Object.entries(shape.members ?? {}));
    case 'list':
      return listDecoder(model, shape);
    case 'map':
      return mapDecoder(model, shape);
    case 'string':
    case 'character':
      return decodeString;
    case 'blob':
      return decodeBlob;
    case 'boolean':
      return decodeBoolean;
    case 'integer':
      return decodeInteger;
    case 'long':
      return decodeLong;
    case 'float':
    case 'double':
      return floatDecoder(shape.type === 'float' ? 'Float' : 'Double');
    case 'timestamp':
      return decodeTimestamp;
  }
}

/** `members` are those that stand in this object, by the model's names. */
export function structureDecoder(
  model: ServiceModel,
  shapeName: string,
  members: readonly (readonly [string, ShapeRef])[],
): JsonDecode {
  interface Member {
    readonly name: string;
    readonly ref: ShapeRef;
    decode: JsonDecode | undefined;
  }
  const byWireName = new Map<string, Member>();
  for (const [name, ref] of members) {
    byWireName.set(ref.locationName ?? name, { name, ref, decode: undefined });
  }
  return (value, depth) => {
    if (typeof value !== 'object') refuse('Unexpected field type');
    if (Array.isArray(value)) refuseList(model, `class ${className(model, shapeName)}`);
    if (depth > MAX_DEPTH) refuse('');
    const object = value as Record<string, unknown>;
    let asItStands = true;
    for (const key in object) {
      const member = byWireName.get(key);
      const item = object[key];
      if (member === undefined || item === null) {
        asItStands = false;
        continue;
      }
      const decode = (member.decode ??= jsonDecoder(model, member.ref));
      const decoded = decode(item, depth + 1);
      if (decoded !== item) object[key] = decoded;
      if (member.name !== key) asItStands = false;
    }
    if (asItStands) return object;
    const kept: Record<string, unknown> = {};
    for (const key in object) {
      const member = byWireName.get(key);
      if (member !== undefined && object[key] !== null) kept[member.name] = object[key];
    }
    return kept;
  };
}

function listDecoder(model: ServiceModel, shape: Shape): JsonDecode {
  const ref = shape.member;
  assert(ref !== undefined, 'a list has members');
  const element = elementDecoder(model, ref, shape.sparse === true);
  return (value, depth) => {
    if (!Array.isArray(value)) {
      refuse(
        typeof value === 'object'
          ? 'Start of structure or map found where not expected'
          : 'Unexpected field type',
      );
    }
    if (depth > MAX_DEPTH) refuse('');
    for (let i = 0; i < value.length; i += 1) {
      const item: unknown = value[i];
      const decoded = element(item, depth + 1);
      if (decoded !== item) value[i] = decoded;
    }
    return value;
  };
}

function mapDecoder(model: ServiceModel, shape: Shape): JsonDecode {
  const ref = shape.value;
  assert(ref !== undefined, 'a map has values');
  const element = elementDecoder(model, ref, shape.sparse === true);
  return (value, depth) => {
    if (typeof value !== 'object') refuse('Unexpected field type');
    if (Array.isArray(value)) {
      refuseList(model, `java.util.Map<java.lang.String, ${className(model, ref.shape)}>`);
    }
    if (depth > MAX_DEPTH) refuse('');
    const object = value as Record<string, unknown>;
    // The parser has made every key, `__proto__` too, the object's own, so assigning reaches no prototype.
    for (const key in object) {
      const item = object[key];
      const decoded = element(item, depth + 1);
      if (decoded !== item) object[key] = decoded;
    }
    return object;
  };
}

/** As AWS's parsers, complains of an element in other words than of a member. */
function elementDecoder(model: ServiceModel, ref: ShapeRef, sparse: boolean): JsonDecode {
  const shape = model.shapes[ref.shape];
  const type = shape?.document ? undefined : shape?.type;
  let decode: JsonDecode | undefined;
  return (value, depth) => {
    decode ??= jsonDecoder(model, ref);
    if (value === null) {
      if (sparse || shape?.document) return null;
      // An element that is there but empty; validation then names the members it lacks.
      return type === 'structure' ? decode({}, depth) : refuse('Unexpected value type in payload');
    }
    if (typeof value !== 'object') {
      if (type === 'structure') refuse('Unexpected value type in payload');
      if (type === 'list' || type === 'map') refuse(NOT_A_CLASS);
    }
    return decode(value, depth);
  };
}

function className(model: ServiceModel, shapeName: string): string {
  const shape = model.shapes[shapeName];
  if (shape?.type === 'string') return 'java.lang.String';
  if (shape?.type === 'list' && shape.member)
    return `java.util.List<${className(model, shape.member.shape)}>`;
  const folder = JAVA_PACKAGES[model.name];
  return folder === undefined ? shapeName : `${folder}.${shapeName}`;
}

function refuseList(model: ServiceModel, type: string): never {
  const named = JAVA_PACKAGES[model.name] !== undefined;
  refuse(named ? `Unrecognized collection type ${type}` : 'Start of list found where not expected');
}

/** What the token before the parser is called in `… cannot be converted to …`; objects and lists are refused here. */
function token(value: unknown, javaType: string): string {
  switch (typeof value) {
    case 'boolean':
      return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
    case 'bigint':
      return 'NUMBER_VALUE';
    case 'number':
      return Number.isInteger(value) ? 'NUMBER_VALUE' : 'DECIMAL_VALUE';
    case 'string':
      return 'STRING_VALUE';
    default:
      return refuse(
        Array.isArray(value)
          ? `Unrecognized collection type class ${javaType}`
          : 'Start of structure or map found where not expected',
      );
  }
}

function decodeString(value: unknown): unknown {
  if (typeof value === 'string') return value;
  return refuse(`${token(value, 'java.lang.String')} cannot be converted to String`);
}

function decodeBoolean(value: unknown): unknown {
  if (typeof value === 'boolean') return value;
  const found = token(value, 'java.lang.Boolean');
  if (typeof value !== 'string') refuse(`${found} cannot be converted to Boolean`);
  switch (value.toLowerCase()) {
    case 'true':
    case 'yes':
    case '1':
      return true;
    case 'false':
    case 'no':
    case '0':
      return false;
    default:
      return refuse('Unexpected token received from parser');
  }
}

function decodeInteger(value: unknown): unknown {
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    refuse(`${token(value, 'java.lang.Integer')} cannot be converted to Integer`);
  }
  if (value < MIN_INTEGER || value > MAX_INTEGER) refuse('NUMBER_VALUE cannot be converted to Integer');
  return typeof value === 'number' ? Math.trunc(value) : Number(value);
}

function decodeLong(value: unknown): unknown {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    const whole = Math.trunc(value);
    if (Number.isSafeInteger(whole)) return whole;
    if (Math.abs(value) > 2 ** 64) refuse('NUMBER_VALUE cannot be converted to Long');
    throw new Inexact();
  }
  if (typeof value !== 'bigint') refuse(`${token(value, 'java.lang.Long')} cannot be converted to Long`);
  if (value < MIN_LONG || value > MAX_LONG) refuse('NUMBER_VALUE cannot be converted to Long');
  return value;
}

function floatDecoder(javaType: string): JsonDecode {
  return (value) => {
    if (typeof value === 'number') return value;
    if (typeof value === 'bigint') return Number(value);
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
    return refuse(`${token(value, `java.lang.${javaType}`)} cannot be converted to ${javaType}`);
  };
}

function decodeBlob(value: unknown): unknown {
  if (typeof value === 'object') token(value, 'java.nio.ByteBuffer');
  if (typeof value !== 'string') refuse('only base-64-encoded strings are convertible to bytes');
  const bytes = fromBase64(value);
  switch (bytes) {
    case 'length':
      return refuse(`Base64 encoded length is expected a multiple of 4 bytes but found: ${value.length}`);
    case 'character':
    case 'last':
      return refuse('Invalid last non-pad Base64 character dectected');
    default:
      return bytes;
  }
}

function decodeTimestamp(value: unknown): unknown {
  const at =
    typeof value === 'number'
      ? fromEpochSeconds(value)
      : typeof value === 'string'
        ? parseTimestamp(value)
        : undefined;
  return at ?? refuse(`${token(value, 'java.util.Date')} cannot be converted to Date`);
}

/** A document stays as it is, nulls and all, once no deeper than the rest may be. */
function decodeDocument(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) refuse('');
  const object = value as Record<string, unknown>;
  for (const key in object) {
    const item = object[key];
    const decoded = decodeDocument(item, depth + 1);
    if (decoded !== item) object[key] = decoded;
  }
  return object;
}
