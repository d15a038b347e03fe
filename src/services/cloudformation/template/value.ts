/** What a template is made of once parsed: JSON. */
export type Value = string | number | boolean | null | readonly Value[] | ValueMap;

export interface ValueMap {
  readonly [key: string]: Value;
}

/** A map under construction. */
export type MutableMap = Record<string, Value>;

export function isMap(value: unknown): value is ValueMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Value[] {
  return Array.isArray(value);
}

export function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** The single key of a map that is a function call, such as `Ref`; undefined for anything else. */
export function onlyKey(value: Value | undefined): string | undefined {
  if (!isMap(value)) return undefined;
  const keys = Object.keys(value);
  return keys.length === 1 ? keys[0] : undefined;
}

/** Text with object keys sorted, so that equal values are equal texts. */
export function canonicalJson(value: Value): string {
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (isMap(value)) {
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}

export function equalValues(a: Value | undefined, b: Value | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}

/** Functions whose short form is `!Name` and long form `Fn::Name`; `Ref` and `Condition` have no prefix. */
export function longForm(shortName: string): string {
  return shortName === 'Ref' || shortName === 'Condition' ? shortName : `Fn::${shortName}`;
}

/** A map that no key of the template can turn into something else (`__proto__` is a key like any other). */
export function emptyMap(): MutableMap {
  return Object.create(null) as MutableMap;
}
