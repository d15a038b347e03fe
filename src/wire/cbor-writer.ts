const FIRST_SIZE = 256;

/** Writes CBOR (RFC 8949) of definite lengths into bytes that grow. */
export class CborWriter {
  #bytes = Buffer.allocUnsafe(FIRST_SIZE);
  #at = 0;

  /** What has been written; the writer must not be used again. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  integer(value: number | bigint): void {
    if (value < 0) this.#head(1, typeof value === 'bigint' ? -1n - value : -1 - value);
    else this.#head(0, value);
  }

  double(value: number): void {
    this.#reserve(9);
    this.#bytes[this.#at] = 0xfb;
    this.#bytes.writeDoubleBE(value, this.#at + 1);
    this.#at += 9;
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xf5 : 0xf4);
  }

  null(): void {
    this.#byte(0xf6);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#head(3, length);
    this.#reserve(length);
    this.#at += this.#bytes.write(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#head(2, value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Seconds since the epoch under tag 1. */
  time(value: Date): void {
    this.#head(6, 1);
    const ms = value.getTime();
    if (ms % 1000 === 0) this.integer(ms / 1000);
    else this.double(ms / 1000);
  }

  /** `length` items follow. */
  array(length: number): void {
    this.#head(4, length);
  }

  /** `length` keys, each followed by its value, follow. */
  map(length: number): void {
    this.#head(5, length);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  #head(major: number, argument: number | bigint): void {
    this.#reserve(9);
    const type = major << 5;
    if (argument < 24) this.#bytes[this.#at] = type | Number(argument);
    else if (argument < 0x100) {
      this.#bytes[this.#at] = type | 24;
      this.#bytes[this.#at + 1] = Number(argument);
      this.#at += 1;
    } else if (argument < 0x10000) {
      this.#bytes[this.#at] = type | 25;
      this.#bytes.writeUInt16BE(Number(argument), this.#at + 1);
      this.#at += 2;
    } else if (argument < 0x100000000) {
      this.#bytes[this.#at] = type | 26;
      this.#bytes.writeUInt32BE(Number(argument), this.#at + 1);
      this.#at += 4;
    } else {
      this.#bytes[this.#at] = type | 27;
      this.#bytes.writeBigUInt64BE(BigInt(argument), this.#at + 1);
      this.#at += 8;
    }
    this.#at += 1;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}
