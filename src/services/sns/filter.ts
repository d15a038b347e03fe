import type { FilterPolicy, FilterScope, FilterValue } from './filter-policy.ts';
import type { StoredAttribute } from './layout.ts';

type Attributes = Readonly<Record<string, StoredAttribute>> | undefined;

/** The values a key has: more than one when an array stands there. Undefined: the key is not there. */
type Values = readonly FilterValue[] | undefined;

/** Whether a subscription with this filter policy gets a message. */
export function passes(
  policy: FilterPolicy,
  scope: FilterScope,
  message: { readonly body: string; readonly attributes: Attributes },
): boolean {
  if (scope === 'MessageAttributes') {
    const { attributes = {} } = message;
    return matchesAttributes(policy, attributes);
  }
  const body = jsonObject(message.body);
  return body !== undefined && matchesBody(policy, body);
}

function holds(
  conditions: readonly ((value: FilterValue | undefined) => boolean)[],
  values: Values,
): boolean {
  if (values === undefined) return conditions.some((condition) => condition(undefined));
  return conditions.some((condition) => values.some((value) => condition(value)));
}

function matchesAttributes(
  { keys, alternatives }: FilterPolicy,
  attributes: Readonly<Record<string, StoredAttribute>>,
): boolean {
  return (
    keys.every(
      ({ name, rule }) => rule.kind === 'values' && holds(rule.conditions, attributeValues(attributes, name)),
    ) && alternatives.every((policies) => policies.some((policy) => matchesAttributes(policy, attributes)))
  );
}

/** A binary attribute is there, but equals nothing. */
function attributeValues(attributes: Readonly<Record<string, StoredAttribute>>, name: string): Values {
  const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  if (attribute === undefined) return undefined;
  const { type, value } = attribute;
  if (type === 'Number' || type.startsWith('Number.')) return [Number(value)];
  if (type === 'String.Array') {
    const list = parsed(value);
    return Array.isArray(list) ? list.filter(isScalar) : [value];
  }
  return [type.startsWith('Binary') ? Number.NaN : value];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * What a policy says of an object in an array holds for one and the same object. A dot in a key, of the policy or of the
 * message, is as good as another level.
 */
function matchesBody({ keys, alternatives }: FilterPolicy, object: Json): boolean {
  return (
    keys.every(({ name, rule }) => {
      const found = valuesAt(object, name).flat(Number.POSITIVE_INFINITY);
      if (rule.kind === 'nested') {
        const objects = found.filter(isObject);
        const { policy } = rule;
        // Keys may be wanted not to be there.
        return objects.length === 0
          ? matchesBody(policy, {})
          : objects.some((one) => matchesBody(policy, one));
      }
      const scalars = found.filter(isScalar);
      return holds(rule.conditions, scalars.length === 0 ? undefined : scalars);
    }) && alternatives.every((policies) => policies.some((policy) => matchesBody(policy, object)))
  );
}

function valuesAt(object: Json, name: string): unknown[] {
  const found: unknown[] = [];
  let below: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(object)) {
    if (key === name) found.push(value);
    else if (name.startsWith(`${key}.`)) {
      const values = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value];
      for (const one of values) if (isObject(one)) found.push(...valuesAt(one, name.slice(key.length + 1)));
    } else if (key.startsWith(`${name}.`)) {
      below ??= {};
      below[key.slice(name.length + 1)] = value;
    }
  }
  if (below !== undefined) found.push(below);
  return found;
}

function isScalar(value: unknown): value is FilterValue {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no list.
    return undefined;
  }
}

function jsonObject(text: string): Json | undefined {
  const value = parsed(text);
  return isObject(value) ? value : undefined;
}
