import { RE2JS } from 're2js';
import { TemplateError } from './node.ts';
import { Entry, isEqual, toText, type Value, ValueMap } from './value.ts';

const MOST_PATTERN = 1000;
const MOST_TEXT = 10 * 1024 * 1024;

type Args = readonly Value[];
type Methods<T> = Readonly<Record<string, (self: T, args: Args) => Value>>;

const text = (args: Args, index = 0) => toText(args[index]);
const integer = (args: Args, index = 0) => Math.trunc(Number(args[index]));

function pattern(source: string): RE2JS {
  if (source.length > MOST_PATTERN) throw new TemplateError('the pattern is too long');
  try {
    return RE2JS.compile(source);
  } catch {
    throw new TemplateError(`the pattern ${source} cannot be used`);
  }
}

function bounded(result: string): string {
  if (result.length > MOST_TEXT) throw new TemplateError('a text grows too long');
  return result;
}

function substring(self: string, args: Args): string {
  const from = integer(args);
  const to = args.length > 1 ? integer(args, 1) : self.length;
  if (!(from >= 0 && from <= to && to <= self.length)) throw new TemplateError('substring out of range');
  return self.slice(from, to);
}

/** Java's: a pattern, and no empty parts at the end. */
function split(self: string, args: Args): Value[] {
  const limit = args.length > 1 ? integer(args, 1) : 0;
  const parts: string[] = [];
  const matcher = pattern(text(args)).matcher(self);
  let from = 0;
  while ((limit <= 0 || parts.length < limit - 1) && matcher.find()) {
    if (matcher.end() === 0) continue;
    parts.push(self.slice(from, matcher.start()));
    from = matcher.end();
  }
  parts.push(self.slice(from));
  if (limit === 0) while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return parts;
}

const STRING: Methods<string> = {
  length: (self) => self.length,
  size: (self) => self.length,
  isEmpty: (self) => self === '',
  isBlank: (self) => self.trim() === '',
  contains: (self, args) => self.includes(text(args)),
  startsWith: (self, args) => self.startsWith(text(args)),
  endsWith: (self, args) => self.endsWith(text(args)),
  indexOf: (self, args) => self.indexOf(text(args), args.length > 1 ? integer(args, 1) : 0),
  lastIndexOf: (self, args) => self.lastIndexOf(text(args)),
  substring,
  charAt: (self, args) => substring(self, [integer(args), integer(args) + 1]),
  replace: (self, args) => bounded(self.replaceAll(text(args), () => text(args, 1))),
  replaceAll: (self, args) => bounded(pattern(text(args)).matcher(self).replaceAll(text(args, 1))),
  replaceFirst: (self, args) => bounded(pattern(text(args)).matcher(self).replaceFirst(text(args, 1))),
  split,
  matches: (self, args) => pattern(text(args)).matcher(self).matches(),
  toLowerCase: (self) => self.toLowerCase(),
  toUpperCase: (self) => self.toUpperCase(),
  trim: (self) => self.trim(),
  strip: (self) => self.trim(),
  concat: (self, args) => bounded(self + text(args)),
  repeat: (self, args) => {
    const times = integer(args);
    if (!(times >= 0 && times * self.length <= MOST_TEXT)) throw new TemplateError('a text grows too long');
    return self.repeat(times);
  },
  equals: (self, args) => self === args[0],
  equalsIgnoreCase: (self, args) => self.toLowerCase() === text(args).toLowerCase(),
  compareTo: (self, args) => (self < text(args) ? -1 : self > text(args) ? 1 : 0),
  toString: (self: string) => self,
  toCharArray: (self) => self.split(''),
};

