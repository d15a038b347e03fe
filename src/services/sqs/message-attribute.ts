import { createHash, type Hash } from 'node:crypto';
import type { MessageAttributeValue } from '../../model/gen/sqs.ts';
import { fault } from './fault.ts';
import type { StoredAttribute } from './layout.ts';

type Given = Readonly<Record<string, MessageAttributeValue | undefined>>;
export type StoredAttributes = Readonly<Record<string, StoredAttribute>>;

const LONE_SURROGATE = /\p{Surrogate}/u;
const MOST = 10;
// AWS's words say ASCII; it takes letters and digits of any script.
const NAME = /^(?!(?:aws|amazon)\.)(?!\.)(?!.*\.\.)[\p{L}\p{N}_.-]{1,256}(?<!\.)$/iu;
const TYPE = /^(String|Number|Binary)(?:\.[\s\S]{1,249})?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters XML cannot hold
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;

function refused(message: string): Error {
  return fault('InvalidParameterValue', message);
}

/** Whether a text holds only characters XML 1.0 has. */
export function isAllowedText(text: string): boolean {
  return !FORBIDDEN.test(text) && !LONE_SURROGATE.test(text);
}

/** Message attributes as they are kept; throws for what SQS refuses. */
export function storeAttributes(given: Given | undefined): StoredAttributes | undefined {
  const entries = Object.entries(given ?? {});
  if (entries.length === 0) return undefined;
  if (entries.length > MOST) {
    throw refused(`Number of message attributes [${entries.length}] exceeds the allowed maximum [${MOST}].`);
  }
  const stored: Record<string, StoredAttribute> = {};
  for (const [name, value] of entries) stored[name] = storeAttribute(name, value ?? { DataType: '' });
  return stored;
}

function storeAttribute(name: string, value: MessageAttributeValue): StoredAttribute {
  if (!NAME.test(name)) {
    throw refused(
      `Message (user) attribute name '${name}' is invalid: it can contain A-Z, a-z, 0-9, underscore (_), hyphen (-) and period (.), must not start with AWS. or Amazon., and must be 1 to 256 long.`,
    );
  }
  const { DataType: type, StringValue: text, BinaryValue: binary } = value;
  if (type === '') {
    throw refused(`The message attribute '${name}' must contain non-empty message attribute type.`);
  }
  const [, kind] = TYPE.exec(type) ?? [];
  if (kind === undefined) {
    throw refused(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  }
  if ((value.StringListValues ?? []).length + (value.BinaryListValues ?? []).length > 0) {
    throw fault(
      'UnsupportedOperation',
      'Message attribute list values in SendMessage operation are not supported.',
    );
  }
  if (kind === 'Binary') {
    if (binary === undefined || binary.length === 0) throw noValue(name, type);
    return { type, binary: Buffer.from(binary).toString('base64') };
  }
  if (text === undefined || text === '') throw noValue(name, type);
  if (kind === 'Number' && !isNumber(text)) {
    throw refused(`Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  if (!isAllowedText(text)) {
    throw refused(`Invalid characters found in the value of message (user) attribute '${name}'.`);
  }
  return { type, text };
}

function noValue(name: string, type: string): Error {
  return refused(`Message (user) attribute '${name}' must contain a non-empty value of type '${type}'.`);
}

function isNumber(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text.trim());
}

/** Names, types and values count towards a message's size, in bytes. */
export function attributesSize(attributes: StoredAttributes | undefined): number {
  let size = 0;
  for (const [name, { type, text, binary }] of Object.entries(attributes ?? {})) {
    size += Buffer.byteLength(name) + Buffer.byteLength(type);
    size += text === undefined ? Buffer.from(binary ?? '', 'base64').length : Buffer.byteLength(text);
  }
  return size;
}

/**
 * The MD5 digest clients compare, in hex.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
export function attributesMd5(attributes: StoredAttributes): string {
  const hash = createHash('md5');
  for (const name of Object.keys(attributes).sort()) {
    const { type, text, binary } = attributes[name] as StoredAttribute;
    field(hash, Buffer.from(name));
    field(hash, Buffer.from(type));
    hash.update(Uint8Array.of(text === undefined ? 2 : 1));
    field(hash, text === undefined ? Buffer.from(binary ?? '', 'base64') : Buffer.from(text));
  }
  return hash.digest('hex');
}

function field(hash: Hash, bytes: Uint8Array): void {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes.length);
  hash.update(length).update(bytes);
}

/** The attributes a receive asks for: `All`, a name, or a prefix before `*` or `.*`. */
export function selectAttributes(
  attributes: StoredAttributes | undefined,
  wanted: readonly string[],
): StoredAttributes | undefined {
  if (attributes === undefined || wanted.length === 0) return undefined;
  const selected: Record<string, StoredAttribute> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (wanted.some((want) => matches(name, want))) selected[name] = value;
  }
  return Object.keys(selected).length === 0 ? undefined : selected;
}

function matches(name: string, want: string): boolean {
  if (want === 'All' || want === name) return true;
  return want.endsWith('*') && name.startsWith(want.replace(/\.?\*$/, ''));
}

export function shownAttribute({ type, text, binary }: StoredAttribute): MessageAttributeValue {
  return text === undefined
    ? { DataType: type, BinaryValue: Buffer.from(binary ?? '', 'base64') }
    : { DataType: type, StringValue: text };
}
