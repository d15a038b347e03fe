import { assert } from '../base/assert.ts';
import type { ServiceModel, Shape, ShapeRef } from './model.ts';
import { compilePattern } from './pattern.ts';
import type { Constraint, Violation } from './violation.ts';

/** The constraints an operation's input breaks, in the model's order; an empty list when it is valid. */
export type Validator = (input: Readonly<Record<string, unknown>>) => readonly Violation[];

/** Recursive shapes are followed this far; deeper input is refused rather than followed. */
const DEEPEST = 500;
const NONE: readonly Violation[] = [];
const ALWAYS: Validator = () => NONE;

/** Servers that prefix a path with the operation's input. */
const INPUT_NAMED = new Set(['apigateway']);
/** Servers that list "Member must not be null" among the constraints of a list's members and a map's entries. */
const NULL_LISTED = new Set(['iam', 'lambda']);
/** Servers that show no value at all. */
const VALUES_HIDDEN = new Set(['iam']);

const checkersOf = new WeakMap<ServiceModel, ModelChecker>();

/** The validator of an operation's input; compiled on first use, kept for the model's life. */
export function validatorOf(model: ServiceModel, operationName: string): Validator {
  let checker = checkersOf.get(model);
  if (checker === undefined) {
    checker = new ModelChecker(model);
    checkersOf.set(model, checker);
  }
  return checker.validator(operationName);
}

/** Whether a value keeps every constraint; allocates nothing. `depth` is the structures, lists and maps around it. */
type Test = (value: unknown, depth: number) => boolean;

/** What one shape asks of its own value, apart from what is inside. */
interface Rule {
  readonly constraint: Constraint;
  /** Absent when every value of the type keeps it: AWS lists a length of at least 0 with the others. */
  readonly keeps?: (value: unknown) => boolean;
}

interface Checked {
  readonly shape: Shape;
  readonly rules: readonly Rule[];
  /** False when neither this shape nor any it reaches has a constraint. */
  readonly constrained: boolean;
  test: Test;
}

class ModelChecker {
  private readonly model: ServiceModel;
  private readonly shapes = new Map<string, Checked>();
  private readonly validators = new Map<string, Validator>();
  private readonly valuesHidden: boolean;

  constructor(model: ServiceModel) {
    this.model = model;
    this.valuesHidden = VALUES_HIDDEN.has(model.name);
  }

  validator(operationName: string): Validator {
    let validator = this.validators.get(operationName);
    if (validator === undefined) {
      const operation = this.model.operations[operationName];
      assert(operation !== undefined, `${this.model.name} has ${operationName}`);
      validator = this.compile(operationName, operation.input);
      this.validators.set(operationName, validator);
    }
    return validator;
  }

  private compile(operationName: string, input: ShapeRef | undefined): Validator {
    if (input === undefined) return ALWAYS;
    const checked = this.checked(input.shape);
    if (!checked.constrained) return ALWAYS;
    const root = INPUT_NAMED.has(this.model.name) ? `${lowerFirst(operationName)}Input` : '';
    return (value) => {
      if (checked.test(value, 0)) return NONE;
      const found: Violation[] = [];
      this.explain(checked, value, root, 0, found);
      assert(found.length > 0, `${operationName}'s input is refused for a reason`);
      return root === '' ? found : found.map((violation) => unrooted(violation, root, checked.shape));
    };
  }

  private checked(name: string): Checked {
    let checked = this.shapes.get(name);
    if (checked === undefined) {
      const shape = this.model.shapes[name];
      assert(shape !== undefined, `${this.model.name} has ${name}`);
      const rules = rulesOf(shape);
      checked = {
        shape,
        rules,
        constrained: this.reachesConstraint(name),
        // Compiled when first called, so that a shape may contain itself.
        test: (value, depth) => (this.checked(name).test = this.compileTest(shape, rules))(value, depth),
      };
      this.shapes.set(name, checked);
    }
    return checked;
  }

  private reachesConstraint(name: string, seen = new Set<string>()): boolean {
    if (seen.has(name)) return false;
    seen.add(name);
    const shape = this.model.shapes[name];
    assert(shape !== undefined, `${this.model.name} has ${name}`);
    if (shape.document || shape.eventstream) return false;
    if (rulesOf(shape).some(({ keeps }) => keeps) || (shape.required ?? []).length > 0) return true;
    const inside = [...Object.values(shape.members ?? {}), shape.member, shape.key, shape.value];
    return inside.some(
      (ref) => ref !== undefined && !ref.streaming && this.reachesConstraint(ref.shape, seen),
    );
  }

