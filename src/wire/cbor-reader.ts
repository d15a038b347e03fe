import { defineOwn } from './own.ts';
import { fromEpochSeconds } from './timestamp.ts';
import { utf8Text } from './utf8.ts';

const MAX_DEPTH = 300;
const BREAK = Symbol('break');
const MIN_LONG = -(2n ** 63n);
const MAX_UNSIGNED_LONG = 2n ** 64n - 1n;

/** The bytes are not the CBOR we read. */
export class CborError extends Error {
  override readonly name = 'CborError';
}

/**
 * Reads one CBOR item (RFC 8949), of definite or indefinite length, that fills all the bytes: maps with text keys as
 * plain objects, byte strings as views, tag 1 as `Date`, whole numbers past 2^53 as bigint, undefined as null. Throws a
 * {@link CborError} for anything else and for more than 300 levels.
 */
export function readCbor(bytes: Uint8Array): unknown {
  const reader = new CborReader(bytes);
  const value = reader.item(0);
  reader.end();
  return value;
}

class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // Not a Buffer, so that what is cut out of it is none either.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new CborError('bytes after the item');
  }

  item(depth: number): unknown {
    const value = this.#next(depth);
    if (value === BREAK) throw new CborError('a break outside of an indefinite item');
    return value;
  }

  #next(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new CborError('nested too deep');
    const initial = this.#bytes[this.#take(1)] ?? 0;
    const info = initial & 0x1f;
    switch (initial >> 5) {
      case 0:
        return this.#argument(info);
      case 1: {
        const value = this.#argument(info);
        if (typeof value === 'number' && value < Number.MAX_SAFE_INTEGER) return -1 - value;
        const exact = -1n - BigInt(value);
        if (exact < MIN_LONG) throw new CborError('an integer out of range');
        return exact;
      }
      case 2:
        return this.#byteString(info);
      case 3:
        return this.#textString(info);
      case 4:
        return this.#array(info, depth);
      case 5:
        return this.#map(info, depth);
      case 6:
        return this.#tagged(this.#argument(info), depth);
      default:
        return this.#simple(info);
    }
  }

  /** Moves on by `count` bytes; answers where they start. */
  #take(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) throw new CborError('the bytes end early');
    this.#at = start + count;
    return start;
  }

  #argument(info: number): number | bigint {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.#view.getUint8(this.#take(1));
      case 25:
        return this.#view.getUint16(this.#take(2));
      case 26:
        return this.#view.getUint32(this.#take(4));
      case 27: {
        const value = this.#view.getBigUint64(this.#take(8));
        return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
      }
      default:
        throw new CborError('a reserved length');
    }
  }

  /** A length no longer than the bytes there are, each element taking one at least. */
  #length(info: number): number {
    const length = this.#argument(info);
    if (length > this.#bytes.length - this.#at) throw new CborError('the bytes end early');
    return Number(length);
  }

  #byteString(info: number): Uint8Array {
    if (info !== 31) {
      const length = this.#length(info);
      const start = this.#take(length);
      return this.#bytes.subarray(start, start + length);
    }
    return new Uint8Array(Buffer.concat(this.#chunks(2)));
  }

  #textString(info: number): string {
    if (info !== 31) {
      const text = utf8Text(this.#byteString(info));
      if (text === undefined) throw new CborError('text that is not UTF-8');
      return text;
    }
    // Every chunk is text of its own: a character does not cross from one to the next.
    return this.#chunks(3)
      .map((chunk) => utf8Text(chunk))
      .map((text) => {
        if (text === undefined) throw new CborError('text that is not UTF-8');
        return text;
      })
      .join('');
  }

  #chunks(major: number): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const initial = this.#bytes[this.#take(1)];
      if (initial === 0xff) return chunks;
      if (initial === undefined || initial >> 5 !== major || (initial & 0x1f) === 31) {
        throw new CborError('a chunk of another type');
      }
      chunks.push(this.#byteString(initial & 0x1f));
    }
  }

  #array(info: number, depth: number): unknown[] {
    const list: unknown[] = [];
    if (info === 31) {
      for (let value = this.#next(depth + 1); value !== BREAK; value = this.#next(depth + 1))
        list.push(value);
      return list;
    }
    for (let left = this.#length(info); left > 0; left -= 1) list.push(this.item(depth + 1));
    return list;
  }

  #map(info: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    const entry = (key: unknown) => {
      if (typeof key !== 'string') throw new CborError('a key that is not text');
      defineOwn(map, key, this.item(depth + 1));
    };
    if (info === 31) {
      for (let key = this.#next(depth + 1); key !== BREAK; key = this.#next(depth + 1)) entry(key);
      return map;
    }
    for (let left = this.#length(info); left > 0; left -= 1) entry(this.item(depth + 1));
    return map;
  }

  #tagged(tag: number | bigint, depth: number): unknown {
    const value = this.item(depth + 1);
    if (tag === 1) {
      const at = typeof value === 'number' ? fromEpochSeconds(value) : undefined;
      if (!at) throw new CborError('a time that is none');
      return at;
    }
    if (tag === 2 || tag === 3) {
      if (!(value instanceof Uint8Array) || value.length > 8) throw new CborError('an integer out of range');
      const magnitude = BigInt(`0x0${Buffer.from(value).toString('hex')}`);
      const exact = tag === 2 ? magnitude : -1n - magnitude;
      if (exact > MAX_UNSIGNED_LONG || exact < MIN_LONG) throw new CborError('an integer out of range');
      return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    }
    // Other tags add a meaning to a value that is whole without it.
    return value;
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.#view.getUint16(this.#take(2)));
      case 26:
        return this.#view.getFloat32(this.#take(4));
      case 27:
        return this.#view.getFloat64(this.#take(8));
      case 31:
        return BREAK;
      default:
        throw new CborError('an unknown simple value');
    }
  }
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