const LIST: Methods<Value[]> = {
  size: (self) => self.length,
  length: (self) => self.length,
  isEmpty: (self) => self.length === 0,
  get: (self, args) => self[integer(args)],
  set: (self, args) => {
    const before = self[integer(args)];
    if (integer(args) < 0 || integer(args) >= self.length) throw new TemplateError('index out of range');
    self[integer(args)] = args[1];
    return before;
  },
  add: (self, args) => {
    if (args.length > 1) self.splice(integer(args), 0, args[1]);
    else self.push(args[0]);
    return true;
  },
  addAll: (self, args) => {
    const [more] = args;
    if (!Array.isArray(more)) return false;
    self.push(...more);
    return more.length > 0;
  },
  remove: (self, args) => {
    const [what] = args;
    const index = typeof what === 'number' ? what : self.findIndex((item) => isEqual(item, what));
    const [gone] = index >= 0 ? self.splice(index, 1) : [];
    return typeof what === 'number' ? gone : index >= 0;
  },
  clear: (self) => {
    self.length = 0;
    return undefined;
  },
  contains: (self, args) => self.some((item) => isEqual(item, args[0])),
  indexOf: (self, args) => self.findIndex((item) => isEqual(item, args[0])),
  subList: (self, args) => self.slice(integer(args), integer(args, 1)),
  equals: (self, args) => isEqual(self, args[0]),
  iterator: (self) => self,
  toString: (self: Value[]) => toText(self),
};

const MAP: Methods<ValueMap> = {
  size: (self) => self.size,
  isEmpty: (self) => self.size === 0,
  get: (self, args) => self.get(text(args)),
  getOrDefault: (self, args) => (self.has(text(args)) ? self.get(text(args)) : args[1]),
  put: (self, args) => {
    const before = self.get(text(args));
    self.set(text(args), args[1]);
    return before;
  },
  putAll: (self, args) => {
    const [more] = args;
    if (more instanceof ValueMap) for (const [name, item] of more) self.set(name, item);
    return undefined;
  },
  remove: (self, args) => {
    const before = self.get(text(args));
    self.delete(text(args));
    return before;
  },
  clear: (self) => {
    self.clear();
    return undefined;
  },
  containsKey: (self, args) => self.has(text(args)),
  containsValue: (self, args) => [...self.values()].some((item) => isEqual(item, args[0])),
  keySet: (self) => [...self.keys()],
  values: (self) => [...self.values()],
  entrySet: (self) => [...self].map(([key, item]) => new Entry(key, item)),
  equals: (self, args) => isEqual(self, args[0]),
  toString: (self: ValueMap) => toText(self),
};

function parseNumber(args: Args): number {
  const number = Number(text(args));
  if (text(args).trim() === '' || !Number.isFinite(number))
    throw new TemplateError(`${text(args)} is not a number`);
  return number;
}

const NUMBER: Methods<number> = {
  intValue: (self) => Math.trunc(self),
  longValue: (self) => Math.trunc(self),
  doubleValue: (self) => self,
  parseInt: (_self, args) => Math.trunc(parseNumber(args)),
  parseLong: (_self, args) => Math.trunc(parseNumber(args)),
  parseDouble: (_self, args) => parseNumber(args),
  valueOf: (_self: number, args: Args) => parseNumber(args),
  equals: (self, args) => self === args[0],
  compareTo: (self, args) => Math.sign(self - Number(args[0])),
  toString: (self: number, args: Args) => (args.length > 0 ? text(args) : String(self)),
};

const BOOLEAN: Methods<boolean> = {
  booleanValue: (self) => self,
  parseBoolean: (_self, args) => text(args).toLowerCase() === 'true',
  equals: (self, args) => self === args[0],
  toString: (self: boolean) => String(self),
};

const ENTRY: Methods<Entry> = {
  getKey: (self) => self.key,
  getValue: (self) => self.value,
  toString: (self: Entry) => toText(self),
};

function methodsOf(value: Value): Methods<never> | undefined {
  if (typeof value === 'string') return STRING as Methods<never>;
  if (typeof value === 'number') return NUMBER as Methods<never>;
  if (typeof value === 'boolean') return BOOLEAN as Methods<never>;
  if (Array.isArray(value)) return LIST as Methods<never>;
  if (value instanceof ValueMap) return MAP as Methods<never>;
  return value instanceof Entry ? (ENTRY as Methods<never>) : undefined;
}

/** Calls one of the methods Java's own classes have; undefined when there is none of that name. */
export function callMethod(self: Value, name: string, args: Args): Value {
  const methods = methodsOf(self);
  if (methods === undefined || !Object.hasOwn(methods, name)) return undefined;
  return (methods[name] as (value: Value, given: Args) => Value)(self, args);
}