  private compileTest(shape: Shape, rules: readonly Rule[]): Test {
    switch (shape.type) {
      case 'structure':
        return this.structureTest(shape);
      case 'list': {
        const own = allKept(rules);
        const member = shape.member && this.checked(shape.member.shape);
        if (!member?.constrained) return own;
        return (value, depth) => {
          if (!Array.isArray(value) || depth > DEEPEST || !own(value, depth)) return false;
          for (const item of value) if (!member.test(item, depth + 1)) return false;
          return true;
        };
      }
      case 'map': {
        const own = allKept(rules);
        const keys = shape.key && this.checked(shape.key.shape);
        const values = shape.value && this.checked(shape.value.shape);
        if (!keys?.constrained && !values?.constrained) return own;
        return (map, depth) => {
          if (!isObject(map) || depth > DEEPEST || !own(map, depth)) return false;
          for (const key in map) {
            if (keys?.constrained && !keys.test(key, depth + 1)) return false;
            if (values?.constrained && !values.test(map[key], depth + 1)) return false;
          }
          return true;
        };
      }
      default:
        return allKept(rules);
    }
  }

  private structureTest(shape: Shape): Test {
    const required = shape.required ?? [];
    const inside = Object.entries(shape.members ?? {}).flatMap(([name, ref]) => {
      const checked = this.checked(ref.shape);
      return checked.constrained && !ref.streaming ? [{ name, checked }] : [];
    });
    return (value, depth) => {
      if (!isObject(value) || depth > DEEPEST) return false;
      for (const name of required) if (value[name] === undefined || value[name] === null) return false;
      for (const { name, checked } of inside) {
        const item = value[name];
        if (item !== undefined && item !== null && !checked.test(item, depth + 1)) return false;
      }
      return true;
    };
  }

  /** Runs only after a test said no, so it can afford paths. */
  private explain(checked: Checked, value: unknown, path: string, depth: number, found: Violation[]): void {
    if (!checked.constrained) return;
    const { shape } = checked;
    const sensitive = this.valuesHidden || shape.sensitive === true;
    const add = (constraint: Constraint) => found.push({ path, constraint, value, sensitive });
    if (depth > DEEPEST) {
      add({ kind: 'depth', limit: DEEPEST });
      return;
    }
    if (!hasType(shape.type, value)) {
      add({ kind: 'type', type: shape.type });
      return;
    }
    for (const { constraint, keeps } of checked.rules) if (keeps?.(value) === false) add(constraint);
    if (shape.type === 'structure') {
      this.explainStructure(shape, value as Record<string, unknown>, path, depth, found);
    } else if (shape.type === 'list' && shape.member) {
      const items = value as readonly unknown[];
      this.explainItems('members', shape.member, items, { path, value, sensitive }, found);
      const member = this.checked(shape.member.shape);
      for (const [index, item] of items.entries()) {
        this.explainInside(member, item, `${path}.${index + 1}.member`, depth + 1, found);
      }
    } else if (shape.type === 'map' && shape.key && shape.value) {
      const map = value as Readonly<Record<string, unknown>>;
      this.explainItems('keys', shape.key, Object.keys(map), { path, value, sensitive }, found);
      this.explainItems('values', shape.value, Object.values(map), { path, value, sensitive }, found);
      const member = this.checked(shape.value.shape);
      for (const [key, item] of Object.entries(map)) {
        this.explainInside(member, item, `${path}.${key}.member`, depth + 1, found);
      }
    }
  }

