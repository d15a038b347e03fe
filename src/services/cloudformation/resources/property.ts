import { type PropertyType, resourceType, type StructureSchema } from '../schema/resource-type.ts';
import { templateError } from '../template/template.ts';
import { equalValues, isList, isMap, type MutableMap, type Value, type ValueMap } from '../template/value.ts';

/** The members of `from` that are there among `names`. */
export function pick(from: ValueMap, names: readonly string[]): ValueMap {
  const picked: MutableMap = {};
  for (const name of names) {
    const value = from[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** Refuses, by name, properties AWS has and Lambent does nothing with yet. */
export function refuseOthers(type: string, properties: ValueMap, supported: readonly string[]): void {
  const others = Object.keys(properties).filter((name) => !supported.includes(name));
  if (others.length > 0) {
    throw templateError(`Lambent does not support these properties of ${type} yet: [${others.join(', ')}]`);
  }
}

/** A type's properties as API Gateway spells them: its own names with a small first letter, users' keys untouched. */
export function camelProperties(type: string, properties: ValueMap): ValueMap {
  const schema = resourceType(type);
  return schema === undefined ? properties : camelStructure(schema, properties);
}

function camelStructure(schema: StructureSchema, value: ValueMap): ValueMap {
  const result: MutableMap = {};
  for (const [name, item] of Object.entries(value)) {
    const property = schema.properties.get(name);
    result[camelName(name)] = property === undefined ? item : camelValue(property.type, item);
  }
  return result;
}

function camelValue(type: PropertyType, value: Value): Value {
  switch (type.kind) {
    case 'structure':
      return isMap(value) ? camelStructure(type.structure, value) : value;
    case 'list':
      return isList(value) ? value.map((item) => camelValue(type.of, item)) : value;
    case 'map':
      return isMap(value)
        ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, camelValue(type.of, item)]))
        : value;
    default:
      return value;
  }
}

export function camelName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

export function textIn(properties: ValueMap, name: string): string | undefined {
  const value = properties[name];
  return typeof value === 'string' ? value : undefined;
}

/** A property the schema requires. */
export function requiredText(properties: ValueMap, name: string): string {
  const value = textIn(properties, name);
  if (value === undefined) throw templateError(`Property ${name} cannot be empty.`);
  return value;
}

export function listIn(properties: ValueMap, name: string): readonly Value[] {
  const value = properties[name];
  return isList(value) ? value : [];
}

export function textsIn(properties: ValueMap, name: string): readonly string[] {
  return listIn(properties, name).filter((item) => typeof item === 'string');
}

export function mapIn(properties: ValueMap, name: string): ValueMap | undefined {
  const value = properties[name];
  return isMap(value) ? value : undefined;
}

export function mapsIn(properties: ValueMap, name: string): readonly ValueMap[] {
  return listIn(properties, name).filter(isMap);
}

/** A policy document may be written as a map or as JSON text. */
export function documentText(value: Value | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? {});
}

/** CloudFormation's list of tags as the map some services take. */
export function tagMap(tags: Value | undefined): Record<string, string> {
  if (!isList(tags)) {
    return isMap(tags)
      ? Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)]))
      : {};
  }
  return Object.fromEntries(tags.filter(isMap).map((tag) => [String(tag['Key']), String(tag['Value'])]));
}

export interface TagChange {
  /** Tags to set: new ones and those with another value. */
  readonly set: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
}

export function tagChange(before: ValueMap, after: ValueMap, name = 'Tags'): TagChange {
  const old = tagMap(before[name]);
  const now = tagMap(after[name]);
  return {
    set: Object.fromEntries(Object.entries(now).filter(([key, value]) => old[key] !== value)),
    removed: Object.keys(old).filter((key) => !Object.hasOwn(now, key)),
  };
}

export function tagList(tags: Readonly<Record<string, string>>): readonly { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function differs(before: ValueMap, after: ValueMap, names: readonly string[]): boolean {
  return names.some((name) => !equalValues(before[name], after[name]));
}
