import { assert } from '../../base/assert.ts';

/**
 * Text as a QR code: ISO/IEC 18004, byte mode, error correction level L, up to version 14 (458 bytes).
 * Gives rows of modules, true for dark, without the quiet zone.
 */
export function qrCode(text: string): readonly (readonly boolean[])[] {
  const bytes = Buffer.from(text, 'utf8');
  const version =
    VERSIONS.findIndex((each, at) => bytes.length <= dataLength(each) - (at + 1 < 10 ? 2 : 3)) + 1;
  const facts = VERSIONS[version - 1];
  assert(facts !== undefined, `${bytes.length} bytes fit a QR code`);
  const codewords = interleaved(dataCodewords(bytes, version, dataLength(facts)), facts);
  const candidates = MASKS.map((mask, number) => {
    const grid = new Grid(version, facts.alignment);
    grid.place(codewords, mask);
    grid.format(number);
    return grid.rows;
  });
  const penalties = candidates.map(penalty);
  const best = candidates[penalties.indexOf(Math.min(...penalties))];
  assert(best !== undefined, 'there are eight masks');
  return best;
}

interface Version {
  /** Error correction codewords of each block. */
  readonly correction: number;
  /** Data codewords of each block. */
  readonly blocks: readonly number[];
  /** Centres of the alignment patterns. */
  readonly alignment: readonly number[];
}

function version(correction: number, blocks: readonly number[], alignment: readonly number[] = []): Version {
  return { correction, blocks, alignment };
}

const VERSIONS: readonly Version[] = [
  version(7, [19]),
  version(10, [34], [6, 18]),
  version(15, [55], [6, 22]),
  version(20, [80], [6, 26]),
  version(26, [108], [6, 30]),
  version(18, [68, 68], [6, 34]),
  version(20, [78, 78], [6, 22, 38]),
  version(24, [97, 97], [6, 24, 42]),
  version(30, [116, 116], [6, 26, 46]),
  version(18, [68, 68, 69, 69], [6, 28, 50]),
  version(20, [81, 81, 81, 81], [6, 30, 54]),
  version(24, [92, 92, 93, 93], [6, 32, 58]),
  version(26, [107, 107, 107, 107], [6, 34, 62]),
  version(30, [115, 115, 115, 116], [6, 26, 46, 66]),
];

function dataLength({ blocks }: Version): number {
  return blocks.reduce((sum, length) => sum + length, 0);
}

