/** Distinguished Encoding Rules, as far as certificates need them. ITU-T X.690 */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]) => der(0x31, ...parts);
export const octets = (bytes: Uint8Array) => der(0x04, bytes);
export const text = (value: string) => der(0x0c, Buffer.from(value));
export const yes = der(0x01, Buffer.from([0xff]));

/** Of whole bytes. */
export const bits = (bytes: Uint8Array, unused = 0) => der(0x03, Buffer.from([unused]), bytes);

/** A positive number, the most significant byte first. */
export function integer(bytes: Uint8Array): Buffer {
  return (bytes[0] ?? 0) >= 0x80 ? der(0x02, Buffer.from([0]), bytes) : der(0x02, bytes);
}

/** `1.2.840.10045.4.3.2` */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const septets = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) septets.unshift(0x80 | (left & 0x7f));
    bytes.push(...septets);
  }
  return der(0x06, Buffer.from(bytes));
}

/** UTCTime until 2049, GeneralizedTime after. RFC 5280, 4.1.2.5 */
export function time(ms: number): Buffer {
  const date = new Date(ms);
  const digits = date.toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '');
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits));
}
