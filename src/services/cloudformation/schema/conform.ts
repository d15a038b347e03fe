import { isList, isMap, isScalar, type MutableMap, type Value, type ValueMap } from '../template/value.ts';
import type { PropertyType, StructureSchema } from './resource-type.ts';

/** Properties as the resource type's schema wants them, or what is wrong with them. */
export type Conformed =
  | { readonly properties: ValueMap; readonly problems?: undefined }
  | { readonly properties?: undefined; readonly problems: readonly string[] };

/**
 * Checks properties against the schema and turns text into the numbers and booleans it stands for (every template
 * scalar may be written as text). Problems are worded as CloudFormation's schema validation words them.
 */
export function conform(schema: StructureSchema, properties: ValueMap): Conformed {
  const problems: string[] = [];
  const result = structure(schema, properties, '#', problems);
  return problems.length > 0 ? { problems } : { properties: result };
}

function structure(schema: StructureSchema, value: ValueMap, path: string, problems: string[]): ValueMap {
  const result: MutableMap = {};
  for (const [name, property] of schema.properties) {
    if (property.required && !Object.hasOwn(value, name)) {
      problems.push(`${path}: required key [${name}] not found`);
    }
  }
  for (const [name, item] of Object.entries(value)) {
    const property = schema.properties.get(name);
    if (property === undefined) problems.push(`${path}: extraneous key [${name}] is not permitted`);
    else result[name] = typed(property.type, item, `${path}/${name}`, problems);
  }
  return result;
}

function typed(type: PropertyType, value: Value, path: string, problems: string[]): Value {
  const expected = (name: string): Value => {
    problems.push(`${path}: expected type: ${name}, found: ${kindOf(value)}`);
    return value;
  };
  switch (type.kind) {
    case 'string':
    case 'date-time':
      return isScalar(value) ? String(value) : expected('String');
    case 'boolean':
      if (typeof value === 'boolean') return value;
      if (value === 'true' || value === 'True' || value === 'TRUE') return true;
      if (value === 'false' || value === 'False' || value === 'FALSE') return false;
      return expected('Boolean');
    case 'integer':
    case 'number': {
      if (!isScalar(value) || typeof value === 'boolean' || String(value).trim() === '') {
        return expected(type.kind === 'integer' ? 'Integer' : 'Number');
      }
      const number = Number(value);
      if (type.kind === 'integer' && !Number.isInteger(number)) return expected('Integer');
      return Number.isNaN(number) ? expected('Number') : number;
    }
    case 'json':
      return value;
    case 'list':
      // A single value stands for a list of one, as CloudFormation has always let it.
      if (!isList(value) && !isScalar(value)) return expected('JSONArray');
      return (isList(value) ? value : [value]).map((item, index) =>
        typed(type.of, item, `${path}/${index}`, problems),
      );
    case 'map': {
      if (!isMap(value)) return expected('JSONObject');
      const map: MutableMap = {};
      for (const [key, item] of Object.entries(value))
        map[key] = typed(type.of, item, `${path}/${key}`, problems);
      return map;
    }
    case 'structure':
      return isMap(value) ? structure(type.structure, value, path, problems) : expected('JSONObject');
    case 'union':
      return union(type.types, value, path, problems);
  }
}

/** The first alternative that takes the value without complaint; the first one's complaints when none does. */
function union(types: readonly PropertyType[], value: Value, path: string, problems: string[]): Value {
  let first: readonly string[] | undefined;
  for (const type of types) {
    const own: string[] = [];
    const result = typed(type, value, path, own);
    if (own.length === 0) return result;
    first ??= own;
  }
  problems.push(...(first ?? []));
  return value;
}

function kindOf(value: Value): string {
  if (value === null) return 'Null';
  if (isList(value)) return 'JSONArray';
  if (isMap(value)) return 'JSONObject';
  return { string: 'String', number: 'Number', boolean: 'Boolean' }[typeof value as string] ?? 'String';
}
