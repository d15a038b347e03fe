import type { MessageAttributeValue } from '../../model/gen/sns.ts';
import { fault } from './fault.ts';
import type { StoredAttribute } from './layout.ts';

type Given = Readonly<Record<string, MessageAttributeValue | undefined>>;
export type StoredAttributes = Readonly<Record<string, StoredAttribute>>;

const MOST_NAME_BYTES = 256;
/** Names that begin so are AWS's; some of them mean something in a message to a phone or a device. */
const RESERVED = /^(?:aws|amazon)\./i;
const MEANT = /^AWS\.(?:SNS\.(?:SMS|MOBILE)|MM\.SMS)\./;
const TYPE = /^(String|Number|Binary)(?:\.[\s\S]{1,249})?$/;

/** Message attributes as they are kept; throws for what SNS refuses. */
export function storeAttributes(given: Given | undefined): StoredAttributes | undefined {
  const entries = Object.entries(given ?? {});
  if (entries.length === 0) return undefined;
  const stored: Record<string, StoredAttribute> = {};
  for (const [name, value] of entries) stored[name] = storeAttribute(name, value ?? { DataType: '' });
  return stored;
}

function storeAttribute(
  name: string,
  { DataType: type, StringValue, BinaryValue }: MessageAttributeValue,
): StoredAttribute {
  checkName(name);
  if (type === '') throw fieldMissing(name, 'type');
  const [, kind] = TYPE.exec(type) ?? [];
  if (kind === undefined) {
    throw badValue(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  const field = kind === 'Binary' ? 'Binary' : 'String';
  if (field === 'Binary' ? StringValue !== undefined : BinaryValue !== undefined) {
    throw badValue(`The message attribute '${name}' with type '${kind}' must use field '${field}'.`);
  }
  if (kind === 'Binary') {
    if (BinaryValue === undefined || BinaryValue.length === 0) throw noValue(name, type);
    return { type, value: Buffer.from(BinaryValue).toString('base64') };
  }
  if (StringValue === undefined || StringValue === '') throw noValue(name, type);
  if (kind === 'Number' && !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(StringValue.trim())) {
    throw badValue(`Could not cast message attribute '${name}' value to number.`);
  }
  return { type, value: StringValue };
}

function checkName(name: string): void {
  if (Buffer.byteLength(name) > MOST_NAME_BYTES) {
    throw badValue(`Length of message attribute name must be less than ${MOST_NAME_BYTES} bytes.`);
  }
  const other = /[^A-Za-z0-9_.-]/u.exec(name)?.[0];
  if (other !== undefined) {
    const code = (other.codePointAt(0) ?? 0).toString(16).toUpperCase();
    throw badValue(
      `Invalid non-alphanumeric character '#x${code}' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.`,
    );
  }
  if (name.startsWith('.'))
    throw badValue("Invalid message attribute name starting with character '.' was found.");
  if (name.endsWith('.'))
    throw badValue("Invalid message attribute name ending with character '.' was found.");
  if (name.includes('..')) throw badValue("Message attribute name can not have successive '.' character.");
  if (name === '' || (RESERVED.test(name) && !MEANT.test(name))) {
    throw badValue(`Message attribute name '${name}' is reserved.`);
  }
}

function badValue(message: string): Error {
  return fault('InvalidParameterValueException', message);
}

function fieldMissing(name: string, field: string): Error {
  return badValue(`The message attribute '${name}' must contain non-empty message attribute ${field}.`);
}

function noValue(name: string, type: string): Error {
  return badValue(
    `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
  );
}

/** Names, types and values count towards a message's size, in bytes. */
export function attributesSize(attributes: StoredAttributes | undefined): number {
  let size = 0;
  for (const [name, { type, value }] of Object.entries(attributes ?? {})) {
    size += Buffer.byteLength(name) + Buffer.byteLength(type);
    size += type.startsWith('Binary') ? Buffer.from(value, 'base64').length : Buffer.byteLength(value);
  }
  return size;
}

/** The same of attributes as they were sent, whatever is wrong with them. */
export function givenSize(given: Given | undefined): number {
  let size = 0;
  for (const [name, value] of Object.entries(given ?? {})) {
    size += Buffer.byteLength(name) + Buffer.byteLength(value?.DataType ?? '');
    size += Buffer.byteLength(value?.StringValue ?? '') + (value?.BinaryValue?.length ?? 0);
  }
  return size;
}

/** As notifications show them: `{name: {Type, Value}}`. */
export function shownAttributes(
  attributes: StoredAttributes | undefined,
): Readonly<Record<string, { readonly Type: string; readonly Value: string }>> {
  return Object.fromEntries(
    Object.entries(attributes ?? {}).map(([name, { type, value }]) => [name, { Type: type, Value: value }]),
  );
}

/** As a queue takes them, for raw delivery. */
export function queueAttributes(attributes: StoredAttributes | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes ?? {}).map(([name, { type, value }]) => [
      name,
      type.startsWith('Binary')
        ? { DataType: type, BinaryValue: Buffer.from(value, 'base64') }
        : { DataType: type, StringValue: value },
    ]),
  );
}
