import { templateError } from './template.ts';

/**
 * `Fn::Cidr`: `count` blocks of `2^hostBits` addresses each, in order from the start of `block`.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-cidr.html
 */
export function cidrBlocks(
  block: string | undefined,
  count: string | undefined,
  hostBits: string | undefined,
): string[] {
  const [address = '', prefix = ''] = (block ?? '').split('/');
  const version = address.includes(':') ? 6 : 4;
  const width = version === 6 ? 128 : 32;
  const start = version === 6 ? parseV6(address) : parseV4(address);
  const wanted = Number(count ?? Number.NaN);
  const bits = hostBits === undefined ? (version === 6 ? 64 : 8) : Number(hostBits);
  const length = Number(prefix);
  if (start === undefined || !/^\d+$/.test(prefix) || length > width) {
    throw templateError(`Fn::Cidr: invalid CIDR block ${block ?? ''}`);
  }
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 256) {
    throw templateError('Fn::Cidr: the count must be between 1 and 256');
  }
  if (!Number.isInteger(bits) || bits < 1 || bits > width - length) {
    throw templateError(`Fn::Cidr: ${bits} host bits do not fit in ${block ?? ''}`);
  }
  const size = 1n << BigInt(bits);
  const first = (start >> BigInt(width - length)) << BigInt(width - length);
  if (BigInt(wanted) * size > 1n << BigInt(width - length)) {
    throw templateError(`Fn::Cidr: ${wanted} blocks of ${bits} host bits do not fit in ${block ?? ''}`);
  }
  return Array.from({ length: wanted }, (_, index) => {
    const value = first + BigInt(index) * size;
    return `${version === 6 ? formatV6(value) : formatV4(value)}/${width - bits}`;
  });
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function formatV4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
}

function parseV6(text: string): bigint | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array<string>(tail === undefined ? 0 : missing).fill('0'), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}

function formatV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 65535n);
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === 0n) length++;
    if (length > longest.length) longest = { start, length };
  }
  const text = (some: readonly bigint[]) => some.map((group) => group.toString(16)).join(':');
  if (longest.length < 2) return text(groups);
  const end = longest.start + longest.length;
  return `${text(groups.slice(0, longest.start))}::${text(groups.slice(end))}`;
}
