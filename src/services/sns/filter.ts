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
  return body !== undefined && matchesBody(policy, [body]);
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

/** `objects`: where the policy's keys may stand; several after an array of objects. */
function matchesBody({ keys, alternatives }: FilterPolicy, objects: readonly Json[]): boolean {
  return (
    keys.every(({ name, rule }) => {
      const found = objects.filter((object) => Object.hasOwn(object, name)).map((object) => object[name]);
      const flat = found.flat(Number.POSITIVE_INFINITY);
      if (rule.kind === 'nested') return matchesBody(rule.policy, flat.filter(isObject));
      const scalars = flat.filter(isScalar);
      return holds(rule.conditions, scalars.length === 0 ? undefined : scalars);
    }) && alternatives.every((policies) => policies.some((policy) => matchesBody(policy, objects)))
  );
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