/** Mode, length, the bytes, an end, and padding. */
function dataCodewords(bytes: Uint8Array, versionNumber: number, length: number): Uint8Array {
  const bits: number[] = [];
  const push = (value: number, width: number) => {
    for (let bit = width - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  push(0b0100, 4);
  push(bytes.length, versionNumber < 10 ? 8 : 16);
  for (const byte of bytes) push(byte, 8);
  push(0, Math.min(4, length * 8 - bits.length));
  while (bits.length % 8 !== 0) bits.push(0);
  const data = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    data[at] =
      at * 8 < bits.length
        ? bits.slice(at * 8, at * 8 + 8).reduce((byte, bit) => (byte << 1) | bit, 0)
        : (at - bits.length / 8) % 2 === 0
          ? 0xec
          : 0x11;
  }
  return data;
}

/** Blocks' data codewords in turn, then their corrections in turn. */
function interleaved(data: Uint8Array, { blocks, correction }: Version): readonly number[] {
  let at = 0;
  const parts = blocks.map((length) => data.subarray(at, (at += length)));
  const corrections = parts.map((part) => remainder(part, correction));
  const turns = (lists: readonly Uint8Array[]) =>
    Array.from({ length: Math.max(...lists.map((list) => list.length)) }, (_, i) =>
      lists.flatMap((list) => list[i] ?? []),
    ).flat();
  return [...turns(parts), ...turns(corrections)];
}

/** The product of two elements of GF(256) under x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((b >> bit) & 1) * a;
  }
  return product & 0xff;
}

/** Reed-Solomon: what the data leaves when divided by the generator of this degree. */
function remainder(data: Uint8Array, degree: number): Uint8Array {
  const generator = new Uint8Array(degree);
  generator[degree - 1] = 1;
  let root = 1;
  for (let i = 0; i < degree; i++) {
    for (let j = 0; j < degree; j++)
      generator[j] = times(generator[j] ?? 0, root) ^ (j + 1 < degree ? (generator[j + 1] ?? 0) : 0);
    root = times(root, 2);
  }
  const rest = new Uint8Array(degree);
  for (const byte of data) {
    const factor = byte ^ (rest[0] ?? 0);
    rest.copyWithin(0, 1);
    rest[degree - 1] = 0;
    for (let j = 0; j < degree; j++) rest[j] = (rest[j] ?? 0) ^ times(generator[j] ?? 0, factor);
  }
  return rest;
}

type Mask = (row: number, column: number) => boolean;
const MASKS: readonly Mask[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

class Grid {
  readonly rows: boolean[][];
  readonly #taken: boolean[][];
  readonly #size: number;

  constructor(versionNumber: number, alignment: readonly number[]) {
    const size = 17 + 4 * versionNumber;
    this.#size = size;
    this.rows = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
    this.#taken = Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
    for (let i = 0; i < size; i++) {
      this.#set(6, i, i % 2 === 0);
      this.#set(i, 6, i % 2 === 0);
    }
    for (const [row, column] of [
      [3, 3],
      [3, size - 4],
      [size - 4, 3],
    ] as const)
      this.#rings(row, column, 4, [0, 1, 3]);
    const last = alignment.at(-1);
    for (const row of alignment) {
      for (const column of alignment) {
        // Where a finder pattern stands there is none.
        const corner = (row === 6 && (column === 6 || column === last)) || (row === last && column === 6);
        if (!corner) this.#rings(row, column, 2, [0, 2]);
      }
    }
    this.format(0);
    if (versionNumber >= 7) this.#version(versionNumber);
  }

  #set(row: number, column: number, dark: boolean): void {
    const line = this.rows[row];
    const taken = this.#taken[row];
    if (line === undefined || taken === undefined || column < 0 || column >= this.#size) return;
    line[column] = dark;
    taken[column] = true;
  }

  /** A pattern of squares around a centre, dark at these distances. */
  #rings(row: number, column: number, reach: number, dark: readonly number[]): void {
    for (let dr = -reach; dr <= reach; dr++) {
      for (let dc = -reach; dc <= reach; dc++)
        this.#set(row + dr, column + dc, dark.includes(Math.max(Math.abs(dr), Math.abs(dc))));
    }
  }

  /** Level L and the mask, twice, around the finder patterns. */
  format(mask: number): void {
    const data = (0b01 << 3) | mask;
    const bits = ((data << 10) | checkBits(data, 10, 0x537)) ^ 0x5412;
    const bit = (i: number) => ((bits >> i) & 1) === 1;
    const size = this.#size;
    for (let i = 0; i <= 5; i++) this.#set(i, 8, bit(i));
    this.#set(7, 8, bit(6));
    this.#set(8, 8, bit(7));
    this.#set(8, 7, bit(8));
    for (let i = 9; i < 15; i++) this.#set(8, 14 - i, bit(i));
    for (let i = 0; i < 8; i++) this.#set(8, size - 1 - i, bit(i));
    for (let i = 8; i < 15; i++) this.#set(size - 15 + i, 8, bit(i));
    this.#set(size - 8, 8, true);
  }

  #version(number: number): void {
    const bits = (number << 12) | checkBits(number, 12, 0x1f25);
    for (let i = 0; i < 18; i++) {
      const dark = ((bits >> i) & 1) === 1;
      const across = this.#size - 11 + (i % 3);
      this.#set(across, Math.floor(i / 3), dark);
      this.#set(Math.floor(i / 3), across, dark);
    }
  }

  /** Bits go up and down in columns of two, from the right, around what is there. */
  place(codewords: readonly number[], mask: Mask): void {
    const size = this.#size;
    let at = 0;
    for (let right = size - 1; right >= 1; right -= 2) {
      const pair = right <= 6 ? right - 1 : right;
      for (let step = 0; step < size; step++) {
        const row = ((pair + 1) & 2) === 0 ? size - 1 - step : step;
        for (const column of [pair, pair - 1]) {
          const line = this.rows[row];
          if (line === undefined || this.#taken[row]?.[column] !== false) continue;
          const bit = ((codewords[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
          line[column] = (bit === 1) !== mask(row, column);
          at++;
        }
      }
    }
  }
}

/** What `value` leaves when followed by this many zeros and divided by the polynomial, by bits. */
function checkBits(value: number, width: number, polynomial: number): number {
  let rest = value;
  for (let i = 0; i < width; i++) rest = (rest << 1) ^ ((rest >> (width - 1)) * polynomial);
  return rest;
}

/** How hard a grid is to read: the standard's four rules. */
function penalty(rows: readonly (readonly boolean[])[]): number {
  const columns = rows.map((_, c) => rows.map((row) => row[c] ?? false));
  let sum = 0;
  for (const line of [...rows, ...columns]) {
    let run = 0;
    const text = line.map((dark) => (dark ? '1' : '0')).join('');
    for (let i = 0; i < line.length; i++) {
      run = i > 0 && line[i] === line[i - 1] ? run + 1 : 1;
      if (run === 5) sum += 3;
      else if (run > 5) sum += 1;
      if (text.startsWith('10111010000', i) || text.startsWith('00001011101', i)) sum += 40;
    }
  }
  let dark = 0;
  for (let r = 0; r < rows.length; r++) {
    for (let c = 0; c < rows.length; c++) {
      const colour = rows[r]?.[c];
      if (colour) dark++;
      if (colour === rows[r]?.[c + 1] && colour === rows[r + 1]?.[c] && colour === rows[r + 1]?.[c + 1])
        sum += 3;
    }
  }
  const share = (dark * 100) / (rows.length * rows.length);
  return sum + Math.floor(Math.abs(share - 50) / 5) * 10;
}
