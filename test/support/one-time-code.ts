import { codeOf, stepAt } from '../../src/services/iam/one-time-code.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The code an authenticator shows at a time for a seed in base 32. */
export function oneTimeCode(seed: string, atMs: number): string {
  return codeOf(unbase32(seed), stepAt(atMs));
}

/** RFC 4648, padding or not. */
export function unbase32(text: string): Buffer {
  const bits = [...text.replace(/=+$/, '')]
    .map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
