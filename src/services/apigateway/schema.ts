import { RE2JS } from 're2js';

/** A JSON schema ready to check values. */
export interface CompiledSchema {
  readonly matches: (value: unknown) => boolean;
  /** The keyword or reference that keeps this schema from being honoured. */
  readonly unsupported: string | undefined;
}

type Check = (value: unknown, depth: number) => boolean;
type Schema = Readonly<Record<string, unknown>>;

const MOST_DEPTH = 100;
const MOST_PATTERN = 2000;

/** Keywords that say nothing about a value. `format` is an annotation to API Gateway. */
const ANNOTATIONS = new Set([
  '$schema',
  'id',
  '$id',
  'title',
  'description',
  'default',
  'example',
  'examples',
  'format',
  'definitions',
  'readOnly',
  'writeOnly',
  'xml',
  'externalDocs',
  'discriminator',
  'deprecated',
  'nullable',
  'x-nullable',
]);

/**
 * Compiles a schema of draft 4, the one of models. `resolve` gives the schema another model's name stands for
 * (`https://apigateway.amazonaws.com/restapis/<id>/models/<name>`), or whether there is one.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
 */
export function compileSchema(root: unknown, resolve: (model: string) => unknown): CompiledSchema {
  const compiler = new Compiler(root, resolve);
  const check = compiler.check(root);
  return { matches: (value) => check(value, 0), unsupported: compiler.unsupported };
}

class Compiler {
  readonly #root: unknown;
  readonly #resolve: (model: string) => unknown;
  readonly #references = new Map<string, Check>();
  unsupported: string | undefined;

  constructor(root: unknown, resolve: (model: string) => unknown) {
    this.#root = root;
    this.#resolve = resolve;
  }

  check(schema: unknown): Check {
    if (schema === true) return () => true;
    if (schema === false) return () => false;
    if (!isObject(schema)) {
      this.unsupported ??= 'A schema must be an object';
      return () => false;
    }
    if (typeof schema['$ref'] === 'string') return this.#reference(schema['$ref']);
    const checks: Check[] = [];
    for (const [keyword, given] of Object.entries(schema)) {
      const make = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
      if (make !== undefined) checks.push(make(given, schema, this));
      else if (!ANNOTATIONS.has(keyword) && !keyword.startsWith('x-'))
        this.unsupported ??= `Unsupported keyword in schema: ${keyword}`;
    }
    return (value, depth) => {
      if (depth > MOST_DEPTH) return false;
      if (value === null && (schema['nullable'] === true || schema['x-nullable'] === true)) return true;
      for (const one of checks) if (!one(value, depth)) return false;
      return true;
    };
  }

  #reference(ref: string): Check {
    const known = this.#references.get(ref);
    if (known !== undefined) return known;
    // A schema may refer to itself: the reference is looked up when it is followed.
    let target: Check = () => false;
    const lazy: Check = (value, depth) => depth <= MOST_DEPTH && target(value, depth + 1);
    this.#references.set(ref, lazy);
    if (ref.startsWith('#')) {
      let at: unknown = this.#root;
      for (const part of ref
        .slice(1)
        .split('/')
        .filter((piece) => piece !== '')) {
        const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
        at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
      }
      if (at === undefined) this.unsupported ??= `Invalid model reference specified: ${ref}`;
      else target = this.check(at);
    } else {
      const name = ref.slice(ref.lastIndexOf('/') + 1);
      const model = this.#resolve(name);
      if (model === undefined) this.unsupported ??= `Invalid model reference specified: ${ref}`;
      else if (model === true) target = () => true;
      else {
        const nested = new Compiler(model, this.#resolve);
        nested.#references.set(ref, lazy);
        target = nested.check(model);
        this.unsupported ??= nested.unsupported;
      }
    }
    return lazy;
  }
}

type Keyword = (given: unknown, schema: Schema, compiler: Compiler) => Check;

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const size = (text: string) => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

function isType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'string':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'null':
      return value === null;
    default:
      return false;
  }
}

function pattern(source: unknown, compiler: Compiler): (text: string) => boolean {
  if (typeof source === 'string' && source.length <= MOST_PATTERN) {
    try {
      const compiled = RE2JS.compile(source);
      return (text) => compiled.matcher(text).find();
    } catch {
      // What cannot be matched in linear time is refused below.
    }
  }
  compiler.unsupported ??= `Unsupported pattern in schema: ${String(source)}`;
  return () => false;
}

const number =
  (bound: (value: number, limit: number) => boolean): Keyword =>
  (limit) =>
  (value) =>
    typeof value !== 'number' || bound(value, Number(limit));
const text =
  (bound: (length: number, limit: number) => boolean): Keyword =>
  (limit) =>
  (value) =>
    typeof value !== 'string' || bound(size(value), Number(limit));
const items =
  (bound: (length: number, limit: number) => boolean): Keyword =>
  (limit) =>
  (value) =>
    !Array.isArray(value) || bound(value.length, Number(limit));
const members =
  (bound: (length: number, limit: number) => boolean): Keyword =>
  (limit) =>
  (value) =>
    !isObject(value) || bound(Object.keys(value).length, Number(limit));
