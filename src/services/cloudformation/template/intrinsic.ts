import { cidrBlocks } from './cidr.ts';
import { templateError } from './template.ts';
import { canonicalJson, emptyMap, isList, isMap, isScalar, type Value, type ValueMap } from './value.ts';

/** What a template's functions can look up. A lookup answers undefined when the value is not known yet. */
export interface Scope {
  /** Parameters, pseudo parameters and resources. */
  ref(name: string): Value | typeof NO_VALUE | undefined;
  attribute(logicalId: string, attribute: string): Value | undefined;
  condition(name: string): boolean;
  importValue(name: string): Value | undefined;
  readonly mappings: ValueMap;
  readonly region: string;
}

/** `AWS::NoValue`: the member that has it as its value is dropped. */
export const NO_VALUE = Symbol('AWS::NoValue');

/** Part of a value that waits for a resource; holds the call as far as it could be evaluated. */
export class Pending {
  readonly call: ValueMap;
  constructor(call: ValueMap) {
    this.call = call;
  }
}

type Partial = Value | Pending;
type Result = Partial | typeof NO_VALUE;

/** Evaluates a value whole; what the scope does not know is an assertion of the caller's, hence an error here. */
export function evaluate(value: Value, scope: Scope): Value | undefined {
  const result = walk(value, scope);
  return result === NO_VALUE ? undefined : settled(result);
}

/**
 * Evaluates as far as the scope knows; calls that wait for a resource stay in place. Two partial values that are
 * equal will be equal once their resources are the same.
 */
export function evaluatePartly(value: Value, scope: Scope): Value | undefined {
  const result = walk(value, scope);
  return result === NO_VALUE ? undefined : thaw(result);
}

function thaw(value: Partial): Value {
  if (value instanceof Pending) return value.call;
  if (isList(value)) return value.map((item) => thaw(item as Partial));
  if (isMap(value)) {
    const map = emptyMap();
    for (const [key, item] of Object.entries(value)) map[key] = thaw(item as Partial);
    return map;
  }
  return value;
}

function settled(value: Partial): Value {
  if (value instanceof Pending) {
    throw templateError(`the value of ${canonicalJson(value.call)} is not known here`);
  }
  if (isList(value)) return value.map((item) => settled(item as Partial));
  if (isMap(value)) {
    const map = emptyMap();
    for (const [key, item] of Object.entries(value)) map[key] = settled(item as Partial);
    return map;
  }
  return value;
}

function hasPending(value: Partial): boolean {
  if (value instanceof Pending) return true;
  if (isList(value)) return value.some((item) => hasPending(item as Partial));
  return isMap(value) && Object.values(value).some((item) => hasPending(item as Partial));
}

function walk(value: Value, scope: Scope): Result {
  if (isList(value)) {
    return value.flatMap((item) => {
      const result = walk(item, scope);
      return result === NO_VALUE ? [] : [result as Value];
    });
  }
  if (!isMap(value)) return value;
  const keys = Object.keys(value);
  const [name] = keys;
  if (keys.length === 1 && name !== undefined) {
    const call = functionNamed(name);
    if (call !== undefined) return call(value[name] ?? null, scope);
  }
  const map: Record<string, unknown> = emptyMap();
  for (const key of keys) {
    const result = walk(value[key] ?? null, scope);
    if (result !== NO_VALUE) map[key] = result;
  }
  return map as Value;
}

type IntrinsicFunction = (argument: Value, scope: Scope) => Result;

function functionNamed(name: string): IntrinsicFunction | undefined {
  if (Object.hasOwn(FUNCTIONS, name)) return FUNCTIONS[name];
  if (name === 'Fn::Transform') throw templateError('Lambent does not run the macros of Fn::Transform yet');
  if (name.startsWith('Fn::')) throw templateError(`Unrecognized function ${name}`);
  return undefined;
}

