/** What templates compute with. Objects are Java's maps: ordered, their keys text. */
export type Value = string | number | boolean | null | undefined | Value[] | ValueMap | Callable | Entry;

export class ValueMap extends Map<string, Value> {}

/** A list that came of JSON prints as JSON, one that a template made as Java does. */
export class JsonList extends Array<Value> {
  static override get [Symbol.species]() {
    return Array;
  }
}

/** A named function of the host, such as `$util.urlEncode`. */
export class Callable {
  readonly call: (...args: readonly Value[]) => Value;
  constructor(call: (...args: readonly Value[]) => Value) {
    this.call = call;
  }
}

/** One of a map's entries, as `entrySet()` gives them. */
export class Entry {
  readonly key: string;
  readonly value: Value;
  constructor(key: string, value: Value) {
    this.key = key;
    this.value = value;
  }
}

/** JSON as template values. */
export function toValue(json: unknown): Value {
  if (Array.isArray(json)) {
    const list = new JsonList();
    for (const item of json) list.push(toValue(item));
    return list;
  }
  if (typeof json === 'object' && json !== null) {
    const map = new ValueMap();
    for (const name of Object.keys(json)) map.set(name, toValue((json as Record<string, unknown>)[name]));
    return map;
  }
  return json as Value;
}

/** Template values as JSON. */
export function toJson(value: Value): unknown {
  if (Array.isArray(value)) return Array.from(value, toJson);
  if (value instanceof ValueMap) {
    const json: Record<string, unknown> = {};
    for (const [name, item] of value) {
      Object.defineProperty(json, name, {
        value: toJson(item),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return json;
  }
  if (value instanceof Callable || value instanceof Entry) return undefined;
  return value;
}

/** As Java's `toString` prints it. */
export function toText(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return 'null';
  if (value instanceof JsonList) return JSON.stringify(toJson(value));
  if (Array.isArray(value)) return `[${value.map(toText).join(', ')}]`;
  if (value instanceof ValueMap)
    return `{${[...value].map(([name, item]) => `${name}=${toText(item)}`).join(', ')}}`;
  if (value instanceof Entry) return `${value.key}=${toText(value.value)}`;
  return value instanceof Callable ? '' : String(value);
}

export function isTrue(value: Value): boolean {
  return typeof value === 'boolean' ? value : value !== null && value !== undefined;
}

export function isEqual(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (left === null || left === undefined || right === null || right === undefined)
    return (left ?? null) === (right ?? null);
  if (typeof left === 'object' || typeof right === 'object') {
    return typeof left === typeof right && JSON.stringify(toJson(left)) === JSON.stringify(toJson(right));
  }
  // Velocity compares what is of different kinds by its text.
  return typeof left !== typeof right && toText(left) === toText(right);
}
