import { assert } from '../../base/assert.ts';
import { type AttributeValue, base64, emptyItem, type Item } from './attribute-value.ts';
import { itemSize } from './item-size.ts';
import { isNormalisedNumber, normaliseNumber } from './number.ts';

/**
 * How an item is stored: a flags byte, the item's size as DynamoDB counts it (4 bytes, big-endian), then its JSON
 * text exactly as the wire shows it, so that a read without a projection splices the text into its answer.
 */
const PLAIN = 0x10;
/** Flag of items with a binary somewhere: their text needs decoding beyond JSON's. */
const WITH_BINARY = 0x11;
const HEADER = 5;

/** What a value needs before plain JSON can show it. */
interface Traits {
  binary: boolean;
  unnormalised: boolean;
}

export interface Encoded {
  readonly bytes: Uint8Array;
  /** Decoding would give the same values: no number is spelled otherwise than DynamoDB would. */
  readonly isNormal: boolean;
}

/** The stored form. The item has been checked. */
export function encodeItem(item: Item): Encoded {
  const traits: Traits = { binary: false, unnormalised: false };
  for (const name in item) inspect(item[name] as AttributeValue, traits);
  const text = JSON.stringify(traits.binary || traits.unnormalised ? wireItem(item) : item);
  const length = Buffer.byteLength(text, 'utf8');
  const bytes = Buffer.allocUnsafe(HEADER + length);
  bytes[0] = traits.binary ? WITH_BINARY : PLAIN;
  bytes.writeUInt32BE(itemSize(item), 1);
  bytes.write(text, HEADER, length, 'utf8');
  return { bytes, isNormal: !traits.unnormalised };
}

/** The item's JSON text, as the wire shows it. */
export function storedText(stored: Uint8Array): string {
  return view(stored).toString('utf8', HEADER);
}

const COMMA = 44;

/** Answers leave at once, so many of them share one allocation; those that are larger have their own. */
const SLAB = 65_536;
let slab = Buffer.allocUnsafeSlow(SLAB);
let used = 0;

function pieceOf(length: number): Buffer {
  if (length > SLAB / 8) return Buffer.allocUnsafe(length);
  if (used + length > SLAB) {
    slab = Buffer.allocUnsafeSlow(SLAB);
    used = 0;
  }
  used += length;
  return slab.subarray(used - length, used);
}

/**
 * Stored items' JSON texts with commas between, as the wire shows them, behind `room` bytes of any content and `before`
 * (ASCII, no shorter than what stands in front of a stored text) and followed by `after`.
 */
export function joinedTexts(
  items: readonly { readonly bytes: Uint8Array }[],
  before: string,
  after: string,
  room = 0,
): Buffer {
  const afterBytes = Buffer.byteLength(after, 'utf8');
  let length = room + before.length + afterBytes + Math.max(0, items.length - 1);
  for (const { bytes } of items) length += bytes.length - HEADER;
  const joined = pieceOf(length);
  let at = length - afterBytes;
  joined.write(after, at, 'utf8');
  // From the back, each with its header, which the end of the one before it is then written over.
  for (let i = items.length - 1; i >= 0; i--) {
    const { bytes } = items[i] as { readonly bytes: Uint8Array };
    at -= bytes.length - HEADER;
    joined.set(bytes, at - HEADER);
    if (i > 0) joined[--at] = COMMA;
  }
  joined.write(before, room, 'latin1');
  return joined;
}

/** The item's size as DynamoDB counts it. */
export function storedSize(stored: Uint8Array): number {
  const high = ((stored[1] as number) << 8) | (stored[2] as number);
  const low = ((stored[3] as number) << 8) | (stored[4] as number);
  return high * 0x10000 + low;
}

/** A fresh copy of the item. */
export function decodeItem(stored: Uint8Array): Item {
  assert(stored[0] === PLAIN || stored[0] === WITH_BINARY, 'a stored item starts with its flags');
  const item = JSON.parse(storedText(stored)) as Record<string, unknown>;
  return stored[0] === PLAIN ? (item as Item) : fromWireItem(item);
}

/** The item of a JSON text as the wire shows it. */
export function itemOf(text: string): Item {
  return fromWireItem(JSON.parse(text) as Record<string, unknown>);
}

/** The JSON text of an item or attributes that are not stored as they are. */
export function itemText(item: Item): string {
  return JSON.stringify(wireItem(item));
}

function view(stored: Uint8Array): Buffer {
  return Buffer.isBuffer(stored) ? stored : Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
}

function inspect(value: AttributeValue, traits: Traits): void {
  if (value.S !== undefined) return;
  if (value.N !== undefined) {
    if (!isNormalisedNumber(value.N)) traits.unnormalised = true;
  } else if (value.M !== undefined) {
    for (const name in value.M) inspect(value.M[name] as AttributeValue, traits);
  } else if (value.L !== undefined) {
    for (const element of value.L) inspect(element, traits);
  } else if (value.B !== undefined || value.BS !== undefined) {
    traits.binary = true;
  } else if (value.NS !== undefined) {
    if (!value.NS.every(isNormalisedNumber)) traits.unnormalised = true;
  }
}

function wireItem(item: Item): Record<string, unknown> {
  const wire: Record<string, unknown> = Object.create(null);
  for (const name in item) wire[name] = wireValue(item[name] as AttributeValue);
  return wire;
}

function wireValue(value: AttributeValue): unknown {
  if (value.N !== undefined) return { N: normaliseNumber(value.N) };
  if (value.NS !== undefined) return { NS: value.NS.map(normaliseNumber) };
  if (value.B !== undefined) return { B: base64(value.B) };
  if (value.BS !== undefined) return { BS: value.BS.map(base64) };
  if (value.L !== undefined) return { L: value.L.map(wireValue) };
  if (value.M !== undefined) return { M: wireItem(value.M) };
  return value;
}

interface WireValue {
  readonly B?: string;
  readonly BS?: readonly string[];
  readonly L?: readonly WireValue[];
  readonly M?: Readonly<Record<string, WireValue>>;
}

function fromWireItem(wire: Readonly<Record<string, unknown>>): Item {
  const item = emptyItem();
  for (const name in wire) item[name] = fromWireValue(wire[name] as WireValue);
  return item;
}

function fromWireValue(wire: WireValue): AttributeValue {
  if (wire.B !== undefined) return { B: Buffer.from(wire.B, 'base64') };
  if (wire.BS !== undefined) return { BS: wire.BS.map((member) => Buffer.from(member, 'base64')) };
  if (wire.L !== undefined) return { L: wire.L.map(fromWireValue) };
  if (wire.M !== undefined) return { M: fromWireItem(wire.M) };
  return wire as Omit<WireValue, 'B' | 'BS' | 'L' | 'M'>;
}
