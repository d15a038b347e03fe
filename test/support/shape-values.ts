import fc from 'fast-check';
import type { ServiceModel, ShapeRef } from '../../src/model/model.ts';

const DEEPEST = 6;
/** Text every protocol can carry: no control characters, which XML has no place for. */
const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .map((value) => value.replace(/\p{Cc}|\p{Cs}/gu, ''));
/** Text for paths and headers. */
const word = fc
  .string({ unit: fc.constantFrom(...'abcXYZ019-_.'), minLength: 3, maxLength: 10 })
  .map((w) => `w${w}w`);

export interface ValueOptions {
  /** Whether a member is left out. */
  readonly omit?: (member: string) => boolean;
  /** Values of members by name, where any will not do. */
  readonly fixed?: Readonly<Record<string, fc.Arbitrary<unknown>>>;
}

/** Values of the shape `ref` points at, as handlers see them; of an operation's input or output at the top. */
export function valuesOf(
  model: ServiceModel,
  ref: ShapeRef,
  options: ValueOptions = {},
): fc.Arbitrary<unknown> {
  return values(model, ref, options, 0, ref.location);
}

function values(
  model: ServiceModel,
  ref: ShapeRef,
  options: ValueOptions,
  depth: number,
  location: ShapeRef['location'],
): fc.Arbitrary<unknown> {
  const shape = model.shapes[ref.shape];
  if (!shape) throw new Error(`${model.name} has no shape ${ref.shape}`);
  const inside = (inner: ShapeRef) => values(model, inner, options, depth + 1, inner.location ?? location);
  switch (shape.type) {
    case 'structure': {
      const members = Object.entries(shape.members ?? {}).filter(
        ([name, member]) => !options.omit?.(name) && (depth < DEEPEST || isSimple(model, member)),
      );
      const arbitrary = ([name, member]: readonly [string, ShapeRef]) =>
        (depth === 0 && options.fixed?.[name]) || inside(member);
      if (shape.union) {
        return fc.oneof(
          ...members.map((member) => arbitrary(member).map((value) => ({ [member[0]]: value }))),
        );
      }
      const required = new Set(shape.required ?? []);
      const record = Object.fromEntries(members.map((member) => [member[0], arbitrary(member)]));
      const requiredKeys = members.filter(
        ([name, member]) => required.has(name) || member.location === 'uri',
      );
      return fc.record(record, { requiredKeys: requiredKeys.map(([name]) => name), noNullPrototype: true });
    }
    case 'list':
      return fc.array(inside(shape.member as ShapeRef), { minLength: 1, maxLength: depth > 3 ? 1 : 3 });
    case 'map':
      return fc.dictionary(
        location === undefined ? word : word.map((key) => key.toLowerCase()),
        inside(shape.value as ShapeRef),
        {
          minKeys: 1,
          maxKeys: 2,
          noNullPrototype: true,
        },
      );
    case 'string':
    case 'character':
      if (shape.enum) return fc.constantFrom(...shape.enum);
      return location === undefined ? text : word;
    case 'blob':
      return fc.uint8Array({ minLength: 1, maxLength: 20 });
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return location === 'statusCode' ? fc.constantFrom(200, 202) : fc.integer();
    case 'long':
      return fc.maxSafeInteger();
    case 'float':
      return fc.integer({ min: -1000, max: 1000 }).map((value) => value / 8);
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    case 'timestamp':
      return fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000));
  }
}

function isSimple(model: ServiceModel, ref: ShapeRef): boolean {
  const type = model.shapes[ref.shape]?.type;
  return type !== 'structure' && type !== 'list' && type !== 'map';
}
