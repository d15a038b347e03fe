import { Fault } from '../../service/faults.ts';
import type { AttributeValue } from './attribute-value.ts';
import { checkAttributeName, checkAttributeValue } from './attribute-value.ts';
import { invalid } from './fault.ts';
import { itemSize } from './item-size.ts';
import { utf8Length } from './utf8.ts';

const NAME_KEY = /^#[A-Za-z0-9_]+$/;
const VALUE_KEY = /^:[A-Za-z0-9_]+$/;
/** Characters of `#name` or `:value`. */
const LONGEST_KEY = 255;
/** Bytes of all names and values of one request. */
const MOST_BYTES = 2 << 20;

/**
 * `ExpressionAttributeNames` and `ExpressionAttributeValues` of one request: every expression of it takes from them,
 * and what none of them took is a mistake.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
 */
export class ExpressionAttributes {
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: Readonly<Record<string, AttributeValue>>;
  readonly #unusedNames: Set<string>;
  readonly #unusedValues: Set<string>;

  /** Throws for keys and values that are malformed. */
  constructor(
    names: Readonly<Record<string, string>> | undefined,
    values: Readonly<Record<string, AttributeValue>> | undefined,
  ) {
    this.#names = names ?? {};
    this.#values = values ?? {};
    this.#unusedNames = new Set(Object.keys(this.#names));
    this.#unusedValues = new Set(Object.keys(this.#values));
    if (names !== undefined) {
      checkKeys('ExpressionAttributeNames', this.#unusedNames, NAME_KEY);
      for (const key of this.#unusedNames) checkName(key, names[key] as string);
    }
    if (values !== undefined) {
      checkKeys('ExpressionAttributeValues', this.#unusedValues, VALUE_KEY);
      for (const key of this.#unusedValues) checkValue(key, this.#values[key] as AttributeValue);
    }
    checkTotal(names, values);
  }

  /** The attribute `#name` stands for. */
  name(key: string): string | undefined {
    if (!Object.hasOwn(this.#names, key)) return undefined;
    this.#unusedNames.delete(key);
    return this.#names[key];
  }

  /** The value `:value` stands for. */
  value(key: string): AttributeValue | undefined {
    if (!Object.hasOwn(this.#values, key)) return undefined;
    this.#unusedValues.delete(key);
    return this.#values[key];
  }

  /** Call after the last expression. */
  checkAllUsed(): void {
    checkUsed('ExpressionAttributeNames', this.#unusedNames);
    checkUsed('ExpressionAttributeValues', this.#unusedValues);
  }
}

function checkKeys(parameter: string, keys: ReadonlySet<string>, pattern: RegExp): void {
  if (keys.size === 0) throw invalid(`${parameter} must not be empty`);
  for (const key of keys) {
    if (!pattern.test(key)) throw invalid(`${parameter} contains invalid key: Syntax error; key: "${key}"`);
    if (key.length > LONGEST_KEY) {
      throw invalid(
        `${parameter} contains invalid key: The expression attribute map contains a key that is too long; key: "${key}"`,
      );
    }
  }
}

function checkTotal(
  names: Readonly<Record<string, string>> | undefined,
  values: Readonly<Record<string, AttributeValue>> | undefined,
): void {
  let ofNames = 0;
  for (const key in names) ofNames += key.length + utf8Length(names[key] as string);
  if (ofNames > MOST_BYTES) throw invalid('ExpressionAttributeNames exceeds max size');
  const ofValues = values === undefined ? 0 : itemSize(values);
  if (ofValues > MOST_BYTES) throw invalid('ExpressionAttributeValues exceeds max size');
  if (ofNames + ofValues > MOST_BYTES) {
    throw invalid('Combined size of ExpressionAttributeNames and ExpressionAttributeValues exceeds max size');
  }
}

function checkName(key: string, name: string): void {
  try {
    checkAttributeName(name);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    throw invalid(`ExpressionAttributeNames contains invalid value: ${error.message} for key ${key}`);
  }
}

function checkValue(key: string, value: AttributeValue): void {
  try {
    checkAttributeValue(value);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    throw invalid(`ExpressionAttributeValues contains invalid value: ${error.message} for key ${key}`);
  }
}

function checkUsed(parameter: string, unused: ReadonlySet<string>): void {
  if (unused.size > 0) {
    throw invalid(`Value provided in ${parameter} unused in expressions: keys: {${[...unused].join(', ')}}`);
  }
}