const atMost = (value: number, limit: number) => value <= limit;
const atLeast = (value: number, limit: number) => value >= limit;
const list = (given: unknown): readonly unknown[] => (Array.isArray(given) ? given : []);

/** One canonical text a value, so that equal values compare equal whatever the order of their members. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const parts = Object.keys(value).sort();
  return `{${parts.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  type: (types) => (value) =>
    Array.isArray(types) ? types.some((type) => isType(value, type)) : isType(value, types),
  enum: (given) => {
    const allowed = new Set(list(given).map(canonical));
    return (value) => allowed.has(canonical(value));
  },
  const: (given) => {
    const only = canonical(given);
    return (value) => canonical(value) === only;
  },
  minimum:
    (limit, { exclusiveMinimum }) =>
    (value) =>
      typeof value !== 'number' ||
      (exclusiveMinimum === true ? value > Number(limit) : value >= Number(limit)),
  maximum:
    (limit, { exclusiveMaximum }) =>
    (value) =>
      typeof value !== 'number' ||
      (exclusiveMaximum === true ? value < Number(limit) : value <= Number(limit)),
  exclusiveMinimum: (limit) => (value) =>
    typeof limit !== 'number' || typeof value !== 'number' || value > limit,
  exclusiveMaximum: (limit) => (value) =>
    typeof limit !== 'number' || typeof value !== 'number' || value < limit,
  multipleOf: number((value, step) => Number.isInteger(value / step)),
  minLength: text(atLeast),
  maxLength: text(atMost),
  pattern: (source, _schema, compiler) => {
    const found = pattern(source, compiler);
    return (value) => typeof value !== 'string' || found(value);
  },
  minItems: items(atLeast),
  maxItems: items(atMost),
  uniqueItems: (unique) => (value) =>
    unique !== true || !Array.isArray(value) || new Set(value.map(canonical)).size === value.length,
  items: (given, { additionalItems }, compiler) => {
    if (!Array.isArray(given)) {
      const each = compiler.check(given);
      return (value, depth) => !Array.isArray(value) || value.every((item) => each(item, depth + 1));
    }
    const each = given.map((schema) => compiler.check(schema));
    const rest = additionalItems === undefined ? () => true : compiler.check(additionalItems);
    return (value, depth) =>
      !Array.isArray(value) || value.every((item, index) => (each[index] ?? rest)(item, depth + 1));
  },
  additionalItems: () => () => true,
  minProperties: members(atLeast),
  maxProperties: members(atMost),
  required: (names) => (value) =>
    !isObject(value) || list(names).every((name) => Object.hasOwn(value, String(name))),
  properties: (given, _schema, compiler) => {
    const checks = Object.entries(isObject(given) ? given : {}).map(
      ([name, schema]) => [name, compiler.check(schema)] as const,
    );
    return (value, depth) =>
      !isObject(value) ||
      checks.every(([name, check]) => !Object.hasOwn(value, name) || check(value[name], depth + 1));
  },
  patternProperties: (given, _schema, compiler) => {
    const checks = Object.entries(isObject(given) ? given : {}).map(
      ([source, schema]) => [pattern(source, compiler), compiler.check(schema)] as const,
    );
    return (value, depth) =>
      !isObject(value) ||
      Object.entries(value).every(([name, member]) =>
        checks.every(([found, check]) => !found(name) || check(member, depth + 1)),
      );
  },
  additionalProperties: (given, { properties, patternProperties }, compiler) => {
    if (given === true) return () => true;
    const named = new Set(Object.keys(isObject(properties) ? properties : {}));
    const patterns = Object.keys(isObject(patternProperties) ? patternProperties : {}).map((source) =>
      pattern(source, compiler),
    );
    const check = compiler.check(given);
    return (value, depth) =>
      !isObject(value) ||
      Object.entries(value).every(
        ([name, member]) =>
          named.has(name) || patterns.some((found) => found(name)) || check(member, depth + 1),
      );
  },
  dependencies: (given, _schema, compiler) => {
    const checks = Object.entries(isObject(given) ? given : {}).map(([name, needs]): [string, Check] => [
      name,
      Array.isArray(needs)
        ? (value) => isObject(value) && needs.every((need) => Object.hasOwn(value, String(need)))
        : compiler.check(needs),
    ]);
    return (value, depth) =>
      !isObject(value) ||
      checks.every(([name, check]) => !Object.hasOwn(value, name) || check(value, depth + 1));
  },
  allOf: (given, _schema, compiler) => {
    const checks = list(given).map((schema) => compiler.check(schema));
    return (value, depth) => checks.every((check) => check(value, depth + 1));
  },
  anyOf: (given, _schema, compiler) => {
    const checks = list(given).map((schema) => compiler.check(schema));
    return (value, depth) => checks.some((check) => check(value, depth + 1));
  },
  oneOf: (given, _schema, compiler) => {
    const checks = list(given).map((schema) => compiler.check(schema));
    return (value, depth) => checks.filter((check) => check(value, depth + 1)).length === 1;
  },
  not: (given, _schema, compiler) => {
    const check = compiler.check(given);
    return (value, depth) => !check(value, depth + 1);
  },
};