/** Evaluates arguments; the call itself waits when one of them does. */
function strict(name: string, call: (argument: Value, scope: Scope) => Result): IntrinsicFunction {
  return (argument, scope) => {
    const result = walk(argument, scope);
    const known = result === NO_VALUE ? null : result;
    return hasPending(known) ? new Pending({ [name]: thaw(known) }) : call(known as Value, scope);
  };
}

/** Text as CloudFormation prints a scalar inside another text. */
export function textOf(value: Value | undefined): string | undefined {
  return isScalar(value) ? String(value) : undefined;
}

function texts(value: Value | undefined): string[] | undefined {
  if (!isList(value)) return undefined;
  const items = value.map(textOf);
  return items.every((item) => item !== undefined) ? (items as string[]) : undefined;
}

const JOIN =
  'every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.';
const SPLIT =
  'every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.';
const SELECT = 'Fn::Select requires a list argument with two elements: an integer index and a list';
const FIND_IN_MAP =
  'every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html */
const FUNCTIONS: Readonly<Record<string, IntrinsicFunction>> = {
  Ref: (argument, scope) => {
    if (typeof argument !== 'string') throw templateError('All Ref arguments must be strings.');
    return scope.ref(argument) ?? new Pending({ Ref: argument });
  },

  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, attribute] = getAttParts(argument);
    const name = walk(attribute, scope);
    if (typeof name !== 'string') return new Pending({ 'Fn::GetAtt': [logicalId, thaw(name as Partial)] });
    return scope.attribute(logicalId, name) ?? new Pending({ 'Fn::GetAtt': [logicalId, name] });
  },

  'Fn::If': (argument, scope) => {
    const [condition, whenTrue, whenFalse] = isList(argument) ? argument : [];
    if (!isList(argument) || argument.length !== 3 || typeof condition !== 'string') {
      throw templateError('Fn::If requires a list argument with three elements');
    }
    return walk((scope.condition(condition) ? whenTrue : whenFalse) ?? null, scope);
  },

  'Fn::Sub': (argument, scope) => {
    const [text, variables] = subParts(argument);
    const values = new Map<string, Result>();
    for (const [name, value] of Object.entries(variables)) values.set(name, walk(value, scope));
    let waits = false;
    const done = substitute(text, (name) => {
      const value = values.has(name) ? values.get(name) : lookUp(name, scope);
      if (value instanceof Pending || value === undefined) {
        waits = true;
        return `\${${name}}`;
      }
      const printed = value === NO_VALUE ? '' : textOf(value as Value);
      if (printed === undefined) {
        throw templateError(`Fn::Sub cannot put the list or map of \${${name}} into a string`);
      }
      return printed;
    });
    if (!waits) return done.replaceAll('${!', '${');
    const kept = emptyMap();
    for (const [name, value] of values) {
      if (value instanceof Pending) kept[name] = value.call;
    }
    return new Pending({ 'Fn::Sub': [done, kept] });
  },

  'Fn::Join': strict('Fn::Join', (argument) => {
    const [delimiter, list] = isList(argument) ? argument : [];
    const items = texts(list);
    if (typeof delimiter !== 'string' || items === undefined) throw templateError(JOIN);
    return items.join(delimiter);
  }),

  'Fn::Split': strict('Fn::Split', (argument) => {
    const [delimiter, text] = isList(argument) ? argument : [];
    if (typeof delimiter !== 'string' || delimiter === '' || !isScalar(text)) throw templateError(SPLIT);
    return String(text).split(delimiter);
  }),

  'Fn::Select': strict('Fn::Select', (argument) => {
    const [index, list] = isList(argument) ? argument : [];
    if (!isScalar(index) || !/^\d+$/.test(String(index)) || !isList(list)) throw templateError(SELECT);
    const item = list[Number(index)];
    if (item === undefined) {
      throw templateError(`Fn::Select cannot select nonexistent value at index ${String(index)}`);
    }
    return item;
  }),

  'Fn::FindInMap': strict('Fn::FindInMap', (argument, scope) => {
    const [mapName, first, second, options] = isList(argument) ? argument : [];
    if (!isScalar(mapName) || !isScalar(first) || !isScalar(second)) throw templateError(FIND_IN_MAP);
    const map = scope.mappings[String(mapName)];
    if (map === undefined) {
      throw templateError(
        `Mapping named '${String(mapName)}' is not present in the 'Mappings' section of template.`,
      );
    }
    const row = isMap(map) ? map[String(first)] : undefined;
    const found = isMap(row) ? row[String(second)] : undefined;
    if (found !== undefined) return found;
    if (isMap(options) && options['DefaultValue'] !== undefined) return options['DefaultValue'];
    throw templateError(`Unable to get mapping for ${[mapName, first, second].map(String).join('::')}`);
  }),

  'Fn::Base64': strict('Fn::Base64', (argument) => {
    const text = textOf(argument);
    if (text === undefined) throw templateError('every Fn::Base64 object must have a String-typed value.');
    return Buffer.from(text, 'utf8').toString('base64');
  }),

  'Fn::Cidr': strict('Fn::Cidr', (argument) => {
    const [block, count, bits] = isList(argument) ? argument : [];
    return cidrBlocks(textOf(block), textOf(count), textOf(bits));
  }),

  'Fn::GetAZs': strict('Fn::GetAZs', (argument, scope) => {
    const region = textOf(argument) || scope.region;
    return ['a', 'b', 'c'].map((zone) => `${region}${zone}`);
  }),

  'Fn::ImportValue': strict('Fn::ImportValue', (argument, scope) => {
    const name = textOf(argument);
    if (name === undefined) throw templateError('Fn::ImportValue must have a string value.');
    return scope.importValue(name) ?? new Pending({ 'Fn::ImportValue': name });
  }),

  'Fn::Length': strict('Fn::Length', (argument) => {
    if (!isList(argument)) throw templateError('Fn::Length needs a list.');
    return argument.length;
  }),

  'Fn::ToJsonString': strict('Fn::ToJsonString', (argument) => JSON.stringify(argument)),
};