  private explainStructure(
    shape: Shape,
    value: Readonly<Record<string, unknown>>,
    path: string,
    depth: number,
    found: Violation[],
  ): void {
    for (const [name, ref] of Object.entries(shape.members ?? {})) {
      if (ref.streaming) continue;
      const at = path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`;
      const item = value[name];
      if (item !== undefined && item !== null) {
        this.explain(this.checked(ref.shape), item, at, depth + 1, found);
      } else if (shape.required?.includes(name)) {
        found.push({
          path: at,
          constraint: { kind: 'required' },
          value: undefined,
          sensitive: this.valuesHidden,
        });
      }
    }
  }

  /** AWS names the list or map, and every constraint of its items, when one item breaks one. */
  private explainItems(
    kind: 'members' | 'keys' | 'values',
    ref: ShapeRef,
    items: readonly unknown[],
    at: Pick<Violation, 'path' | 'value' | 'sensitive'>,
    found: Violation[],
  ): void {
    const { rules, shape } = this.checked(ref.shape);
    if (items.every((item) => rules.every(({ keeps }) => keeps?.(item) !== false))) return;
    const each: Constraint[] = rules.map(({ constraint }) => constraint);
    if (NULL_LISTED.has(this.model.name)) each.push({ kind: 'required' });
    found.push({ ...at, sensitive: at.sensitive || shape.sensitive === true, constraint: { kind, each } });
  }

  /** An item's own constraints are reported on its list or map; what is inside it, here. */
  private explainInside(
    member: Checked,
    item: unknown,
    path: string,
    depth: number,
    found: Violation[],
  ): void {
    if (!hasType(member.shape.type, item)) {
      if (!member.constrained || member.rules.some(({ keeps }) => keeps)) return;
      if (item === null || item === undefined) {
        found.push({
          path,
          constraint: { kind: 'required' },
          value: undefined,
          sensitive: this.valuesHidden,
        });
        return;
      }
    }
    this.explain({ ...member, rules: [] }, item, path, depth, found);
  }
}

/** In the order AWS lists them: the upper bound, the lower bound, the enum, the pattern. */
function rulesOf(shape: Shape): readonly Rule[] {
  const rules: Rule[] = [];
  const { min, max, pattern } = shape;
  const decimal = shape.type === 'float' || shape.type === 'double';
  const numeric = decimal || shape.type === 'integer' || shape.type === 'long';
  if (shape.streaming || shape.document) return rules;
  if (numeric) {
    if (max !== undefined) {
      rules.push({
        constraint: { kind: 'maxValue', limit: max, decimal },
        keeps: (value) => (value as number) <= max,
      });
    }
    if (min !== undefined) {
      rules.push({
        constraint: { kind: 'minValue', limit: min, decimal },
        keeps: (value) => (value as number) >= min,
      });
    }
  } else {
    const measure = MEASURES[shape.type];
    if (max !== undefined && measure) {
      rules.push({
        constraint: { kind: 'maxLength', limit: max },
        keeps: (value) => !measure.exceeds(value, max),
      });
    }
    if (min === 0 && measure) rules.push({ constraint: { kind: 'minLength', limit: 0 } });
    else if (min !== undefined && measure) {
      rules.push({
        constraint: { kind: 'minLength', limit: min },
        keeps: (value) => measure.exceeds(value, min - 1),
      });
    }
  }
  if (shape.enum !== undefined) {
    const values = new Set(shape.enum);
    rules.push({
      constraint: { kind: 'enum', values: shape.enum },
      keeps: (value) => values.has(value as string),
    });
  }
  if (pattern !== undefined) {
    const compiled = compilePattern(pattern);
    rules.push({
      constraint: { kind: 'pattern', pattern },
      keeps: (value) => compiled.matches(value as string),
    });
  }
  return rules.map(({ constraint, keeps }) =>
    keeps ? { constraint, keeps: (value) => hasType(shape.type, value) && keeps(value) } : { constraint },
  );
}

/** Lengths of strings are in Unicode scalar values, of blobs in bytes, of lists and maps in entries. */
const MEASURES: Partial<Record<Shape['type'], { exceeds(value: unknown, limit: number): boolean }>> = {
  string: { exceeds: (value, limit) => longerThan(value as string, limit) },
  blob: { exceeds: (value, limit) => (value as Uint8Array).length > limit },
  list: { exceeds: (value, limit) => (value as readonly unknown[]).length > limit },
  map: {
    exceeds(value, limit) {
      let size = 0;
      for (const _ in value as object) if ((size += 1) > limit) return true;
      return false;
    },
  },
};

function longerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  if (text.length > 2 * limit) return true;
  let pairs = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0xd800 && code < 0xdc00 && (text.codePointAt(at) as number) > 0xffff) pairs += 1;
  }
  return text.length - pairs > limit;
}

function allKept(rules: readonly Rule[]): Test {
  const checks = rules.flatMap(({ keeps }) => keeps ?? []);
  const [first, second] = checks;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (checks.length === 2) return (value) => first(value) && second(value);
  return (value) => {
    for (const keeps of checks) if (!keeps(value)) return false;
    return true;
  };
}

function hasType(type: Shape['type'], value: unknown): boolean {
  switch (type) {
    case 'structure':
    case 'map':
      return isObject(value);
    case 'list':
      return Array.isArray(value);
    case 'string':
    case 'character':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return typeof value === 'number' || typeof value === 'bigint';
    case 'blob':
      return value instanceof Uint8Array;
    case 'timestamp':
      return value instanceof Date;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** AWS spells the members of a path as Java properties: only the first letter changes. */
/** What stands in the path of a request's address is named without the input it is part of. */
function unrooted(violation: Violation, root: string, { members = {} }: Shape): Violation {
  const name = violation.path.slice(root.length + 1);
  const inPath = Object.entries(members).some(
    ([member, { location }]) => location === 'uri' && lowerFirst(member) === name,
  );
  return inPath ? { ...violation, path: name } : violation;
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
