import type { AttributeValue } from '../../model/gen/dynamodb.ts';
import { invalid, invalidParameter } from './fault.ts';
import { compareNumbers, normaliseNumber } from './number.ts';
import { compareUtf8 } from './utf8.ts';

/**
 * The ten types of an attribute.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 */
export type AttributeType = 'S' | 'N' | 'B' | 'SS' | 'NS' | 'BS' | 'M' | 'L' | 'NULL' | 'BOOL';
export type { AttributeValue };
export type Item = Readonly<Record<string, AttributeValue>>;

/** Levels of lists and maps inside an attribute. */
const DEEPEST = 32;

/** The type of a value that {@link checkAttributeValue} accepted. */
export function typeOf(value: AttributeValue): AttributeType {
  if (value.S !== undefined) return 'S';
  if (value.N !== undefined) return 'N';
  if (value.M !== undefined) return 'M';
  if (value.L !== undefined) return 'L';
  if (value.BOOL !== undefined) return 'BOOL';
  if (value.B !== undefined) return 'B';
  if (value.SS !== undefined) return 'SS';
  if (value.NS !== undefined) return 'NS';
  if (value.BS !== undefined) return 'BS';
  return 'NULL';
}

/** The attribute of that very name, never what an object inherits. */
export function attributeOf(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** An empty item to fill: without a prototype, so that every name is only a name. */
export function emptyItem(): Record<string, AttributeValue> {
  return Object.create(null) as Record<string, AttributeValue>;
}

/** Throws AWS's fault for a value that is not exactly one well-formed value. */
export function checkAttributeValue(value: AttributeValue): void {
  check(value, 0);
}

/** {@link checkAttributeValue} of every attribute of an item or key, whose names may not be empty. */
export function checkAttributes(item: Item): void {
  for (const name in item) {
    checkAttributeName(name);
    check(item[name] as AttributeValue, 0);
  }
}

/** Bytes of an attribute's name, and one more. */
const NAME_LIMIT = 65_536;

/** Throws AWS's fault for a name no attribute can have. */
export function checkAttributeName(name: string): void {
  if (name === '') throw invalid('Empty attribute name');
  // No character takes more than three bytes of UTF-8 for each of its units.
  if (name.length * 3 >= NAME_LIMIT && Buffer.byteLength(name, 'utf8') >= NAME_LIMIT) {
    throw invalid('Attribute name is too large, must be less than 65536 bytes');
  }
}

function check(value: AttributeValue, depth: number): void {
  if (depth > DEEPEST) {
    throw invalid(
      'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
    );
  }
  let types = 0;
  if (value.S !== undefined) types++;
  if (value.N !== undefined) {
    types++;
    normaliseNumber(value.N);
  }
  if (value.B !== undefined) types++;
  if (value.BOOL !== undefined) types++;
  if (value.NULL !== undefined) {
    types++;
    if (!value.NULL) throw invalidParameter('Null attribute value types must have the value of true');
  }
  if (value.SS !== undefined) {
    types++;
    checkStringSet(value.SS);
  }
  if (value.NS !== undefined) {
    types++;
    checkNumberSet(value.NS);
  }
  if (value.BS !== undefined) {
    types++;
    checkBinarySet(value.BS);
  }
  if (value.M !== undefined) {
    types++;
    for (const name in value.M) check(value.M[name] as AttributeValue, depth + 1);
  }
  if (value.L !== undefined) {
    types++;
    for (const element of value.L) check(element, depth + 1);
  }
  if (types === 0) {
    throw invalid('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
  }
  if (types > 1) {
    throw invalid(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
}

function checkStringSet(set: readonly string[]): void {
  if (set.length === 0) throw invalidParameter('An string set  may not be empty');
  if (new Set(set).size < set.length) {
    throw invalidParameter(`Input collection [${set.join(', ')}] contains duplicates.`);
  }
}

function checkNumberSet(set: readonly string[]): void {
  if (set.length === 0) throw invalidParameter('An number set  may not be empty');
  if (new Set(set.map(normaliseNumber)).size < set.length) {
    throw invalid('Input collection contains duplicates');
  }
}

function checkBinarySet(set: readonly Uint8Array[]): void {
  if (set.length === 0) throw invalidParameter('Binary sets should not be empty');
  const texts = set.map(base64);
  if (new Set(texts).size < set.length) {
    throw invalidParameter(`Input collection [${texts.join(', ')}]of type BS contains duplicates.`);
  }
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Equality as DynamoDB sees it: of the same type, numbers by value, sets without order. */
export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  const type = typeOf(a);
  if (type !== typeOf(b)) return false;
  switch (type) {
    case 'S':
      return a.S === b.S;
    case 'N':
      return compareNumbers(a.N ?? '', b.N ?? '') === 0;
    case 'BOOL':
      return a.BOOL === b.BOOL;
    case 'NULL':
      return true;
    case 'B':
      return equalBytes(a.B as Uint8Array, b.B as Uint8Array);
    case 'SS':
    case 'NS':
    case 'BS':
      return equalSets(setElements(a), setElements(b));
    case 'L':
      return equalLists(a.L ?? [], b.L ?? []);
    case 'M':
      return equalMaps(a.M ?? {}, b.M ?? {});
  }
}

function equalSets(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  const members = new Set(b);
  return a.every((member) => members.has(member));
}

function equalLists(a: readonly AttributeValue[], b: readonly AttributeValue[]): boolean {
  return (
    a.length === b.length && a.every((element, index) => equalValues(element, b[index] as AttributeValue))
  );
}

function equalMaps(a: Item, b: Item): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const other = attributeOf(b, name);
    return other !== undefined && equalValues(a[name] as AttributeValue, other);
  });
}

/** The members of a set as comparable text: numbers normalised, binaries in base64. */
export function setElements(value: AttributeValue): readonly string[] {
  if (value.SS !== undefined) return value.SS;
  if (value.NS !== undefined) return value.NS.map(normaliseNumber);
  return (value.BS ?? []).map(base64);
}

/** Order of two strings, numbers or binaries; undefined for values that have none between them. */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.S !== undefined && b.S !== undefined) return compareUtf8(a.S, b.S);
  if (a.N !== undefined && b.N !== undefined) return compareNumbers(a.N, b.N);
  if (a.B !== undefined && b.B !== undefined) return Buffer.compare(a.B, b.B);
  return undefined;
}