/** Names of every function, for the validation of templates. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set(Object.keys(FUNCTIONS));

export function getAttParts(argument: Value): readonly [string, Value] {
  const parts = typeof argument === 'string' ? argument.split('.') : isList(argument) ? argument : [];
  const [logicalId, ...rest] = parts;
  const attribute = rest.length === 1 ? rest[0] : texts(rest)?.join('.');
  if (typeof logicalId !== 'string' || logicalId === '' || attribute === undefined || attribute === '') {
    throw templateError(
      'every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute',
    );
  }
  return [logicalId, attribute];
}

export function subParts(argument: Value): readonly [string, ValueMap] {
  const [text, variables] = isList(argument) ? argument : [argument, {}];
  if (!isScalar(text) || (isList(argument) && argument.length !== 2) || !isMap(variables)) {
    throw templateError(
      "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
    );
  }
  return [String(text), variables];
}

function lookUp(name: string, scope: Scope): Result | undefined {
  const dot = name.indexOf('.');
  return dot === -1 ? scope.ref(name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1));
}

/** The names a `Fn::Sub` text uses, `${!literal}` excluded. */
export function namesIn(text: string): string[] {
  const names: string[] = [];
  substitute(text, (name) => {
    names.push(name);
    return '';
  });
  return names;
}

/** Replaces `${name}`; `${!name}` is left for the caller to unescape at the end. */
function substitute(text: string, value: (name: string) => string): string {
  return text.replace(/\$\{([^!}][^}]*)\}/g, (_, inner: string) => {
    const name = inner.trim();
    if (!/^[A-Za-z0-9_.:]+$/.test(name)) {
      throw templateError(
        'variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons',
      );
    }
    return value(name);
  });
}
