/** The values conditions compare: numbers, instants, IP ranges. */

/** `undefined` when the text is not a decimal number. */
export function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
  return Number(text);
}

const W3C =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?$/i;

/** Milliseconds since the epoch of a W3C date (UTC when it names no zone) or of seconds since the epoch. */
export function parseInstant(text: string): number | undefined {
  const parts = W3C.exec(text);
  if (parts === null) {
    if (!/^-?\d{1,18}(?:\.\d{1,9})?$/.test(text)) return undefined;
    return Number(text) * 1000;
  }
  const [, year = '', month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = ''] =
    parts;
  const zone = (parts[8] ?? 'Z').toUpperCase().replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  const milliseconds = (fraction.slice(1, 4) || '0').padEnd(3, '0');
  const instant = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}${zone}`);
  return Number.isNaN(instant) ? undefined : instant;
}

/** An address as four or sixteen bytes; an IPv4 address written as IPv6 is the IPv4 address. */
export function parseIp(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const left = ipv6Groups(head);
  const right = tail === undefined ? [] : ipv6Groups(tail);
  if (left === undefined || right === undefined) return undefined;
  const missing = 16 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  const bytes = [...left, ...new Array<number>(missing).fill(0), ...right];
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.slice(12) : bytes;
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.map(Number);
}

function ipv6Groups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    const ipv4 = i === groups.length - 1 && group.includes('.') ? parseIpv4(group) : undefined;
    if (ipv4 !== undefined) bytes.push(...ipv4);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else return undefined;
  }
  return bytes;
}

export interface IpRange {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** `203.0.113.0/24`, `2001:db8::/32`, or one address. */
export function parseIpRange(text: string): IpRange | undefined {
  const [address = '', length, ...more] = text.split('/');
  const bytes = parseIp(address);
  if (bytes === undefined || more.length > 0) return undefined;
  if (length === undefined) return { bytes, bits: bytes.length * 8 };
  if (!/^\d{1,3}$/.test(length) || Number(length) > bytes.length * 8) return undefined;
  return { bytes, bits: Number(length) };
}

export function inRange({ bytes, bits }: IpRange, address: readonly number[]): boolean {
  if (bytes.length !== address.length) return false;
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 255 : (255 << (8 - (bits - bit))) & 255;
    const byte = bit >> 3;
    if (((bytes[byte] ?? 0) & mask) !== ((address[byte] ?? 0) & mask)) return false;
  }
  return true;
}
