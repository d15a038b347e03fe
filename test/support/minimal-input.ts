import type { OperationModel, ServiceModel, Shape, ShapeRef } from '../../src/model/model.ts';
import { compilePattern } from '../../src/model/pattern.ts';
import { type PatternNode, parsePattern } from '../../src/model/pattern-syntax.ts';

/** Values by member name, where not any that the model allows will do. */
export type GivenValues = Readonly<Record<string, unknown>>;

/**
 * The smallest input the model takes: the required members alone, each with one value that its enum, pattern and
 * lengths admit. The same every time, so that the operations of a service speak of the same resources. `given` has
 * values of required members, for wherever they stand and are allowed.
 */
export function minimalInput(
  model: ServiceModel,
  { input }: OperationModel,
  given: GivenValues = {},
): Record<string, unknown> {
  return input === undefined ? {} : (minimalValue(model, input, given) as Record<string, unknown>);
}

function minimalValue(model: ServiceModel, ref: ShapeRef, given: GivenValues): unknown {
  const shape = model.shapes[ref.shape];
  if (shape === undefined) throw new Error(`${model.name} has no shape ${ref.shape}`);
  const inside = (inner: ShapeRef | undefined) => minimalValue(model, inner as ShapeRef, given);
  switch (shape.type) {
    case 'structure': {
      const members = shape.members ?? {};
      const first = shape.union === true ? Object.keys(members).slice(0, 1) : [];
      const labels = Object.keys(members).filter((name) => members[name]?.location === 'uri');
      const names = new Set([...(shape.required ?? []), ...labels, ...first]);
      return Object.fromEntries(
        [...names].map((name) => [
          name,
          admitted(model, members[name], given[name]) ?? inside(members[name]),
        ]),
      );
    }
    case 'list':
      return Array.from({ length: Math.max(1, shape.min ?? 1) }, () => inside(shape.member));
    case 'map':
      return { [String(inside(shape.key))]: inside(shape.value) };
    case 'string':
    case 'character':
      return textOf(shape);
    case 'blob':
      return new Uint8Array(Math.max(1, shape.min ?? 1)).fill(97);
    case 'boolean':
      return true;
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return Math.min(Math.max(1, shape.min ?? 1), shape.max ?? 1);
    case 'timestamp':
      return new Date(1_700_000_000_000);
  }
}

/** A given value, if the member takes it: two members of one name may want different things. */
function admitted(model: ServiceModel, ref: ShapeRef | undefined, value: unknown): unknown {
  const shape = model.shapes[ref?.shape ?? ''];
  if (shape === undefined || value === undefined) return undefined;
  if (shape.type === 'string') return typeof value === 'string' && takes(shape, value) ? value : undefined;
  return Array.isArray(value) === (shape.type === 'list') ? value : undefined;
}

function takes(
  { enum: values, min = 0, max = Number.POSITIVE_INFINITY, pattern }: Shape,
  text: string,
): boolean {
  if (values !== undefined && !values.includes(text)) return false;
  if (text.length < min || text.length > max) return false;
  return pattern === undefined || compilePattern(pattern).matches(text);
}

function textOf(shape: Shape): string {
  if (shape.enum !== undefined) return shape.enum[0] as string;
  const { min = 1, max = Number.POSITIVE_INFINITY, pattern } = shape;
  const plain = 'example'.padEnd(min, 'e').slice(0, max);
  if (pattern === undefined) return plain;
  if (takes(shape, plain)) return plain;
  const node = parsePattern(pattern);
  // Repetitions go further until the text is long enough.
  for (let more = 0; more <= min; more += 1) {
    const text = spell(node, more);
    if (takes(shape, text)) return text;
  }
  throw new Error(`no text found for ${pattern} of ${min} to ${max} characters: ${spell(node, min)}`);
}

const LIKED = 'ae1A/:.-_ ';

function spell(node: PatternNode, more: number): string {
  switch (node.kind) {
    case 'set': {
      for (const character of LIKED) if (node.set.has(character.charCodeAt(0))) return character;
      for (let code = 33; code < 127; code += 1) if (node.set.has(code)) return String.fromCharCode(code);
      return '\u{e9}';
    }
    case 'sequence':
      return node.items.map((item) => spell(item, more)).join('');
    case 'choice': {
      const texts = node.options.map((option) => spell(option, more));
      return texts.find((text) => text !== '') ?? '';
    }
    case 'repeat':
      return spell(node.node, more).repeat(Math.min(node.max, Math.max(node.min, more)));
    case 'look':
    case 'edge':
      return '';
  }
}
