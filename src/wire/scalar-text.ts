import type { Shape } from '../model/model.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { formatTimestamp, parseTimestamp, type TimestampFormat } from './timestamp.ts';

/** Reads a simple type's value out of text: form fields, XML, headers, paths. Undefined when the text is none. */
export type ReadText = (text: string) => unknown;
export type WriteText = (value: unknown) => string;

const WHOLE = /^[+-]?\d{1,20}$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const MIN_LONG = -(2n ** 63n);
const MAX_LONG = 2n ** 63n - 1n;
const SPECIAL = new Set(['NaN', 'Infinity', '-Infinity']);

/** Undefined for structures, lists and maps, which no text holds. */
export function textReader(type: Shape['type']): ReadText | undefined {
  switch (type) {
    case 'string':
    case 'character':
      return (text) => text;
    case 'boolean':
      return readBoolean;
    case 'integer':
      return readInteger;
    case 'long':
      return readLong;
    case 'float':
    case 'double':
      return readFloat;
    case 'timestamp':
      return (text) => parseTimestamp(text.trim());
    case 'blob':
      return readBlob;
    default:
      return undefined;
  }
}

export function textWriter(type: Shape['type'], format: TimestampFormat): WriteText {
  if (type === 'timestamp') return (value) => formatTimestamp(value as Date, format);
  if (type === 'blob') return (value) => toBase64(value as Uint8Array);
  return String;
}

function readBoolean(text: string): unknown {
  switch (text.trim().toLowerCase()) {
    case 'true':
      return true;
    case 'false':
      return false;
    default:
      return undefined;
  }
}

function readInteger(text: string): unknown {
  const trimmed = text.trim();
  if (!WHOLE.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return value >= -(2 ** 31) && value < 2 ** 31 ? value + 0 : undefined;
}

function readLong(text: string): unknown {
  const trimmed = text.trim();
  if (!WHOLE.test(trimmed)) return undefined;
  const value = Number(trimmed);
  if (Number.isSafeInteger(value)) return value + 0;
  const exact = BigInt(trimmed.startsWith('+') ? trimmed.slice(1) : trimmed);
  return exact >= MIN_LONG && exact <= MAX_LONG ? exact : undefined;
}

function readFloat(text: string): unknown {
  const trimmed = text.trim();
  return SPECIAL.has(trimmed) || FLOAT.test(trimmed) ? Number(trimmed) : undefined;
}

/** Base64 in XML and forms may be broken into lines. */
function readBlob(text: string): unknown {
  const bytes = fromBase64(text.replace(/\s+/g, ''));
  return typeof bytes === 'string' ? undefined : bytes;
}
